// SPDX-License-Identifier: Apache-2.0
// Reader of the SRAT (ACPI 6.5, System Resource Affinity Table): two walks, first the domains, then what is in them.
#include "base/mem.h"
#include "boot/info/numa_priv.h"

#define SRAT_REVISION 8
#define SRAT_ENTRIES 48
#define TYPE_CPU 0
#define TYPE_MEMORY 1
#define TYPE_X2APIC 2
#define TYPE_GENERIC_INITIATOR 5
#define TYPES_KNOWN 7 /* those of other architectures, and the generic port, are none of ours */
#define ENABLED 1u
#define MEMORY_NOT_VOLATILE (1u << 2)

/* What both walks see of an entry. */
struct affinity {
	u32 domain;
	bool is_memory;
	u32 apic_id;
	u64 base;
	u64 bytes;
	u32 flags;
};

static const u8 entry_bytes[] = {[TYPE_CPU] = 16, [TYPE_MEMORY] = 40, [TYPE_X2APIC] = 24};

/* A domain has 8 bits before revision 2: what stands in the others may be anything. */
static u32 domain_of(const u8 *srat, u32 domain)
{
	return srat[SRAT_REVISION] < 2 ? domain & 0xff : domain;
}

static void cpu_read(const u8 *srat, const u8 *entry, struct affinity *a)
{
	u32 high = (u32)entry[9] << 8 | (u32)entry[10] << 16 | (u32)entry[11] << 24;

	a->domain = domain_of(srat, entry[2] | high);
	a->apic_id = entry[3];
	a->flags = load_u32(entry + 4);
}

static void memory_read(const u8 *srat, const u8 *entry, struct affinity *a)
{
	a->is_memory = true;
	a->domain = domain_of(srat, load_u32(entry + 2));
	a->base = load_u64(entry + 8);
	a->bytes = load_u64(entry + 16);
	a->flags = load_u32(entry + 28);
}

static void x2apic_read(const u8 *entry, struct affinity *a)
{
	a->domain = load_u32(entry + 4);
	a->apic_id = load_u32(entry + 8);
	a->flags = load_u32(entry + 12);
}

typedef void (*affinity_fn)(struct numa *n, const struct affinity *a);

/* One entry of a type that is not read. */
static void other_note(struct numa *n, const u8 *entry, u8 bytes)
{
	if (entry[0] == TYPE_GENERIC_INITIATOR && bytes >= 8)
		numa_note(n, NUMA_GENERIC_INITIATOR, load_u32(entry + 4), 0);
	else if (entry[0] >= TYPES_KNOWN)
		numa_note(n, NUMA_SRAT_ENTRY_UNKNOWN, entry[0], bytes);
}

static void entry_visit(struct numa *n, const u8 *srat, const u8 *entry, u8 bytes, affinity_fn visit, bool notes)
{
	struct affinity a = {0};

	if (entry[0] > TYPE_X2APIC) {
		if (notes)
			other_note(n, entry, bytes);
		return;
	}
	if (bytes < entry_bytes[entry[0]]) {
		if (notes)
			numa_note(n, NUMA_SRAT_ENTRY_LENGTH, entry[0], bytes);
		return;
	}
	if (entry[0] == TYPE_CPU)
		cpu_read(srat, entry, &a);
	else if (entry[0] == TYPE_MEMORY)
		memory_read(srat, entry, &a);
	else
		x2apic_read(entry, &a);
	if (a.flags & ENABLED)
		visit(n, &a);
}

/* Entry after entry; one that cannot be stepped over ends the walk. */
static void srat_walk(struct numa *n, const u8 *srat, u32 length, affinity_fn visit, bool notes)
{
	for (u32 at = SRAT_ENTRIES; at + 2 <= length;) {
		u8 bytes = srat[at + 1];

		if (bytes < 2 || bytes > length - at) {
			if (notes)
				numa_note(n, NUMA_SRAT_ENTRY_LENGTH, srat[at], bytes);
			return;
		}
		entry_visit(n, srat, srat + at, bytes, visit, notes);
		at += bytes;
	}
}

/* Is this memory that can be anybody's? */
static bool is_plain_memory(const struct affinity *a)
{
	return a->bytes && a->bytes <= ~a->base && !(a->flags & MEMORY_NOT_VOLATILE);
}

/* First walk. One node too many is counted, not kept. */
static void domain_collect(struct numa *n, const struct affinity *a)
{
	u32 at = 0;

	if ((a->is_memory && !is_plain_memory(a)) || n->node_count > NUMA_NODES_MAX)
		return;
	while (at < n->node_count && n->node[at].domain < a->domain)
		at++;
	if (at < n->node_count && n->node[at].domain == a->domain)
		return;
	if (n->node_count == NUMA_NODES_MAX) {
		n->node_count++;
		return;
	}
	for (u32 i = n->node_count; i > at; i--)
		n->node[i] = n->node[i - 1];
	n->node[at] = (struct numa_node){.domain = a->domain, .initiator = NUMA_NO_NODE};
	n->node_count++;
}

static void cpu_add(struct numa *n, const struct affinity *a, u8 node)
{
	u8 before = numa_node_of_cpu(n, a->apic_id);

	if (before != NUMA_NO_NODE) {
		numa_note(n, NUMA_CPU_TWICE, a->apic_id, a->domain);
		return;
	}
	if (n->cpu_count == NUMA_CPUS_MAX) {
		numa_note(n, NUMA_CPU_TOO_MANY, a->apic_id, 0);
		return;
	}
	n->cpu[n->cpu_count++] = (struct numa_cpu){a->apic_id, node};
	n->node[node].cpu_count++;
}

static void memory_add(struct numa *n, const struct affinity *a)
{
	if (!a->bytes)
		numa_note(n, NUMA_RANGE_EMPTY, a->base, a->domain);
	else if (a->bytes > ~a->base)
		numa_note(n, NUMA_RANGE_WRAPS, a->base, a->bytes);
	else if (a->flags & MEMORY_NOT_VOLATILE)
		numa_note(n, NUMA_RANGE_NOT_VOLATILE, a->base, a->bytes);
	else
		numa_add_range(n, a->base, a->base + a->bytes, numa_node_of_domain(n, a->domain));
}

/* Second walk: the domains are known. */
static void affinity_add(struct numa *n, const struct affinity *a)
{
	if (a->is_memory)
		memory_add(n, a);
	else
		cpu_add(n, a, numa_node_of_domain(n, a->domain));
}

err_t numa_read_srat(struct numa *n, const u8 *srat, u32 length)
{
	if (length < SRAT_ENTRIES) {
		numa_note(n, NUMA_SRAT_LENGTH, length, 0);
		return ERR_FORMAT;
	}
	n->node_count = 0;
	srat_walk(n, srat, length, domain_collect, false);
	if (n->node_count > NUMA_NODES_MAX)
		return ERR_SPACE;
	srat_walk(n, srat, length, affinity_add, true);
	return n->range_count ? OK : ERR_NOENT;
}
