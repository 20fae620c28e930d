/* SPDX-License-Identifier: Apache-2.0 */
/* How many values lay in each power of two, and their sum. */
#ifndef ETERNA_BASE_HISTOGRAM_H
#define ETERNA_BASE_HISTOGRAM_H

#include "base/types.h"

/* Bucket n has the values from 2^n on, below 2^(n+1); 0 is in the first, all that is larger in the last. */
#define HISTOGRAM_BUCKETS 32

struct histogram {
	u64 sum;
	u32 count[HISTOGRAM_BUCKETS];
};

static inline u32 histogram_bucket(u64 value)
{
	u32 log = 63 - (u32)__builtin_clzll(value | 1);

	return MIN(log, HISTOGRAM_BUCKETS - 1u);
}

static inline void histogram_add(struct histogram *h, u64 value)
{
	h->sum += value;
	h->count[histogram_bucket(value)]++;
}

/* Counts and sum of `from` on top of those of `h`. */
static inline void histogram_merge(struct histogram *h, const struct histogram *from)
{
	h->sum += from->sum;
	for (u32 i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->count[i] += from->count[i];
}

static inline u64 histogram_total(const struct histogram *h)
{
	u64 total = 0;

	for (u32 i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->count[i];
	return total;
}

#endif
