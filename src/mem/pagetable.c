// SPDX-License-Identifier: Apache-2.0
// Page-table builder: the life of a tree, mapping and lookup.
#include "mem/pagetable.h"

#include "base/checked.h"
#include "mem/pagetable_entry.h"

/* One call of pagetable_map, on its way down. */
struct map_job {
	u64 delta; /* physical address less offset, modulo 2^64 */
	u64 attributes;
};

u64 *table_alloc(struct pagetable *pt)
{
	u64 *table = pool_alloc(pt->pool, 1);

	pt->table_count += table != NULL;
	return table;
}

/* The link is page-aligned, so a processor that still looks there sees an entry that is not present. */
void table_retire(struct pagetable *pt, u64 *table)
{
	entry_store(table, pt->retired ? pool_hpa(pt->pool, pt->retired).v : 0);
	pt->retired = table;
	pt->retired_count++;
	pt->table_count--;
}

void pagetable_reclaim(struct pagetable *pt)
{
	while (pt->retired) {
		u64 *table = pt->retired;

		pt->retired = *table ? pool_ptr(pt->pool, HPA(*table)) : NULL;
		pool_free(pt->pool, table, 1);
	}
	pt->retired_count = 0;
}

err_t pagetable_init(struct pagetable *pt, const struct pagetable_format *format, const struct pagetable_caps *caps,
		     struct pool *pool)
{
	if (caps->levels < 4 || caps->levels > PAGETABLE_LEVELS_MAX || caps->pa_bits < 32 || caps->pa_bits > 52 ||
	    (caps->has_1g && !caps->has_2m))
		return ERR_RANGE;
	*pt = (struct pagetable){.format = format, .pool = pool, .caps = *caps};
	pt->root = table_alloc(pt);
	return pt->root ? OK : ERR_NOMEM;
}

static void free_tables(struct pagetable *pt, u64 *table, unsigned level)
{
	for (u32 i = 0; level > 1 && i < PAGETABLE_ENTRIES; i++) {
		u64 entry = entry_load(&table[i]);

		if (entry_is_present(pt, entry) && !entry_is_leaf(entry, level))
			free_tables(pt, entry_table(pt, entry), level - 1);
	}
	pool_free(pt->pool, table, 1);
}

void pagetable_fini(struct pagetable *pt)
{
	pagetable_reclaim(pt);
	free_tables(pt, pt->root, pt->caps.levels);
	*pt = (struct pagetable){0};
}

bool pagetable_can(const struct pagetable *pt, enum prot prot)
{
	return !pt->format->check(&pt->caps, prot, MEMTYPE_WB);
}

hpa_t pagetable_root(const struct pagetable *pt)
{
	return pool_hpa(pt->pool, pt->root);
}

err_t pagetable_check_range(const struct pagetable *pt, u64 va, u64 bytes)
{
	u64 span = pagetable_span(pt);
	u64 offset = va_offset(pt, va);
	/* A canonical range lies in one half of the span. */
	u64 limit = pt->format->is_canonical && offset < span / 2 ? span / 2 : span;

	if (!IS_ALIGNED(va | bytes, PAGE_BYTES))
		return ERR_ALIGN;
	if (!bytes || offset_va(pt, offset) != va || !range_is_inside(offset, bytes, limit))
		return ERR_RANGE;
	return OK;
}

/* Is [at, next), no more than a slot of this level, one leaf? */
static bool fits_leaf(const struct pagetable *pt, const struct map_job *job, unsigned level, u64 at, u64 next)
{
	if (level == 1)
		return true;
	return next - at == level_bytes(level) && IS_ALIGNED(at + job->delta, level_bytes(level)) &&
	       caps_have_leaf(&pt->caps, level);
}

/* Find what stands in the way, and count the tables that are missing. `table` is NULL where there is none yet. */
static err_t plan_table(const struct pagetable *pt, u64 *table, unsigned level, u64 at, u64 end,
			const struct map_job *job, u64 *missing)
{
	for (u64 next; at < end && (table || level > 1); at = next) {
		u64 entry = table ? entry_load(entry_of(table, level, at)) : 0;
		u64 *below = NULL;

		next = slot_end(level, at, end);
		if (entry_is_present(pt, entry)) {
			if (entry_is_leaf(entry, level))
				return ERR_BUSY;
			below = entry_table(pt, entry);
		} else if (fits_leaf(pt, job, level, at, next)) {
			continue;
		} else {
			++*missing;
		}
		if (plan_table(pt, below, level - 1, at, next, job, missing))
			return ERR_BUSY;
	}
	return OK;
}

/* Nothing is in the way, and the pool has the tables. */
static void map_table(struct pagetable *pt, u64 *table, unsigned level, u64 at, u64 end, const struct map_job *job)
{
	for (u64 next; at < end; at = next) {
		u64 *entry = entry_of(table, level, at);

		next = slot_end(level, at, end);
		if (fits_leaf(pt, job, level, at, next)) {
			entry_store(entry, leaf_make(at + job->delta, job->attributes, level));
		} else if (entry_is_present(pt, *entry)) {
			map_table(pt, entry_table(pt, *entry), level - 1, at, next, job);
		} else {
			u64 *below = table_alloc(pt);

			ASSERT(below);
			map_table(pt, below, level - 1, at, next, job);
			entry_store(entry, pool_hpa(pt->pool, below).v | pt->format->table);
		}
	}
}

err_t pagetable_map(struct pagetable *pt, u64 va, hpa_t pa, u64 bytes, enum prot prot, enum memtype memtype)
{
	u64 at = va_offset(pt, va);
	struct map_job job = {.delta = pa.v - at};
	u64 missing = 0;
	err_t err = pagetable_check_range(pt, va, bytes);

	if (err)
		return err;
	if (!IS_ALIGNED(pa.v, PAGE_BYTES))
		return ERR_ALIGN;
	if (!range_is_inside(pa.v, bytes, BIT(pt->caps.pa_bits)))
		return ERR_RANGE;
	err = pt->format->check(&pt->caps, prot, memtype);
	if (err)
		return err;
	err = plan_table(pt, pt->root, pt->caps.levels, at, at + bytes, &job, &missing);
	if (err)
		return err;
	if (missing > pool_ring_free_count(pt->pool))
		return ERR_NOMEM;
	job.attributes = pt->format->encode(prot, memtype);
	map_table(pt, pt->root, pt->caps.levels, at, at + bytes, &job);
	return OK;
}

struct mapping leaf_describe(const struct pagetable *pt, u64 leaf, unsigned level, u64 at)
{
	return (struct mapping){
		.va = offset_va(pt, ALIGN_DOWN(at, level_bytes(level))),
		.pa = HPA(leaf_address(leaf, level)),
		.bytes = level_bytes(level),
		.prot = pt->format->prot(leaf),
		.memtype = pt->format->memtype(leaf),
		.accessed = pt->caps.accessed_dirty && leaf & pt->format->accessed,
		.dirty = pt->caps.accessed_dirty && leaf & pt->format->dirty,
	};
}

err_t pagetable_lookup(const struct pagetable *pt, u64 va, struct mapping *out)
{
	u64 at = va_offset(pt, va);
	u64 *table = pt->root;

	if (offset_va(pt, at) != va)
		return ERR_NOENT;
	for (unsigned level = pt->caps.levels; level; level--) {
		u64 entry = entry_load(entry_of(table, level, at));

		if (!entry_is_present(pt, entry))
			return ERR_NOENT;
		if (entry_is_leaf(entry, level)) {
			*out = leaf_describe(pt, entry, level, at);
			return OK;
		}
		table = entry_table(pt, entry);
	}
	return ERR_NOENT; /* not reached: level 1 has leaves only */
}
