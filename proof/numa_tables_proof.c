// SPDX-License-Identifier: Apache-2.0
// The walkers of SRAT and HMAT: nothing outside the table is read, and each walk ends.
//
// An entry is proved apart from the walk over entries: of any bytes and any length, and it ends where the array does,
// so that a read past it is out of bounds. The walks are proved over short tables with a visitor that looks at the last
// byte of what it is given.
// cbmc: -D NUMA_NODES_MAX=2u -D NUMA_RANGES_MAX=3u -D NUMA_CPUS_MAX=2u -D __builtin_memcpy=memcpy --object-bits 10
// cbmc harness_srat_entry: --unwind 4
// cbmc harness_srat_walk: --unwind 8
// cbmc harness_hmat_locality: --unwind 6
// cbmc harness_hmat_walk: --unwind 5
#include "boot/info/numa_hmat.c"
#include "boot/info/numa_srat.c"
#include "proof.h"

#define SRAT_ENTRY_BYTES 44u
#define SRAT_BYTES (SRAT_ENTRIES + 12u)
#define LOCALITY_ARRAY_BYTES 44u
#define HMAT_BYTES (HMAT_ENTRIES + 30u)

static struct numa numa;
static u32 visits;

void numa_note(struct numa *n, enum numa_defect_kind kind, u64 a, u64 b)
{
	(void)n, (void)a, (void)b;
	PROVE(kind < NUMA_DEFECT_KINDS);
}

u8 numa_node_of_domain(const struct numa *n, u32 domain)
{
	u8 node = nondet_u8();

	(void)n, (void)domain;
	ASSUME(node < 2 || node == NUMA_NO_NODE);
	return node;
}

static void affinity_see(struct numa *n, const struct affinity *a)
{
	(void)n;
	PROVE(a->flags & ENABLED);
	visits++;
}

void harness_srat_entry(void)
{
	u8 srat[SRAT_ENTRIES];
	u8 array[SRAT_ENTRY_BYTES];
	u8 bytes = nondet_u8();

	ASSUME(bytes >= 2 && bytes <= SRAT_ENTRY_BYTES);
	entry_visit(&numa, srat, array + (SRAT_ENTRY_BYTES - bytes), bytes, affinity_see, nondet_bool());
	PROVE(visits <= 1);
	REACHED();
}

void harness_srat_walk(void)
{
	u8 array[SRAT_BYTES];
	u32 length = nondet_u32();

	ASSUME(length >= SRAT_ENTRIES && length <= SRAT_BYTES);
	srat_walk(&numa, array + (SRAT_BYTES - length), length, affinity_see, true);
	PROVE(!visits); /* the shortest that is read has 16 bytes */
	REACHED();
}

/* What locality_open() lets through is all inside: each name of both lists, each value of the matrix. */
void harness_hmat_locality(void)
{
	u8 array[LOCALITY_ARRAY_BYTES];
	u32 bytes = nondet_u32();
	u32 i = nondet_u32(), t = nondet_u32();
	struct locality l;

	ASSUME(bytes >= HEAD_BYTES && bytes <= LOCALITY_ARRAY_BYTES);
	if (!locality_open(array + (LOCALITY_ARRAY_BYTES - bytes), bytes, &l))
		return;
	ASSUME(i < l.initiator_count && t < l.target_count);
	(void)load_u32(l.initiators + 4 * i);
	(void)load_u32(l.targets + 4 * t);
	(void)load_u16(l.matrix + 2 * (i * l.target_count + t));
	REACHED();
}

static void structure_see(struct numa *n, const u8 *hmat, const u8 *s, u32 bytes)
{
	(void)n, (void)hmat;
	PROVE(bytes >= HEAD_BYTES);
	visits += s[bytes - 1] & 1;
}

void harness_hmat_walk(void)
{
	u8 array[HMAT_BYTES];
	u32 length = nondet_u32();

	ASSUME(length >= HMAT_ENTRIES && length <= HMAT_BYTES);
	hmat_walk(&numa, array + (HMAT_BYTES - length), length, structure_see, true);
	PROVE(visits <= 3);
	REACHED();
}
