// SPDX-License-Identifier: Apache-2.0
// A watchdog of the guest's own: the local APIC's timer bites if nobody comes by in time, and other clocks are asked
// besides. tests/emu/debugger/watchdog.py stops the guest for longer than it has patience.
#include "apic.h"
#include "check.h"
#include "clock.h"
#include "isolated.h"
#include "trap.h"

#define VECTOR_WATCHDOG 0x51
#define ROUNDS 3
#define BY_128 0xa
/* Of the PM timer, which wraps after 4.6 seconds. */
#define MEASURED (PM_TIMER_HZ / 20)
#define PATIENCE (40 * MEASURED)

static volatile u64 bites;
static u16 pm_port;

static void on_watchdog(struct trap_frame *f)
{
	(void)f;
	bites++;
	lapic_eoi();
}

static u32 pm_elapsed(u32 since)
{
	return pm_timer_elapsed(since, pm_timer_read(pm_port));
}

static void wait(u32 pm_ticks)
{
	u32 begin = pm_timer_read(pm_port);

	irq_on();
	while (pm_elapsed(begin) < pm_ticks)
		pause();
	irq_off();
}

/* Ticks of the local APIC's timer while the PM timer counts MEASURED. */
static u32 timer_ticks(void)
{
	lapic_write(LAPIC_TIMER_DIVIDE, BY_128);
	lapic_write(LAPIC_LVT_TIMER, (u32)LVT_MASKED | VECTOR_WATCHDOG);
	lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
	wait(MEASURED);
	return UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
}

/* A debugger stops here for a while. */
static __attribute__((noipa)) void watchdog_stop(unsigned round)
{
	(void)round;
	pause();
}

void watchdog_all(void)
{
	u32 ticks;

	lapic_init();
	pm_port = acpi_pm_timer_port();
	if (lapic_is_x2apic() || !pm_port)
		return;
	trap_set_handler(VECTOR_WATCHDOG, on_watchdog);
	ticks = timer_ticks();
	lapic_write(LAPIC_LVT_TIMER, VECTOR_WATCHDOG);
	for (unsigned round = 0; round < ROUNDS; round++) {
		u32 begin = pm_timer_read(pm_port);

		lapic_write(LAPIC_TIMER_INITIAL, ticks * (PATIENCE / MEASURED));
		watchdog_stop(round);
		wait(MEASURED / 8);
		check_equal(bites, 0, "round %u: the watchdog is quiet", round);
		check(lapic_read(LAPIC_TIMER_CURRENT), "round %u: its timer has not run out", round);
		check(pm_elapsed(begin) < PATIENCE, "round %u: so says the PM timer", round);
	}
	lapic_write(LAPIC_TIMER_INITIAL, ticks / 2);
	wait(MEASURED);
	check_equal(bites, 1, "it bites when nobody comes by");
}
