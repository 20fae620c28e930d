// SPDX-License-Identifier: Apache-2.0
// The SLIT's reader on a small table of any length and bytes: nothing outside the table is read, no array is overrun,
// and every distance is one that can be.
//
// A machine has two nodes here, of any domains. The walkers of SRAT and HMAT: proof/numa_tables_proof.c.
// cbmc: -D NUMA_NODES_MAX=2u -D NUMA_RANGES_MAX=3u -D NUMA_CPUS_MAX=2u
// cbmc: src/boot/info/numa_slit.c -D __builtin_memcpy=memcpy --unwind 4 --object-bits 10
#include "boot/info/numa.h"
#include "boot/info/numa_priv.h"
#include "proof.h"

#define SLIT_BYTES 50u

static struct numa numa;

/* A table of any length and bytes that ends where the array does: a read past it is out of bounds. */
static const u8 *any_table(const u8 *array, u32 size, u32 least, u32 *length)
{
	*length = nondet_u32();
	ASSUME(*length >= least && *length <= size);
	return array + (size - *length);
}

void numa_note(struct numa *n, enum numa_defect_kind kind, u64 a, u64 b)
{
	(void)n, (void)a, (void)b;
	PROVE(kind < NUMA_DEFECT_KINDS);
}

static void two_nodes(void)
{
	for (u32 i = 0; i < 2; i++)
		for (u32 j = 0; j < 2; j++)
			numa.distance[i][j] = i == j ? NUMA_DISTANCE_LOCAL : NUMA_DISTANCE_REMOTE;
	numa.node_count = 2;
	numa.node[0].domain = nondet_u32();
	numa.node[1].domain = nondet_u32();
	ASSUME(numa.node[0].domain < numa.node[1].domain);
}

void harness_slit(void)
{
	u8 array[SLIT_BYTES];
	u32 length;
	const u8 *slit = any_table(array, SLIT_BYTES, 36, &length);

	two_nodes();
	(void)!numa_read_slit(&numa, slit, length);
	PROVE(numa.distance[0][0] == NUMA_DISTANCE_LOCAL && numa.distance[0][1] > NUMA_DISTANCE_LOCAL);
	PROVE(numa.distance[1][1] == NUMA_DISTANCE_LOCAL && numa.distance[1][0] > NUMA_DISTANCE_LOCAL);
	REACHED();
}
