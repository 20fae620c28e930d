// SPDX-License-Identifier: Apache-2.0
// Waits grow with failures in a row, and only with these.
#include "ctl/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void waits_double_up_to_a_minute(void **state)
{
	static const u64 seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct backoff b = {0};
	u64 now = 5;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(seconds); i++) {
		backoff_begin(&b, now);
		now += 59 * NS_PER_SEC;
		assert_int_equal(backoff_failed(&b, now), seconds[i] * NS_PER_SEC);
	}
}

static void what_lasted_begins_anew(void **state)
{
	struct backoff b = {0};

	(void)state;
	backoff_begin(&b, 0);
	assert_int_equal(backoff_failed(&b, 10), NS_PER_SEC);
	assert_int_equal(backoff_failed(&b, 20), 2 * NS_PER_SEC);
	backoff_begin(&b, NS_PER_SEC);
	assert_int_equal(backoff_failed(&b, 61 * NS_PER_SEC), NS_PER_SEC);
	assert_int_equal(b.failures, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_a_minute),
		cmocka_unit_test(what_lasted_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
