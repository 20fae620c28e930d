/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's memory map made trustworthy: sorted, without overlaps, with what was wrong written down. */
#ifndef ETERNA_BOOT_INFO_MEMORY_MAP_H
#define ETERNA_BOOT_INFO_MEMORY_MAP_H

#include "base/err.h"
#include "iface/memory_range.h"

#define MEMORY_MAP_RANGES_MAX 512
#define MEMORY_MAP_FINDINGS_MAX 32

/* What can be odd about a map; each has a row of text in memory_finding_text(). */
enum memory_finding_kind {
	FINDING_EMPTY,    /* a has no bytes: dropped */
	FINDING_WRAPS,    /* a passes 2^64: usable is dropped, other kinds are cut */
	FINDING_TOO_HIGH, /* a lies wholly or partly beyond the CPU's physical addresses: cut */
	FINDING_OVERLAP,  /* a and b share bytes: the kind less usable wins */
	FINDING_HOLE,     /* a is described by nobody, below the end of usable memory: not used */
	FINDING_KINDS
};

struct memory_finding {
	u32 kind; /* enum memory_finding_kind */
	struct memory_range a;
	struct memory_range b;
};

/* Sorted by base; no two ranges touch that have one kind; none overlap; none is empty. */
struct memory_map {
	struct memory_range ranges[MEMORY_MAP_RANGES_MAX];
	u32 count;
	struct memory_finding findings[MEMORY_MAP_FINDINGS_MAX];
	u32 finding_count; /* all that there were; only the first MEMORY_MAP_FINDINGS_MAX are kept */
};

/*
 * Bring the firmware's map of `count` ranges into order.
 *
 * @phys_bits  width of a physical address (CPUID 80000008H EAX[7:0]), 32..52
 * @return OK; ERR_SPACE when the result has too many ranges (then what does not fit counts as not usable)
 */
err_t memory_map_normalise(const struct memory_range *in, u32 count, unsigned phys_bits, struct memory_map *out)
	MUST_CHECK;

/*
 * The usable memory of `map` outside the `used_count` ranges in use (their kind is ignored), in whole pages, as at
 * most `max` ranges sorted by base; *count tells how many.
 *
 * Returns OK, or ERR_SPACE when there are more than `max`: then the ranges that fit are there.
 */
err_t memory_map_free(const struct memory_map *map, const struct memory_range *used, u32 used_count,
		      struct memory_range *out, u32 max, u32 *count) MUST_CHECK;

/* Sum of the bytes of one kind. */
u64 memory_map_bytes(const struct memory_map *map, u32 kind);

/* The word for a kind, for logs; never NULL. */
const char *memory_kind_text(u32 kind);

/* A finding as one line without its end. Returns the length as fmt_string does. */
size_t memory_finding_text(const struct memory_finding *finding, char *buf, size_t size);

/* Does the promise above struct memory_map hold? */
bool memory_map_valid(const struct memory_map *map);

#endif
