// SPDX-License-Identifier: Apache-2.0
// Checked arithmetic against 128-bit arithmetic, at the edges and at random.
#include "base/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const u64 edges[] = {0,         1, 2, 3, 4095, 4096, 1ull << 32, (1ull << 63) - 1, 1ull << 63, UINT64_MAX - 1,
			    UINT64_MAX};

/* An edge half of the time, else any number, of any length. */
static u64 pick(void)
{
	u64 v = (u64)random() << 42 ^ (u64)random() << 21 ^ (u64)random();

	return random() % 2 ? edges[(size_t)random() % ARRAY_COUNT(edges)] : v >> random() % 64;
}

static void sums_and_products(void **state)
{
	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		u64 a = pick(), b = pick(), out = 0x5a5a;
		unsigned __int128 sum = (unsigned __int128)a + b, product = (unsigned __int128)a * b;

		assert_int_equal(checked_add(a, b, &out), sum <= UINT64_MAX);
		assert_true(out == (sum <= UINT64_MAX ? (u64)sum : 0x5a5a));
		out = 0x5a5a;
		assert_int_equal(checked_mul(a, b, &out), product <= UINT64_MAX);
		assert_true(out == (product <= UINT64_MAX ? (u64)product : 0x5a5a));
	}
}

static void alignment(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		u64 a = pick(), align = 1ull << random() % 64, out = 0x5a5a;
		unsigned __int128 up = ((unsigned __int128)a + align - 1) / align * align;

		assert_int_equal(checked_align_up(a, align, &out), up <= UINT64_MAX);
		assert_true(out == (up <= UINT64_MAX ? (u64)up : 0x5a5a));
	}
}

static void ranges(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		u64 a = pick(), a_bytes = pick(), b = pick(), b_bytes = pick();
		unsigned __int128 a_end = (unsigned __int128)a + a_bytes, b_end = (unsigned __int128)b + b_bytes;

		assert_int_equal(range_is_inside(a, a_bytes, b), a_end <= b);
		assert_int_equal(ranges_overlap(a, a_bytes, b, b_bytes), a_bytes && b_bytes && a < b_end && b < a_end);
	}
}

static void scaling(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		u64 a = pick(), mul = pick(), div = pick() | (random() % 2 ? 1 : 1ull << 63);
		unsigned __int128 wide = (unsigned __int128)a * mul / div;

		assert_true(muldiv(a, mul, div) == (wide > UINT64_MAX ? UINT64_MAX : (u64)wide));
	}
	assert_true(muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
	assert_true(muldiv(UINT64_MAX, UINT64_MAX, 1) == UINT64_MAX);
	assert_true(muldiv(1ull << 63, 2, 1ull << 63) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_products),
		cmocka_unit_test(alignment),
		cmocka_unit_test(ranges),
		cmocka_unit_test(scaling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
