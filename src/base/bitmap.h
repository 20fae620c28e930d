/* SPDX-License-Identifier: Apache-2.0 */
/* Bitmaps over arrays of 64-bit words. Callers keep `bit` below the size of their array. */
#ifndef ETERNA_BASE_BITMAP_H
#define ETERNA_BASE_BITMAP_H

#include "base/bits.h"

#define BITMAP_WORDS(bit_count) (((bit_count) + 63) / 64)
#define BITMAP_NONE UINT32_MAX

static inline bool bitmap_test(const u64 *map, u32 bit)
{
	return map[bit / 64] >> bit % 64 & 1;
}

static inline void bitmap_set(u64 *map, u32 bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, u32 bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

/* Lowest set bit at or above `from`, below `bit_count`; BITMAP_NONE if there is none. */
u32 bitmap_find_set(const u64 *map, u32 from, u32 bit_count);

/* Lowest clear bit at or above `from`, below `bit_count`; BITMAP_NONE if there is none. */
u32 bitmap_find_clear(const u64 *map, u32 from, u32 bit_count);

/* Highest set bit below `bit_count`; BITMAP_NONE if there is none. */
u32 bitmap_find_last(const u64 *map, u32 bit_count);

#endif
