// SPDX-License-Identifier: Apache-2.0
// The ranges of memory: sorted, joined, and without overlaps. Where two nodes claim a byte, the first one gets it.
#include "boot/info/numa_priv.h"

static bool joins(const struct numa_range *low, const struct numa_range *high)
{
	return low->end == high->base && low->node == high->node;
}

static void range_remove(struct numa *n, u32 at)
{
	n->range_count--;
	for (u32 i = at; i < n->range_count; i++)
		n->range[i] = n->range[i + 1];
}

static void range_make_room(struct numa *n, u32 at)
{
	for (u32 i = n->range_count; i > at; i--)
		n->range[i] = n->range[i - 1];
	n->range_count++;
}

/* A range that lies before slot `at` and overlaps none. */
static void range_insert(struct numa *n, u32 at, struct numa_range r)
{
	bool joins_low = at > 0 && joins(&n->range[at - 1], &r);
	bool joins_high = at < n->range_count && joins(&r, &n->range[at]);

	if (joins_low) {
		n->range[at - 1].end = r.end;
		if (joins_high) {
			n->range[at - 1].end = n->range[at].end;
			range_remove(n, at);
		}
	} else if (joins_high) {
		n->range[at].base = r.base;
	} else if (n->range_count == NUMA_RANGES_MAX) {
		numa_note(n, NUMA_RANGE_TOO_MANY, r.base, r.end - r.base);
	} else {
		range_make_room(n, at);
		n->range[at] = r;
	}
}

/* The first range that ends behind `address`. */
static u32 range_behind(const struct numa *n, u64 address)
{
	u32 at = 0;

	while (at < n->range_count && n->range[at].end <= address)
		at++;
	return at;
}

void numa_add_range(struct numa *n, u64 base, u64 end, u8 node)
{
	while (base < end) {
		u32 at = range_behind(n, base);
		bool is_free = at == n->range_count || n->range[at].base > base;
		u64 next = at == n->range_count ? end : is_free ? n->range[at].base : n->range[at].end;

		next = MIN(next, end);
		if (is_free)
			range_insert(n, at, (struct numa_range){base, next, node});
		else
			numa_note(n, n->range[at].node == node ? NUMA_RANGE_TWICE : NUMA_RANGE_OVERLAP, base,
				  next - base);
		base = next;
	}
}
