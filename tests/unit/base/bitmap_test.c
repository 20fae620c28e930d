// SPDX-License-Identifier: Apache-2.0
// Bitmap searches against a bit-by-bit walk.
#include "base/bitmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void finds_what_a_walk_finds(void **state)
{
	u64 map[3] = {0};

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		u32 count = 1 + (u32)rand() % 192;
		u32 from = (u32)rand() % count;
		u32 set = BITMAP_NONE, clear = BITMAP_NONE, last = BITMAP_NONE;

		bitmap_set(map, (u32)rand() % 192);
		bitmap_clear(map, (u32)rand() % 192);
		bitmap_clear(map, (u32)rand() % 192);
		for (u32 i = 0; i < count; i++) {
			if (bitmap_test(map, i))
				last = i;
			if (i >= from && bitmap_test(map, i) && set == BITMAP_NONE)
				set = i;
			if (i >= from && !bitmap_test(map, i) && clear == BITMAP_NONE)
				clear = i;
		}
		assert_int_equal(bitmap_find_set(map, from, count), set);
		assert_int_equal(bitmap_find_clear(map, from, count), clear);
		assert_int_equal(bitmap_find_last(map, count), last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_a_walk_finds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
