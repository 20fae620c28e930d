/* SPDX-License-Identifier: Apache-2.0 */
/* The Gregorian calendar: a date and time of day from seconds since 1970 and back, without leap seconds. */
#ifndef ETERNA_DEV_CALENDAR_H
#define ETERNA_DEV_CALENDAR_H

#include "base/types.h"

struct calendar {
	u32 year;    /* 0 to 9999 */
	u32 month;   /* 1 to 12 */
	u32 day;     /* 1 to 31 */
	u32 weekday; /* 1 (Sunday) to 7 */
	u32 hour;    /* 0 to 23 */
	u32 minute;
	u32 second;
};

/* Days in a month of a year. */
u32 calendar_month_days(u32 year, u32 month);

/* Is it a day of the calendar and a time of the day? The weekday is not looked at. */
bool calendar_valid(const struct calendar *c);

/* Seconds since 1970-01-01 00:00:00, negative before; `c` is valid. */
s64 calendar_to_seconds(const struct calendar *c);

/* The reverse; years beyond 9999 or before 0 wrap into that range. */
struct calendar calendar_from_seconds(s64 seconds);

#endif
