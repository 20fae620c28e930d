/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and addresses, for the builder's own files. */
#ifndef ETERNA_MEM_PAGETABLE_ENTRY_H
#define ETERNA_MEM_PAGETABLE_ENTRY_H

#include "base/assert.h"
#include "mem/pagetable_format.h"

/*
 * Inside the builder an address is an offset: va without its sign extension, so ranges are half-open and never wrap.
 * Recursion goes down one level a call, so at most PAGETABLE_LEVELS_MAX deep.
 */

/* Bytes that the whole tree translates. */
static inline u64 pagetable_span(const struct pagetable *pt)
{
	return level_bytes(pt->caps.levels + 1u);
}

/* The offset of va; foreign bits are cut off. */
static inline u64 va_offset(const struct pagetable *pt, u64 va)
{
	return va & (pagetable_span(pt) - 1);
}

static inline u64 offset_va(const struct pagetable *pt, u64 offset)
{
	u64 span = pagetable_span(pt);

	return pt->format->is_canonical && offset >= span / 2 ? offset | -span : offset;
}

/* Can `[va, va + bytes)` be translated at all? OK, ERR_ALIGN or ERR_RANGE. */
err_t pagetable_check_range(const struct pagetable *pt, u64 va, u64 bytes) MUST_CHECK;

/* The entry of a table of this level that translates offset `at`. */
static inline u64 *entry_of(u64 *table, unsigned level, u64 at)
{
	return &table[at / level_bytes(level) % PAGETABLE_ENTRIES];
}

/* Where the slot of this level that `at` lies in ends, but at most `end`. */
static inline u64 slot_end(unsigned level, u64 at, u64 end)
{
	return MIN(ALIGN_DOWN(at, level_bytes(level)) + level_bytes(level), end);
}

/* Processors read entries, and set accessed and dirty bits in them, at any time. */
static inline u64 entry_load(const u64 *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* Released: what the entry leads to is written before it. The other side is the processor's page walk. */
static inline void entry_store(u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* Put `value` where *old is; false, and *old is what is there now, if a processor changed it since. */
static inline bool entry_replace(u64 *entry, u64 *old, u64 value)
{
	return __atomic_compare_exchange_n(entry, old, value, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline bool entry_is_present(const struct pagetable *pt, u64 entry)
{
	return entry & pt->format->present;
}

/* The table that a present entry, no leaf, leads to. */
static inline u64 *entry_table(const struct pagetable *pt, u64 entry)
{
	u64 *table = pool_ptr(pt->pool, HPA(entry & ENTRY_ADDRESS));

	ASSERT(table);
	return table;
}

/* Physical address in a leaf, without the bits that a large leaf uses otherwise. */
static inline u64 leaf_address(u64 leaf, unsigned level)
{
	return leaf & ENTRY_ADDRESS & -level_bytes(level);
}

/* The bits of a leaf that are neither address nor its being large. */
static inline u64 leaf_attributes(u64 leaf)
{
	return leaf & ~(ENTRY_ADDRESS | ENTRY_LARGE);
}

static inline u64 leaf_make(u64 address, u64 attributes, unsigned level)
{
	return address | attributes | (level > 1 ? ENTRY_LARGE : 0);
}

/* The leaf of `level` that offset `at` lies in, as the callers of the builder see it. */
struct mapping leaf_describe(const struct pagetable *pt, u64 leaf, unsigned level, u64 at);

/* A fresh table, counted; NULL if the pool is empty. */
u64 *table_alloc(struct pagetable *pt) MUST_CHECK;

/* Set a table aside that no entry leads to any more. */
void table_retire(struct pagetable *pt, u64 *table);

#endif
