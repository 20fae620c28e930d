/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's NUMA nodes, out of SRAT, SLIT and HMAT (ACPI 6.5, tables of these names), tolerant of what firmware
 * gets wrong: each kind of defect is noted once, with its first instance and how many there were. Where the tables
 * make no sense the machine is one node, and `reason` says why.
 *
 * A node is a proximity domain with enabled processors or enabled memory; nodes are numbered by ascending domain.
 */
#ifndef ETERNA_BOOT_INFO_NUMA_H
#define ETERNA_BOOT_INFO_NUMA_H

#include "boot/info/acpi.h"

/* Proofs set smaller ones. */
#ifndef NUMA_NODES_MAX
#define NUMA_NODES_MAX 32u
#define NUMA_RANGES_MAX 64u
#define NUMA_CPUS_MAX 256u
#endif

#define NUMA_DISTANCE_LOCAL 10u
#define NUMA_DISTANCE_REMOTE 20u /* what is assumed where nothing is known */
#define NUMA_UNREACHABLE 255u
#define NUMA_NO_NODE 0xffu

/* Whether the tables were believed. */
enum numa_reason {
	NUMA_BY_SRAT,
	NUMA_NO_SRAT,
	NUMA_SRAT_DAMAGED,
	NUMA_TOO_MANY_NODES,
	NUMA_NO_MEMORY, /* no domain has any */
};

/* What can be wrong, or worth a line; the texts, with what a and b are, stand in numa_text.c. */
enum numa_defect_kind {
	NUMA_SRAT_SUM,
	NUMA_SRAT_LENGTH,
	NUMA_SRAT_ENTRY_LENGTH, /* too short for its type, 0 among them, or past the table's end */
	NUMA_SRAT_ENTRY_UNKNOWN,
	NUMA_GENERIC_INITIATOR,
	NUMA_RANGE_EMPTY,
	NUMA_RANGE_WRAPS,
	NUMA_RANGE_NOT_VOLATILE,
	NUMA_RANGE_TOO_MANY,
	NUMA_RANGE_TWICE,   /* overlaps one of the same node */
	NUMA_RANGE_OVERLAP, /* overlaps one of another node: the first one counts */
	NUMA_CPU_TWICE,
	NUMA_CPU_TOO_MANY,
	NUMA_CPU_UNPLACED, /* the MADT has it, the SRAT has not */
	NUMA_NODE_MEMORYLESS,
	NUMA_NODE_CPULESS,
	NUMA_NODE_SCATTERED, /* another node's memory lies between its own */
	NUMA_MEMORY_UNPLACED,
	NUMA_SLIT_MISSING,
	NUMA_SLIT_SUM,
	NUMA_SLIT_LENGTH,
	NUMA_SLIT_SMALL, /* has no row for a domain */
	NUMA_SLIT_LOCAL, /* a node's distance to itself is not 10 */
	NUMA_SLIT_BELOW, /* a distance between nodes is not above 10 */
	NUMA_HMAT_SUM,
	NUMA_HMAT_LENGTH,
	NUMA_HMAT_ENTRY_LENGTH,
	NUMA_DEFECT_KINDS
};

struct numa_defect {
	u32 count; /* 0: there was none */
	u64 a;     /* of the first one */
	u64 b;
};

struct numa_cpu {
	u32 apic_id;
	u8 node;
};

/* [base, end), not empty. */
struct numa_range {
	u64 base;
	u64 end;
	u8 node;
};

struct numa_node {
	u32 domain;
	u32 cpu_count;
	u8 initiator;       /* HMAT: the node whose processors this memory is attached to; NUMA_NO_NODE: not said */
	u32 latency_ns;     /* HMAT: of its memory from there; 0: not said */
	u32 bandwidth_mibs; /* MiB a second; 0: not said */
};

/* Ranges are sorted and don't overlap; two that touch are of different nodes. */
struct numa {
	u32 reason;     /* enum numa_reason */
	u32 node_count; /* at least 1 */
	u32 range_count;
	u32 cpu_count;
	bool has_slit; /* distances are the SLIT's, but for what was mended */
	bool has_hmat; /* distances are the HMAT's latencies, there being no SLIT */
	struct numa_node node[NUMA_NODES_MAX];
	u8 distance[NUMA_NODES_MAX][NUMA_NODES_MAX]; /* from a node's processors to a node's memory */
	struct numa_range range[NUMA_RANGES_MAX];
	struct numa_cpu cpu[NUMA_CPUS_MAX];
	struct numa_defect defect[NUMA_DEFECT_KINDS];
};

/* Read what the RSDP leads to, as acpi_parse(). Whatever the tables hold, *out is sound afterwards (numa_valid()). */
void numa_parse(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct numa *out);

/* A machine of one node, and why. */
void numa_one_node(struct numa *n, enum numa_reason reason);

/*
 * Hold the processors against the MADT's: those that it has not are dropped, those that only it has go to the first
 * node with memory.
 */
void numa_match_cpus(struct numa *n, const struct acpi_info *acpi);

/* Node of a processor; NUMA_NO_NODE if nobody said. */
u8 numa_node_of_cpu(const struct numa *n, u32 apic_id);

/*
 * The node of `start` and how far it goes: returns the end of the piece, at most `end`. Memory in no range belongs to
 * the range before it, or the first one, and *is_hole is set. Needs start < end.
 */
u64 numa_piece(const struct numa *n, u64 start, u64 end, u8 *node, bool *is_hole);

/* As numa_piece(), over all pieces of one node that follow one another; *hole_bytes of them are in no range. */
u64 numa_run(const struct numa *n, u64 start, u64 end, u8 *node, u64 *hole_bytes);

/* All nodes by their distance from `node`, itself first; those equally far by number. Returns how many. */
u32 numa_order(const struct numa *n, u8 node, u8 order[NUMA_NODES_MAX]);

/* Bytes that the ranges give a node; holes in the memory map count as well. */
u64 numa_node_bytes(const struct numa *n, u8 node);

/* Note a defect; its first instance is kept, all are counted. */
void numa_note(struct numa *n, enum numa_defect_kind kind, u64 a, u64 b);

/* A kind of defect as one line without its end; is it worth a warning, or only to be known? */
size_t numa_defect_text(const struct numa *n, enum numa_defect_kind kind, char *buf, size_t size);
bool numa_defect_is_harmless(enum numa_defect_kind kind);

/* Why the machine is one node, in words. */
const char *numa_reason_text(u32 reason);

/* Do the promises above struct numa hold? */
bool numa_valid(const struct numa *n);

#endif
