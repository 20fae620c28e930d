// SPDX-License-Identifier: Apache-2.0
// TSC calibration (ACPI 6.5, Power Management Timer; Intel 8254 data sheet) and the CMOS wall clock.
#include "host/clock.h"

#include "base/bits.h"
#include "base/checked.h"
#include "boot/info/acpi.h"

#define PM_TIMER_HZ 3579545ull
#define PIT_HZ 1193182ull
#define PIT_CHANNEL2 0x42
#define PIT_CONTROL 0x43
#define PIT_CHANNEL2_MODE0 0xb0
#define PORT61 0x61
#define PORT61_GATE2 BIT(0)
#define PORT61_SPEAKER BIT(1)
#define PORT61_OUT2 BIT(5)
#define MEASURE_MS 20

struct clock host_clock;
static const char *source;

/* TSC ticks in MEASURE_MS by the PM timer; 0 when it stands still. */
static u64 measure_by_pm_timer(u16 port)
{
	u32 wait = (u32)(PM_TIMER_HZ * MEASURE_MS / 1000);
	u32 start = inl(port);
	u64 tsc = rdtsc();
	u32 passed = 0;

	for (u32 polls = 0; passed < wait; polls++) {
		passed = (inl(port) - start) & 0xffffff;
		if (!passed && polls > 1000000)
			return 0;
	}
	return muldiv(rdtsc() - tsc, wait, passed);
}

static u64 measure_by_pit(void)
{
	u16 count = (u16)(PIT_HZ * MEASURE_MS / 1000);
	u64 tsc;

	outb(PORT61, (u8)((inb(PORT61) & ~PORT61_SPEAKER) | PORT61_GATE2));
	outb(PIT_CONTROL, PIT_CHANNEL2_MODE0);
	outb(PIT_CHANNEL2, (u8)count);
	outb(PIT_CHANNEL2, (u8)(count >> 8));
	tsc = rdtsc();
	while (!(inb(PORT61) & PORT61_OUT2))
		pause();
	return rdtsc() - tsc;
}

/* The largest factor whose product with a 64-bit time is exact enough: 32 fraction bits. */
static u64 ratio_32_32(u64 numerator, u64 denominator)
{
	return muldiv(numerator, 1ull << 32, denominator);
}

void clock_init(const struct acpi_info *acpi)
{
	u64 ticks = acpi->pm_timer_port ? measure_by_pm_timer(acpi->pm_timer_port) : 0;

	source = "ACPI PM timer";
	if (!ticks) {
		ticks = measure_by_pit();
		source = "8254";
	}
	host_clock.tsc_khz = ticks / MEASURE_MS;
	if (!host_clock.tsc_khz)
		host_clock.tsc_khz = 1;
	host_clock.ns_mul = ratio_32_32(NS_PER_MS, host_clock.tsc_khz);
	host_clock.tsc_mul = ratio_32_32(host_clock.tsc_khz, NS_PER_MS);
}

const char *clock_source_name(void)
{
	return source;
}

static u8 cmos_read(u8 index)
{
	outb(0x70, index);
	return inb(0x71);
}

static u8 from_bcd(u8 v, bool is_binary)
{
	return is_binary ? v : (u8)((v >> 4) * 10 + (v & 15));
}

/* Days since 1970 of a civil date, by the usual count of leap days; year from 1970, month 1..12. */
static u64 days_since_1970(u32 year, u32 month, u32 day)
{
	static const u16 before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	u32 leaps = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
	bool is_leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return (year - 1970) * 365ull + leaps + before[(month - 1) % 12] + day - 1 + (is_leap && month > 2);
}

u64 clock_wall_seconds(void)
{
	bool is_binary = cmos_read(0x0b) & BIT(2);
	u64 days;

	while (cmos_read(0x0a) & BIT(7))
		pause();
	days = days_since_1970(2000u + from_bcd(cmos_read(9), is_binary), from_bcd(cmos_read(8), is_binary),
			       from_bcd(cmos_read(7), is_binary));
	return days * 86400 + from_bcd(cmos_read(4) & 0x7f, is_binary) * 3600u +
	       from_bcd(cmos_read(2), is_binary) * 60u + from_bcd(cmos_read(0), is_binary);
}
