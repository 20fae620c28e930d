/* SPDX-License-Identifier: Apache-2.0 */
/* The four memory functions that the compiler may call by itself, with their standard C meaning. */
#ifndef ETERNA_BASE_MEM_H
#define ETERNA_BASE_MEM_H

#include "base/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* Unaligned little-endian loads and stores of foreign data. */
static inline u16 load_u16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 load_u32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 load_u64(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store_u16(void *p, u16 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void store_u32(void *p, u32 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void store_u64(void *p, u64 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif
