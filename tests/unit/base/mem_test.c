// SPDX-License-Identifier: Apache-2.0
// Memory functions against the C library's, at every small size, offset and overlap.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

#include <cmocka.h>

enum { ROOM = 80, MAX_BYTES = 40 };

static void fill(u8 *bytes, unsigned seed)
{
	for (unsigned i = 0; i < ROOM; i++)
		bytes[i] = (u8)(seed + i * 7);
}

static void memcpy_copies_just_that(void **state)
{
	u8 from[ROOM], to[ROOM];

	(void)state;
	fill(from, 1);
	for (unsigned bytes = 0; bytes <= MAX_BYTES; bytes++)
		for (unsigned shift = 0; shift < 9; shift++) {
			fill(to, 99);
			assert_ptr_equal(memcpy(to + shift, from + 8 - shift, bytes), to + shift);
			for (unsigned i = 0; i < ROOM; i++)
				assert_int_equal(to[i], i >= shift && i < shift + bytes ? from[8 - shift + i - shift]
											: (u8)(99 + i * 7));
		}
}

static void memmove_copies_as_if_through_a_third_place(void **state)
{
	u8 bytes[ROOM], before[ROOM];

	(void)state;
	for (unsigned count = 0; count <= MAX_BYTES; count++)
		for (unsigned from = 0; from < ROOM - MAX_BYTES; from++)
			for (unsigned to = 0; to < ROOM - MAX_BYTES; to++) {
				fill(bytes, 3);
				fill(before, 3);
				assert_ptr_equal(memmove(bytes + to, bytes + from, count), bytes + to);
				for (unsigned i = 0; i < ROOM; i++)
					if (bytes[i] != (i >= to && i < to + count ? before[from + i - to] : before[i]))
						fail_msg("count %u from %u to %u at %u", count, from, to, i);
			}
}

static void memset_sets_just_that(void **state)
{
	u8 bytes[ROOM];

	(void)state;
	for (unsigned count = 0; count <= MAX_BYTES; count++)
		for (unsigned at = 0; at < 9; at++) {
			fill(bytes, 5);
			assert_ptr_equal(memset(bytes + at, 0x1a5, count), bytes + at);
			for (unsigned i = 0; i < ROOM; i++)
				assert_int_equal(bytes[i], i >= at && i < at + count ? 0xa5 : (u8)(5 + i * 7));
		}
}

static void memcmp_orders_by_the_first_difference(void **state)
{
	const u8 low[] = {1, 2, 3, 0x7f}, high[] = {1, 2, 3, 0x80};

	(void)state;
	assert_int_equal(memcmp(low, high, 3), 0);
	assert_true(memcmp(low, high, 4) < 0);
	assert_true(memcmp(high, low, 4) > 0); /* bytes are unsigned */
	assert_int_equal(memcmp(low, high, 0), 0);
}

static void loads_and_stores_are_little_endian_and_unaligned(void **state)
{
	u8 bytes[10] = {0};

	(void)state;
	store_u64(bytes + 1, 0x8877665544332211);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(bytes[1 + i], 0x11 * (i + 1));
	assert_int_equal(load_u16(bytes + 1), 0x2211);
	assert_int_equal(load_u32(bytes + 3), 0x66554433);
	assert_true(load_u64(bytes + 1) == 0x8877665544332211);
	store_u16(bytes + 1, 0xbbaa);
	store_u32(bytes + 5, 0xffeeddcc);
	assert_true(load_u64(bytes + 1) == 0xffeeddcc4433bbaa);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(bytes[9], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memcpy_copies_just_that),
		cmocka_unit_test(memmove_copies_as_if_through_a_third_place),
		cmocka_unit_test(memset_sets_just_that),
		cmocka_unit_test(memcmp_orders_by_the_first_difference),
		cmocka_unit_test(loads_and_stores_are_little_endian_and_unaligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
