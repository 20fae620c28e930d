// SPDX-License-Identifier: Apache-2.0
// The ACPI PM timer counts forward at 3579545 Hz, and its port takes every width.
#include "check.h"
#include "clock.h"
#include "print.h"

void guest_main(void)
{
	u16 port = acpi_pm_timer_port();
	u32 last, begin;
	u64 tsc;
	unsigned back = 0;

	if (!check(port, "FADT names a PM timer"))
		return;
	last = pm_timer_read(port);
	for (int i = 0; i < 10000; i++) {
		u32 now = pm_timer_read(port);

		if (pm_timer_elapsed(last, now) > 0x800000)
			back++;
		last = now;
	}
	check_equal(back, 0, "it went back in 10,000 readings");
	begin = pm_timer_read(port);
	tsc = rdtsc();
	while (pm_timer_elapsed(begin, pm_timer_read(port)) < PM_TIMER_HZ / 10)
		pause();
	print("100 ms by the PM timer: %llu TSC ticks\n", (unsigned long long)(rdtsc() - tsc));
	check(rdtsc() > tsc, "the TSC goes on with it");
	outl(port, 0);
	check(pm_timer_elapsed(begin, pm_timer_read(port)) >= PM_TIMER_HZ / 10, "writing does not change it");
}
