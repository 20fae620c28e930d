// SPDX-License-Identifier: Apache-2.0
// The two sides of comparing TSCs: turns are counted in shared memory, odd ones are the boot CPU's questions.
#include "host/tsc_sync.h"

#include "x86/insn.h"

#define ROUNDS 200

static u32 turn_of(struct cpu *cpu)
{
	return __atomic_load_n(&cpu->shared.tsc_turn, __ATOMIC_ACQUIRE);
}

static void turn_give(struct cpu *cpu, u32 turn)
{
	__atomic_store_n(&cpu->shared.tsc_turn, turn, __ATOMIC_RELEASE);
}

static void turn_wait(struct cpu *cpu, u32 turn)
{
	while (turn_of(cpu) != turn)
		pause();
}

struct tsc_bounds tsc_sync_measure(struct cpu *cpu)
{
	struct tsc_bounds b = TSC_BOUNDS_INIT;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 before = rdtsc_ordered();

		turn_give(cpu, 2 * i + 1);
		turn_wait(cpu, 2 * i + 2);
		tsc_bounds_add(&b, before, __atomic_load_n(&cpu->shared.tsc_reading, __ATOMIC_RELAXED),
			       rdtsc_ordered());
	}
	cpu->tsc_offset = (u64)tsc_bounds_correction(&b);
	turn_give(cpu, 2 * ROUNDS + 1);
	return b;
}

void tsc_sync_answer(struct cpu *cpu)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		turn_wait(cpu, 2 * i + 1);
		__atomic_store_n(&cpu->shared.tsc_reading, rdtsc_ordered(), __ATOMIC_RELAXED);
		turn_give(cpu, 2 * i + 2);
	}
	turn_wait(cpu, 2 * ROUNDS + 1);
}
