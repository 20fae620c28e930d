// SPDX-License-Identifier: Apache-2.0
// The 8254: counting modes, latches, read-back, channel 2 by port 0x61, interrupts at the right rate.
#include "apic.h"
#include "check.h"
#include "clock.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define IRQ0_VECTOR 0x20
#define PIT_HZ 1193182

static volatile unsigned ticks;
static u16 pm_port;

static void on_tick(struct trap_frame *f)
{
	(void)f;
	ticks++;
	pic_eoi(0);
}

static void on_tick_by_ioapic(struct trap_frame *f)
{
	(void)f;
	ticks++;
	lapic_eoi();
}

static void program(unsigned channel, unsigned mode, u16 count)
{
	outb(0x43, (u8)(channel << 6 | 0x30 | mode << 1));
	outb((u16)(0x40 + channel), (u8)count);
	outb((u16)(0x40 + channel), (u8)(count >> 8));
}

static u16 latched(unsigned channel)
{
	u8 low;

	outb(0x43, (u8)(channel << 6));
	low = inb((u16)(0x40 + channel));
	return (u16)(low | inb((u16)(0x40 + channel)) << 8);
}

static void wait_pm(u32 count)
{
	u32 begin = pm_timer_read(pm_port);

	while (pm_timer_elapsed(begin, pm_timer_read(pm_port)) < count)
		pause();
}

static void counting(void)
{
	u16 first, second;
	u32 pm;

	program(0, 2, 0xffff);
	first = latched(0);
	pm = pm_timer_read(pm_port);
	wait_pm(6000);
	second = latched(0);
	pm = pm_timer_elapsed(pm, pm_timer_read(pm_port));
	print("PIT %u ticks, PM timer %u\n", first - second, pm);
	check(first > second, "mode 2 counts down");
	check(machine_is_tcg() || is_near((u64)(first - second) * 3, pm, CLOCK_PERCENT),
	      "at a third of the PM timer's rate");
	program(0, 3, 0xfffe);
	for (int i = 0; i < 100; i++)
		if (latched(0) & 1) {
			check(false, "mode 3 counts by two");
			return;
		}
	check(true, "mode 3 counts by two");
}

static void latch_holds(void)
{
	u8 low, high;
	u16 value;

	program(0, 2, 0xffff);
	outb(0x43, 0); /* latch */
	wait_pm(3000);
	outb(0x43, 0); /* a second latch before the value is read is ignored */
	low = inb(0x40);
	high = inb(0x40);
	value = (u16)(low | high << 8);
	check(value > 0xff00, "a latched count holds until it is read: %#x", value);
}

static void read_back(void)
{
	program(0, 2, 0x1000);
	outb(0x43, 0xe2); /* read-back: status of channel 0 */
	check_equal(inb(0x40) & 0x3f, 0x34, "read-back status: both bytes, mode 2, binary");
	outb(0x43, 0xb0); /* a new mode for channel 2, no count yet */
	outb(0x43, 0xe8);
	if (!machine_is_tcg())
		check_equal(inb(0x42) & 0x40, 0x40, "null count before the count is written");
}

static void byte_modes(void)
{
	outb(0x43, 0x10 | 2 << 1); /* low byte only, mode 2 */
	outb(0x40, 200);
	wait_pm(30);
	check(inb(0x40) <= 200, "low byte only");
	outb(0x43, 0x20 | 2 << 1); /* high byte only */
	outb(0x40, 0x80);
	wait_pm(30);
	check(inb(0x40) <= 0x80, "high byte only");
}

/* Channel 2: gate and output are bits 0 and 5 of port 0x61. */
static void channel_2(void)
{
	u16 first;
	u8 base = inb(0x61) & 0x0c;

	outb(0x61, base);
	program(2, 0, 0x2000);
	wait_pm(300);
	first = latched(2);
	wait_pm(300);
	if (!machine_is_tcg())
		check_equal(latched(2), first, "channel 2 stands while its gate is low");
	check_equal(inb(0x61) & 0x20, 0, "its output is low in mode 0");
	outb(0x61, base | 1);
	wait_pm(1000);
	check(machine_is_tcg() || latched(2) < first, "it counts when the gate is high");
	check_equal(inb(0x61) & 0x20, 0, "its output is still low");
	wait_pm(3 * 0x2000 + 3000);
	check_equal(inb(0x61) & 0x20, 0x20, "its output is high at the end");
	outb(0x61, base);
}

static void interrupts(void)
{
	u32 pm;

	trap_set_handler(IRQ0_VECTOR, on_tick);
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	program(0, 2, PIT_HZ / 1000);
	pic_set_mask(0xfffe);
	ticks = 0;
	while (ticks == 0)
		halt_until_irq();
	ticks = 0;
	pm = pm_timer_read(pm_port);
	while (ticks < 50)
		halt_until_irq();
	pm = pm_timer_elapsed(pm, pm_timer_read(pm_port));
	print("50 periods of 1 ms: %u PM timer ticks\n", pm);
	check(machine_is_tcg() || is_near(pm, PM_TIMER_HZ / 20, CLOCK_PERCENT), "mode 2 interrupts at its rate");
	program(0, 0, PIT_HZ / 1000);
	irq_window(); /* an edge of the old mode that the 8259 still holds */
	ticks = 0;
	irq_on();
	wait_pm(PM_TIMER_HZ / 50);
	irq_off();
	check(ticks == 1 || machine_is_tcg(), "mode 0 interrupts once");
	pic_set_mask(0xffff);
}

/* How long 20 of them take. Nothing is printed meanwhile: edges that come when none can be taken are given later. */
static u32 ticks_time(void)
{
	u32 pm;

	ticks = 0;
	while (ticks == 0)
		halt_until_irq();
	ticks = 0;
	pm = pm_timer_read(pm_port);
	while (ticks < 20)
		halt_until_irq();
	return pm_timer_elapsed(pm, pm_timer_read(pm_port));
}

static void check_masked(const char *where, unsigned came, unsigned most, u32 pm)
{
	check(came <= most || machine_is_tcg(), "%s: of 20 masked edges come %u", where, came);
	check(machine_is_tcg() || is_near(pm, PM_TIMER_HZ / 50, CLOCK_PERCENT),
	      "%s: then at its rate: %u PM timer ticks", where, pm);
}

/* Masked, twenty edges are one request at the 8259, and none at the I/O APIC. Meanwhile there may be a new one. */
static void masked(void)
{
	unsigned came;
	u32 pm;
	u8 irr;

	program(0, 2, PIT_HZ / 1000);
	wait_pm(PM_TIMER_HZ / 50);
	outb(0x20, 0x0a); /* the next read gives IRR */
	irr = inb(0x20);
	ticks = 0;
	pic_set_mask(0xfffe);
	irq_window();
	came = ticks;
	pm = ticks_time();
	pic_set_mask(0xffff);
	check((irr & 1 && came) || machine_is_tcg(), "8259: a masked edge is requested, and comes");
	check_masked("8259", came, 2, pm);

	trap_set_handler(IRQ0_VECTOR, on_tick_by_ioapic);
	wait_pm(PM_TIMER_HZ / 50);
	ticks = 0;
	ioapic_route(2, IRQ0_VECTOR);
	irq_window();
	came = ticks;
	pm = ticks_time();
	ioapic_route(2, IOAPIC_MASKED);
	check_masked("I/O APIC", came, 1, pm);
}

void guest_main(void)
{
	pm_port = acpi_pm_timer_port();
	if (!pm_port) {
		skip("no PM timer to judge by");
		check(true, "nothing tried");
		return;
	}
	pic_init();
	lapic_init();
	counting();
	latch_holds();
	read_back();
	byte_modes();
	channel_2();
	interrupts();
	masked();
}
