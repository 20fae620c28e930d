// SPDX-License-Identifier: Apache-2.0
// The guest's NUMA nodes: ACPI specification, "System Resource Affinity Table" and "System Locality Information Table".
#include "dev/acpi/tables_priv.h"

#define SRAT_REVISION 3
#define SRAT_CPU 0
#define SRAT_MEMORY 1
#define SRAT_X2APIC 2
#define SRAT_CPU_BYTES 16
#define SRAT_MEMORY_BYTES 40
#define SRAT_ENABLED 1
#define HIGH_RAM_BASE (4 * GIB)

static void put_cpu(struct table_writer *w, u32 domain, u32 apic_id)
{
	if (apic_id < XAPIC_IDS) {
		put_u8(w, SRAT_CPU);
		put_u8(w, SRAT_CPU_BYTES);
		put_u8(w, (u8)domain);
		put_u8(w, (u8)apic_id);
		put_u32(w, SRAT_ENABLED);
		put_zeros(w, 8); /* SAPIC, rest of the domain, clock domain */
	} else {
		put_u8(w, SRAT_X2APIC);
		put_u8(w, SRAT_VCPU_BYTES);
		put_u16(w, 0);
		put_u32(w, domain);
		put_u32(w, apic_id);
		put_u32(w, SRAT_ENABLED);
		put_zeros(w, 8); /* clock domain */
	}
}

static void put_memory(struct table_writer *w, u32 domain, u64 base, u64 bytes)
{
	put_u8(w, SRAT_MEMORY);
	put_u8(w, SRAT_MEMORY_BYTES);
	put_u32(w, domain);
	put_u16(w, 0);
	put_u64(w, base);
	put_u64(w, bytes);
	put_u32(w, 0);
	put_u32(w, SRAT_ENABLED);
	put_u64(w, 0);
}

/* The node's part of RAM below the devices, and that from 4 GiB on. */
static void put_node_memory(struct table_writer *w, const struct acpi_config *c, u32 node, u64 start)
{
	u64 end = start + c->numa->node[node].memory_bytes;
	u64 low_end = MIN(end, c->low_ram_bytes);
	u64 high_start = MAX(start, c->low_ram_bytes);

	if (start < low_end)
		put_memory(w, node, start, low_end - start);
	if (high_start < end)
		put_memory(w, node, high_start - c->low_ram_bytes + HIGH_RAM_BASE, end - high_start);
}

u32 put_srat(struct table_writer *w, const struct acpi_config *c)
{
	u32 at = table_begin(w, "SRAT", SRAT_REVISION);
	u64 start = 0;

	put_u32(w, 1); /* reserved: 1 for compatibility */
	put_u64(w, 0);
	for (u32 i = 0; i < c->vcpu_count; i++)
		put_cpu(w, vnuma_node_of_vcpu(c->numa, i), acpi_apic_id(c, i));
	for (u32 i = 0; i < c->numa->node_count; i++) {
		put_node_memory(w, c, i, start);
		start += c->numa->node[i].memory_bytes;
	}
	table_end(w);
	return at;
}

u32 put_slit(struct table_writer *w, const struct acpi_config *c)
{
	u32 at = table_begin(w, "SLIT", 1);

	put_u64(w, c->numa->node_count);
	for (u32 i = 0; i < c->numa->node_count; i++)
		put_bytes(w, c->numa->distance[i], c->numa->node_count);
	table_end(w);
	return at;
}
