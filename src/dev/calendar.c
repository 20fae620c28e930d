// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic in 400-year cycles that begin on 1 March, so that the leap day is the last of its year.
#include "dev/calendar.h"

#define DAY_SECONDS 86400
#define CYCLE_DAYS 146097 /* 400 years */
#define CYCLE_YEARS 400
#define EPOCH_DAYS 719468             /* from 0000-03-01 to 1970-01-01 */
#define WRAP_DAYS (25ll * CYCLE_DAYS) /* 10000 years */

static bool is_leap(u32 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

u32 calendar_month_days(u32 year, u32 month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool calendar_valid(const struct calendar *c)
{
	return c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= calendar_month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 && c->second < 60;
}

/* Days before month m of a year that begins in March; March is 0. */
static u32 days_before(u32 m)
{
	return (153 * m + 2) / 5;
}

s64 calendar_to_seconds(const struct calendar *c)
{
	u32 from_march = (c->month + 9) % 12;
	s64 year = (s64)c->year - (c->month <= 2); /* January and February belong to the year before */
	s64 cycle = year < 0 ? -1 : year / CYCLE_YEARS;
	s64 y = year - cycle * CYCLE_YEARS;
	s64 days = cycle * CYCLE_DAYS + y * 365 + y / 4 - y / 100 + days_before(from_march) + c->day - 1 - EPOCH_DAYS;

	return days * DAY_SECONDS + c->hour * 3600ll + c->minute * 60ll + c->second;
}

struct calendar calendar_from_seconds(s64 seconds)
{
	s64 day = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	u32 rest = (u32)(seconds - day * DAY_SECONDS);
	s64 since_march_0 = ((day + EPOCH_DAYS) % WRAP_DAYS + WRAP_DAYS) % WRAP_DAYS;
	u32 cycle = (u32)(since_march_0 / CYCLE_DAYS);
	u32 d = (u32)(since_march_0 % CYCLE_DAYS);
	u32 y = (d - d / 1460 + d / 36524 - d / (CYCLE_DAYS - 1)) / 365;
	u32 in_year = d - (y * 365 + y / 4 - y / 100);
	u32 m = (5 * in_year + 2) / 153;
	u32 month = m < 10 ? m + 3 : m - 9;

	return (struct calendar){
		.year = (cycle * CYCLE_YEARS + y + (month <= 2)) % 10000,
		.month = month,
		.day = in_year - days_before(m) + 1,
		.weekday = (u32)(((day + 4) % 7 + 7) % 7) + 1, /* 1970-01-01 was a Thursday */
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
	};
}
