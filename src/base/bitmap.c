// SPDX-License-Identifier: Apache-2.0
// Bitmap searches, a word at a time.
#include "base/bitmap.h"

/* Search for a set bit in map ^ flip: flip is 0 for set bits, all ones for clear ones. */
static u32 bitmap_find(const u64 *map, u64 flip, u32 from, u32 bit_count)
{
	for (u32 word = from / 64; word < BITMAP_WORDS(bit_count); word++) {
		u64 bits = map[word] ^ flip;

		if (word == from / 64)
			bits &= ~0ull << from % 64;
		if (bits) {
			u32 bit = word * 64 + bit_lowest(bits);

			return bit < bit_count ? bit : BITMAP_NONE;
		}
	}
	return BITMAP_NONE;
}

u32 bitmap_find_set(const u64 *map, u32 from, u32 bit_count)
{
	return bitmap_find(map, 0, from, bit_count);
}

u32 bitmap_find_clear(const u64 *map, u32 from, u32 bit_count)
{
	return bitmap_find(map, ~0ull, from, bit_count);
}

u32 bitmap_find_last(const u64 *map, u32 bit_count)
{
	for (u32 word = BITMAP_WORDS(bit_count); word-- > 0;) {
		u64 bits = map[word];

		if (word == bit_count / 64)
			bits &= BIT(bit_count % 64) - 1;
		if (bits)
			return word * 64 + bit_highest(bits);
	}
	return BITMAP_NONE;
}
