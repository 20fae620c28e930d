// SPDX-License-Identifier: Apache-2.0
// Page-table builder: what changes mappings that are there: split, unmap, protect, merge.
#include "mem/pagetable_entry.h"

/* Level of the leaf that maps `at`; 0 if none does. */
static unsigned leaf_level(const struct pagetable *pt, u64 at)
{
	u64 *table = pt->root;

	for (unsigned level = pt->caps.levels; level; level--) {
		u64 entry = entry_load(entry_of(table, level, at));

		if (!entry_is_present(pt, entry))
			return 0;
		if (entry_is_leaf(entry, level))
			return level;
		table = entry_table(pt, entry);
	}
	return 0;
}

/* Tables that it takes until neither `at` nor `end` lies inside a leaf. */
static u32 splits_needed(const struct pagetable *pt, u64 at, u64 end)
{
	unsigned at_leaf = leaf_level(pt, at), end_leaf = leaf_level(pt, va_offset(pt, end));
	u32 needed = 0;

	for (unsigned level = 2; level <= pt->caps.levels; level++) {
		u64 bytes = level_bytes(level);
		bool splits_at = level <= at_leaf && !IS_ALIGNED(at, bytes);
		bool splits_end = level <= end_leaf && !IS_ALIGNED(end, bytes);

		needed += splits_at + splits_end;
		if (splits_at && splits_end && at / bytes == end / bytes)
			needed--;
	}
	return needed;
}

/* Put a table of 512 smaller leaves in the place of a large leaf. The pool has a page. */
static u64 *split_leaf(struct pagetable *pt, u64 *entry, unsigned level)
{
	u64 *table = table_alloc(pt);
	u64 leaf = entry_load(entry);

	ASSERT(table);
	do {
		for (u64 i = 0; i < PAGETABLE_ENTRIES; i++)
			table[i] = leaf_make(leaf_address(leaf, level) + i * level_bytes(level - 1),
					     leaf_attributes(leaf), level - 1);
	} while (!entry_replace(entry, &leaf, pool_hpa(pt->pool, table).v | pt->format->table));
	return table;
}

/* Split leaves until none has `at` inside. */
static void split_at(struct pagetable *pt, u64 at)
{
	u64 *table = pt->root;

	for (unsigned level = pt->caps.levels; !IS_ALIGNED(at, level_bytes(level)); level--) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);

		if (!entry_is_present(pt, entry))
			return;
		table = entry_is_leaf(entry, level) ? split_leaf(pt, slot, level) : entry_table(pt, entry);
	}
}

/* Make [at, end) a range of whole leaves and holes. OK or ERR_NOMEM, and then nothing is split. */
static err_t split_borders(struct pagetable *pt, u64 at, u64 end)
{
	if (splits_needed(pt, at, end) > pool_ring_free_count(pt->pool))
		return ERR_NOMEM;
	split_at(pt, at);
	split_at(pt, end);
	return OK;
}

static bool table_is_empty(const struct pagetable *pt, const u64 *table)
{
	for (u32 i = 0; i < PAGETABLE_ENTRIES; i++)
		if (entry_is_present(pt, entry_load(&table[i])))
			return false;
	return true;
}

/* [at, end) has no leaf across its borders. True if the table is empty thereafter. */
static bool unmap_table(struct pagetable *pt, u64 *table, unsigned level, u64 at, u64 end)
{
	for (u64 next; at < end; at = next) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);

		next = slot_end(level, at, end);
		if (!entry_is_present(pt, entry))
			continue;
		if (entry_is_leaf(entry, level)) {
			entry_store(slot, 0);
		} else if (unmap_table(pt, entry_table(pt, entry), level - 1, at, next)) {
			entry_store(slot, 0);
			table_retire(pt, entry_table(pt, entry));
		}
	}
	return table_is_empty(pt, table);
}

err_t pagetable_unmap(struct pagetable *pt, u64 va, u64 bytes)
{
	u64 at = va_offset(pt, va);
	err_t err = pagetable_check_range(pt, va, bytes);

	if (err)
		return err;
	err = split_borders(pt, at, at + bytes);
	if (err)
		return err;
	unmap_table(pt, pt->root, pt->caps.levels, at, at + bytes);
	return OK;
}

static void protect_leaf(const struct pagetable *pt, u64 *slot, unsigned level, enum prot prot)
{
	u64 kept = pt->format->accessed | pt->format->dirty;
	u64 old = entry_load(slot), new;

	do {
		new = pt->format->encode(prot, pt->format->memtype(old)) & ~kept;
		new = leaf_make(leaf_address(old, level), new | (old & kept), level);
	} while (!entry_replace(slot, &old, new));
}

static void protect_table(const struct pagetable *pt, u64 *table, unsigned level, u64 at, u64 end, enum prot prot)
{
	for (u64 next; at < end; at = next) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);

		next = slot_end(level, at, end);
		if (!entry_is_present(pt, entry))
			continue;
		if (entry_is_leaf(entry, level))
			protect_leaf(pt, slot, level, prot);
		else
			protect_table(pt, entry_table(pt, entry), level - 1, at, next, prot);
	}
}

err_t pagetable_protect(struct pagetable *pt, u64 va, u64 bytes, enum prot prot)
{
	u64 at = va_offset(pt, va);
	err_t err = pagetable_check_range(pt, va, bytes);

	if (err)
		return err;
	err = pt->format->check(&pt->caps, prot, MEMTYPE_WB);
	if (err)
		return err;
	err = split_borders(pt, at, at + bytes);
	if (err)
		return err;
	protect_table(pt, pt->root, pt->caps.levels, at, at + bytes, prot);
	return OK;
}

/* The slot of the leaf of exactly [at, at + bytes); NULL if there is none. */
static u64 *leaf_slot(const struct pagetable *pt, u64 at, u64 bytes, unsigned *level)
{
	u64 *table = pt->root;

	for (*level = pt->caps.levels; *level; --*level) {
		u64 *slot = entry_of(table, *level, at);
		u64 entry = entry_load(slot);

		if (!entry_is_present(pt, entry))
			return NULL;
		if (entry_is_leaf(entry, *level))
			return bytes == level_bytes(*level) && IS_ALIGNED(at, bytes) ? slot : NULL;
		table = entry_table(pt, entry);
	}
	return NULL;
}

err_t pagetable_exchange(struct pagetable *pt, u64 va, u64 bytes, hpa_t pa)
{
	u64 at = va_offset(pt, va);
	err_t err = pagetable_check_range(pt, va, bytes);
	unsigned level;
	u64 *slot;
	u64 old;

	if (err)
		return err;
	if (!IS_ALIGNED(pa.v, bytes))
		return ERR_ALIGN;
	if (pa.v >> pt->caps.pa_bits)
		return ERR_RANGE;
	slot = leaf_slot(pt, at, bytes, &level);
	if (!slot)
		return ERR_NOENT;
	old = entry_load(slot);
	while (!entry_replace(slot, &old, leaf_make(pa.v, leaf_attributes(old), level)))
		;
	return OK;
}

/* The large leaf that stands for a table of level - 1; 0 if none can. */
static u64 merged_leaf(const struct pagetable *pt, const u64 *table, unsigned level)
{
	u64 marks = pt->format->accessed | pt->format->dirty;
	u64 first = entry_load(table);
	u64 address = leaf_address(first, level - 1);
	u64 seen = 0;

	if (!caps_have_leaf(&pt->caps, level) || !IS_ALIGNED(address, level_bytes(level)))
		return 0;
	for (u64 i = 0; i < PAGETABLE_ENTRIES; i++) {
		u64 leaf = entry_load(&table[i]);

		if (!entry_is_present(pt, leaf) || !entry_is_leaf(leaf, level - 1) ||
		    leaf_address(leaf, level - 1) != address + i * level_bytes(level - 1) ||
		    leaf_attributes(leaf ^ first) & ~marks)
			return 0;
		seen |= leaf & marks;
	}
	return leaf_make(address, leaf_attributes(first) | seen, level);
}

static u32 merge_table(struct pagetable *pt, u64 *table, unsigned level, u64 at, u64 end)
{
	u32 merged = 0;

	for (u64 next; level > 1 && at < end; at = next) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);
		u64 leaf;

		next = slot_end(level, at, end);
		if (!entry_is_present(pt, entry) || entry_is_leaf(entry, level))
			continue;
		merged += merge_table(pt, entry_table(pt, entry), level - 1, at, next);
		leaf = next - at == level_bytes(level) ? merged_leaf(pt, entry_table(pt, entry), level) : 0;
		if (!leaf)
			continue;
		entry_store(slot, leaf);
		table_retire(pt, entry_table(pt, entry));
		merged++;
	}
	return merged;
}

u32 pagetable_merge(struct pagetable *pt, u64 va, u64 bytes)
{
	u64 at = va_offset(pt, va);

	if (pagetable_check_range(pt, va, bytes))
		return 0;
	return merge_table(pt, pt->root, pt->caps.levels, at, at + bytes);
}
