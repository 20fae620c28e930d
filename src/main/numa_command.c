// SPDX-License-Identifier: Apache-2.0
// Prints the machine's nodes, and counts every VM's pages and tables on them.
#include "main/numa_command.h"

#include "base/cpu_set.h"
#include "base/str.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/numa.h"
#include "main/fleet.h"
#include "vm/gpa_numa.h"
#include "vm/rebalance.h"
#include "vm/run.h"

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

/* The CPUs that run its vcpus. */
static void cpus_text(const struct vm *vm, u32 vnode, char text[CPU_SET_TEXT_BYTES])
{
	struct cpu_set cpus = {0};

	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (vm->numa.node[vnode].vcpus >> i & 1)
			cpu_set_add(&cpus, vm->vcpu[i]->cpu);
	cpu_set_text(&cpus, text, CPU_SET_TEXT_BYTES);
}

static void vnode_print(struct vm *vm, u32 vnode, struct fmt_sink *out)
{
	const struct vnuma_node *n = &vm->numa.node[vnode];
	u64 pages[FRAMES_NODES_MAX];
	const char *between = ":";
	char cpus[CPU_SET_TEXT_BYTES];

	memory_lock_take();
	gpa_count_pages(vm, vnode, pages);
	memory_lock_drop();
	cpus_text(vm, vnode, cpus);
	fmt_print(out, "  VM %s, its node %u of %u vcpus (CPUs %s) and %lu MiB for node %u", vm->name, vnode,
		  vnuma_count(n->vcpus), cpus, n->memory_bytes / MIB, n->host_node);
	for (u32 i = 0; i < host_numa()->node_count; i++) {
		if (!pages[i] && i != n->host_node)
			continue;
		fmt_print(out, "%s %lu pages on node %u", between, pages[i], i);
		between = ",";
	}
	fmt_print(out, "\n");
}

static void tables_print(struct vm *vm, struct fmt_sink *out)
{
	u64 tables[FRAMES_NODES_MAX];
	const char *between = ":";

	memory_lock_take();
	gpa_count_tables(vm, tables);
	memory_lock_drop();
	fmt_print(out, "  VM %s, its second-level tables", vm->name);
	for (u32 i = 0; i < host_numa()->node_count; i++) {
		if (!tables[i])
			continue;
		fmt_print(out, "%s %lu on node %u", between, tables[i], i);
		between = ",";
	}
	fmt_print(out, "\n");
}

static void vm_print(struct vm *vm, struct fmt_sink *out)
{
	for (u32 i = 0; i < vm->numa.node_count; i++)
		vnode_print(vm, i, out);
	tables_print(vm, out);
}

/* --- numa rebalance ------------------------------------------------------------------------------------------------
 */

/* The guest runs that long between two pages. */
#define STEP_NS NS_PER_MS

static struct rebalance rebalance;
static const struct fleet_vm *rebalanced; /* whose, and which of its lives */
static u32 rebalanced_start;

static void rebalance_begin(const struct command_call *call, struct fleet_vm *f)
{
	char why[REBALANCE_WHY_BYTES];
	u8 to[VNUMA_NODES_MAX];
	u64 node = 0;

	if (call->word_count > 3 && str_to_u64(call->words[3], &node)) {
		fmt_print(call->out, "\"%s\" is no node's number\n", call->words[3]);
		return;
	}
	for (u32 i = 0; i < VNUMA_NODES_MAX; i++)
		to[i] = call->word_count > 3 ? (u8)MIN(node, NUMA_NO_NODE) : f->vm->numa.node[i].host_node;
	if (rebalance_start(&rebalance, f->vm, to, why)) {
		fmt_print(call->out, "%s\n", why);
		return;
	}
	rebalanced = f;
	rebalanced_start = f->starts;
}

static void rebalance_run(const struct command_call *call)
{
	struct fleet_vm *f = call->word_count > 2 ? fleet_find(call->words[2]) : NULL;

	if (call->word_count < 3 || strcmp(call->words[1], "rebalance"))
		fmt_print(call->out, "numa, or numa rebalance VM [NODE]\n");
	else if (!f || !f->vm)
		fmt_print(call->out, "no VM \"%s\" lives; \"vms\" lists them\n", call->words[2]);
	else if (rebalance.vm)
		fmt_print(call->out, "VM %s is being rebalanced\n", rebalanced->config->name);
	else
		rebalance_begin(call, f);
}

void numa_command_work(void)
{
	if (!rebalance.vm)
		return;
	if (rebalanced->vm != rebalance.vm || rebalanced->starts != rebalanced_start) {
		log_info("VM %s: ended while it was being rebalanced", rebalanced->config->name);
		rebalance_cancel(&rebalance);
		return;
	}
	if (rebalance_step(&rebalance)) {
		run_request_work_in(STEP_NS);
		return;
	}
	log_info("VM %s: rebalanced: %lu pages moved, %lu were on their node, %lu found no room; %lu writes waited",
		 rebalance.vm->name, rebalance.moved, rebalance.there, rebalance.stuck, rebalance.awaited);
	log_info("VM %s: %u of its second-level tables moved%s; it stood still for %lu us at most", rebalance.vm->name,
		 rebalance.tables_moved, rebalance.is_stuck ? ", for others there was no room" : "",
		 rebalance.pause_ns / NS_PER_US);
	rebalance_cancel(&rebalance);
}

void numa_command_run(const struct command_call *call)
{
	if (call->word_count > 1) {
		rebalance_run(call);
		return;
	}
	nodes_print(call->out);
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].vm)
			vm_print(fleet[i].vm, call->out);
}
