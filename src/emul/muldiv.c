// SPDX-License-Identifier: Apache-2.0
// Products and quotients. Long division by hand: a freestanding image has no 128-bit division routine.
#include "emul/arith.h"

/* SF, ZF, AF and PF are undefined; Intel's processors set SF and PF by the low half and clear ZF and AF. */
static void product_flags(u64 low, u32 bytes, bool is_wide, u64 *flags)
{
	u64 f = arith_result_flags(low, bytes) & (RFLAGS_SF | RFLAGS_PF);

	if (is_wide)
		f |= RFLAGS_CF | RFLAGS_OF;
	*flags = (*flags & ~RFLAGS_STATUS) | f;
}

u64 arith_mul(u64 a, u64 b, u32 bytes, u64 *high, u64 *flags)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	u64 low = (u64)product & bits_byte_mask(bytes);

	*high = (u64)(product >> (8 * bytes)) & bits_byte_mask(bytes);
	product_flags(low, bytes, *high, flags);
	return low;
}

u64 arith_imul(u64 a, u64 b, u32 bytes, u64 *high, u64 *flags)
{
	__int128 product = (__int128)(s64)bits_sign_extend(a, bytes) * (s64)bits_sign_extend(b, bytes);
	u64 low = (u64)product & bits_byte_mask(bytes);

	*high = (u64)(product >> (8 * bytes)) & bits_byte_mask(bytes);
	product_flags(low, bytes, product != (__int128)(s64)bits_sign_extend(low, bytes), flags);
	return low;
}

/* 128 by 64 bits, one bit at a time; high < divisor, so the quotient fits. */
static u64 divide_wide(u64 high, u64 low, u64 divisor, u64 *remainder)
{
	u64 quotient = 0;

	for (int i = 63; i >= 0; i--) {
		bool carry = high >> 63;

		high = high << 1 | (low >> i & 1);
		if (carry || high >= divisor) {
			high -= divisor;
			quotient |= BIT(i);
		}
	}
	*remainder = high;
	return quotient;
}

bool arith_div(u64 high, u64 low, u64 divisor, u32 bytes, u64 *quotient, u64 *remainder)
{
	if (high >= divisor)
		return false;
	if (bytes == 8 && high) {
		*quotient = divide_wide(high, low, divisor, remainder);
		return true;
	}
	u64 dividend = bytes == 8 ? low : high << 8 * bytes | low;

	*quotient = dividend / divisor;
	*remainder = dividend % divisor;
	return true;
}

bool arith_idiv(u64 high, u64 low, u64 divisor, u32 bytes, u64 *quotient, u64 *remainder)
{
	u64 mask = bits_byte_mask(bytes);
	bool is_negative = high & sign_bit(bytes);
	bool is_divisor_negative = divisor & sign_bit(bytes);
	u64 q, r;

	if (is_negative) {
		low = -low & mask;
		high = (~high + !low) & mask;
	}
	if (is_divisor_negative)
		divisor = -divisor & mask;
	if (!arith_div(high, low, divisor, bytes, &q, &r))
		return false;
	if (q > sign_bit(bytes) - (is_negative == is_divisor_negative))
		return false;
	*quotient = (is_negative != is_divisor_negative ? -q : q) & mask;
	*remainder = (is_negative ? -r : r) & mask;
	return true;
}
