// SPDX-License-Identifier: Apache-2.0
// Reader of the SLIT (ACPI 6.5, System Locality Information Table): distances between proximity domains.
#include "base/mem.h"
#include "boot/info/numa_priv.h"

#define SLIT_COUNT 36
#define SLIT_MATRIX 44

struct slit {
	const u8 *matrix;
	u64 count;
};

/* What the table says from one node to another; 0: it has no such row or column. */
static u8 entry_of(const struct slit *s, const struct numa *n, u32 from, u32 to)
{
	u64 row = n->node[from].domain, column = n->node[to].domain;

	return row < s->count && column < s->count ? s->matrix[row * s->count + column] : 0;
}

/* A usable distance between two nodes; where that direction has none, the other one's. */
static u8 distance_of(struct numa *n, const struct slit *s, u32 from, u32 to)
{
	u8 there = entry_of(s, n, from, to);
	u8 back = entry_of(s, n, to, from);

	if (there > NUMA_DISTANCE_LOCAL)
		return there;
	return back > NUMA_DISTANCE_LOCAL ? back : NUMA_DISTANCE_REMOTE;
}

static void row_read(struct numa *n, const struct slit *s, u32 from)
{
	if (n->node[from].domain >= s->count) {
		numa_note(n, NUMA_SLIT_SMALL, n->node[from].domain, s->count);
		return;
	}
	if (entry_of(s, n, from, from) != NUMA_DISTANCE_LOCAL)
		numa_note(n, NUMA_SLIT_LOCAL, from, entry_of(s, n, from, from));
	for (u32 to = 0; to < n->node_count; to++) {
		if (to == from || n->node[to].domain >= s->count)
			continue;
		if (entry_of(s, n, from, to) <= NUMA_DISTANCE_LOCAL)
			numa_note(n, NUMA_SLIT_BELOW, (u64)from << 32 | to, entry_of(s, n, from, to));
		n->distance[from][to] = distance_of(n, s, from, to);
	}
}

err_t numa_read_slit(struct numa *n, const u8 *slit, u32 length)
{
	struct slit s = {0};

	if (length >= SLIT_MATRIX)
		s = (struct slit){.matrix = slit + SLIT_MATRIX, .count = load_u64(slit + SLIT_COUNT)};
	if (!s.count || s.count > length || s.count * s.count > length - SLIT_MATRIX) {
		numa_note(n, NUMA_SLIT_LENGTH, length, s.count);
		return ERR_FORMAT;
	}
	for (u32 i = 0; i < n->node_count; i++)
		row_read(n, &s, i);
	return OK;
}
