// SPDX-License-Identifier: Apache-2.0
/*
 * The neighbour of guests that rave: it looks, again and again, whether a pattern over its memory and its registers
 * are as it left them, and whether its timer ticks as often as it asked for. For tests/emu/isolation_test, which types
 * letters at its serial port:
 *
 *   b  busy for BUSY_TICKS ticks of its timer, then a line of what it did in them
 *   s  the same for ASLEEP_TICKS, asleep between them
 *   r  a line of what it has done since it began
 *
 * A line is "witness: WORD NUMBER, WORD NUMBER ...": of time in ticks of its TSC.
 */
#include "apic.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"
#include "registers.h"
#include "trap.h"

#define VECTOR 0x50
#define PERIOD_MS 20
#define BUSY_TICKS 16
#define ASLEEP_TICKS 6
#define WORDS_A_PAGE 512
#define LOW_FROM 0x20000 /* behind what the loader brought */
#define LOW_TO 0x80000
#define TABLES_FROM 0xf0000
#define TABLES_TO 0x100000
#define LSR_DR 1

extern u8 guest_image_start[], guest_constants_end[], guest_image_end[];

static u64 memory_end, period_tsc, last_tick_tsc;
static volatile u64 ticks, longest_gap, typed;
static u64 errors, pages, sweeps, sum_of_constants;
static u64 generation = 1;

static u64 pattern(u64 at, u64 number)
{
	return (at ^ number << 40) * 0x9e3779b97f4a7c15ull;
}

static void on_tick(struct trap_frame *f)
{
	u64 now = rdtsc();

	(void)f;
	longest_gap = MAX(longest_gap, now - last_tick_tsc);
	last_tick_tsc = now;
	ticks++;
	if (inb(COM1 + 5) & LSR_DR)
		typed = inb(COM1);
	lapic_eoi();
}

static void timer_start(void)
{
	struct cpuid c = cpuid(0x40000010);

	period_tsc = (u64)c.eax * PERIOD_MS;
	last_tick_tsc = rdtsc();
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb); /* by 1 */
	lapic_write(LAPIC_LVT_TIMER, (u32)LVT_PERIODIC | VECTOR);
	lapic_write(LAPIC_TIMER_INITIAL, c.ebx * PERIOD_MS);
}

/* A page holds the pattern of this sweep, and from now on that of the next. */
static void page_check(u64 page)
{
	u64 wrong = 0;

	for (u64 i = 0; i < WORDS_A_PAGE; i++) {
		u64 at = page + i * 8;

		wrong += PHYS(u64, at) != pattern(at, generation);
		PHYS(u64, at) = pattern(at, generation + 1);
	}
	if (wrong)
		print("witness: %llu words wrong from %#llx\n", (unsigned long long)wrong, (unsigned long long)page);
	errors += wrong;
	pages++;
}

static u64 next_page(u64 page)
{
	u64 high = ((u64)guest_image_end + 4095) & ~4095ull;

	page += 4096;
	return page == LOW_TO ? high : page;
}

/* Code, constants and the ACPI tables, which nobody writes. */
static u64 sum_constants(void)
{
	u64 sum = 0;

	for (u64 at = (u64)guest_image_start; at < (u64)guest_constants_end; at += 8)
		sum = sum * 31 + PHYS(u64, at);
	for (u64 at = TABLES_FROM; at < TABLES_TO; at += 8)
		sum = sum * 31 + PHYS(u64, at);
	return sum;
}

static void sweep_ended(void)
{
	generation++;
	sweeps++;
	if (sum_constants() != sum_of_constants) {
		print("witness: code or tables have changed\n");
		errors++;
	}
	errors += registers_check();
}

static void memory_fill(void)
{
	for (u64 page = LOW_FROM; page < memory_end; page = next_page(page))
		for (u64 i = 0; i < WORDS_A_PAGE; i++)
			PHYS(u64, page + i * 8) = pattern(page + i * 8, generation);
}

static void report(const char *what, u64 begin_tsc, u64 begin_ticks, u64 begin_pages, u64 longest_step)
{
	print("witness: %s: pages %llu, tsc %llu, ticks %llu, gap %llu, step %llu, period %llu, sweeps %llu, errors "
	      "%llu\n",
	      what, (unsigned long long)(pages - begin_pages), (unsigned long long)(rdtsc() - begin_tsc),
	      (unsigned long long)(ticks - begin_ticks), (unsigned long long)longest_gap,
	      (unsigned long long)longest_step, (unsigned long long)period_tsc, (unsigned long long)sweeps,
	      (unsigned long long)errors);
}

static void work(void)
{
	static u64 page = LOW_FROM;

	page_check(page);
	page = next_page(page);
	if (page < memory_end)
		return;
	page = LOW_FROM;
	sweep_ended();
}

static void rest(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* From one tick to another, `count` later. */
static void measure(const char *what, u64 count, void (*pass_time)(void))
{
	u64 first = ticks + 1, begin, begin_pages, longest_step = 0, before;

	while (ticks < first)
		pass_time();
	begin = before = rdtsc();
	begin_pages = pages;
	first = ticks;
	longest_gap = 0;
	while (ticks < first + count) {
		u64 now;

		pass_time();
		now = rdtsc();
		longest_step = MAX(longest_step, now - before);
		before = now;
	}
	report(what, begin, first, begin_pages, longest_step);
}

static void obey(u64 begin)
{
	u64 key = typed;

	typed = 0;
	if (key == 'b')
		measure("busy", BUSY_TICKS, work);
	else if (key == 's')
		measure("asleep", ASLEEP_TICKS, rest);
	else if (key == 'r')
		report("in all", begin, 0, 0, 0);
}

void guest_main(void)
{
	u64 begin;

	memory_end = (MIB + machine_memory_above_1m()) & ~4095ull;
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_tick);
	memory_fill();
	registers_fill();
	sum_of_constants = sum_constants();
	begin = rdtsc();
	timer_start();
	irq_on();
	print("witness: ready\n");
	for (;;) {
		work();
		if (typed)
			obey(begin);
	}
}
