// SPDX-License-Identifier: Apache-2.0
// Keeps and tells this machine's nodes.
#include "host/numa.h"

#include "base/fmt.h"
#include "host/log.h"
#include "host/memory.h"

_Static_assert(NUMA_NODES_MAX <= FRAMES_NODES_MAX, "each node has a place in the frame allocator");

static struct numa numa;

const struct numa *host_numa(void)
{
	return &numa;
}

void host_numa_read(struct acpi_memory *memory, const u8 *rsdp, u32 bytes)
{
	if (rsdp)
		numa_parse(memory, rsdp, bytes, &numa);
	else
		numa_one_node(&numa, NUMA_NO_SRAT);
}

void host_numa_note(enum numa_defect_kind kind, u64 a, u64 b)
{
	numa_note(&numa, kind, a, b);
}

static void defects_tell(void)
{
	char text[160];

	for (u32 kind = 0; kind < NUMA_DEFECT_KINDS; kind++) {
		if (!numa.defect[kind].count)
			continue;
		numa_defect_text(&numa, kind, text, sizeof(text));
		if (numa_defect_is_harmless(kind))
			log_info("NUMA: %s", text);
		else
			log_warn("NUMA: %s", text);
	}
}

static void node_tell(u32 node)
{
	char distances[NUMA_NODES_MAX * 4 + 1] = "";
	size_t used = 0;

	for (u32 i = 0; i < numa.node_count; i++)
		used += fmt_string(distances + used, sizeof(distances) - used, " %u", numa.distance[node][i]);
	log_info("NUMA: node %u (domain %u): %u CPUs, %lu MiB for guests, distances%s", node, numa.node[node].domain,
		 numa.node[node].cpu_count, memory_frames()->node[node].total * PAGE_BYTES / MIB, distances);
	if (numa.node[node].latency_ns || numa.node[node].bandwidth_mibs)
		log_info("NUMA: node %u: latency %u ns, bandwidth %u MiB/s from node %u", node,
			 numa.node[node].latency_ns, numa.node[node].bandwidth_mibs,
			 numa.node[node].initiator == NUMA_NO_NODE ? node : numa.node[node].initiator);
}

void host_numa_tell(const struct acpi_info *acpi)
{
	numa_match_cpus(&numa, acpi);
	defects_tell();
	if (numa.reason != NUMA_BY_SRAT) {
		log_info("NUMA: one node: %s", numa_reason_text(numa.reason));
		return;
	}
	log_info("NUMA: %u node%s, distances %s", numa.node_count, numa.node_count > 1 ? "s" : "",
		 numa.has_slit   ? "from the SLIT"
		 : numa.has_hmat ? "from the HMAT"
				 : "assumed");
	for (u32 i = 0; i < numa.node_count; i++)
		node_tell(i);
}

u8 host_numa_node_of(u32 apic_id)
{
	u8 node = numa_node_of_cpu(&numa, apic_id);

	return node == NUMA_NO_NODE ? 0 : node;
}

struct pool *host_numa_pool(u32 apic_id)
{
	return memory_pool_of(host_numa_node_of(apic_id));
}

u8 host_numa_node_of_memory(hpa_t at)
{
	bool is_hole;
	u8 node;
	u64 end = numa_piece(&numa, at.v, at.v + 1, &node, &is_hole);

	(void)end;
	return node;
}

struct frames_policy host_numa_policy(u8 node, bool is_strict)
{
	struct frames_policy policy;

	policy.node_count = (u8)numa_order(&numa, node, policy.node);
	if (is_strict)
		policy.node_count = 1;
	return policy;
}
