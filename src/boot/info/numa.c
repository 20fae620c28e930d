// SPDX-License-Identifier: Apache-2.0
// The machine's nodes: the order in which the tables are read, and questions about what came out.
#include "boot/info/numa.h"

#include "base/mem.h"
#include "boot/info/numa_priv.h"

void numa_note(struct numa *n, enum numa_defect_kind kind, u64 a, u64 b)
{
	struct numa_defect *d = &n->defect[kind];

	if (!d->count) {
		d->a = a;
		d->b = b;
	}
	if (d->count != ~0u)
		d->count++;
}

static void distances_assume(struct numa *n)
{
	for (u32 i = 0; i < NUMA_NODES_MAX; i++)
		for (u32 j = 0; j < NUMA_NODES_MAX; j++)
			n->distance[i][j] = i == j ? NUMA_DISTANCE_LOCAL : NUMA_DISTANCE_REMOTE;
}

/* Defects found so far stay. */
void numa_one_node(struct numa *n, enum numa_reason reason)
{
	n->reason = reason;
	n->node_count = 1;
	n->range_count = 0;
	n->cpu_count = 0;
	n->has_slit = false;
	n->has_hmat = false;
	n->node[0] = (struct numa_node){.initiator = NUMA_NO_NODE};
	distances_assume(n);
}

u8 numa_node_of_domain(const struct numa *n, u32 domain)
{
	for (u32 i = 0; i < n->node_count; i++)
		if (n->node[i].domain == domain)
			return (u8)i;
	return NUMA_NO_NODE;
}

u8 numa_node_of_cpu(const struct numa *n, u32 apic_id)
{
	for (u32 i = 0; i < n->cpu_count; i++)
		if (n->cpu[i].apic_id == apic_id)
			return n->cpu[i].node;
	return NUMA_NO_NODE;
}

u64 numa_node_bytes(const struct numa *n, u8 node)
{
	u64 sum = 0;

	for (u32 i = 0; i < n->range_count; i++)
		if (n->range[i].node == node)
			sum += n->range[i].end - n->range[i].base;
	return sum;
}

u64 numa_piece(const struct numa *n, u64 start, u64 end, u8 *node, bool *is_hole)
{
	u32 i = 0;

	while (i < n->range_count && n->range[i].end <= start)
		i++;
	*is_hole = i == n->range_count || n->range[i].base > start;
	if (!*is_hole) {
		*node = n->range[i].node;
		return MIN(end, n->range[i].end);
	}
	*node = !n->range_count ? 0 : n->range[i ? i - 1 : 0].node;
	return i < n->range_count ? MIN(end, n->range[i].base) : end;
}

u64 numa_run(const struct numa *n, u64 start, u64 end, u8 *node, u64 *hole_bytes)
{
	u64 at = start;

	*hole_bytes = 0;
	while (at < end) {
		bool is_hole;
		u8 here;
		u64 next = numa_piece(n, at, end, &here, &is_hole);

		if (at != start && here != *node)
			break;
		*node = here;
		*hole_bytes += is_hole ? next - at : 0;
		at = next;
	}
	return at;
}

u32 numa_order(const struct numa *n, u8 node, u8 order[NUMA_NODES_MAX])
{
	for (u32 i = 0; i < n->node_count; i++) {
		u8 distance = n->distance[node][i];
		u32 at = i;

		for (; at > 0 && n->distance[node][order[at - 1]] > distance; at--)
			order[at] = order[at - 1];
		order[at] = (u8)i;
	}
	return n->node_count;
}

/* Does memory of another node lie between two ranges of this one? */
static bool is_scattered(const struct numa *n, u8 node)
{
	u32 last = NUMA_RANGES_MAX;

	for (u32 i = 0; i < n->range_count; i++) {
		if (n->range[i].node != node)
			continue;
		if (last != NUMA_RANGES_MAX && last + 1 != i)
			return true;
		last = i;
	}
	return false;
}

static void nodes_look_over(struct numa *n)
{
	for (u32 i = 0; i < n->node_count; i++) {
		if (!numa_node_bytes(n, (u8)i))
			numa_note(n, NUMA_NODE_MEMORYLESS, i, n->node[i].domain);
		if (!n->node[i].cpu_count)
			numa_note(n, NUMA_NODE_CPULESS, i, n->node[i].domain);
		if (is_scattered(n, (u8)i))
			numa_note(n, NUMA_NODE_SCATTERED, i, n->node[i].domain);
	}
}

static u8 first_node_with_memory(const struct numa *n)
{
	u8 node = 0;

	while (node + 1u < n->node_count && !numa_node_bytes(n, node))
		node++;
	return numa_node_bytes(n, node) ? node : 0;
}

void numa_match_cpus(struct numa *n, const struct acpi_info *acpi)
{
	u32 count = MIN(acpi->cpu_count, MIN(ACPI_CPUS_MAX, NUMA_CPUS_MAX));
	struct numa_cpu matched[MIN(ACPI_CPUS_MAX, NUMA_CPUS_MAX)];
	u8 fallback = first_node_with_memory(n);

	for (u32 i = 0; i < count; i++) {
		u8 node = numa_node_of_cpu(n, acpi->cpu_apic_id[i]);

		if (node == NUMA_NO_NODE) {
			node = fallback;
			if (n->reason == NUMA_BY_SRAT)
				numa_note(n, NUMA_CPU_UNPLACED, acpi->cpu_apic_id[i], node);
		}
		matched[i] = (struct numa_cpu){acpi->cpu_apic_id[i], node};
	}
	for (u32 i = 0; i < n->node_count; i++)
		n->node[i].cpu_count = 0;
	for (u32 i = 0; i < count; i++)
		n->node[matched[i].node].cpu_count++;
	memcpy(n->cpu, matched, count * sizeof(matched[0]));
	n->cpu_count = count;
	n->defect[NUMA_NODE_CPULESS].count = 0;
	for (u32 i = 0; i < n->node_count && n->reason == NUMA_BY_SRAT; i++)
		if (!n->node[i].cpu_count)
			numa_note(n, NUMA_NODE_CPULESS, i, n->node[i].domain);
}

/* What is wrong with a table as a whole. A missing one is none of these. */
static void table_note(struct numa *n, enum acpi_search search, enum numa_defect_kind sum, enum numa_defect_kind length)
{
	if (search == ACPI_TABLE_BAD_SUM)
		numa_note(n, sum, 0, 0);
	else if (search == ACPI_TABLE_BAD_LENGTH)
		numa_note(n, length, 0, 0);
}

static bool srat_find_and_read(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct numa *n)
{
	enum acpi_search search;
	u32 length;
	const u8 *srat = acpi_table_find(memory, rsdp, bytes, "SRAT", &length, &search);
	err_t err;

	if (!srat) {
		table_note(n, search, NUMA_SRAT_SUM, NUMA_SRAT_LENGTH);
		numa_one_node(n, search == ACPI_TABLE_MISSING ? NUMA_NO_SRAT : NUMA_SRAT_DAMAGED);
		return false;
	}
	err = numa_read_srat(n, srat, length);
	if (err)
		numa_one_node(n, err == ERR_SPACE    ? NUMA_TOO_MANY_NODES
				 : err == ERR_FORMAT ? NUMA_SRAT_DAMAGED
						     : NUMA_NO_MEMORY);
	return !err;
}

void numa_parse(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct numa *out)
{
	enum acpi_search search;
	const u8 *table;
	u32 length;

	memset(out, 0, sizeof(*out));
	if (!srat_find_and_read(memory, rsdp, bytes, out))
		return;
	nodes_look_over(out);
	distances_assume(out);
	table = acpi_table_find(memory, rsdp, bytes, "SLIT", &length, &search);
	table_note(out, search, NUMA_SLIT_SUM, NUMA_SLIT_LENGTH);
	if (search == ACPI_TABLE_MISSING && out->node_count > 1)
		numa_note(out, NUMA_SLIT_MISSING, 0, 0);
	out->has_slit = table && !numa_read_slit(out, table, length);
	table = acpi_table_find(memory, rsdp, bytes, "HMAT", &length, &search);
	table_note(out, search, NUMA_HMAT_SUM, NUMA_HMAT_LENGTH);
	if (table)
		numa_read_hmat(out, table, length);
}

static bool ranges_valid(const struct numa *n)
{
	for (u32 i = 0; i < n->range_count; i++) {
		const struct numa_range *r = &n->range[i];

		if (r->base >= r->end || r->node >= n->node_count)
			return false;
		if (i && (r[-1].end > r->base || (r[-1].end == r->base && r[-1].node == r->node)))
			return false;
	}
	return true;
}

static bool distances_valid(const struct numa *n)
{
	for (u32 i = 0; i < n->node_count; i++)
		for (u32 j = 0; j < n->node_count; j++)
			if (i == j ? n->distance[i][j] != NUMA_DISTANCE_LOCAL
				   : n->distance[i][j] <= NUMA_DISTANCE_LOCAL)
				return false;
	return true;
}

bool numa_valid(const struct numa *n)
{
	u32 cpus = 0;

	if (!n->node_count || n->node_count > NUMA_NODES_MAX || n->range_count > NUMA_RANGES_MAX ||
	    n->cpu_count > NUMA_CPUS_MAX || !ranges_valid(n) || !distances_valid(n))
		return false;
	for (u32 i = 0; i < n->cpu_count; i++)
		if (n->cpu[i].node >= n->node_count)
			return false;
	for (u32 i = 0; i < n->node_count; i++) {
		cpus += n->node[i].cpu_count;
		if (i && n->node[i - 1].domain >= n->node[i].domain)
			return false;
		if (n->node[i].initiator >= n->node_count && n->node[i].initiator != NUMA_NO_NODE)
			return false;
	}
	return cpus == n->cpu_count;
}
