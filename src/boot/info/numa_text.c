// SPDX-License-Identifier: Apache-2.0
// Words for what is wrong with the machine's NUMA tables.
#include "base/fmt.h"
#include "boot/info/numa.h"

/* `format` takes a and b as the kind has them; that of NUMA_SLIT_BELOW the two halves of a, then b. */
struct words {
	const char *format;
	bool is_harmless;
};

static const struct words words[NUMA_DEFECT_KINDS] = {
	[NUMA_SRAT_SUM] = {"SRAT: its checksum is wrong", false},
	[NUMA_SRAT_LENGTH] = {"SRAT: its length is impossible, or not all of it can be read", false},
	[NUMA_SRAT_ENTRY_LENGTH] = {"SRAT: an entry of type %lu has the impossible length %lu", false},
	[NUMA_SRAT_ENTRY_UNKNOWN] = {"SRAT: entries of type %lu, length %lu, are not known", true},
	[NUMA_GENERIC_INITIATOR] = {"SRAT: the generic initiator of domain %lu is not used", true},
	[NUMA_RANGE_EMPTY] = {"SRAT: the memory at %#lx of domain %lu has no bytes", false},
	[NUMA_RANGE_WRAPS] = {"SRAT: the memory at %#lx of %#lx bytes passes 2^64", false},
	[NUMA_RANGE_NOT_VOLATILE] = {"SRAT: the non-volatile memory at %#lx, %#lx bytes, is not used", true},
	[NUMA_RANGE_TOO_MANY] = {"SRAT: too many ranges; the one at %#lx of %#lx bytes is not kept", false},
	[NUMA_RANGE_TWICE] = {"SRAT: the memory at %#lx, %#lx bytes, is listed twice for one node", false},
	[NUMA_RANGE_OVERLAP] = {"SRAT: two nodes have the memory at %#lx, %#lx bytes: the first one counts", false},
	[NUMA_CPU_TWICE] = {"SRAT: the processor with APIC id %lu is listed again, in domain %lu", false},
	[NUMA_CPU_TOO_MANY] = {"SRAT: too many processors; APIC id %lu is not kept", false},
	[NUMA_CPU_UNPLACED] = {"SRAT: the processor with APIC id %lu is missing: node %lu gets it", false},
	[NUMA_NODE_MEMORYLESS] = {"node %lu (domain %lu) has no memory", true},
	[NUMA_NODE_CPULESS] = {"node %lu (domain %lu) has no processors", true},
	[NUMA_NODE_SCATTERED] = {"node %lu (domain %lu): other nodes' memory lies between its own", true},
	[NUMA_MEMORY_UNPLACED] = {"SRAT: the memory at %#lx, %#lx bytes, is missing: the node below gets it", false},
	[NUMA_SLIT_MISSING] = {"there is no SLIT: distances are guesses", false},
	[NUMA_SLIT_SUM] = {"SLIT: its checksum is wrong", false},
	[NUMA_SLIT_LENGTH] = {"SLIT: its length %lu does not fit its %lu rows", false},
	[NUMA_SLIT_SMALL] = {"SLIT: no row for domain %lu, there are %lu", false},
	[NUMA_SLIT_LOCAL] = {"SLIT: the distance of node %lu to itself is %lu, not 10", false},
	[NUMA_SLIT_BELOW] = {"SLIT: the distance from node %lu to node %lu is %lu, not above 10", false},
	[NUMA_HMAT_SUM] = {"HMAT: its checksum is wrong", false},
	[NUMA_HMAT_LENGTH] = {"HMAT: its length is impossible, or not all of it can be read", false},
	[NUMA_HMAT_ENTRY_LENGTH] = {"HMAT: a structure of type %lu has the impossible length %lu", false},
};

size_t numa_defect_text(const struct numa *n, enum numa_defect_kind kind, char *buf, size_t size)
{
	const struct numa_defect *d = &n->defect[kind];
	size_t used;

	if (kind == NUMA_SLIT_BELOW)
		used = fmt_string(buf, size, words[kind].format, d->a >> 32, d->a & 0xffffffff, d->b);
	else
		used = fmt_string(buf, size, words[kind].format, d->a, d->b);
	if (d->count > 1 && used < size)
		used += fmt_string(buf + used, size - used, " (and %u more like it)", d->count - 1);
	return used;
}

bool numa_defect_is_harmless(enum numa_defect_kind kind)
{
	return words[kind].is_harmless;
}

const char *numa_reason_text(u32 reason)
{
	static const char *const texts[] = {
		[NUMA_BY_SRAT] = "as the SRAT says",
		[NUMA_NO_SRAT] = "there is no SRAT",
		[NUMA_SRAT_DAMAGED] = "the SRAT is damaged",
		[NUMA_TOO_MANY_NODES] = "the SRAT has too many domains",
		[NUMA_NO_MEMORY] = "the SRAT gives no domain any memory",
	};

	return reason <= NUMA_NO_MEMORY ? texts[reason] : "?";
}
