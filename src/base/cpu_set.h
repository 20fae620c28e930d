/* SPDX-License-Identifier: Apache-2.0 */
/* A set of the host's CPUs, by their index (not their APIC id), and its text form, "0-3,8". */
#ifndef ETERNA_BASE_CPU_SET_H
#define ETERNA_BASE_CPU_SET_H

#include "base/bitmap.h"
#include "base/err.h"

#define CPU_SET_MAX 256
#define CPU_SET_NONE BITMAP_NONE
#define CPU_SET_TEXT_BYTES 64 /* for cpu_set_text(): longer sets are cut, with "..." */

struct cpu_set {
	u64 word[CPU_SET_MAX / 64];
};

static inline bool cpu_set_has(const struct cpu_set *set, u32 cpu)
{
	return cpu < CPU_SET_MAX && bitmap_test(set->word, cpu);
}

/* `cpu` is below CPU_SET_MAX. */
static inline void cpu_set_add(struct cpu_set *set, u32 cpu)
{
	bitmap_set(set->word, cpu);
}

static inline void cpu_set_remove(struct cpu_set *set, u32 cpu)
{
	bitmap_clear(set->word, cpu);
}

/* The lowest member at or above `from`; CPU_SET_NONE if there is none. */
static inline u32 cpu_set_next(const struct cpu_set *set, u32 from)
{
	return from < CPU_SET_MAX ? bitmap_find_set(set->word, from, CPU_SET_MAX) : CPU_SET_NONE;
}

static inline bool cpu_set_is_empty(const struct cpu_set *set)
{
	return cpu_set_next(set, 0) == CPU_SET_NONE;
}

/* CPUs 0 to count - 1; `count` is at most CPU_SET_MAX. */
struct cpu_set cpu_set_first(u32 count);

struct cpu_set cpu_set_and(const struct cpu_set *a, const struct cpu_set *b);
struct cpu_set cpu_set_without(const struct cpu_set *a, const struct cpu_set *b);

u32 cpu_set_count(const struct cpu_set *set);

/*
 * Read "2", "2-3", "0-3,8": numbers and ranges between commas, blanks around them.
 * Returns OK; ERR_FORMAT for other text, an empty one, or a range that runs down; ERR_RANGE for a CPU of CPU_SET_MAX or
 * above. `set` is as it was on an error.
 */
err_t cpu_set_read(const char *text, struct cpu_set *set) MUST_CHECK;

/* The set in the form that cpu_set_read() takes; "none" when empty. Returns the length, below `size`. */
size_t cpu_set_text(const struct cpu_set *set, char *buf, size_t size);

#endif
