/* SPDX-License-Identifier: Apache-2.0 */
/* Page pool: the mapped memory that the hypervisor's own structures (page tables, VMCSs, vcpus) come from. */
#ifndef ETERNA_MEM_POOL_H
#define ETERNA_MEM_POOL_H

#include "base/err.h"

/*
 * One contiguous region, mapped at `base`. Pools that are linked are one to their users: what the pool asked for has
 * not got comes from the next one, and each gives back what any of them gave.
 *
 * The region's first pages hold the bitmap of used pages (a set bit is a used page; the bitmap's own pages count as
 * used). No lock inside: whoever shares a pool, or one linked to it, holds one around each call.
 */
struct pool {
	u8 *base;
	hpa_t base_hpa;
	u32 page_count; /* of the whole region */
	u32 free_count;
	u32 peak_count;    /* most pages ever used at once, with the bitmap's own */
	u32 lowest;        /* no page below this one is free */
	struct pool *next; /* linked pools are a ring; NULL: this one is alone */
};

/**
 * Make a pool of `page_count` pages at `base`, whose physical address is `base_hpa`.
 *
 * @return OK; ERR_ALIGN if base or base_hpa is not page-aligned; ERR_RANGE if the region is too small to hold its own
 *         bitmap and one page, or its end passes 2^64
 * Context: writes the first pages of the region only.
 */
err_t pool_init(struct pool *p, void *base, hpa_t base_hpa, u32 page_count) MUST_CHECK;

/* Let `p`, which is alone, join the ring of `other`. */
void pool_link(struct pool *p, struct pool *other);

/* `pages` (not 0) contiguous pages filled with zeros, page-aligned; NULL when no pool of the ring has such a run. */
void *pool_alloc(struct pool *p, u32 pages) MUST_CHECK;

/* The same from this pool alone, whatever it is linked to; and is this page one of its own? */
void *pool_alloc_own(struct pool *p, u32 pages) MUST_CHECK;
bool pool_owns(const struct pool *p, const void *ptr);

/* Give back what pool_alloc gave, whole or in parts. A page freed twice, or never given, is an ASSERT. */
void pool_free(struct pool *p, void *ptr, u32 pages);

/* Is this physical address inside the region, or that of a linked pool? The two below go by the ring as well. */
bool pool_has(const struct pool *p, hpa_t hpa);

/* Physical address of a byte of the region; `ptr` is asserted to lie in it. */
hpa_t pool_hpa(const struct pool *p, const void *ptr);

/* Where that physical address is mapped; NULL if it is outside the region. */
void *pool_ptr(const struct pool *p, hpa_t hpa);

/* Pages that `bytes` take. */
static inline u32 pool_pages(u64 bytes)
{
	return (u32)(ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES);
}

/* Of this pool alone. */
static inline u32 pool_used_count(const struct pool *p)
{
	return p->page_count - p->free_count;
}

/* Of the whole ring. */
static inline u32 pool_ring_free_count(const struct pool *p)
{
	u32 sum = p->free_count;

	for (const struct pool *q = p->next; q && q != p; q = q->next)
		sum += q->free_count;
	return sum;
}

u32 pool_ring_used_count(const struct pool *p);

/* Bitmap, counters and hint of this pool agree. Walks the bitmap. */
bool pool_valid(const struct pool *p);

#endif
