// SPDX-License-Identifier: Apache-2.0
// Reader of the HMAT (ACPI 6.5, Heterogeneous Memory Attribute Table): who is near to which memory, and how near.
#include "base/assert.h"
#include "base/bits.h"
#include "base/mem.h"
#include "boot/info/numa_priv.h"

#define HMAT_REVISION 8
#define HMAT_ENTRIES 40
#define HMAT_IN_PICOSECONDS 2 /* of this revision on; before it, units of latency were anybody's guess */
#define HEAD_BYTES 8
#define TYPE_ATTRIBUTES 0
#define TYPE_LOCALITY 1
#define ATTRIBUTES_BYTES 40
#define ATTRIBUTES_HAS_INITIATOR 1u
#define LOCALITY_BYTES 32
#define HIERARCHY BITS(3, 0)
#define ENTRY_UNREACHABLE 0xffff
#define PS_PER_NS 1000

enum data_type { ACCESS_LATENCY, READ_LATENCY, WRITE_LATENCY, ACCESS_BANDWIDTH, READ_BANDWIDTH };

/* A System Locality Latency and Bandwidth structure whose lists and matrix lie inside it. */
struct locality {
	const u8 *initiators;
	const u8 *targets;
	const u8 *matrix;
	u64 initiator_count;
	u64 target_count;
	u64 unit;
};

typedef void (*structure_fn)(struct numa *n, const u8 *hmat, const u8 *s, u32 bytes);

static void initiator_read(struct numa *n, const u8 *hmat, const u8 *s, u32 bytes)
{
	u8 memory, initiator;

	(void)hmat;
	if (load_u16(s) != TYPE_ATTRIBUTES)
		return;
	if (bytes < ATTRIBUTES_BYTES) {
		numa_note(n, NUMA_HMAT_ENTRY_LENGTH, TYPE_ATTRIBUTES, bytes);
		return;
	}
	memory = numa_node_of_domain(n, load_u32(s + 16));
	initiator = numa_node_of_domain(n, load_u32(s + 12));
	if (load_u16(s + 8) & ATTRIBUTES_HAS_INITIATOR && memory != NUMA_NO_NODE)
		n->node[memory].initiator = initiator;
}

static bool locality_open(const u8 *s, u32 bytes, struct locality *l)
{
	if (bytes < LOCALITY_BYTES)
		return false;
	l->initiator_count = load_u32(s + 12);
	l->target_count = load_u32(s + 16);
	l->unit = load_u64(s + 24);
	l->initiators = s + LOCALITY_BYTES;
	if (l->initiator_count > bytes || l->target_count > bytes)
		return false;
	if (LOCALITY_BYTES + 4 * (l->initiator_count + l->target_count) + 2 * l->initiator_count * l->target_count >
	    bytes)
		return false;
	l->targets = l->initiators + 4 * l->initiator_count;
	l->matrix = l->targets + 4 * l->target_count;
	return true;
}

/* In the structure's unit; 0: not said, not reachable, or absurd. */
static u64 value_of(const struct locality *l, u64 i, u64 t)
{
	u16 entry = load_u16(l->matrix + 2 * (i * l->target_count + t));
	u64 value;

	if (entry == ENTRY_UNREACHABLE || __builtin_mul_overflow(l->unit, (u64)entry, &value))
		return 0;
	return value;
}

/* A node's memory is measured from its initiator; where none is named, from its own processors. */
static bool is_own_initiator(const struct numa *n, u8 initiator, u8 memory)
{
	u8 said = n->node[memory].initiator;

	return said == NUMA_NO_NODE ? initiator == memory : initiator == said;
}

static void figure_keep(struct numa *n, const u8 *hmat, const u8 *s, u8 memory, u64 value)
{
	u8 type = s[9];

	if (type >= ACCESS_BANDWIDTH)
		n->node[memory].bandwidth_mibs = (u32)MIN(value, ~0u);
	else if (hmat[HMAT_REVISION] >= HMAT_IN_PICOSECONDS)
		n->node[memory].latency_ns = (u32)MIN(value / PS_PER_NS, ~0u);
}

/* The smallest latency from an initiator: that of what is local to it. */
static u64 latency_least(const struct locality *l, u64 i)
{
	u64 least = 0;

	for (u64 t = 0; t < l->target_count; t++) {
		u64 value = value_of(l, i, t);

		if (value && (!least || value < least))
			least = value;
	}
	return least;
}

/* As distances are meant: 10 is local, 20 takes twice as long. */
static u8 distance_by_latency(u64 latency, u64 least)
{
	u64 tenths;

	ASSERT(least); /* `latency` is one of those that it is the smallest of, and not 0 */
	tenths = latency / least >= NUMA_UNREACHABLE ? NUMA_UNREACHABLE
						     : latency / least * 10 + latency % least * 10 / least;

	return (u8)MIN(MAX(tenths, NUMA_DISTANCE_LOCAL + 1), NUMA_UNREACHABLE - 1);
}

static void row_read(struct numa *n, const u8 *hmat, const u8 *s, const struct locality *l, u64 i)
{
	u8 from = numa_node_of_domain(n, load_u32(l->initiators + 4 * i));
	bool is_latency = s[9] <= READ_LATENCY;
	u64 least = is_latency ? latency_least(l, i) : 0;

	if (from == NUMA_NO_NODE)
		return;
	for (u64 t = 0; t < l->target_count; t++) {
		u8 to = numa_node_of_domain(n, load_u32(l->targets + 4 * t));
		u64 value = value_of(l, i, t);

		if (to == NUMA_NO_NODE || !value)
			continue;
		if (is_own_initiator(n, from, to))
			figure_keep(n, hmat, s, to, value);
		if (is_latency && !n->has_slit && from != to) {
			n->distance[from][to] = distance_by_latency(value, least);
			n->has_hmat = true;
		}
	}
}

static void locality_read(struct numa *n, const u8 *hmat, const u8 *s, u32 bytes)
{
	struct locality l;

	if (load_u16(s) != TYPE_LOCALITY)
		return;
	if (!locality_open(s, bytes, &l)) {
		numa_note(n, NUMA_HMAT_ENTRY_LENGTH, TYPE_LOCALITY, bytes);
		return;
	}
	/* Of memory itself, not of a cache before it; what holds for all accesses, or for reads. */
	if (GET(HIERARCHY, s[8]) || s[9] == WRITE_LATENCY || s[9] > READ_BANDWIDTH)
		return;
	for (u64 i = 0; i < l.initiator_count; i++)
		row_read(n, hmat, s, &l, i);
}

/* Structure after structure; one that cannot be stepped over ends the walk. */
static void hmat_walk(struct numa *n, const u8 *hmat, u32 length, structure_fn visit, bool notes)
{
	for (u32 at = HMAT_ENTRIES; at < length && length - at >= HEAD_BYTES;) {
		u32 bytes = load_u32(hmat + at + 4);

		if (bytes < HEAD_BYTES || bytes > length - at) {
			if (notes)
				numa_note(n, NUMA_HMAT_ENTRY_LENGTH, load_u16(hmat + at), bytes);
			return;
		}
		visit(n, hmat, hmat + at, bytes);
		at += bytes;
	}
}

/* A node whose processors' way to another's memory nobody measured is as far from it as the other one is from it. */
static void distances_mirror(struct numa *n)
{
	for (u32 i = 0; i < n->node_count; i++)
		for (u32 j = 0; j < n->node_count; j++)
			if (!n->node[i].cpu_count && n->node[j].cpu_count)
				n->distance[i][j] = n->distance[j][i];
}

void numa_read_hmat(struct numa *n, const u8 *hmat, u32 length)
{
	if (length < HMAT_ENTRIES)
		numa_note(n, NUMA_HMAT_LENGTH, length, 0);
	hmat_walk(n, hmat, length, initiator_read, true);
	hmat_walk(n, hmat, length, locality_read, false);
	if (n->has_hmat)
		distances_mirror(n);
}
