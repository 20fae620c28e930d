// SPDX-License-Identifier: Apache-2.0
// The page-table builder against an array of pages, under random changes, in every format.
#include "mem/pagetable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL_PAGES 1200u
#define WINDOW_PAGES (3 * 512 * 512u) /* 3 GiB are modelled */

static u8 pool_memory[POOL_PAGES][PAGE_BYTES] ALIGNED(4096);
static struct pool pool;

static const struct pagetable_caps all = {
	.levels = 4, .pa_bits = 46, .has_1g = true, .has_2m = true, .execute_only = true, .accessed_dirty = true};

struct variant {
	const struct pagetable_format *format;
	struct pagetable_caps caps;
	u64 base; /* where the window lies */
};

#define CAPS(l, g, m)                                                                                                  \
	{                                                                                                              \
		.levels = l, .pa_bits = 46, .has_1g = g, .has_2m = m, .accessed_dirty = true, .execute_only = m        \
	}
static const struct variant variants[] = {
	{&pagetable_ept, CAPS(4, true, true), 0},
	{&pagetable_ept, CAPS(4, false, true), 0x7f4000000000},
	{&pagetable_ept, CAPS(5, false, false), 0x1fe0000000000},
	{&pagetable_npt, CAPS(4, true, true), 0xff8040000000},
	{&pagetable_host, CAPS(4, true, true), 0xffffff8000000000},
	{&pagetable_host, CAPS(4, false, true), 0x7fff40000000},
};

/* --- the model: one word a page, 0 where nothing is mapped ------------------------------------------------------- */
struct model {
	const struct variant *variant;
	struct pagetable pt;
	u64 page[WINDOW_PAGES]; /* pa | prot | memtype << 4 */
};

static struct model model;

static u64 model_word(u64 pa, enum prot prot, enum memtype memtype)
{
	return pa | (u64)prot | (u64)memtype << 4;
}

static void model_init(const struct variant *v, u32 pool_pages)
{
	memset(&model, 0, sizeof(model));
	model.variant = v;
	assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), pool_pages), OK);
	assert_int_equal(pagetable_init(&model.pt, v->format, &v->caps, &pool), OK);
}

static void model_fini(void)
{
	pagetable_fini(&model.pt);
	assert_true(pool_valid(&pool));
	assert_int_equal(pool_used_count(&pool), 1);
}

struct range {
	u64 first, count; /* pages of the window */
};

static u64 random_u64(u64 below)
{
	return ((u64)rand() << 31 | (u64)rand()) % below;
}

static struct range random_range(void)
{
	static const u64 grain[] = {1, 1, 8, 512, 512, 512 * 512};
	u64 g = grain[rand() % 6], units = WINDOW_PAGES / g;
	struct range r = {.first = random_u64(units) * g};

	r.count = (1 + random_u64(g == 512 ? 700 : 20)) * g;
	r.count = MIN(r.count, WINDOW_PAGES - r.first);
	if (rand() % 4 == 0)
		r.count = 1 + random_u64(r.count);
	return r;
}

static u64 va_of(u64 page)
{
	return model.variant->base + page * PAGE_BYTES;
}

static const enum prot prots[] = {PROT_R, PROT_RW, PROT_RX, PROT_RWX};
static const enum memtype memtypes[] = {MEMTYPE_WB, MEMTYPE_UC, MEMTYPE_WT};

static void step_map(struct range r)
{
	/* Mostly the same distance between both address spaces, so that leaves can be large and merge. */
	u64 pa = (rand() % 3 ? r.first : random_u64(1u << 20)) * PAGE_BYTES + 4 * GIB;
	enum prot prot = prots[rand() % 3];
	enum memtype memtype = memtypes[rand() % 8 ? 0 : rand() % 3];
	bool is_busy = false;
	err_t err;

	for (u64 i = 0; i < r.count; i++)
		is_busy |= model.page[r.first + i] != 0;
	err = pagetable_map(&model.pt, va_of(r.first), HPA(pa), r.count * PAGE_BYTES, prot, memtype);
	if (is_busy || err)
		assert_int_equal(err, is_busy ? ERR_BUSY : ERR_NOMEM);
	for (u64 i = 0; !err && i < r.count; i++)
		model.page[r.first + i] = model_word(pa + i * PAGE_BYTES, prot, memtype);
}

static void step_unmap(struct range r)
{
	err_t err = pagetable_unmap(&model.pt, va_of(r.first), r.count * PAGE_BYTES);

	if (err)
		assert_int_equal(err, ERR_NOMEM);
	else
		memset(&model.page[r.first], 0, r.count * sizeof(u64));
}

static void step_protect(struct range r)
{
	enum prot prot = prots[rand() % 3];
	err_t err = pagetable_protect(&model.pt, va_of(r.first), r.count * PAGE_BYTES, prot);

	if (err)
		assert_int_equal(err, ERR_NOMEM);
	for (u64 i = r.first; !err && i < r.first + r.count; i++)
		if (model.page[i])
			model.page[i] = (model.page[i] & ~7ull) | prot;
}

/* Compares leaves in order with the model; context is the next page expected. */
static err_t compare_leaf(void *context, const struct mapping *m)
{
	u64 *next = context;
	u64 first = (m->va - model.variant->base) / PAGE_BYTES;

	assert_int_equal(m->va % m->bytes, 0);
	assert_int_equal(m->pa.v % m->bytes, 0);
	assert_true(first >= *next && first + m->bytes / PAGE_BYTES <= WINDOW_PAGES);
	while (*next < first)
		if (model.page[(*next)++])
			return ERR_STATE;
	for (u64 i = 0; i < m->bytes / PAGE_BYTES; i++)
		if (model.page[(*next)++] != model_word(m->pa.v + i * PAGE_BYTES, m->prot, m->memtype))
			return ERR_STATE;
	return OK;
}

static void compare_all(void)
{
	u64 next = 0;

	assert_int_equal(
		pagetable_iterate(&model.pt, model.variant->base, WINDOW_PAGES * PAGE_BYTES, compare_leaf, &next), OK);
	while (next < WINDOW_PAGES)
		assert_int_equal(model.page[next++], 0);
	assert_true(pagetable_valid(&model.pt));
}

static void compare_lookup(void)
{
	u64 page = random_u64(WINDOW_PAGES), byte = random_u64(PAGE_BYTES);
	struct mapping m;

	if (!model.page[page]) {
		assert_int_equal(pagetable_lookup(&model.pt, va_of(page) + byte, &m), ERR_NOENT);
		return;
	}
	assert_int_equal(pagetable_lookup(&model.pt, va_of(page) + byte, &m), OK);
	assert_int_equal(model_word(mapping_pa(&m, va_of(page)).v, m.prot, m.memtype), model.page[page]);
	assert_int_equal(mapping_pa(&m, va_of(page) + byte).v % PAGE_BYTES, byte);
}

static void random_changes(const struct variant *v, u32 pool_pages, int steps)
{
	model_init(v, pool_pages);
	for (int step = 0; step < steps; step++) {
		struct range r = random_range();

		switch (rand() % 8) {
		case 0:
		case 1:
		case 2:
			step_map(r);
			break;
		case 3:
		case 4:
			step_unmap(r);
			break;
		case 5:
		case 6:
			step_protect(r);
			break;
		default:
			pagetable_merge(&model.pt, va_of(r.first), r.count * PAGE_BYTES);
		}
		if (rand() % 2)
			pagetable_reclaim(&model.pt);
		for (int i = 0; i < 50; i++)
			compare_lookup();
		if (step % 8 == 0)
			compare_all();
	}
	compare_all();
	model_fini();
}

static void random_changes_match_the_model(void **state)
{
	(void)state;
	srand(4);
	for (u32 i = 0; i < ARRAY_COUNT(variants); i++)
		random_changes(&variants[i], POOL_PAGES, 250);
}

/* A pool that is nearly always empty: whatever fails changes nothing. */
static void no_memory_changes_nothing(void **state)
{
	(void)state;
	srand(5);
	for (u32 i = 0; i < ARRAY_COUNT(variants); i++)
		random_changes(&variants[i], 8 + i, 250);
}

/* --- single properties ------------------------------------------------------------------------------------------- */
static struct pagetable make(const struct pagetable_format *format, const struct pagetable_caps *caps)
{
	struct pagetable pt;

	assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), POOL_PAGES), OK);
	assert_int_equal(pagetable_init(&pt, format, caps, &pool), OK);
	return pt;
}

static void init_checks_the_caps(void **state)
{
	struct pagetable pt;
	struct pagetable_caps caps[] = {all, all, all, all, all};

	(void)state;
	caps[0].levels = 3;
	caps[1].levels = 6;
	caps[2].pa_bits = 31;
	caps[3].pa_bits = 53;
	caps[4].has_2m = false;
	assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), 2), OK);
	for (u32 i = 0; i < ARRAY_COUNT(caps); i++)
		assert_int_equal(pagetable_init(&pt, &pagetable_ept, &caps[i], &pool), ERR_RANGE);
	assert_int_equal(pagetable_init(&pt, &pagetable_ept, &all, &pool), OK);
	assert_int_equal(pagetable_root(&pt).v, 0x7001000);
	assert_int_equal(pagetable_init(&pt, &pagetable_ept, &all, &pool), ERR_NOMEM);
}

static void map_checks_its_range(void **state)
{
	struct pagetable ept = make(&pagetable_ept, &all);
	struct pagetable host;

	(void)state;
#define MAP(pt, va, pa, bytes) pagetable_map(&(pt), va, HPA(pa), bytes, PROT_R, MEMTYPE_WB)
	assert_int_equal(MAP(ept, 0x800, 0, 0x1000), ERR_ALIGN);
	assert_int_equal(MAP(ept, 0, 0x800, 0x1000), ERR_ALIGN);
	assert_int_equal(MAP(ept, 0, 0, 0x1800), ERR_ALIGN);
	assert_int_equal(MAP(ept, 0, 0, 0), ERR_RANGE);
	assert_int_equal(MAP(ept, BIT(48) - 0x1000, 0, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(ept, BIT(48), 0, 0x1000), ERR_RANGE);
	assert_int_equal(MAP(ept, -0x1000ull, 0, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(ept, 0, BIT(46) - 0x1000, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(ept, 0, BIT(46), 0x1000), ERR_RANGE);
	assert_int_equal(MAP(ept, 0, -0x1000ull, 0x1000), ERR_RANGE);
	assert_int_equal(MAP(ept, BIT(48) - 0x1000, BIT(46) - 0x1000, 0x1000), OK);
	assert_int_equal(pagetable_init(&host, &pagetable_host, &all, &pool), OK);
	assert_int_equal(MAP(host, BIT(47), 0, 0x1000), ERR_RANGE);
	assert_int_equal(MAP(host, BIT(47) - 0x1000, 0, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(host, -BIT(47) - 0x1000, 0, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(host, -0x1000ull, 0, 0x2000), ERR_RANGE);
	assert_int_equal(MAP(host, -0x1000ull, 0, 0x1000), OK);
	assert_int_equal(MAP(host, -BIT(47), 0, 0x1000), OK);
	assert_int_equal(MAP(host, BIT(47) - 0x1000, 0, 0x1000), OK);
	assert_int_equal(MAP(host, -BIT(47), 0, 0x1000), ERR_BUSY);
	assert_true(pagetable_valid(&host));
}

static void unmap_and_protect_check_their_range(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);
	u64 next = 0;

	(void)state;
	assert_int_equal(pagetable_unmap(&pt, 0x800, 0x1000), ERR_ALIGN);
	assert_int_equal(pagetable_unmap(&pt, 0, 0), ERR_RANGE);
	assert_int_equal(pagetable_unmap(&pt, 0, BIT(48) + 0x1000), ERR_RANGE);
	assert_int_equal(pagetable_unmap(&pt, 0, BIT(48)), OK);
	assert_int_equal(pagetable_protect(&pt, 0x800, 0x1000, PROT_R), ERR_ALIGN);
	assert_int_equal(pagetable_protect(&pt, 0, 0x1000, PROT_W), ERR_UNSUPPORTED);
	assert_int_equal(pagetable_protect(&pt, 0, BIT(48), PROT_R), OK);
	assert_int_equal(pagetable_merge(&pt, 0x800, 0x1000), 0);
	assert_int_equal(pagetable_iterate(&pt, 0, 0, compare_leaf, &next), ERR_RANGE);
}

static struct mapping look(const struct pagetable *pt, u64 va)
{
	struct mapping m;

	assert_int_equal(pagetable_lookup(pt, va, &m), OK);
	return m;
}

static void leaves_are_as_large_as_may_be(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	/* From 4 KiB below 1 GiB to 2 MiB + 4 KiB above 2 GiB. */
	assert_int_equal(MAP(pt, GIB - 0x1000, 5 * GIB - 0x1000, GIB + 2 * MIB + 0x2000), OK);
	assert_int_equal(look(&pt, GIB - 1).bytes, PAGE_BYTES);
	assert_int_equal(look(&pt, GIB).bytes, GIB);
	assert_int_equal(look(&pt, GIB).pa.v, 5 * GIB);
	assert_int_equal(look(&pt, 2 * GIB).bytes, 2 * MIB);
	assert_int_equal(look(&pt, 2 * GIB + 2 * MIB).bytes, PAGE_BYTES);
	assert_int_equal(look(&pt, 2 * GIB + 2 * MIB).pa.v, 6 * GIB + 2 * MIB);
	/* Root, one PDPT, PD and PT below 1 GiB, PD and PT above 2 GiB. */
	assert_int_equal(pt.table_count, 6);
	/* Addresses that disagree in 2 MiB but not in 4 KiB. */
	assert_int_equal(MAP(pt, 8 * GIB, 8 * GIB + 0x1000, 4 * MIB), OK);
	assert_int_equal(look(&pt, 8 * GIB + 2 * MIB).bytes, PAGE_BYTES);
	/* Addresses that agree in 2 MiB but not in 1 GiB. */
	assert_int_equal(MAP(pt, 16 * GIB, 16 * GIB + 2 * MIB, GIB), OK);
	assert_int_equal(look(&pt, 16 * GIB).bytes, 2 * MIB);
	pagetable_fini(&pt);
	assert_int_equal(pool_used_count(&pool), 1);
}

static void splits_keep_everything_else(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(pagetable_map(&pt, 0, HPA(GIB), GIB, PROT_RX, MEMTYPE_WT), OK);
	assert_int_equal(pagetable_unmap(&pt, 0x5000, 0x1000), OK);
	assert_int_equal(pt.table_count, 4); /* root, PDPT, PD, PT: both borders in one 2 MiB */
	assert_int_equal(look(&pt, 0x4000).pa.v, GIB + 0x4000);
	assert_int_equal(look(&pt, 0x6000).pa.v, GIB + 0x6000);
	assert_int_equal(look(&pt, 0x6000).prot, PROT_RX);
	assert_int_equal(look(&pt, 0x6000).memtype, MEMTYPE_WT);
	assert_int_equal(look(&pt, 2 * MIB).bytes, 2 * MIB);
	assert_int_equal(pagetable_unmap(&pt, 0, GIB), OK);
	assert_int_equal(pt.table_count, 1);
	assert_int_equal(pt.retired_count, 3);
	assert_int_equal(pool_used_count(&pool), 5);
	assert_true(pagetable_valid(&pt));
	pagetable_reclaim(&pt);
	assert_int_equal(pool_used_count(&pool), 2);
}

/* Each border of a range may need two tables; what they share is counted once. */
static void splits_count_their_tables(void **state)
{
	static const struct {
		u64 va, bytes;
		u32 tables;
	} cases[] = {
		{0x1000, 0x1000, 2},           {2 * MIB, 2 * MIB, 1},     {0, 0x1000, 2},
		{0x1000, 2 * MIB, 3},          {0x1000, GIB - 0x1000, 2}, {GIB - 0x1000, 0x2000, 4},
		{GIB - 2 * MIB, 4 * MIB, 2},   {GIB - 0x1000, 0x1000, 2}, {0, 2 * GIB, 0},
		{0x1000, 2 * GIB - 0x2000, 4},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++)
		for (u32 spare = 0; spare <= cases[i].tables; spare++) {
			struct pagetable pt;
			err_t wanted = spare < cases[i].tables ? ERR_NOMEM : OK;

			assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), 3 + spare), OK);
			assert_int_equal(pagetable_init(&pt, &pagetable_ept, &all, &pool), OK);
			assert_int_equal(MAP(pt, 0, 0, 2 * GIB), OK);
			assert_int_equal(pool.free_count, spare);
			assert_int_equal(pagetable_protect(&pt, cases[i].va, cases[i].bytes, PROT_RW), wanted);
			assert_int_equal(pool.free_count, wanted ? spare : 0);
			assert_int_equal(pt.table_count, wanted ? 2 : 2 + cases[i].tables);
			assert_int_equal(look(&pt, cases[i].va).prot, wanted ? PROT_R : PROT_RW);
		}
}

static void merge_undoes_a_split(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(MAP(pt, 0, GIB, GIB), OK);
	assert_int_equal(pagetable_protect(&pt, 0x5000, 0x1000, PROT_RW), OK);
	assert_int_equal(pagetable_merge(&pt, 0, GIB), 0);
	assert_int_equal(pagetable_protect(&pt, 0x5000, 0x1000, PROT_R), OK);
	assert_int_equal(pagetable_merge(&pt, 0, 2 * MIB - 0x1000), 0);
	assert_int_equal(pagetable_merge(&pt, 0, 2 * MIB), 1);
	assert_int_equal(look(&pt, 0).bytes, 2 * MIB);
	assert_int_equal(pagetable_merge(&pt, 0, GIB), 1);
	assert_int_equal(look(&pt, 0x5000).bytes, GIB);
	assert_int_equal(pt.table_count, 2);
	assert_int_equal(pt.retired_count, 2);
	assert_true(pagetable_valid(&pt));
	pagetable_fini(&pt);
	assert_int_equal(pool_used_count(&pool), 1);
}

static void merge_wants_contiguous_and_aligned(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(MAP(pt, 0, 0x1000, 2 * MIB), OK);
	assert_int_equal(MAP(pt, 2 * MIB, 8 * MIB, MIB), OK);
	assert_int_equal(MAP(pt, 3 * MIB, 10 * MIB, MIB), OK);
	assert_int_equal(MAP(pt, 4 * MIB, 4 * MIB, 2 * MIB - 0x1000), OK);
	assert_int_equal(pagetable_merge(&pt, 0, GIB), 0);
	assert_int_equal(MAP(pt, 6 * MIB - 0x1000, 6 * MIB - 0x1000, 0x1000), OK);
	assert_int_equal(pagetable_merge(&pt, 0, GIB), 1);
	assert_int_equal(look(&pt, 5 * MIB).bytes, 2 * MIB);
}

static u64 *entry_at(const struct pagetable *pt, u64 va, unsigned leaf_level)
{
	u64 *table = pt->root;

	for (unsigned level = 4; level > leaf_level; level--)
		table = pool_ptr(&pool, HPA(table[va >> (12 + 9 * (level - 1)) & 511] & 0xffffffffff000));
	return &table[va >> (12 + 9 * (leaf_level - 1)) & 511];
}

#define EPT_ACCESSED BIT(8)
#define EPT_DIRTY BIT(9)

struct seen {
	u32 count;
	u64 va[4];
	u32 stop_after;
};

static err_t note_leaf(void *context, const struct mapping *m)
{
	struct seen *seen = context;

	assert_true(seen->count < ARRAY_COUNT(seen->va));
	seen->va[seen->count++] = m->va;
	return seen->count == seen->stop_after ? ERR_SPACE : OK;
}

static void accessed_and_dirty_survive_changes(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(pagetable_map(&pt, 0, HPA(0), 4 * MIB, PROT_RW, MEMTYPE_WB), OK);
	assert_false(look(&pt, 0).accessed || look(&pt, 0).dirty);
	*entry_at(&pt, 2 * MIB, 2) |= EPT_ACCESSED | EPT_DIRTY; /* as the processor does */
	assert_int_equal(pagetable_protect(&pt, 2 * MIB, 0x1000, PROT_R), OK);
	assert_true(look(&pt, 2 * MIB).dirty && look(&pt, 2 * MIB).accessed);
	assert_true(look(&pt, 4 * MIB - 1).dirty && look(&pt, 4 * MIB - 1).accessed);
	assert_false(look(&pt, 0).dirty);
	for (u64 va = 2 * MIB; va < 4 * MIB; va += 0x1000)
		*entry_at(&pt, va, 1) &= ~(EPT_ACCESSED | EPT_DIRTY);
	*entry_at(&pt, 3 * MIB, 1) |= EPT_DIRTY;
	*entry_at(&pt, 3 * MIB + 0x1000, 1) |= EPT_ACCESSED;
	assert_int_equal(pagetable_protect(&pt, 2 * MIB, 0x1000, PROT_RW), OK);
	assert_int_equal(pagetable_merge(&pt, 0, 4 * MIB), 1);
	assert_true(look(&pt, 2 * MIB).dirty && look(&pt, 2 * MIB).accessed);
}

static void a_leaf_is_exchanged_whole(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(pagetable_map(&pt, 0, HPA(16 * MIB), 4 * MIB, PROT_RX, MEMTYPE_WB), OK);
	assert_int_equal(pagetable_map(&pt, 8 * MIB, HPA(0x7000), 0x1000, PROT_RW, MEMTYPE_WB), OK);
	*entry_at(&pt, 2 * MIB, 2) |= EPT_ACCESSED | EPT_DIRTY;
	assert_int_equal(pagetable_exchange(&pt, 2 * MIB, 2 * MIB, HPA(64 * MIB)), OK);
	assert_int_equal(look(&pt, 2 * MIB).pa.v, 64 * MIB);
	assert_int_equal(look(&pt, 2 * MIB).bytes, 2 * MIB);
	assert_int_equal(look(&pt, 2 * MIB).prot, PROT_RX);
	assert_true(look(&pt, 2 * MIB).dirty && look(&pt, 2 * MIB).accessed);
	assert_int_equal(look(&pt, 0).pa.v, 16 * MIB); /* the one beside it stays */
	assert_int_equal(pagetable_exchange(&pt, 8 * MIB, 0x1000, HPA(0x5000)), OK);
	assert_int_equal(look(&pt, 8 * MIB).pa.v, 0x5000);
	assert_int_equal(look(&pt, 8 * MIB).prot, PROT_RW);
	assert_int_equal(pagetable_exchange(&pt, 8 * MIB, 2 * MIB, HPA(0)), ERR_NOENT); /* small leaves there */
	assert_int_equal(pagetable_exchange(&pt, 0, 0x1000, HPA(0)), ERR_NOENT);        /* a large one */
	assert_int_equal(pagetable_exchange(&pt, 6 * MIB, 2 * MIB, HPA(0)), ERR_NOENT); /* nothing */
	assert_int_equal(pagetable_exchange(&pt, 0, 2 * MIB, HPA(0x1000)), ERR_ALIGN);
	assert_int_equal(pagetable_exchange(&pt, 0, 2 * MIB, HPA(BIT(51) & ~(u64)(2 * MIB - 1))), ERR_RANGE);
	assert_int_equal(pagetable_exchange(&pt, 0, 0x800, HPA(0)), ERR_ALIGN);
	assert_true(pagetable_valid(&pt));
}

static void harvest_finds_and_clears_dirty(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);
	struct pagetable_caps none = all;
	struct seen seen = {0};

	(void)state;
	assert_int_equal(pagetable_map(&pt, 0, HPA(0), 4 * MIB, PROT_RW, MEMTYPE_WB), OK);
	assert_int_equal(pagetable_map(&pt, GIB, HPA(GIB), 0x4000, PROT_RW, MEMTYPE_WB), OK);
	*entry_at(&pt, 2 * MIB, 2) |= EPT_ACCESSED | EPT_DIRTY;
	*entry_at(&pt, GIB + 0x2000, 1) |= EPT_DIRTY;
	*entry_at(&pt, GIB + 0x3000, 1) |= EPT_DIRTY;
	assert_int_equal(pagetable_harvest_dirty(&pt, 0, GIB + 0x3000, note_leaf, &seen), OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.va[0], 2 * MIB);
	assert_int_equal(seen.va[1], GIB + 0x2000);
	assert_int_equal(*entry_at(&pt, 2 * MIB, 2) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
	assert_true(look(&pt, GIB + 0x3000).dirty);
	seen.count = 0;
	assert_int_equal(pagetable_harvest_dirty(&pt, 0, GIB + 0x3000, note_leaf, &seen), OK);
	assert_int_equal(seen.count, 0);
	assert_int_equal(pagetable_harvest_dirty(&pt, 0, 0, note_leaf, &seen), ERR_RANGE);
	none.accessed_dirty = false;
	pt = make(&pagetable_ept, &none);
	assert_int_equal(pagetable_harvest_dirty(&pt, 0, GIB, note_leaf, &seen), ERR_UNSUPPORTED);
}

static void iteration_stops_when_told(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);
	struct seen seen = {.stop_after = 2};

	(void)state;
	assert_int_equal(MAP(pt, 0x1000, 0, 0x4000), OK);
	assert_int_equal(pagetable_iterate(&pt, 0x2000, GIB, note_leaf, &seen), ERR_SPACE);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.va[0], 0x2000);
	assert_int_equal(seen.va[1], 0x3000);
}

static void lookup_outside_the_address_space(void **state)
{
	struct pagetable pt = make(&pagetable_host, &all);
	struct mapping m;

	(void)state;
	assert_int_equal(MAP(pt, -BIT(47), 0, 0x1000), OK);
	assert_int_equal(pagetable_lookup(&pt, -BIT(47), &m), OK);
	assert_int_equal(m.va, -BIT(47));
	assert_int_equal(pagetable_lookup(&pt, BIT(47), &m), ERR_NOENT); /* the same entries, but not canonical */
	pt = make(&pagetable_ept, &all);
	assert_int_equal(MAP(pt, 0, 0, 0x1000), OK);
	assert_int_equal(pagetable_lookup(&pt, BIT(48), &m), ERR_NOENT);
}

static void validity_sees_damage(void **state)
{
	struct pagetable pt = make(&pagetable_ept, &all);

	(void)state;
	assert_int_equal(MAP(pt, 0x1000, 0, 0x1000), OK);
	assert_true(pagetable_valid(&pt));
	pt.table_count++;
	assert_false(pagetable_valid(&pt));
	pt.table_count -= 2;
	assert_false(pagetable_valid(&pt));
	pt.table_count++;
	pt.retired_count++;
	assert_false(pagetable_valid(&pt));
	pt.retired_count--;
	*entry_at(&pt, 0x1000, 1) = 0;
	assert_false(pagetable_valid(&pt)); /* an empty table */
	*entry_at(&pt, 0x1000, 1) = 0x1000;
	assert_false(pagetable_valid(&pt)); /* not present, not zero */
	*entry_at(&pt, 0x1000, 1) = 0x1002;
	assert_false(pagetable_valid(&pt)); /* writable, not readable */
	*entry_at(&pt, 0x1000, 1) = 0x1031;
	assert_true(pagetable_valid(&pt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_match_the_model),
		cmocka_unit_test(no_memory_changes_nothing),
		cmocka_unit_test(init_checks_the_caps),
		cmocka_unit_test(map_checks_its_range),
		cmocka_unit_test(unmap_and_protect_check_their_range),
		cmocka_unit_test(leaves_are_as_large_as_may_be),
		cmocka_unit_test(splits_keep_everything_else),
		cmocka_unit_test(splits_count_their_tables),
		cmocka_unit_test(merge_undoes_a_split),
		cmocka_unit_test(merge_wants_contiguous_and_aligned),
		cmocka_unit_test(accessed_and_dirty_survive_changes),
		cmocka_unit_test(a_leaf_is_exchanged_whole),
		cmocka_unit_test(harvest_finds_and_clears_dirty),
		cmocka_unit_test(iteration_stops_when_told),
		cmocka_unit_test(lookup_outside_the_address_space),
		cmocka_unit_test(validity_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
