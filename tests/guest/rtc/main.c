// SPDX-License-Identifier: Apache-2.0
// The CMOS clock: a valid date that goes on, memory that keeps, and its three interrupts (MC146818 data sheet).
#include "apic.h"
#include "check.h"
#include "clock.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define IRQ8_VECTOR 0x28

static volatile unsigned fired;
static volatile u8 causes;

static u8 cmos_read(u8 index)
{
	outb(0x70, index);
	return inb(0x71);
}

static void cmos_write(u8 index, u8 v)
{
	outb(0x70, index);
	outb(0x71, v);
}

static void on_rtc(struct trap_frame *f)
{
	(void)f;
	fired++;
	causes |= cmos_read(0x0c);
	pic_eoi(8);
}

static unsigned bcd(u8 v)
{
	return (unsigned)(v >> 4) * 10 + (v & 15);
}

static u8 seconds(void)
{
	while (cmos_read(0x0a) & 0x80)
		pause();
	return cmos_read(0);
}

static void date(void)
{
	u8 b = cmos_read(0x0b);
	bool binary = b & 4;
	u8 raw[10];

	while (cmos_read(0x0a) & 0x80)
		pause();
	for (u8 i = 0; i < 10; i++)
		raw[i] = cmos_read(i);
	if (!binary)
		for (u8 i = 0; i < 10; i++)
			raw[i] = (u8)bcd(raw[i]);
	print("clock: %02u-%02u-%02u %02u:%02u:%02u\n", raw[9], raw[8], raw[7], raw[4], raw[2], raw[0]);
	check(raw[0] < 60 && raw[2] < 60 && raw[4] < 24, "a valid time");
	check(raw[7] >= 1 && raw[7] <= 31 && raw[8] >= 1 && raw[8] <= 12, "a valid date");
	check(cmos_read(0x0d) & 0x80, "the clock's memory is valid");
	check(b & 2, "24-hour mode");
}

static void goes_on(void)
{
	u8 first = seconds();
	u16 pm_port = acpi_pm_timer_port();
	u32 pm;

	while (seconds() == first)
		pause();
	pm = pm_timer_read(pm_port);
	first = seconds();
	while (seconds() == first)
		pause();
	pm = pm_timer_elapsed(pm, pm_timer_read(pm_port));
	print("a second: %u PM timer ticks\n", pm);
	check(processor_is_tcg() || is_near(pm, PM_TIMER_HZ, CLOCK_PERCENT), "seconds last a second");
}

static void memory(void)
{
	u8 before = cmos_read(0x50);

	cmos_write(0x50, 0x5a);
	check_equal(cmos_read(0x50), 0x5a, "memory keeps what is written");
	cmos_write(0x50, before);
}

static bool wait_fired(unsigned count, long turns)
{
	irq_on();
	for (long i = 0; i < turns && fired < count; i++)
		pause();
	irq_off();
	return fired >= count;
}

static void periodic(void)
{
	u16 pm_port = acpi_pm_timer_port();
	u32 pm;

	cmos_write(0x0a, 0x26); /* 1024 Hz */
	(void)cmos_read(0x0c);
	fired = causes = 0;
	cmos_write(0x0b, cmos_read(0x0b) | 0x40);
	check(wait_fired(1, 100000000), "periodic interrupt");
	pm = pm_timer_read(pm_port);
	fired = 0;
	wait_fired(64, 100000000);
	pm = pm_timer_elapsed(pm, pm_timer_read(pm_port));
	print("64 periods of 1/1024 s: %u PM timer ticks\n", pm);
	check(processor_is_tcg() || is_near(pm, PM_TIMER_HZ / 16, CLOCK_PERCENT), "at its rate");
	check(causes & 0x40, "register C says periodic");
	cmos_write(0x0b, cmos_read(0x0b) & 0xbf);
	cmos_write(0x0a, 0x20); /* and no rate, else its flag in register C goes on */
	(void)cmos_read(0x0c);
	irq_window(); /* an edge that the 8259 still holds */
	fired = 0;
	wait_fired(1, 1000000);
	check(fired == 0 || processor_is_tcg(), "disabled it is silent");
}

static void update_ended(void)
{
	fired = causes = 0;
	(void)cmos_read(0x0c);
	cmos_write(0x0b, cmos_read(0x0b) | 0x10);
	check(wait_fired(1, 1000000000), "update-ended interrupt");
	check(causes & 0x10, "register C says update ended");
	cmos_write(0x0b, cmos_read(0x0b) & 0xef);
	check_equal(cmos_read(0x0c), 0, "reading register C clears it");
}

static void alarm(void)
{
	cmos_write(1, 0xff); /* any second, minute, hour */
	cmos_write(3, 0xff);
	cmos_write(5, 0xff);
	fired = causes = 0;
	(void)cmos_read(0x0c);
	cmos_write(0x0b, cmos_read(0x0b) | 0x20);
	check(wait_fired(1, 1000000000), "alarm of every second");
	check(causes & 0x20, "register C says alarm");
	cmos_write(0x0b, cmos_read(0x0b) & 0xdf);
}

void guest_main(void)
{
	if (!acpi_pm_timer_port()) {
		skip("no PM timer to judge by");
		check(true, "nothing tried");
		return;
	}
	pic_init();
	lapic_init();
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	trap_set_handler(IRQ8_VECTOR, on_rtc);
	pic_set_mask((u16) ~(1u << 2 | 1u << 8));
	date();
	goes_on();
	memory();
	periodic();
	update_ended();
	alarm();
}
