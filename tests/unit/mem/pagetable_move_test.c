// SPDX-License-Identifier: Apache-2.0
// Page tables that move from one pool into another: what they map stays, wherever the move ends.
#include "mem/pagetable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define POOL_PAGES 1200u
#define LEAVES_MAX 4096u

static u8 memory[2][POOL_PAGES][PAGE_BYTES] ALIGNED(4096);
static struct pool old_pool, new_pool;
static struct pagetable pt;

static const struct pagetable_caps caps = {
	.levels = 4, .pa_bits = 46, .has_1g = true, .has_2m = true, .execute_only = true, .accessed_dirty = true};

/* --- what is mapped, leaf by leaf -------------------------------------------------------------------------------- */
struct picture {
	u32 count;
	struct mapping leaf[LEAVES_MAX];
};

static err_t leaf_note(void *context, const struct mapping *m)
{
	struct picture *p = context;

	assert_true(p->count < LEAVES_MAX);
	p->leaf[p->count++] = *m;
	return OK;
}

static void picture_take(struct picture *p)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(pagetable_iterate(&pt, 0, BIT(48), leaf_note, p), OK);
}

static struct picture before;

static void nothing_is_changed(void)
{
	static struct picture now;

	picture_take(&now);
	assert_int_equal(now.count, before.count);
	for (u32 i = 0; i < now.count; i++) {
		assert_int_equal(now.leaf[i].va, before.leaf[i].va);
		assert_int_equal(now.leaf[i].pa.v, before.leaf[i].pa.v);
		assert_int_equal(now.leaf[i].bytes, before.leaf[i].bytes);
		assert_int_equal(now.leaf[i].prot, before.leaf[i].prot);
		assert_int_equal(now.leaf[i].memtype, before.leaf[i].memtype);
		assert_int_equal(now.leaf[i].accessed, before.leaf[i].accessed);
		assert_int_equal(now.leaf[i].dirty, before.leaf[i].dirty);
	}
	assert_true(pagetable_valid(&pt));
}

/* --- the trees --------------------------------------------------------------------------------------------------- */
static void pools_make(u32 new_pages)
{
	assert_int_equal(pool_init(&old_pool, memory[0], HPA(16 * MIB), POOL_PAGES), OK);
	assert_int_equal(pool_init(&new_pool, memory[1], HPA(64 * GIB), new_pages), OK);
	pool_link(&new_pool, &old_pool);
}

static void map(u64 va, u64 pa, u64 bytes, enum prot prot, enum memtype memtype)
{
	assert_int_equal(pagetable_map(&pt, va, HPA(pa), bytes, prot, memtype), OK);
}

#define TREE_TABLES 10u

/* Leaves of all sizes and kinds in ten tables of the old pool, with room for `pages` tables in the new one. */
static void tree_make(const struct pagetable_format *format, u32 pages)
{
	pools_make(1 + pages);
	assert_int_equal(pagetable_init(&pt, format, &caps, &old_pool), OK);
	map(0, 8 * GIB, 0x5000, PROT_RWX, MEMTYPE_WB);                /* root, PDPT, PD, PT */
	map(4 * MIB, GIB, 4 * MIB, PROT_RX, MEMTYPE_WB);              /* two leaves of 2 MiB */
	map(6 * GIB, 4 * GIB, GIB, PROT_RW, MEMTYPE_WB);              /* one of 1 GiB */
	map(8 * GIB - 0x1000, 5 * GIB, 0x2000, PROT_R, MEMTYPE_UC);   /* PD, PT on either side of 8 GiB */
	map(BIT(40) + 0x7000, 20 * GIB, 0x1000, PROT_RW, MEMTYPE_WB); /* PDPT, PD, PT... */
	assert_int_equal(pt.table_count, 11);
	assert_int_equal(pagetable_unmap(&pt, 8 * GIB, 0x1000), OK); /* ...less those of the upper side */
	pagetable_reclaim(&pt);
	map(10 * GIB, 30 * GIB, 2 * MIB, PROT_RWX, MEMTYPE_WB); /* PD */
	assert_int_equal(pt.table_count, TREE_TABLES);
	assert_int_equal(pool_used_count(&old_pool), 1 + TREE_TABLES);
	pt.pool = &new_pool;
	picture_take(&before);
}

struct places {
	u32 old, new;
	hpa_t first;
};

static void table_note(void *context, hpa_t table)
{
	struct places *p = context;

	if (!p->old && !p->new)
		p->first = table;
	if (table.v >= 64 * GIB)
		p->new ++;
	else
		p->old++;
}

static struct places places(void)
{
	struct places p = {0};

	pagetable_tables(&pt, table_note, &p);
	assert_int_equal(p.first.v, pagetable_root(&pt).v);
	assert_int_equal(p.old + p.new, pt.table_count);
	return p;
}

static void end(void)
{
	pagetable_fini(&pt);
	assert_int_equal(pool_used_count(&old_pool), 1);
	assert_int_equal(pool_used_count(&new_pool), 1);
	assert_true(pool_valid(&old_pool) && pool_valid(&new_pool));
}

/* --- the cases --------------------------------------------------------------------------------------------------- */
static void all_tables_move(void **state)
{
	static const struct pagetable_format *const formats[] = {&pagetable_ept, &pagetable_npt};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(formats); i++) {
		hpa_t old_root;
		u64 at = 0;
		u32 moved = 5;

		tree_make(formats[i], 100);
		old_root = pagetable_root(&pt);
		assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), OK);
		assert_int_equal(moved, 5 + TREE_TABLES);
		assert_int_not_equal(pagetable_root(&pt).v, old_root.v);
		assert_int_equal(places().new, TREE_TABLES);
		assert_int_equal(pt.retired_count, TREE_TABLES);
		/* Processors may still walk through them. */
		assert_int_equal(pool_used_count(&old_pool), 1 + TREE_TABLES);
		nothing_is_changed();
		pagetable_reclaim(&pt);
		assert_int_equal(pool_used_count(&old_pool), 1);
		nothing_is_changed();
		end();
	}
}

/* A walk from the old root finds nothing, rather than something that is no table of this tree any more. */
static void the_old_root_leads_nowhere(void **state)
{
	const u64 *old_root;
	u64 at = 0;
	u32 moved = 0;

	(void)state;
	tree_make(&pagetable_ept, 100);
	old_root = pt.root;
	assert_int_not_equal(old_root[0] & 7, 0);
	assert_int_equal(pagetable_move(&pt, 1, &at, &moved), ERR_BUSY);
	assert_int_equal(old_root[0] & 7, 0);
	assert_int_equal(old_root[1], pt.root[1]);
	end();
}

static void what_lies_there_stays(void **state)
{
	struct pagetable was;
	u64 at = 0;
	u32 moved = 0;

	(void)state;
	tree_make(&pagetable_ept, 100);
	pt.pool = &old_pool;
	was = pt;
	assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), OK);
	assert_int_equal(pagetable_move(&pt, 0, &at, &moved), OK);
	assert_int_equal(moved, 0);
	assert_memory_equal(&was, &pt, sizeof(pt));
	nothing_is_changed();
	end();
}

/* As a processor would: in the leaf of `va`. */
static void mark(u64 va, u64 bits)
{
	u64 *table = pt.root;

	for (unsigned shift = 39;; shift -= 9) {
		u64 *entry = &table[va >> shift & 511];

		if (shift == 12 || *entry & BIT(7)) {
			*entry |= bits;
			return;
		}
		*entry |= bits & BIT(8); /* EPT: accessed, in entries that lead to a table, too */
		table = pool_ptr(&old_pool, HPA(*entry & BITS(51, 12)));
	}
}

static void dirty_bits_move_along(void **state)
{
	static struct picture dirty;
	u64 at = 0;
	u32 moved = 0;

	(void)state;
	tree_make(&pagetable_ept, 100);
	mark(0x3000, BIT(8) | BIT(9));
	mark(6 * MIB, BIT(8) | BIT(9));
	mark(6 * GIB, BIT(8) | BIT(9));
	mark(0x1000, BIT(8));
	picture_take(&before);
	assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), OK);
	nothing_is_changed();
	dirty.count = 0;
	assert_int_equal(pagetable_harvest_dirty(&pt, 0, BIT(48), leaf_note, &dirty), OK);
	assert_int_equal(dirty.count, 3);
	assert_int_equal(dirty.leaf[0].va, 0x3000);
	assert_int_equal(dirty.leaf[1].va, 6 * MIB);
	assert_int_equal(dirty.leaf[2].va, 6 * GIB);
	assert_int_equal(pt.root[0] & BIT(8), BIT(8));
	end();
}

/* With changes in between, as a guest that runs makes them. */
static void tables_move_in_portions(void **state)
{
	(void)state;
	for (u32 max = 1; max < TREE_TABLES; max++) {
		u64 at = 0;
		u32 moved = 0;
		err_t err;

		tree_make(&pagetable_ept, 100);
		do {
			u32 was = moved;

			err = pagetable_move(&pt, max, &at, &moved);
			assert_true(!err || err == ERR_BUSY);
			assert_int_equal(moved - was, err ? max : (TREE_TABLES - 1) % max + 1);
			assert_int_equal(places().new, moved);
			nothing_is_changed();
			pagetable_reclaim(&pt);
			/* Tables that are made meanwhile come from the new pool. */
			map(BIT(41), 40 * GIB, 0x1000, PROT_R, MEMTYPE_WB);
			assert_int_equal(places().new, moved + 3);
			assert_int_equal(pagetable_unmap(&pt, BIT(41), 0x1000), OK);
			pagetable_reclaim(&pt);
		} while (err);
		assert_int_equal(places().old, 0);
		assert_int_equal(pool_used_count(&old_pool), 1);
		end();
	}
}

/* As many as there is room for; the others stay, until there is room. */
static void no_memory_leaves_tables_where_they_are(void **state)
{
	(void)state;
	for (u32 room = 1; room < TREE_TABLES; room++) {
		u64 at = 0;
		u32 moved = 0;
		void *filler;

		tree_make(&pagetable_ept, TREE_TABLES);
		filler = pool_alloc_own(&new_pool, TREE_TABLES - room);
		assert_non_null(filler);
		assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), ERR_NOMEM);
		assert_int_equal(moved, room);
		assert_int_equal(places().new, room);
		assert_int_equal(places().old, TREE_TABLES - room);
		nothing_is_changed();
		assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), ERR_NOMEM);
		assert_int_equal(moved, room);
		assert_int_equal(pt.retired_count, room);
		nothing_is_changed();
		if (room % 2) { /* an end halfway */
			pool_free(&new_pool, filler, TREE_TABLES - room);
			end();
			continue;
		}
		pagetable_reclaim(&pt);
		assert_int_equal(pool_used_count(&old_pool), 1 + TREE_TABLES - room);
		pool_free(&new_pool, filler, TREE_TABLES - room);
		assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), OK);
		assert_int_equal(moved, TREE_TABLES);
		assert_int_equal(places().old, 0);
		nothing_is_changed();
		end();
	}
}

static void no_room_at_all_changes_nothing(void **state)
{
	struct pagetable was;
	void *filler;
	u64 at = 0;
	u32 moved = 0;

	(void)state;
	tree_make(&pagetable_npt, 4);
	filler = pool_alloc_own(&new_pool, 4);
	assert_non_null(filler);
	was = pt;
	assert_int_equal(pagetable_move(&pt, UINT32_MAX, &at, &moved), ERR_NOMEM);
	assert_int_equal(pagetable_move(&pt, 0, &at, &moved), ERR_BUSY);
	assert_int_equal(at, 0);
	assert_int_equal(moved, 0);
	assert_memory_equal(&was, &pt, sizeof(pt));
	nothing_is_changed();
	pool_free(&new_pool, filler, 4);
	end();
}

/* 4 GiB by 4 KiB: 2048 tables of leaves, more than either test pool has; so 1 GiB, there and back. */
static void there_and_back_with_small_leaves(void **state)
{
	static const struct pagetable_caps small = {.levels = 5, .pa_bits = 46};
	u32 moved = 0;

	(void)state;
	pools_make(POOL_PAGES);
	assert_int_equal(pagetable_init(&pt, &pagetable_ept, &small, &old_pool), OK);
	assert_int_equal(pagetable_map(&pt, 0, HPA(GIB), GIB, PROT_RWX, MEMTYPE_WB), OK);
	for (u32 trip = 0; trip < 4; trip++) {
		struct mapping m;
		u64 at = 0;

		pt.pool = trip % 2 ? &old_pool : &new_pool;
		while (pagetable_move(&pt, 64, &at, &moved))
			pagetable_reclaim(&pt);
		pagetable_reclaim(&pt);
		assert_int_equal(moved, (trip + 1) * (512 + 4));
		assert_int_equal(trip % 2 ? places().old : places().new, 512 + 4);
		for (u64 va = 0; va < GIB; va += PAGE_BYTES) {
			assert_int_equal(pagetable_lookup(&pt, va, &m), OK);
			assert_int_equal(m.pa.v, GIB + va);
		}
		assert_true(pagetable_valid(&pt));
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_tables_move),
		cmocka_unit_test(the_old_root_leads_nowhere),
		cmocka_unit_test(what_lies_there_stays),
		cmocka_unit_test(dirty_bits_move_along),
		cmocka_unit_test(tables_move_in_portions),
		cmocka_unit_test(no_memory_leaves_tables_where_they_are),
		cmocka_unit_test(no_room_at_all_changes_nothing),
		cmocka_unit_test(there_and_back_with_small_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
