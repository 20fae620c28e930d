/* SPDX-License-Identifier: Apache-2.0 */
/* Register fields as masks: BITS(hi, lo) names a field, GET and PUT move values in and out of it. */
#ifndef ETERNA_BASE_BITS_H
#define ETERNA_BASE_BITS_H

#include "base/types.h"

#define BIT(n) ((u64)1 << (n))
#define BITS(hi, lo) ((~(u64)0 >> (63 - (hi) + (lo))) << (lo))
#define GET(mask, v) (((u64)(v) & (mask)) / ((mask) & -(mask)))
#define PUT(mask, v) (((u64)(v) * ((mask) & -(mask))) & (mask))

/* Number of the highest / lowest set bit; `v` is not 0. */
static inline unsigned bit_highest(u64 v)
{
	return 63u - (unsigned)__builtin_clzll(v);
}

static inline unsigned bit_lowest(u64 v)
{
	return (unsigned)__builtin_ctzll(v);
}

/* The `bytes` low bytes of v, sign-extended to 64 bits; `bytes` is 1, 2, 4 or 8. */
static inline u64 bits_sign_extend(u64 v, unsigned bytes)
{
	switch (bytes) {
	case 1:
		return (u64)(s64)(s8)v;
	case 2:
		return (u64)(s64)(s16)v;
	case 4:
		return (u64)(s64)(s32)v;
	default:
		return v;
	}
}

/* All ones in the low `bytes` bytes; `bytes` is 1 to 8. */
static inline u64 bits_byte_mask(unsigned bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

#endif
