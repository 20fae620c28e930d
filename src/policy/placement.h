/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VM's memory and vcpus go among the machine's NUMA nodes, and what nodes the VM itself gets. */
#ifndef ETERNA_POLICY_PLACEMENT_H
#define ETERNA_POLICY_PLACEMENT_H

#include "base/err.h"
#include "iface/vnuma.h"

#define PLACEMENT_NODES_MAX 32u
#define PLACEMENT_WHY_BYTES 160

/* The machine at this moment. */
struct placement_host {
	u32 node_count;
	u64 free_bytes[PLACEMENT_NODES_MAX]; /* promised to nobody */
	u32 cpu_count[PLACEMENT_NODES_MAX];
	const u8 (*distance)[PLACEMENT_NODES_MAX];
};

enum placement_mode {
	PLACEMENT_AUTO, /* on the node with most room that it fits; else divided among as few near nodes as it takes */
	PLACEMENT_NODE, /* on one node */
	PLACEMENT_SPREAD, /* evenly over all nodes with room */
	PLACEMENT_VNODES, /* as given */
};

struct placement_wish {
	u32 mode; /* enum placement_mode */
	bool is_strict;
	u32 node;       /* PLACEMENT_NODE */
	u32 vcpu_count; /* 1 to VNUMA_VCPUS_MAX */
	u64 memory_bytes;
	u32 vnode_count; /* PLACEMENT_VNODES: every vcpu in one of them, memory as much as the VM's */
	const struct vnuma_node *vnode;
	u32 apic_id_count;  /* vcpu_count, or 0: they follow from the nodes */
	const u16 *apic_id; /* none of them twice */
};

/**
 * Place a VM.
 *
 * @return OK; ERR_NOMEM: not that much is free where it must be; ERR_RANGE: the machine has no such node, or the wish
 *         contradicts itself; ERR_SPACE: the APIC ids pass 254, or given ones don't tell the nodes apart. On an error
 *         `why` (PLACEMENT_WHY_BYTES) has the figures.
 */
err_t placement_make(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *out, char *why)
	MUST_CHECK;

/* Does every vcpu of `vcpu_count` belong to one node, and is the nodes' memory `memory_bytes` together? */
bool placement_is_partition(const struct vnuma_node *node, u32 count, u32 vcpu_count, u64 memory_bytes);

#endif
