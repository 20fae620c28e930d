// SPDX-License-Identifier: Apache-2.0
// The machine and the configuration as the placement policy sees them.
#include "main/place.h"

#include "config/config.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/numa.h"
#include "policy/placement.h"

_Static_assert((int)CONFIG_NUMA_AUTO == (int)PLACEMENT_AUTO && (int)CONFIG_NUMA_NODE == (int)PLACEMENT_NODE &&
		       (int)CONFIG_NUMA_SPREAD == (int)PLACEMENT_SPREAD &&
		       (int)CONFIG_NUMA_VNODES == (int)PLACEMENT_VNODES,
	       "the configuration's modes are those of placement");
_Static_assert(NUMA_NODES_MAX == PLACEMENT_NODES_MAX, "the table of distances is handed on as it is");

static u64 node_free_bytes(u32 node)
{
	const struct frames_node *n = &memory_frames()->node[node];

	return (n->free - n->claimed) * PAGE_BYTES;
}

u64 place_free_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < host_numa()->node_count; i++)
		sum += node_free_bytes(i);
	return sum;
}

err_t place_vm(const struct vm_config *config, struct vnuma *out)
{
	const struct numa *numa = host_numa();
	struct placement_host host = {.node_count = numa->node_count, .distance = numa->distance};
	const struct placement_wish wish = {
		.mode = config->numa.mode,
		.is_strict = config->numa_policy == CONFIG_NUMA_STRICT,
		.node = config->numa.node,
		.vcpu_count = config->vcpus,
		.memory_bytes = config->memory_bytes,
		.vnode_count = config->numa.vnode_count,
		.vnode = config->numa.vnode,
		.apic_id_count = config->apic_ids.count,
		.apic_id = config->apic_ids.id,
	};
	char why[PLACEMENT_WHY_BYTES];
	err_t err;

	for (u32 i = 0; i < numa->node_count; i++) {
		host.free_bytes[i] = node_free_bytes(i);
		host.cpu_count[i] = 0;
	}
	for (u32 i = 0; i < cpu_count; i++) /* those that are parked don't count */
		host.cpu_count[host_numa_node_of(cpu_at[i]->apic_id)]++;
	err = placement_make(&host, &wish, out, why);
	if (err)
		log_error("VM %s: cannot be placed: %s", config->name, why);
	return err;
}

void place_tell(const struct vm_config *config, const struct vnuma *numa)
{
	if (host_numa()->node_count == 1 && numa->node_count == 1)
		return;
	for (u32 i = 0; i < numa->node_count; i++)
		log_info("VM %s: its node %u: %u vcpus, %lu MiB of node %u%s", config->name, i,
			 vnuma_count(numa->node[i].vcpus), numa->node[i].memory_bytes / MIB, numa->node[i].host_node,
			 numa->is_strict ? ", strictly" : "");
}
