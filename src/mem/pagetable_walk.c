// SPDX-License-Identifier: Apache-2.0
// Page-table builder: what looks at whole trees: iteration, dirty harvest, explanation of faults, validity.
#include "mem/pagetable_entry.h"

struct walk {
	const struct pagetable *pt;
	pagetable_visit_fn visit;
	void *context;
	bool dirty_only; /* and clean them */
};

static err_t walk_leaf(const struct walk *w, u64 *slot, unsigned level, u64 at)
{
	u64 dirty = w->pt->format->dirty;
	u64 leaf = entry_load(slot);
	struct mapping m;

	if (w->dirty_only) {
		if (!(leaf & dirty))
			return OK;
		while (!entry_replace(slot, &leaf, leaf & ~dirty))
			;
	}
	m = leaf_describe(w->pt, leaf, level, at);
	return w->visit(w->context, &m);
}

static err_t walk_table(const struct walk *w, u64 *table, unsigned level, u64 at, u64 end)
{
	for (u64 next; at < end; at = next) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);
		err_t err;

		next = slot_end(level, at, end);
		if (!entry_is_present(w->pt, entry))
			continue;
		if (entry_is_leaf(entry, level))
			err = walk_leaf(w, slot, level, at);
		else
			err = walk_table(w, entry_table(w->pt, entry), level - 1, at, next);
		if (err)
			return err;
	}
	return OK;
}

static err_t walk(const struct walk *w, u64 va, u64 bytes)
{
	u64 at = va_offset(w->pt, va);
	err_t err = pagetable_check_range(w->pt, va, bytes);

	return err ? err : walk_table(w, w->pt->root, w->pt->caps.levels, at, at + bytes);
}

err_t pagetable_iterate(const struct pagetable *pt, u64 va, u64 bytes, pagetable_visit_fn visit, void *context)
{
	const struct walk w = {.pt = pt, .visit = visit, .context = context};

	return walk(&w, va, bytes);
}

err_t pagetable_harvest_dirty(struct pagetable *pt, u64 va, u64 bytes, pagetable_visit_fn visit, void *context)
{
	const struct walk w = {.pt = pt, .visit = visit, .context = context, .dirty_only = true};

	return pt->caps.accessed_dirty ? walk(&w, va, bytes) : ERR_UNSUPPORTED;
}

/* The rule that a present entry breaks, the format's or ours; NULL if none. */
static const char *entry_rule(const struct pagetable *pt, u64 entry, unsigned level)
{
	const char *rule = pt->format->fault(&pt->caps, entry, level);

	if (!rule && !entry_is_leaf(entry, level) && !pool_has(pt->pool, HPA(entry & ENTRY_ADDRESS)))
		rule = "leads to memory that holds no table";
	return rule;
}

bool pagetable_explain(const struct pagetable *pt, u64 va, struct entry_fault *out)
{
	u64 at = va_offset(pt, va);
	u64 *table = pt->root;

	for (unsigned level = pt->caps.levels; level; level--) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);
		const char *rule;

		if (!entry_is_present(pt, entry))
			return false;
		rule = entry_rule(pt, entry, level);
		if (rule) {
			*out = (struct entry_fault){level, entry, pool_hpa(pt->pool, slot), rule};
			return true;
		}
		if (entry_is_leaf(entry, level))
			return false;
		table = entry_table(pt, entry);
	}
	return false;
}

static bool table_valid(const struct pagetable *pt, u64 *table, unsigned level, u32 *table_count)
{
	bool is_empty = true;

	++*table_count;
	for (u32 i = 0; i < PAGETABLE_ENTRIES; i++) {
		u64 entry = entry_load(&table[i]);

		if (!entry_is_present(pt, entry)) {
			if (entry)
				return false;
			continue;
		}
		is_empty = false;
		if (entry_rule(pt, entry, level) || *table_count > pt->table_count)
			return false;
		if (!entry_is_leaf(entry, level) && !table_valid(pt, entry_table(pt, entry), level - 1, table_count))
			return false;
	}
	return !is_empty || table == pt->root;
}

bool pagetable_valid(const struct pagetable *pt)
{
	u32 table_count = 0, retired_count = 0;

	for (const u64 *table = pt->retired; table; table = *table ? pool_ptr(pt->pool, HPA(*table)) : NULL)
		if (++retired_count > pt->retired_count)
			return false;
	return retired_count == pt->retired_count && table_valid(pt, pt->root, pt->caps.levels, &table_count) &&
	       table_count == pt->table_count;
}
