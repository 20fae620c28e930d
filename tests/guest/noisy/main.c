// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that wants more than its share, in the way that its command line names. For tests/emu/isolation_test: none
 * of them ends by itself but "triple".
 */
#include "acpi.h"
#include "apic.h"
#include "base/str.h"
#include "check.h"
#include "machine.h"
#include "paging.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define IPI_VECTOR 0x60
#define TIMER_VECTOR 0x61
#define UNMAPPED 0x7000000000ull
#define NOWHERE 0xd0000000u /* no RAM, no device */
#define HPET 0xfed00000u

static void ignore(struct trap_frame *f)
{
	(void)f;
}

static void on_interrupt(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static void go_on(struct trap_frame *f)
{
	f->rip += 2; /* behind UD2 */
}

/* Interrupts off, no exit, no end. */
static void spin(void)
{
	irq_off();
	for (;;)
		__asm__ volatile("" : : : "memory");
}

static void spin_pause(void)
{
	irq_off();
	for (;;)
		pause();
}

static void flood_ipis(unsigned index)
{
	(void)index;
	irq_on();
	for (;;) {
		lapic_ipi(0, (u32)ICR_SELF | IPI_VECTOR);
		lapic_ipi(0, (u32)ICR_ALL | IPI_VECTOR);
		lapic_ipi(0, (u32)ICR_OTHERS | ICR_NMI);
	}
}

/* Itself, all, and NMIs to the others. */
static void ipi(void)
{
	u32 ids[SMP_MAX];
	unsigned count = smp_find(ids);

	trap_set_stack(VECTOR_NMI, 0);
	for (unsigned i = 1; i < count; i++)
		(void)smp_start(ids[i], i, flood_ipis);
	flood_ipis(0);
}

/* It does not ask whether there is room. */
static void uart(void)
{
	for (;;)
		for (u8 c = ' '; c < 127; c++)
			outb(COM1, c);
}

/* One that does, by whole lines. */
static void uart_lines(void)
{
	for (u64 i = 0;; i++)
		print("noisy: line %llu of very many, and of some length, for whoever is to keep them\n",
		      (unsigned long long)i);
}

/* The handler returns to what faulted. */
static void page_faults(void)
{
	trap_set_handler(VECTOR_PF, ignore);
	PHYS(u64, UNMAPPED) = 1;
}

static void undefined(void)
{
	trap_set_handler(VECTOR_UD, go_on);
	for (;;)
		__asm__ volatile("ud2" : : : "memory");
}

static void triple(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} PACKED none = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
}

/* As many periods as the devices can be told. */
static void timers(void)
{
	trap_set_handler(TIMER_VECTOR, on_interrupt);
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, (u32)LVT_PERIODIC | TIMER_VECTOR);
	lapic_write(LAPIC_TIMER_INITIAL, 1);
	outb(0x43, 0x34);
	outb(0x40, 2);
	outb(0x40, 0);
	ioapic_route(2, TIMER_VECTOR);
	PHYS(u64, HPET + 0x100) = BIT(2) | BIT(3) | BIT(6) | 20ull << 9;
	PHYS(u64, HPET + 0x108) = 1;
	PHYS(u64, HPET + 0x10) = 1;
	ioapic_route(20, TIMER_VECTOR);
	outb(0x70, 0x0a);
	outb(0x71, 0x23); /* 8192 Hz */
	outb(0x70, 0x0b);
	outb(0x71, 0x42);
	irq_on();
	for (;;)
		__asm__ volatile("" : : : "memory");
}

#define TICK_BITS 16 /* of the TSC */

static void tick(struct trap_frame *frame)
{
	(void)frame;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + BIT(TICK_BITS));
	lapic_eoi();
}

/* It works on and on, and all that it asks for is its next tick. */
static void ticks(void)
{
	trap_set_handler(TIMER_VECTOR, tick);
	lapic_write(LAPIC_LVT_TIMER, (u32)LVT_TSC_DEADLINE | TIMER_VECTOR);
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + BIT(TICK_BITS));
	irq_on();
	for (;;)
		__asm__ volatile("" : : : "memory");
}

/* Each of them is emulated for longer than it takes to ask for. */
static void repeat(void)
{
	for (;;) {
		u64 at = NOWHERE, count = 0x40000000, port = 0x80;

		__asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(0) : "memory");
		at = MIB;
		count = 0x40000000;
		__asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(port) : "memory");
	}
}

static void device_memory(void)
{
	for (;;)
		PHYS(u32, NOWHERE) = PHYS(u32, HPET + 0xf0);
}

static void flush(void)
{
	for (;;) {
		write_cr3(read_cr3());
		write_cr4(read_cr4() ^ CR4_PGE);
		invlpg(flush);
		__asm__ volatile("wbinvd" : : : "memory");
	}
}

/* It sleeps, and is woken as soon as it does. */
static void wake(void)
{
	trap_set_handler(TIMER_VECTOR, on_interrupt);
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR);
	for (;;) {
		lapic_write(LAPIC_TIMER_INITIAL, 1);
		halt_until_irq();
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{"spin", spin},           {"pause", spin_pause},      {"ipi", ipi},
	{"uart", uart},           {"lines", uart_lines},      {"pagefault", page_faults},
	{"undefined", undefined}, {"triple", triple},         {"timers", timers},
	{"repeat", repeat},       {"devices", device_memory}, {"flush", flush},
	{"wake", wake},           {"ticks", ticks},
};

static bool is_last_word(const char *line, const char *word)
{
	size_t length = strlen(line), wanted = strlen(word);

	return length >= wanted && strcmp(line + length - wanted, word) == 0;
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR_NMI, ignore);
	trap_set_handler(IPI_VECTOR, on_interrupt);
	for (u32 i = 0; i < ARRAY_COUNT(ways); i++) {
		if (!is_last_word(machine_command_line(), ways[i].name))
			continue;
		print("noisy: %s\n", ways[i].name);
		print_drain();
		ways[i].run();
	}
	check(false, "the command line names a way to be noisy: \"%s\"", machine_command_line());
}
