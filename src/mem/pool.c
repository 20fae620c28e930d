// SPDX-License-Identifier: Apache-2.0
// Page pool: first fit over a bitmap that lies in the pool's own first pages.
#include "mem/pool.h"

#include "base/assert.h"
#include "base/bitmap.h"
#include "base/checked.h"
#include "base/mem.h"

static u64 *pool_map(const struct pool *p)
{
	return (u64 *)(void *)p->base;
}

/* Pages that the bitmap takes. */
static u32 map_page_count(u32 page_count)
{
	return (u32)((page_count / 8ull + PAGE_BYTES) / PAGE_BYTES);
}

static void mark_used(struct pool *p, u32 first, u32 pages)
{
	for (u32 i = first; i < first + pages; i++)
		bitmap_set(pool_map(p), i);
	p->free_count -= pages;
	p->peak_count = MAX(p->peak_count, pool_used_count(p));
	if (first == p->lowest)
		p->lowest = first + pages;
}

err_t pool_init(struct pool *p, void *base, hpa_t base_hpa, u32 page_count)
{
	u32 own = map_page_count(page_count);
	u64 end;

	if (!IS_ALIGNED((uintptr_t)base, PAGE_BYTES) || !IS_ALIGNED(base_hpa.v, PAGE_BYTES))
		return ERR_ALIGN;
	if (page_count <= own || !checked_add(base_hpa.v, page_count * PAGE_BYTES, &end))
		return ERR_RANGE;
	*p = (struct pool){.base = base, .base_hpa = base_hpa, .page_count = page_count, .free_count = page_count};
	memset(base, 0, own * PAGE_BYTES);
	mark_used(p, 0, own);
	return OK;
}

/* First page of the lowest run of `pages` free pages; BITMAP_NONE if there is none. */
static u32 run_find(const struct pool *p, u32 pages)
{
	u32 first = bitmap_find_clear(pool_map(p), p->lowest, p->page_count);

	while (first != BITMAP_NONE && pages <= p->page_count - first) {
		u32 end = bitmap_find_set(pool_map(p), first, first + pages);

		if (end == BITMAP_NONE)
			return first;
		first = bitmap_find_clear(pool_map(p), end, p->page_count);
	}
	return BITMAP_NONE;
}

void pool_link(struct pool *p, struct pool *other)
{
	p->next = other->next ? other->next : other;
	other->next = p;
}

/* The pool after `p` in the ring that began at `start`; NULL at its end. */
static struct pool *ring_next(const struct pool *p, const struct pool *start)
{
	return p->next == start ? NULL : p->next;
}

void *pool_alloc_own(struct pool *p, u32 pages)
{
	u32 first;

	ASSERT(pages);
	if (pages > p->free_count)
		return NULL;
	first = run_find(p, pages);
	if (first == BITMAP_NONE)
		return NULL;
	mark_used(p, first, pages);
	return memset(p->base + first * PAGE_BYTES, 0, pages * PAGE_BYTES);
}

void *pool_alloc(struct pool *p, u32 pages)
{
	void *run = NULL;

	for (struct pool *q = p; q && !run; q = ring_next(q, p))
		run = pool_alloc_own(q, pages);
	return run;
}

static bool own_has(const struct pool *p, hpa_t hpa)
{
	return hpa.v - p->base_hpa.v < p->page_count * PAGE_BYTES;
}

bool pool_owns(const struct pool *p, const void *ptr)
{
	return (uintptr_t)ptr - (uintptr_t)p->base < p->page_count * PAGE_BYTES;
}

void pool_free(struct pool *p, void *ptr, u32 pages)
{
	struct pool *q = p;
	u64 offset;
	u32 first;

	while (q && !pool_owns(q, ptr))
		q = ring_next(q, p);
	ASSERT(q);
	offset = (u64)((u8 *)ptr - q->base);
	first = (u32)(offset / PAGE_BYTES);
	ASSERT(IS_ALIGNED(offset, PAGE_BYTES));
	ASSERT(first >= map_page_count(q->page_count) && pages <= q->page_count - first);
	for (u32 i = first; i < first + pages; i++) {
		ASSERT(bitmap_test(pool_map(q), i));
		bitmap_clear(pool_map(q), i);
	}
	q->free_count += pages;
	q->lowest = MIN(q->lowest, first);
}

bool pool_has(const struct pool *p, hpa_t hpa)
{
	return pool_ptr(p, hpa) != NULL;
}

hpa_t pool_hpa(const struct pool *p, const void *ptr)
{
	const struct pool *q = p;

	while (q && !pool_owns(q, ptr))
		q = ring_next(q, p);
	ASSERT(q);
	return HPA(q->base_hpa.v + (uintptr_t)((const u8 *)ptr - q->base));
}

void *pool_ptr(const struct pool *p, hpa_t hpa)
{
	for (const struct pool *q = p; q; q = ring_next(q, p))
		if (own_has(q, hpa))
			return q->base + (hpa.v - q->base_hpa.v);
	return NULL;
}

u32 pool_ring_used_count(const struct pool *p)
{
	u32 sum = 0;

	for (const struct pool *q = p; q; q = ring_next(q, p))
		sum += pool_used_count(q);
	return sum;
}

bool pool_valid(const struct pool *p)
{
	u32 own = map_page_count(p->page_count);
	u32 used = 0;

	for (u32 i = 0; i < p->page_count; i++) {
		bool is_used = bitmap_test(pool_map(p), i);

		if (!is_used && (i < own || i < p->lowest))
			return false;
		used += is_used;
	}
	return used == pool_used_count(p) && p->peak_count >= used && p->peak_count <= p->page_count;
}
