// SPDX-License-Identifier: Apache-2.0
// Page pool against an array of owners, under random allocation.
#include "mem/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 300u
#define BASE_HPA HPA(0x12340000)

static u8 region[PAGES][PAGE_BYTES] ALIGNED(4096);

static struct pool make_pool(u32 pages)
{
	struct pool p;

	memset(region, 0xa5, sizeof(region));
	assert_int_equal(pool_init(&p, region, BASE_HPA, pages), OK);
	assert_true(pool_valid(&p));
	return p;
}

static void init_refuses_bad_regions(void **state)
{
	struct pool p;

	(void)state;
	assert_int_equal(pool_init(&p, region[0] + 8, BASE_HPA, PAGES), ERR_ALIGN);
	assert_int_equal(pool_init(&p, region, HPA(0x12340800), PAGES), ERR_ALIGN);
	assert_int_equal(pool_init(&p, region, BASE_HPA, 0), ERR_RANGE);
	assert_int_equal(pool_init(&p, region, BASE_HPA, 1), ERR_RANGE);
	assert_int_equal(pool_init(&p, region, HPA(-PAGE_BYTES), 2), ERR_RANGE);
}

static void smallest_pool_gives_one_page(void **state)
{
	struct pool p = make_pool(2);
	u8 *page = pool_alloc(&p, 1);

	(void)state;
	assert_ptr_equal(page, region[1]);
	assert_null(pool_alloc(&p, 1));
	assert_int_equal(p.peak_count, 2);
	pool_free(&p, page, 1);
	assert_int_equal(p.free_count, 1);
	assert_int_equal(p.peak_count, 2);
}

static void addresses_translate(void **state)
{
	struct pool p = make_pool(PAGES);
	u8 *page = pool_alloc(&p, 1);

	(void)state;
	assert_int_equal(pool_hpa(&p, page + 5).v, BASE_HPA.v + (u64)(page - region[0]) + 5);
	assert_ptr_equal(pool_ptr(&p, pool_hpa(&p, page + 5)), page + 5);
	assert_ptr_equal(pool_ptr(&p, HPA(BASE_HPA.v + sizeof(region) - 1)), &region[PAGES - 1][PAGE_BYTES - 1]);
	assert_null(pool_ptr(&p, HPA(BASE_HPA.v - 1)));
	assert_null(pool_ptr(&p, HPA(BASE_HPA.v + sizeof(region))));
	assert_null(pool_ptr(&p, HPA(0)));
}

/* A region that needs two bitmap pages keeps both. */
static void bitmap_of_a_large_region(void **state)
{
	u32 pages = 8 * 4096 + 9;
	u8 *base = aligned_alloc(4096, pages * PAGE_BYTES);
	struct pool p;

	(void)state;
	assert_int_equal(pool_init(&p, base, HPA(0), pages), OK);
	assert_int_equal(p.free_count, pages - 2);
	assert_ptr_equal(pool_alloc(&p, pages - 2), base + 2 * PAGE_BYTES);
	assert_null(pool_alloc(&p, 1));
	assert_true(pool_valid(&p));
	free(base);
}

/* owner[] says which allocation a page belongs to; pages carry their owner's number as content. */
struct model {
	u32 owner[PAGES]; /* 0: free */
	void *ptr[PAGES];
	u32 pages[PAGES];
	u32 used, peak;
};

static u32 longest_run(const struct model *m)
{
	u32 longest = 0, run = 0;

	for (u32 i = 0; i < PAGES; i++) {
		run = m->owner[i] ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void model_alloc(struct model *m, struct pool *p, u32 id, u32 pages)
{
	u8 *ptr = pool_alloc(p, pages);

	assert_int_equal(ptr != NULL, pages <= longest_run(m));
	if (!ptr)
		return;
	for (u64 i = 0; i < pages * PAGE_BYTES; i++)
		assert_int_equal(ptr[i], 0);
	memset(ptr, (int)id, pages * PAGE_BYTES);
	for (u32 i = 0; i < pages; i++) {
		u32 *owner = &m->owner[(u64)(ptr - region[0]) / PAGE_BYTES + i];

		assert_int_equal(*owner, 0);
		*owner = id;
	}
	m->ptr[id] = ptr;
	m->pages[id] = pages;
	m->used += pages;
	m->peak = m->used > m->peak ? m->used : m->peak;
}

static void model_free(struct model *m, struct pool *p, u32 id)
{
	u8 *ptr = m->ptr[id];
	u32 half = m->pages[id] / 2;

	for (u64 i = 0; i < m->pages[id] * PAGE_BYTES; i += 512)
		assert_int_equal(ptr[i], (u8)id);
	for (u32 i = 0; i < m->pages[id]; i++)
		m->owner[(u64)(ptr - region[0]) / PAGE_BYTES + i] = 0;
	if (half)
		pool_free(p, ptr, half);
	pool_free(p, ptr + half * PAGE_BYTES, m->pages[id] - half);
	m->used -= m->pages[id];
	m->ptr[id] = NULL;
}

static void random_use_matches_the_model(void **state)
{
	static struct model m;
	struct pool p = make_pool(PAGES);

	(void)state;
	srand(2);
	m.owner[0] = 255;
	m.used = m.peak = 1;
	for (u32 round = 0; round < 4000; round++) {
		u32 id = 1 + (u32)rand() % 100;

		if (m.ptr[id])
			model_free(&m, &p, id);
		else
			model_alloc(&m, &p, id, 1 + (u32)rand() % (rand() % 4 ? 3 : 40));
		assert_true(pool_valid(&p));
		assert_int_equal(pool_used_count(&p), m.used);
		assert_int_equal(p.peak_count, m.peak);
	}
}

static void validity_sees_damage(void **state)
{
	struct pool p = make_pool(PAGES);

	(void)state;
	p.free_count--;
	assert_false(pool_valid(&p));
	p.free_count++;
	p.lowest = 2;
	assert_false(pool_valid(&p));
	p.lowest = 1;
	assert_true(pool_valid(&p));
	region[0][0] &= 0xfe;
	assert_false(pool_valid(&p));
}

#define RING_POOLS 3u
#define RING_PAGES 8u

static void linked_pools_are_one(void **state)
{
	struct pool ring[RING_POOLS];
	u8 *given[RING_POOLS * RING_PAGES];
	u32 count = 0;

	(void)state;
	for (u32 i = 0; i < RING_POOLS; i++) {
		assert_int_equal(pool_init(&ring[i], region[i * RING_PAGES], HPA((i + 1) * GIB), RING_PAGES), OK);
		if (i)
			pool_link(&ring[i], &ring[0]);
	}
	while ((given[count] = pool_alloc(&ring[1], 1)))
		count++;
	assert_int_equal(count, RING_POOLS * (RING_PAGES - 1)); /* each pool has a page of bitmap */
	for (u32 i = 0; i < RING_PAGES - 1; i++)                /* the one asked gives first */
		assert_int_equal(pool_hpa(&ring[2], given[i]).v / GIB, 2);
	for (u32 i = 0; i < count; i++)
		assert_ptr_equal(pool_ptr(&ring[i % RING_POOLS], pool_hpa(&ring[0], given[i])), given[i]);
	assert_int_equal(pool_ring_used_count(&ring[0]), RING_POOLS * RING_PAGES);
	assert_false(pool_has(&ring[0], HPA(4 * GIB)));
	assert_null(pool_alloc(&ring[2], 1));
	assert_true(pool_owns(&ring[1], given[0]) && !pool_owns(&ring[2], given[0]));
	pool_free(&ring[0], given[0], 1);
	assert_null(pool_alloc_own(&ring[0], 1)); /* what another one has is not its own */
	assert_ptr_equal(pool_alloc_own(&ring[1], 1), given[0]);
	for (u32 i = 0; i < count; i++)
		pool_free(&ring[i % RING_POOLS], given[i], 1);
	for (u32 i = 0; i < RING_POOLS; i++) {
		assert_true(pool_valid(&ring[i]));
		assert_int_equal(ring[i].free_count, RING_PAGES - 1);
	}
	assert_null(pool_alloc(&ring[0], RING_PAGES)); /* no run goes over a border */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_refuses_bad_regions),     cmocka_unit_test(smallest_pool_gives_one_page),
		cmocka_unit_test(addresses_translate),          cmocka_unit_test(bitmap_of_a_large_region),
		cmocka_unit_test(random_use_matches_the_model), cmocka_unit_test(validity_sees_damage),
		cmocka_unit_test(linked_pools_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
