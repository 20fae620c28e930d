// SPDX-License-Identifier: Apache-2.0
// Buckets by powers of two, at their edges and by chance.
#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void edges_fall_where_they_should(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(1), 0);
	for (u32 n = 1; n < HISTOGRAM_BUCKETS; n++) {
		assert_int_equal(histogram_bucket(1ull << n), n);
		assert_int_equal(histogram_bucket((1ull << n) - 1), n - 1);
	}
	assert_int_equal(histogram_bucket(1ull << HISTOGRAM_BUCKETS), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket(~0ull), HISTOGRAM_BUCKETS - 1);
}

static void every_value_is_counted_once(void **state)
{
	struct histogram h = {0}, other = {0};
	u64 sum = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		u64 value = (u64)random() >> (random() % 31);
		struct histogram *to = i % 3 ? &h : &other;
		u32 before = to->count[histogram_bucket(value)];

		histogram_add(to, value);
		assert_int_equal(to->count[histogram_bucket(value)], before + 1);
		sum += value;
	}
	assert_int_equal(histogram_total(&h) + histogram_total(&other), 10000);
	histogram_merge(&h, &other);
	assert_int_equal(histogram_total(&h), 10000);
	assert_int_equal(h.sum, sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_fall_where_they_should),
		cmocka_unit_test(every_value_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
