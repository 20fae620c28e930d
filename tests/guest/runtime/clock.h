/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals by the ACPI PM timer (3579545 Hz), against which the other timers are judged. */
#ifndef GUEST_RUNTIME_CLOCK_H
#define GUEST_RUNTIME_CLOCK_H

#include "acpi.h"
#include "cpu.h"

#define PM_TIMER_HZ 3579545

/* Ticks from `then` to `now`, over a wrap of the 24-bit counter. */
static inline u32 pm_timer_elapsed(u32 then, u32 now)
{
	return (now - then) & 0xffffff;
}

static inline u32 pm_timer_read(u16 port)
{
	return inl(port) & 0xffffff;
}

/* Is `is` within `percent` of `wanted`? */
static inline bool is_near(u64 is, u64 wanted, u64 percent)
{
	return is * 100 >= wanted * (100 - percent) && is * 100 <= wanted * (100 + percent);
}

/* Emulators that run by the host's clock can be late by this much; those that count are exact. */
#define CLOCK_PERCENT 5

#endif
