// SPDX-License-Identifier: Apache-2.0
// Prints the machine's nodes, and counts every VM's pages on them.
#include "main/numa_command.h"

#include "host/memory.h"
#include "host/numa.h"
#include "main/fleet.h"
#include "vm/gpa_numa.h"

static u64 pages_mib(u64 pages)
{
	return pages * PAGE_BYTES / MIB;
}

static void node_print(u32 node, struct fmt_sink *out)
{
	const struct numa *numa = host_numa();
	const struct frames_node *f = &memory_frames()->node[node];

	fmt_print(out, "  %4u  %4u  %6lu MiB  %6lu MiB  %6lu MiB  %6lu MiB ", node, numa->node[node].cpu_count,
		  pages_mib(f->total), pages_mib(f->total - f->free), pages_mib(f->claimed), pages_mib(f->peak_used));
	for (u32 i = 0; i < numa->node_count; i++)
		fmt_print(out, " %3u", numa->distance[node][i]);
	fmt_print(out, "\n");
}

static void nodes_print(struct fmt_sink *out)
{
	const struct numa *numa = host_numa();

	if (numa->reason != NUMA_BY_SRAT)
		fmt_print(out, "  one node: %s\n", numa_reason_text(numa->reason));
	fmt_print(out, "  node  CPUs      memory        used    promised   most used  distances\n");
	for (u32 i = 0; i < numa->node_count; i++)
		node_print(i, out);
}

static void vnode_print(struct vm *vm, u32 vnode, struct fmt_sink *out)
{
	const struct vnuma_node *n = &vm->numa.node[vnode];
	u64 pages[FRAMES_NODES_MAX];
	const char *between = ":";

	gpa_count_pages(vm, vnode, pages);
	fmt_print(out, "  VM %s, its node %u of %u vcpus and %lu MiB for node %u", vm->name, vnode,
		  vnuma_count(n->vcpus), n->memory_bytes / MIB, n->host_node);
	for (u32 i = 0; i < host_numa()->node_count; i++) {
		if (!pages[i] && i != n->host_node)
			continue;
		fmt_print(out, "%s %lu pages on node %u", between, pages[i], i);
		between = ",";
	}
	fmt_print(out, "\n");
}

void numa_command_run(const struct command_call *call)
{
	nodes_print(call->out);
	for (u32 i = 0; i < fleet_count; i++)
		for (u32 j = 0; fleet[i].vm && j < fleet[i].vm->numa.node_count; j++)
			vnode_print(fleet[i].vm, j, call->out);
}
