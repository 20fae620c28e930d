// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic against the C library's.
#include "dev/calendar.h"

#include <time.h>

#include "unit/dev/restored.h"

static void same_as_libc(s64 seconds)
{
	struct calendar c = calendar_from_seconds(seconds);
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	assert_int_equal(c.year, tm.tm_year + 1900);
	assert_int_equal(c.month, tm.tm_mon + 1);
	assert_int_equal(c.day, tm.tm_mday);
	assert_int_equal(c.weekday, tm.tm_wday + 1);
	assert_int_equal(c.hour, tm.tm_hour);
	assert_int_equal(c.minute, tm.tm_min);
	assert_int_equal(c.second, tm.tm_sec);
	assert_true(calendar_valid(&c));
	assert_true(calendar_to_seconds(&c) == seconds);
}

static void every_day_of_ten_thousand_years(void **state)
{
	const s64 first = -62167219200, last = 253402300799; /* 0000-01-01, 9999-12-31 23:59:59 */

	(void)state;
	for (s64 s = first; s <= last; s += 86400)
		same_as_libc(s);
	same_as_libc(last);
}

static void every_second_around_a_leap_day(void **state)
{
	(void)state;
	for (s64 s = 1709078400; s < 1709078400 + 3 * 86400; s += 7) /* 2024-02-28 */
		same_as_libc(s);
}

static void years_wrap_at_ten_thousand(void **state)
{
	struct calendar c = calendar_from_seconds(253402300800);

	(void)state;
	assert_int_equal(c.year, 0);
	assert_int_equal(c.month, 1);
	assert_int_equal(c.day, 1);
	c = calendar_from_seconds(-62167219201);
	assert_int_equal(c.year, 9999);
	assert_int_equal(c.day, 31);
}

static void no_such_day(void **state)
{
	struct calendar c = {2023, 2, 29, 1, 0, 0, 0};

	(void)state;
	assert_false(calendar_valid(&c));
	c.year = 2024;
	assert_true(calendar_valid(&c));
	c.year = 1900;
	assert_false(calendar_valid(&c));
	c.year = 2000;
	c.hour = 24;
	assert_false(calendar_valid(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_ten_thousand_years),
		cmocka_unit_test(every_second_around_a_leap_day),
		cmocka_unit_test(years_wrap_at_ten_thousand),
		cmocka_unit_test(no_such_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
