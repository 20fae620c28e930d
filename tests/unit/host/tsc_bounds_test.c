// SPDX-License-Identifier: Apache-2.0
// Two TSCs compared by messages: what rounds say about their difference.
#include "host/tsc_bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Rounds between clocks whose difference is `apart`, with uneven delays both ways. */
static struct tsc_bounds measure(s64 apart, u64 start)
{
	struct tsc_bounds b = TSC_BOUNDS_INIT;
	u64 now = start;

	for (u64 i = 0; i < 50; i++) {
		u64 there = 40 + i * 37 % 90, back = 55 + i * 53 % 70;

		tsc_bounds_add(&b, now, now + there + (u64)apart, now + there + back);
		now += there + back + 10;
	}
	return b;
}

static void equal_clocks_are_left_alone(void **state)
{
	struct tsc_bounds b = measure(0, 1000000);

	(void)state;
	assert_true(tsc_bounds_equal(&b));
	assert_int_equal(tsc_bounds_correction(&b), 0);
}

static void less_than_the_delay_counts_as_equal(void **state)
{
	struct tsc_bounds b = measure(20, 1000000);

	(void)state;
	assert_true(tsc_bounds_equal(&b));
}

static void a_difference_is_found(void **state)
{
	static const s64 cases[] = {5000, -5000, 123456789012, -123456789012, 1ll << 62, -(1ll << 62)};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		struct tsc_bounds b = measure(cases[i], 1ull << 40);
		s64 left = tsc_bounds_correction(&b) + cases[i];

		assert_false(tsc_bounds_equal(&b));
		assert_true(b.low <= cases[i] && cases[i] <= b.high);
		assert_true(left > -100 && left < 100);
	}
}

static void counters_may_wrap(void **state)
{
	struct tsc_bounds b = measure(7000, (u64)-2000);

	(void)state;
	assert_true(b.low <= 7000 && b.high >= 7000);
	assert_false(b.is_torn);
}

static void clocks_that_drift_are_told(void **state)
{
	struct tsc_bounds b = TSC_BOUNDS_INIT;

	(void)state;
	for (u64 i = 0; i < 10; i++)
		tsc_bounds_add(&b, i * 1000, i * 1000 + 50 + i * 500, i * 1000 + 100);
	assert_true(b.is_torn);
	assert_false(tsc_bounds_equal(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_clocks_are_left_alone), cmocka_unit_test(less_than_the_delay_counts_as_equal),
		cmocka_unit_test(a_difference_is_found),       cmocka_unit_test(counters_may_wrap),
		cmocka_unit_test(clocks_that_drift_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
