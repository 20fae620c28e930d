// SPDX-License-Identifier: Apache-2.0
// The time-stamp counter goes forward, over exits and sleeps, the same by every way to read it.
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define VECTOR 0x50

static void on_timer(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static u64 rdtscp(u32 *aux)
{
	u32 lo, hi;

	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(*aux) : : "memory");
	return (u64)hi << 32 | lo;
}

static void forward(void)
{
	u64 last = rdtsc();
	unsigned back = 0;

	for (int i = 0; i < 100000; i++) {
		u64 now;

		if (i % 16 == 0)
			cpuid(0); /* an exit between */
		now = rdtsc();
		if (now < last)
			back++;
		last = now;
	}
	check_equal(back, 0, "TSC went back in 100,000 readings");
}

static void three_ways(void)
{
	unsigned wrong = 0;

	for (int i = 0; i < 10000; i++) {
		u32 aux;
		u64 a = rdtsc(), b = processor_is_tcg() ? a : rdmsr(MSR_TSC), c = has_rdtscp() ? rdtscp(&aux) : b,
		    d = rdtsc();

		if (a > b || b > c || c > d)
			wrong++;
	}
	check_equal(wrong, 0, "RDTSC, RDMSR and RDTSCP out of order");
}

static void over_hlt(void)
{
	u64 before = rdtsc();

	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, VECTOR);
	lapic_write(LAPIC_TIMER_INITIAL, 1000000);
	halt_until_irq();
	print("TSC over a sleep of 1000000 timer counts: %llu ticks\n", (unsigned long long)(rdtsc() - before));
	check(rdtsc() - before > 100000, "TSC goes on in HLT");
}

static void user_rdtsc(void)
{
	__asm__ volatile("rdtsc; ud2" : : : "eax", "edx");
}

static void tsd(void)
{
	check_equal(user_run(user_rdtsc), VECTOR_UD, "RDTSC in ring 3 runs");
	write_cr4(read_cr4() | CR4_TSD);
	check_equal(user_run(user_rdtsc), VECTOR_GP, "with CR4.TSD it is #GP");
	write_cr4(read_cr4() & ~CR4_TSD);
}

static void adjust(void)
{
	u64 before, jump = 1ull << 36, was;

	if (!(feature_7().ebx & 2)) {
		skip("no TSC_ADJUST");
		return;
	}
	if (processor_is_tcg()) {
		skip("TSC_ADJUST: this emulator ignores it");
		return;
	}
	was = rdmsr(0x3b);
	before = rdtsc();
	wrmsr(0x3b, was + jump);
	check(rdtsc() - before >= jump && rdtsc() - before < 2 * jump, "TSC_ADJUST moves the TSC");
	check_equal(rdmsr(0x3b), was + jump, "TSC_ADJUST reads back");
	wrmsr(MSR_TSC, rdtsc() + jump);
	check(rdmsr(0x3b) - was - jump >= jump - (1ull << 32), "a write to the TSC moves TSC_ADJUST with it");
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_timer);
	forward();
	three_ways();
	over_hlt();
	tsd();
	adjust();
}
