// SPDX-License-Identifier: Apache-2.0
// Page-table builder: where the tables themselves lie, and how they get from one pool into another.
#include "mem/pagetable_entry.h"

/* One call of pagetable_move(), on its way down. */
struct move_job {
	struct pagetable *pt;
	u32 left; /* tables that it may move yet */
	u64 at;   /* where it found out that it can't go on */
};

/* `*home` is the table itself if it is in the right pool, and else a copy of it there. */
static err_t table_home(struct move_job *job, u64 *table, u64 **home)
{
	struct pool *pool = job->pt->pool;

	*home = table;
	if (pool_owns(pool, table))
		return OK;
	if (!job->left)
		return ERR_BUSY;
	*home = pool_alloc_own(pool, 1);
	if (!*home)
		return ERR_NOMEM;
	for (u32 i = 0; i < PAGETABLE_ENTRIES; i++)
		entry_store(*home + i, entry_load(&table[i]));
	job->left--;
	job->pt->table_count++;
	return OK;
}

/* The table below a slot is the first that is looked at there, then come those below it. */
static err_t move_below(struct move_job *job, u64 *table, unsigned level, u64 at, u64 end)
{
	struct pagetable *pt = job->pt;
	err_t err = OK;

	for (u64 next; level > 1 && at < end && !err; at = next) {
		u64 *slot = entry_of(table, level, at);
		u64 entry = entry_load(slot);
		u64 *below, *home;

		next = slot_end(level, at, end);
		if (!entry_is_present(pt, entry) || entry_is_leaf(entry, level))
			continue;
		below = entry_table(pt, entry);
		err = table_home(job, below, &home);
		if (err) {
			job->at = at;
			return err;
		}
		if (home != below) {
			entry_store(slot, (entry & ~ENTRY_ADDRESS) | pool_hpa(pt->pool, home).v);
			table_retire(pt, below);
		}
		err = move_below(job, home, level - 1, at, next);
	}
	return err;
}

static err_t move_all(struct move_job *job)
{
	struct pagetable *pt = job->pt;
	u64 *root = pt->root, *home;
	err_t err = table_home(job, root, &home);

	if (err)
		return err;
	if (home != root) {
		pt->root = home;
		table_retire(pt, root);
	}
	return move_below(job, home, pt->caps.levels, job->at, pagetable_span(pt));
}

err_t pagetable_move(struct pagetable *pt, u32 max, u64 *at, u32 *moved)
{
	struct move_job job = {.pt = pt, .left = max, .at = *at};
	err_t err = move_all(&job);

	*at = err ? job.at : pagetable_span(pt);
	*moved += max - job.left;
	return err;
}

static void visit_tables(const struct pagetable *pt, u64 *table, unsigned level, pagetable_table_fn visit,
			 void *context)
{
	visit(context, pool_hpa(pt->pool, table));
	for (u32 i = 0; level > 1 && i < PAGETABLE_ENTRIES; i++) {
		u64 entry = entry_load(&table[i]);

		if (entry_is_present(pt, entry) && !entry_is_leaf(entry, level))
			visit_tables(pt, entry_table(pt, entry), level - 1, visit, context);
	}
}

void pagetable_tables(const struct pagetable *pt, pagetable_table_fn visit, void *context)
{
	visit_tables(pt, pt->root, pt->caps.levels, visit, context);
}
