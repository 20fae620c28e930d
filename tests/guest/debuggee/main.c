// SPDX-License-Identifier: Apache-2.0
// A guest to be debugged: functions to stop in, variables to watch, and eyes for what a debugger must not leave behind.
// tests/emu/gdb_test debugs it; without a debugger it passes by itself.
#include "appear.h"
#include "check.h"
#include "isolated.h"
#include "machine.h"
#include "smp.h"
#include "trap.h"

#define INT3 0xcc

volatile u64 counter;
volatile u8 watched[4096] ALIGNED(4096); /* no page of these has anything else */
volatile u64 read_only[512] ALIGNED(4096);
volatile u64 own_breakpoints;
volatile u64 seen_rflags;
volatile u64 hot_count ALIGNED(4096);

/* A debugger keeps processors busy by these. */
enum { STAY_NOT, STAY_IN_LOOP, STAY_IN_HLT };
volatile u64 stay;
volatile u64 others_stay;
volatile u64 turns[SMP_MAX];
volatile u64 nmis;

static __attribute__((noipa)) void leaf(u64 n)
{
	counter += n;
}

static __attribute__((noipa)) u64 middle(u64 n)
{
	leaf(n);
	leaf(n + 1);
	return counter;
}

/* The first bytes of code that a debugger may have put a breakpoint into. */
static __attribute__((noipa)) bool code_is_untouched(void)
{
	const volatile u8 *code = (const volatile u8 *)(u64)leaf;

	return code[0] != INT3;
}

static __attribute__((noipa)) void touch(void)
{
	watched[100] = 1;
	watched[101] = 2;
	*(volatile u32 *)&watched[97] = 0x01010101;
	watched[200]++;
}

static __attribute__((noipa)) u64 look(void)
{
	return read_only[3] + read_only[4];
}

/* Each instruction here leaves by another way when it is stepped over. */
static __attribute__((noipa)) void odd_instructions(void)
{
	u64 flags;
	u32 a = 0;

	__asm__ volatile(".globl odd_cpuid\nodd_cpuid: cpuid" : "+a"(a) : : "rbx", "rcx", "rdx");
	__asm__ volatile(".globl odd_out\nodd_out: outb %%al, $0x80" : : "a"(0));
	__asm__ volatile(".globl odd_pushf\nodd_pushf: pushf\n pop %0" : "=r"(flags));
	seen_rflags = flags;
	__asm__ volatile(".globl odd_movss\nodd_movss: mov %%ss, %%ax\n mov %%ax, %%ss\n nop" : : : "rax");
	__asm__ volatile("mov $3, %%ecx\n lea %0, %%rdi\n mov $7, %%al\n .globl odd_rep\nodd_rep: rep stosb\n nop"
			 : "=m"(watched[300])
			 :
			 : "rcx", "rdi", "rax", "memory");
	__asm__ volatile(".globl odd_int3\nodd_int3: int3\n nop");
}

static void on_bp(struct trap_frame *f)
{
	(void)f;
	own_breakpoints++;
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmis++;
}

/* With interrupts off; in HLT they are on, but none comes. */
static __attribute__((noipa)) void linger(void)
{
	while (stay == STAY_IN_LOOP)
		;
	while (stay == STAY_IN_HLT)
		halt_until_irq();
}

static __attribute__((noipa)) void other_turn(unsigned index)
{
	turns[index]++;
}

#define TURNS_LEAST 1000

static void other(unsigned index)
{
	if (index == 1)
		appear_errands();
	while (others_stay || turns[index] < TURNS_LEAST)
		other_turn(index);
}

#define HOT_TIMES 100
void hot_push(void), hot_endbr(void), hot_nop(void), hot_call(void), hot_ret(void), hot_add(void), hot_jump(void);
void hot_crc32(void);

static __attribute__((noipa)) void hot_all(void)
{
	for (unsigned i = 0; i < HOT_TIMES; i++) {
		hot_push();
		hot_endbr();
		hot_nop();
		hot_call();
		hot_ret();
		hot_add();
		hot_jump();
		hot_crc32();
	}
}

static __attribute__((noipa)) void hot_done(unsigned round)
{
	check_equal(hot_count, round * HOT_TIMES, "round %u: each hot instruction was carried out once", round);
}

void guest_main(void)
{
	u32 ids[SMP_MAX];
	unsigned cpus = smp_find(ids);

	trap_set_handler(VECTOR_BP, on_bp);
	trap_set_handler(VECTOR_NMI, on_nmi);
	linger();
	for (unsigned i = 1; i < cpus; i++)
		check(smp_start(ids[i], i, other), "processor %u runs", i);
	appear_all(cpus);
	for (u64 i = 0; i < 50; i++)
		middle(i);
	check_equal(counter, 2500, "each call was made once");
	check(code_is_untouched(), "no breakpoint shows in the guest's own code");
	touch();
	check_equal(look(), 0, "nobody wrote what is only read");
	odd_instructions();
	check(!(seen_rflags & RFLAGS_TF), "no TF in pushed flags");
	check_equal(own_breakpoints, 1, "the guest's own INT3 is the guest's");
	for (unsigned round = 1; round <= 2; round++) {
		hot_all();
		hot_done(round);
	}
	isolated_all();
	watchdog_all();
	for (unsigned i = 1; i < cpus; i++)
		while (others_stay || turns[i] < TURNS_LEAST)
			pause();
	check_equal((u64)watched[300] + watched[301] + watched[302], 21, "REP STOSB");
}
