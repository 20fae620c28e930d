// SPDX-License-Identifier: Apache-2.0
/*
 * What guests do again and again while they run: IPIs between two processors, if there are two, and timer ticks. For
 * bench/steady, which counts exits: before each row the guest waits for a byte on COM1, behind it stands "steady: NAME:
 * N". While it waits vcpu 0 reads ports; in a row nobody does.
 */
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define TIMER_VECTOR 0x50
#define PING_VECTOR 0x51
#define PONG_VECTOR 0x52
#define ROUNDS 5000
#define TICKS 1000
#define PATIENCE 1000000000l
#define UART_DATA 0x3f8
#define UART_LSR 0x3fd
#define LSR_DATA_READY 1
#define APIC_BASE_X2APIC BIT(10)
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_ICR 0x830
#define MSR_X2APIC_LVT_TIMER 0x832

/* Not over yet when it has been written, neither where ticks are instructions nor where they are the host's time. */
#define TICK_INTEL 100000
#define TICK_AMD 4000000

static u32 ids[SMP_MAX];
static unsigned ids_count;
static volatile bool has_x2apic[2], wants_x2apic, sleeps; /* each of them is in x2APIC mode */
static volatile u32 pongs, ticks;

static void eoi(unsigned index)
{
	if (has_x2apic[index])
		wrmsr(MSR_X2APIC_EOI, 0);
	else
		lapic_eoi();
}

/* As Linux sends one: without a look at whether the last one is on its way. */
static void ipi(unsigned from, u32 vector)
{
	if (has_x2apic[from]) {
		wrmsr(MSR_X2APIC_ICR, (u64)ids[!from] << 32 | ICR_ASSERT | vector);
		return;
	}
	lapic_write(LAPIC_ICR_HIGH, ids[!from] << 24);
	lapic_write(LAPIC_ICR_LOW, ICR_ASSERT | vector);
}

static void on_ping(struct trap_frame *f)
{
	(void)f;
	eoi(1);
	ipi(1, PONG_VECTOR);
}

static void on_pong(struct trap_frame *f)
{
	(void)f;
	eoi(0);
	pongs++;
}

static void on_timer(struct trap_frame *f)
{
	(void)f;
	eoi(0);
	ticks++;
}

static void x2apic_enter(unsigned index)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	has_x2apic[index] = true;
}

/* The second processor: answers, and spins or sleeps between answers. Its APIC changes when it is told to. */
static void other(unsigned index)
{
	(void)index;
	irq_on();
	for (;;) {
		if (sleeps)
			halt_until_irq();
		irq_on();
		if (wants_x2apic && !has_x2apic[1])
			x2apic_enter(1);
	}
}

static bool wait_for(const volatile u32 *at, u32 wanted)
{
	irq_on();
	for (long i = 0; i < PATIENCE && *at != wanted; i++)
		if (sleeps) {
			irq_off();
			if (*at != wanted)
				halt_until_irq();
			irq_on();
		}
	return *at == wanted;
}

static void byte_wait(void)
{
	print_drain();
	while (!(inb(UART_LSR) & LSR_DATA_READY))
		for (int i = 0; i < 1000; i++)
			__asm__ volatile("" : : : "memory"); /* PAUSE would exit */
	(void)inb(UART_DATA);
}

static void row_end(const char *name, u32 count)
{
	print("steady: %s%s%s: %u\n", name, has_x2apic[0] ? ", x2APIC" : ", xAPIC", sleeps ? ", asleep" : "", count);
}

/* Each round has two of them. */
static void ipi_row(bool is_asleep)
{
	byte_wait();
	sleeps = is_asleep;
	pongs = 0;
	for (u32 i = 0; i < ROUNDS; i++) { /* the first one may have to wake it, to spin */
		ipi(0, PING_VECTOR);
		if (!wait_for(&pongs, i + 1))
			break;
	}
	row_end("IPI", 2 * ROUNDS);
	sleeps = true;
}

static void deadline_row(bool is_asleep)
{
	u64 tick = machine_is_intel() ? TICK_INTEL : TICK_AMD;

	byte_wait();
	sleeps = is_asleep;
	if (has_x2apic[0])
		wrmsr(MSR_X2APIC_LVT_TIMER, TIMER_VECTOR | LVT_TSC_DEADLINE);
	else
		lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR | (u32)LVT_TSC_DEADLINE);
	for (u32 i = 0; i < TICKS; i++) {
		u32 wanted = ticks + 1;

		wrmsr(MSR_TSC_DEADLINE, rdtsc() + tick);
		if (!wait_for(&ticks, wanted))
			break;
	}
	row_end("timer tick, deadline", TICKS);
	sleeps = true;
}

/* In xAPIC mode; the guest does nothing for the next one. */
static void periodic_row(void)
{
	byte_wait();
	sleeps = false;
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR | (u32)LVT_PERIODIC);
	ticks = 0;
	lapic_write(LAPIC_TIMER_INITIAL, 50000);
	for (u32 i = 0; i < TICKS && wait_for(&ticks, i + 1); i++)
		;
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	row_end("timer tick, periodic", TICKS);
	sleeps = true;
}

static void rows(void)
{
	if (ids_count == 2) {
		ipi_row(false);
		ipi_row(true);
	}
	deadline_row(false);
	deadline_row(true);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(PING_VECTOR, on_ping);
	trap_set_handler(PONG_VECTOR, on_pong);
	trap_set_handler(TIMER_VECTOR, on_timer);
	ids_count = smp_find(ids);
	check(ids_count <= 2, "one processor or two: %u", ids_count);
	sleeps = true;
	if (ids_count == 2 && !check(smp_start(ids[1], 1, other), "the second one starts"))
		return;
	print("steady: begins\n");
	rows();
	periodic_row();
	byte_wait();
	wants_x2apic = true;
	if (ids_count == 2) {
		ipi(0, PING_VECTOR);
		while (!has_x2apic[1])
			pause();
	}
	irq_off();
	x2apic_enter(0);
	print("steady: x2APIC: 0\n");
	rows();
	byte_wait();
	check(true, "all rows");
}
