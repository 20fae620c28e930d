// SPDX-License-Identifier: Apache-2.0
// Scaling in 128 bits without the compiler's 128-bit division routine, which a freestanding image does not have.
#include "base/checked.h"

/* Long division of hi:lo by div, one bit at a time; hi < div, so the quotient fits 64 bits. */
static u64 divide_128_by_64(u64 hi, u64 lo, u64 div)
{
	u64 quotient = 0;

	for (int i = 63; i >= 0; i--) {
		bool carry = hi >> 63;

		hi = hi << 1 | (lo >> i & 1);
		if (carry || hi >= div) {
			hi -= div;
			quotient |= 1ull << i;
		}
	}
	return quotient;
}

u64 muldiv(u64 a, u64 mul, u64 div)
{
	unsigned __int128 product = (unsigned __int128)a * mul;
	u64 hi = (u64)(product >> 64);
	u64 lo = (u64)product;

	if (!hi)
		return lo / div;
	if (hi >= div)
		return UINT64_MAX;
	return divide_128_by_64(hi, lo, div);
}
