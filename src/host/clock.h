/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's time: the boot CPU's TSC, whose rate is measured once at boot. A CPU whose own TSC stands elsewhere
 * adds an offset that was measured when it came up (host/tsc_sync.c).
 */
#ifndef ETERNA_HOST_CLOCK_H
#define ETERNA_HOST_CLOCK_H

#include "host/cpu.h"
#include "x86/insn.h"

struct acpi_info;

/* TSC ticks to nanoseconds and back: value * mul >> 32, from the measured rate. */
struct clock {
	u64 tsc_khz;
	u64 ns_mul;  /* ns per tick, 32.32 */
	u64 tsc_mul; /* ticks per ns, 32.32 */
};
extern struct clock host_clock;

/* The TSC when the loader handed over (boot/entry.S). */
extern const u64 boot_tsc;

/* Measure the TSC against the ACPI PM timer, or the 8254 where there is none. */
void clock_init(const struct acpi_info *acpi);

/* Now, in ticks: the same on all CPUs, as exactly as it can be measured. */
static inline u64 clock_tsc(void)
{
	return rdtsc() + this_cpu()->tsc_offset;
}

static inline u64 clock_tsc_khz(void)
{
	return host_clock.tsc_khz;
}

static inline u64 clock_tsc_to_ns(u64 ticks)
{
	return (u64)((unsigned __int128)ticks * host_clock.ns_mul >> 32);
}

/* Rounded up, so that a deadline in ticks is never before the one in ns. NEVER stays NEVER. */
static inline u64 clock_ns_to_tsc(u64 ns)
{
	unsigned __int128 ticks = ((unsigned __int128)ns * host_clock.tsc_mul >> 32) + 1;

	return ticks >> 64 ? NEVER : (u64)ticks;
}

/* What the clock was measured against, for the boot log. */
const char *clock_source_name(void);

/* Seconds since 1970 by the CMOS clock; read once at boot. */
u64 clock_wall_seconds(void);

#endif
