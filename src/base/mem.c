// SPDX-License-Identifier: Apache-2.0
// memcpy and its family, by eight bytes. Built with -fno-builtin, so that no loop here becomes a call to itself.
#include "base/mem.h"

/* Upwards: also right for places that overlap when dst is below src, so nothing here may be called restrict. */
static void copy_upwards(u8 *d, const u8 *s, size_t bytes)
{
	/* The words of a step in turn, each loaded before the one ahead of it could be overwritten. */
	for (; bytes >= 32; bytes -= 32, d += 32, s += 32) {
		store_u64(d, load_u64(s));
		store_u64(d + 8, load_u64(s + 8));
		store_u64(d + 16, load_u64(s + 16));
		store_u64(d + 24, load_u64(s + 24));
	}
	for (; bytes >= 8; bytes -= 8, d += 8, s += 8)
		store_u64(d, load_u64(s));
	for (; bytes; bytes--)
		*d++ = *s++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
	copy_upwards(dst, src, bytes);
	return dst;
}

void *memmove(void *dst, const void *src, size_t bytes)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= bytes) {
		copy_upwards(d, s, bytes);
		return dst;
	}
	for (; bytes >= 8; bytes -= 8)
		store_u64(d + bytes - 8, load_u64(s + bytes - 8));
	while (bytes--)
		d[bytes] = s[bytes];
	return dst;
}

void *memset(void *dst, int value, size_t bytes)
{
	u8 *d = dst;
	u64 word = (u8)value * 0x0101010101010101ull;

	for (; bytes >= 8; bytes -= 8, d += 8)
		store_u64(d, word);
	for (; bytes; bytes--)
		*d++ = (u8)value;
	return dst;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *x = a;
	const u8 *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}
