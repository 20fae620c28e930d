// SPDX-License-Identifier: Apache-2.0
// Bit fields, alignment and sign extension.
#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void masks_cover_their_bits(void **state)
{
	(void)state;
	for (unsigned hi = 0; hi < 64; hi++)
		for (unsigned lo = 0; lo <= hi; lo++) {
			u64 mask = BITS(hi, lo);

			for (unsigned bit = 0; bit < 64; bit++)
				assert_int_equal(mask >> bit & 1, bit >= lo && bit <= hi);
			assert_true(GET(mask, PUT(mask, 1)) == 1);
			assert_true(PUT(mask, ~0ull) == mask);
			assert_true(GET(mask, ~0ull) == mask >> lo);
		}
	assert_true(GET(BITS(31, 16), 0x12345678) == 0x1234);
	assert_true(PUT(BITS(15, 8), 0x1ff) == 0xff00);
}

static void highest_and_lowest(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_int_equal(bit_highest(BIT(bit) | 1), bit);
		assert_int_equal(bit_lowest(BIT(bit) | BIT(63)), bit);
		assert_int_equal(bit_highest(BIT(bit)), bit);
	}
}

static void sign_extension(void **state)
{
	(void)state;
	assert_true(bits_sign_extend(0x1280, 1) == 0xffffffffffffff80);
	assert_true(bits_sign_extend(0x127f, 1) == 0x7f);
	assert_true(bits_sign_extend(0x18000, 2) == 0xffffffffffff8000);
	assert_true(bits_sign_extend(0x180000000, 4) == 0xffffffff80000000);
	assert_true(bits_sign_extend(0x8000000000000000, 8) == 0x8000000000000000);
}

static void byte_masks(void **state)
{
	(void)state;
	assert_true(bits_byte_mask(1) == 0xff);
	assert_true(bits_byte_mask(4) == 0xffffffff);
	assert_true(bits_byte_mask(7) == 0x00ffffffffffffff);
	assert_true(bits_byte_mask(8) == ~0ull);
}

static void alignment(void **state)
{
	(void)state;
	assert_true(ALIGN_DOWN(0x12345678ull, 4096) == 0x12345000);
	assert_true(ALIGN_UP(0x12345678ull, 4096) == 0x12346000);
	assert_true(ALIGN_UP(0x12345000ull, 4096) == 0x12345000);
	assert_true(ALIGN_DOWN(0xfffffffffffull, 2 * MIB) == 0xfffffe00000);
	assert_true(IS_ALIGNED(0x200000ull, 2 * MIB) && !IS_ALIGNED(0x201000ull, 2 * MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_cover_their_bits),
		cmocka_unit_test(highest_and_lowest),
		cmocka_unit_test(sign_extension),
		cmocka_unit_test(byte_masks),
		cmocka_unit_test(alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
