/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of the single tables. A table has the length that its header says, and a right sum. */
#ifndef ETERNA_BOOT_INFO_NUMA_PRIV_H
#define ETERNA_BOOT_INFO_NUMA_PRIV_H

#include "boot/info/numa.h"

/* Nodes, processors and ranges. ERR_SPACE: more nodes than NUMA_NODES_MAX; ERR_NOENT: no memory. */
err_t numa_read_srat(struct numa *n, const u8 *srat, u32 length) MUST_CHECK;

/* Distances, mended where they are impossible. ERR_FORMAT: the table is too short for its own size; nothing is read. */
err_t numa_read_slit(struct numa *n, const u8 *slit, u32 length) MUST_CHECK;

/* Initiators, latencies and bandwidths; distances too, where there is no SLIT. */
void numa_read_hmat(struct numa *n, const u8 *hmat, u32 length);

/* Node of a proximity domain; NUMA_NO_NODE if no node is of it. */
u8 numa_node_of_domain(const struct numa *n, u32 domain);

/* Add [base, end) of a node, without what is there already; defects are noted. */
void numa_add_range(struct numa *n, u64 base, u64 end, u8 node);

#endif
