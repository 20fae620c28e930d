// SPDX-License-Identifier: Apache-2.0
// The HPET: counter, one-shot and periodic comparators through the IOAPIC (IA-PC HPET Specification).
#include "acpi.h"
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "clock.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define CAPABILITIES 0x000
#define CONFIG 0x010
#define STATUS 0x020
#define COUNTER 0x0f0
#define TIMER_CONFIG(n) (0x100u + 0x20u * (n))
#define TIMER_VALUE(n) (0x108u + 0x20u * (n))

#define TIMER_INT_ENABLE BIT(2)
#define TIMER_PERIODIC BIT(3)
#define TIMER_CAN_PERIODIC BIT(4)
#define TIMER_SET_VALUE BIT(6)
#define TIMER_ROUTE BITS(13, 9)

#define VECTOR 0x60

static u64 base;
static volatile unsigned fired;

static void on_timer(struct trap_frame *f)
{
	(void)f;
	fired++;
	lapic_eoi();
}

static u64 read(u32 offset)
{
	return PHYS(u64, base + offset);
}

static void write(u32 offset, u64 v)
{
	PHYS(u64, base + offset) = v;
}

static bool wait_fired(unsigned count)
{
	irq_on();
	for (long i = 0; i < 100000000 && fired < count; i++)
		pause();
	irq_off();
	return fired >= count;
}

static void counter(void)
{
	u64 first, second, period_fs = read(CAPABILITIES) >> 32;
	u16 pm_port = acpi_pm_timer_port();
	u32 pm;

	print("HPET: %llu fs a tick, %llu timers\n", (unsigned long long)period_fs,
	      (unsigned long long)(read(CAPABILITIES) >> 8 & 31) + 1);
	check(period_fs > 0 && period_fs <= 100000000, "period is at most 100 ns");
	write(CONFIG, 0);
	write(COUNTER, 0x123456789abc);
	check_equal(read(COUNTER), 0x123456789abc, "the stopped counter keeps what is written");
	check_equal(PHYS(u32, base + COUNTER + 4), 0x1234, "its upper half, as 32 bits");
	write(COUNTER, 0);
	write(CONFIG, 1);
	first = read(COUNTER);
	pm = pm_timer_read(pm_port);
	while (pm_timer_elapsed(pm, pm_timer_read(pm_port)) < PM_TIMER_HZ / 50)
		pause();
	second = read(COUNTER);
	print("20 ms: %llu HPET ticks\n", (unsigned long long)(second - first));
	check(machine_is_tcg() || is_near((second - first) * (period_fs / 1000000), 20000000, CLOCK_PERCENT),
	      "it counts at its rate");
}

static unsigned route_of(unsigned timer)
{
	u64 possible = read(TIMER_CONFIG(timer)) >> 32;

	for (unsigned pin = 23; pin > 15; pin--)
		if (possible >> pin & 1)
			return pin;
	return possible ? bit_highest(possible) : 0;
}

static void comparator(void)
{
	unsigned pin = route_of(0);
	u64 config = PUT(TIMER_ROUTE, pin);
	u64 ticks_1ms = 1000000000000ull / (read(CAPABILITIES) >> 32);

	outb(0x43, 0x30); /* the 8254 may share the pin: stop it */
	print("timer 0 through IOAPIC pin %u\n", pin);
	ioapic_route(pin, VECTOR);
	fired = 0;
	write(TIMER_CONFIG(0), config | TIMER_INT_ENABLE);
	write(TIMER_VALUE(0), read(COUNTER) + ticks_1ms);
	check(wait_fired(1), "one-shot fires");
	for (int i = 0; i < 100000; i++)
		pause();
	irq_window();
	check(fired == 1 || machine_is_tcg(), "once");
	if (!(read(TIMER_CONFIG(0)) & TIMER_CAN_PERIODIC)) {
		check(false, "timer 0 can be periodic");
		return;
	}
	write(TIMER_CONFIG(0), config | TIMER_INT_ENABLE | TIMER_PERIODIC | TIMER_SET_VALUE);
	write(TIMER_VALUE(0), read(COUNTER) + ticks_1ms);
	write(TIMER_VALUE(0), ticks_1ms);
	fired = 0;
	check(wait_fired(10), "periodic fires again and again");
	write(TIMER_CONFIG(0), config);
	irq_window();
	fired = 0;
	for (int i = 0; i < 200000; i++)
		pause();
	irq_window();
	check(fired == 0 || machine_is_tcg(), "disabled it is silent");
}

void guest_main(void)
{
	const struct acpi_table *table = acpi_find("HPET");

	if (!table || !acpi_pm_timer_port()) {
		skip("no HPET table, or no PM timer to judge by");
		check(true, "nothing tried");
		return;
	}
	base = load_u64((const u8 *)table + 44); /* after the id and the address descriptor */
	check_equal(base, 0xfed00000, "address by the HPET table");
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_timer);
	counter();
	comparator();
}
