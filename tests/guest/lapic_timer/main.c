// SPDX-License-Identifier: Apache-2.0
// The local APIC timer: one-shot, periodic and TSC-deadline (SDM 3A, APIC Timer).
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define VECTOR 0x50
#define ROUNDS 100000000

static volatile unsigned fired;
static volatile u64 fired_tsc;

static void on_timer(struct trap_frame *f)
{
	(void)f;
	fired_tsc = rdtsc();
	fired++;
	lapic_eoi();
}

/* Wait with interrupts on until `count` interrupts came, at most ROUNDS turns. */
static bool wait_fired(unsigned count)
{
	irq_on();
	for (long i = 0; i < ROUNDS && fired < count; i++)
		pause();
	irq_off();
	return fired >= count;
}

static void wait_a_while(void)
{
	irq_on();
	for (long i = 0; i < 200000; i++)
		pause();
	irq_off();
}

static void start(u32 lvt, u32 initial)
{
	fired = 0;
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb); /* by 1 */
	lapic_write(LAPIC_LVT_TIMER, lvt);
	lapic_write(LAPIC_TIMER_INITIAL, initial);
}

static void one_shot(void)
{
	u32 first, second;

	start(VECTOR, 0xffffffff);
	first = lapic_read(LAPIC_TIMER_CURRENT);
	for (int i = 0; i < 100000; i++)
		pause();
	second = lapic_read(LAPIC_TIMER_CURRENT);
	check(second < first && second != 0, "the current count falls: %u ticks", first - second);
	check_equal(lapic_read(LAPIC_TIMER_INITIAL), 0xffffffff, "the initial count stays");
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	check_equal(lapic_read(LAPIC_TIMER_CURRENT), 0, "writing 0 stops it");

	start(VECTOR, 20000);
	check(wait_fired(1), "one-shot fires");
	check_equal(lapic_read(LAPIC_TIMER_CURRENT), 0, "its count is 0 then");
	wait_a_while();
	check_equal(fired, 1, "it fires once");
}

/* Ticks from start to interrupt, for `initial` ticks of the timer. */
static u64 tsc_of(u32 divide, u32 initial)
{
	u64 begin;

	fired = 0;
	lapic_write(LAPIC_TIMER_DIVIDE, divide);
	lapic_write(LAPIC_LVT_TIMER, VECTOR);
	begin = rdtsc();
	lapic_write(LAPIC_TIMER_INITIAL, initial);
	wait_fired(1);
	return fired_tsc - begin;
}

static void divider(void)
{
	u64 by_1 = tsc_of(0xb, 2000000);
	u64 by_4 = tsc_of(0x1, 2000000);

	print("2000000 counts: %llu TSC ticks, by 4: %llu\n", (unsigned long long)by_1, (unsigned long long)by_4);
	check(machine_is_tcg() || (by_4 > by_1 * 3 && by_4 < by_1 * 6), "divided by 4 it takes four times as long");
}

static void periodic(void)
{
	start((u32)LVT_PERIODIC | VECTOR, 50000);
	check(wait_fired(10), "periodic fires again and again");
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	wait_a_while();
	fired = 0;
	wait_a_while();
	check_equal(fired, 0, "writing 0 ends it");
}

static void masked(void)
{
	start((u32)LVT_MASKED | VECTOR, 10000);
	wait_a_while();
	check_equal(fired, 0, "masked it does not interrupt");
	check_equal(lapic_read(LAPIC_TIMER_CURRENT), 0, "but it counts");
}

static void tsc_deadline(void)
{
	u64 deadline;

	if (!has_feature_1c(FEATURE_1C_TSC_DEADLINE)) {
		skip("no TSC-deadline mode");
		return;
	}
	start((u32)LVT_TSC_DEADLINE | VECTOR, 1000);
	__asm__ volatile("mfence" : : : "memory");
	wait_a_while();
	check_equal(fired, 0, "the initial count means nothing in TSC-deadline mode");
	check_equal(lapic_read(LAPIC_TIMER_CURRENT), 0, "the current count is 0");

	deadline = rdtsc() + 1000000;
	wrmsr(MSR_TSC_DEADLINE, deadline);
	check_equal(rdmsr(MSR_TSC_DEADLINE), deadline, "the deadline reads back while armed");
	check(wait_fired(1), "it fires");
	check(fired_tsc >= deadline, "not before the deadline");
	print("tsc-deadline: %llu ticks late\n", (unsigned long long)(fired_tsc - deadline));
	check_equal(rdmsr(MSR_TSC_DEADLINE), 0, "the deadline is 0 after it fired");

	fired = 0;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 100000);
	wrmsr(MSR_TSC_DEADLINE, 0);
	wait_a_while();
	check_equal(fired, 0, "writing 0 disarms");

	wrmsr(MSR_TSC_DEADLINE, 1);
	check(wait_fired(1), "a deadline in the past fires at once");

	fired = 0;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 10000000000);
	lapic_write(LAPIC_LVT_TIMER, VECTOR);
	lapic_write(LAPIC_LVT_TIMER, (u32)LVT_TSC_DEADLINE | VECTOR);
	check_equal(rdmsr(MSR_TSC_DEADLINE), 0, "changing the mode disarms");
}

static void hlt_and_timer(void)
{
	start((u32)LVT_PERIODIC | VECTOR, 100000);
	for (int i = 0; i < 20; i++)
		halt_until_irq();
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	check(fired >= 20, "each HLT is ended by a period: %u", fired);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_timer);
	one_shot();
	divider();
	periodic();
	masked();
	tsc_deadline();
	hlt_and_timer();
}
