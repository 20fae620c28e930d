/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's own NUMA nodes: which vcpus and how much of its RAM each has, and which node of the machine that is taken
 * from. Placement makes it; the frame policy, CPUID and the ACPI tables follow it. Each node is a package of its own; a
 * VM of one node is not told of any. The vcpus' APIC ids follow from the nodes, or are given.
 */
#ifndef ETERNA_IFACE_VNUMA_H
#define ETERNA_IFACE_VNUMA_H

#include "base/bits.h"

#define VNUMA_NODES_MAX 8u
#define VNUMA_VCPUS_MAX 64u
#define VNUMA_MEMORY_STEP (2 * MIB)

/* Interrupts from outside carry 15 bits of an APIC id at most; of 8 bits, all ones are everybody (iface/apic_msg.h). */
#define VNUMA_APIC_ID_MAX 0x7fffu
#define VNUMA_APIC_ID_ALL 0xffu

struct vnuma_node {
	u64 vcpus;        /* bit n: vcpu n */
	u64 memory_bytes; /* a multiple of VNUMA_MEMORY_STEP; the nodes' RAM follows one another in their order */
	u8 host_node;
};

struct vnuma {
	u32 node_count; /* 1 to VNUMA_NODES_MAX */
	bool is_strict; /* memory comes from a node's host node, or not at all; else from near ones as well */
	struct vnuma_node node[VNUMA_NODES_MAX];
	u8 distance[VNUMA_NODES_MAX][VNUMA_NODES_MAX]; /* as in the machine: 10 local, more between nodes */
	bool has_apic_ids; /* apic_id[] is given; else vnuma_apic_id() says how they follow */
	u16 apic_id[VNUMA_VCPUS_MAX];
};

/* The node of a vcpu. */
static inline u32 vnuma_node_of_vcpu(const struct vnuma *v, u32 vcpu)
{
	u32 i = 0;

	while (i + 1 < v->node_count && !(v->node[i].vcpus >> vcpu & 1))
		i++;
	return i;
}

/* The node of a byte of RAM, counted without the holes of the address space. */
static inline u32 vnuma_node_of_ram(const struct vnuma *v, u64 offset)
{
	u32 i = 0;

	for (u64 end = 0; i + 1 < v->node_count; i++) {
		end += v->node[i].memory_bytes;
		if (offset < end)
			break;
	}
	return i;
}

static inline u32 vnuma_count(u64 vcpus)
{
	u32 count = 0;

	for (; vcpus; vcpus &= vcpus - 1)
		count++;
	return count;
}

/* The most vcpus that a node has. */
static inline u32 vnuma_vcpus_most(const struct vnuma *v)
{
	u32 most = 0;

	for (u32 i = 0; i < v->node_count; i++)
		most = MAX(most, vnuma_count(v->node[i].vcpus));
	return most;
}

/*
 * Bits of an APIC id below the package's number: at least 3, since Linux takes eight ids of AMD's first Zen processors
 * for those that share a cache, and these must not be of two nodes.
 */
#define VNUMA_PACKAGE_SHIFT_MIN 3u
static inline u32 vnuma_node_shift(const struct vnuma *v)
{
	u32 most = vnuma_vcpus_most(v);

	return MAX(most > 1 ? bit_highest(most - 1) + 1 : 0, VNUMA_PACKAGE_SHIFT_MIN);
}

/* Given ids, package numbers above `shift` bits: has each node one of its own? */
static inline bool vnuma_tells_nodes(const struct vnuma *v, u32 shift)
{
	u64 all = 0;

	for (u32 i = 0; i < v->node_count; i++)
		all |= v->node[i].vcpus;
	for (u64 a = all; a; a &= a - 1)
		for (u64 b = a & (a - 1); b; b &= b - 1) {
			u32 differ = v->apic_id[bit_lowest(a)] ^ v->apic_id[bit_lowest(b)];

			if (!(differ >> shift) !=
			    (vnuma_node_of_vcpu(v, bit_lowest(a)) == vnuma_node_of_vcpu(v, bit_lowest(b))))
				return false;
		}
	return true;
}

/* The same for a VM that has several nodes, or given ids: then the fewest that will do, and VNUMA_NO_SHIFT: none do. */
#define VNUMA_NO_SHIFT 16u
static inline u32 vnuma_package_shift(const struct vnuma *v)
{
	u32 shift = v->node_count > 1 ? VNUMA_PACKAGE_SHIFT_MIN : 0;

	if (!v->has_apic_ids)
		return vnuma_node_shift(v);
	while (shift < VNUMA_NO_SHIFT && !vnuma_tells_nodes(v, shift))
		shift++;
	return shift;
}

/* Package number above, the vcpu's place among its node's below; a VM of one node counts from 0. Unless it is given. */
static inline u32 vnuma_apic_id(const struct vnuma *v, u32 vcpu)
{
	u32 node = vnuma_node_of_vcpu(v, vcpu);
	u64 before = v->node[node].vcpus & ((1ull << vcpu) - 1);

	if (v->has_apic_ids)
		return v->apic_id[vcpu];
	return v->node_count == 1 ? vcpu : node << vnuma_node_shift(v) | vnuma_count(before);
}

/*
 * Has a vcpu an id that xAPIC mode can't say? Then firmware starts all in x2APIC mode, and guests are told how
 * interrupts from outside reach it (SDM 3A, Consistency of APIC IDs and CPUID).
 */
static inline bool vnuma_has_wide_ids(const struct vnuma *v)
{
	u32 most = 0;

	for (u32 i = 0; v->has_apic_ids && i < VNUMA_VCPUS_MAX; i++)
		most = MAX(most, (u32)v->apic_id[i]);
	return most >= VNUMA_APIC_ID_ALL;
}

/* One node with all vcpus and all RAM, on the machine's first. */
static inline struct vnuma vnuma_one(u32 vcpus, u64 memory_bytes)
{
	struct vnuma v = {.node_count = 1, .distance = {{10}}};

	v.node[0].vcpus = ~0ull >> (VNUMA_VCPUS_MAX - vcpus);
	v.node[0].memory_bytes = memory_bytes;
	return v;
}

#endif
