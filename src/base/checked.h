/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on foreign numbers: each returns false, and leaves *out alone, where the true result does not fit. */
#ifndef ETERNA_BASE_CHECKED_H
#define ETERNA_BASE_CHECKED_H

#include "base/types.h"

static inline MUST_CHECK bool checked_add(u64 a, u64 b, u64 *out)
{
	u64 sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

static inline MUST_CHECK bool checked_mul(u64 a, u64 b, u64 *out)
{
	u64 product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

/* Round `a` up to a multiple of `align`, a power of two. */
static inline MUST_CHECK bool checked_align_up(u64 a, u64 align, u64 *out)
{
	u64 sum;

	if (!checked_add(a, align - 1, &sum))
		return false;
	*out = ALIGN_DOWN(sum, align);
	return true;
}

/* Is [start, start + bytes) inside [0, limit), without overflow? An empty range at `limit` is inside. */
static inline MUST_CHECK bool range_is_inside(u64 start, u64 bytes, u64 limit)
{
	return bytes <= limit && start <= limit - bytes;
}

/* Do two ranges share a byte? Empty ranges share nothing; ends may reach 2^64 but not pass it. */
static inline MUST_CHECK bool ranges_overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a_bytes && b_bytes && (a < b ? b - a < a_bytes : a - b < b_bytes);
}

/* a * mul / div in 128 bits, rounded down; saturates at UINT64_MAX. `div` is not 0. */
u64 muldiv(u64 a, u64 mul, u64 div);

#endif
