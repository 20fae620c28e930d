// SPDX-License-Identifier: Apache-2.0
// The frame allocator on a small machine: whatever is allocated and freed, no frame is given twice, a claimed one is
// always there, and every bitmap, summary and counter agrees.
//
// Blocks of two stand for those of 512: the same code with an index of one bit (FRAMES_INDEX_BITS), so that frames are
// of 1, 2 and 4 pages.
// cbmc: -D FRAMES_NODES_MAX=1u -D FRAMES_RANGES_MAX=1u -D FRAMES_INDEX_BITS=1
// cbmc: src/mem/frames.c src/mem/frames_range.c src/base/bitmap.c --unwind 5
// cbmc: --unwindset region_mark.0:2,region_all.0:2,bitmap_find.0:2,frames_range_all.0:3,slot_of.0:2,range_insert.0:2
#include "mem/frames.h"
#include "mem/frames_range.h"
#include "proof.h"

#define TOTAL 7u

static const struct frames_policy policy = {.node_count = 1, .node = {0}};
static struct pool pool = {.free_count = 2};
static struct frames frames;

static struct frames_range slots[FRAMES_RANGES_MAX];
static struct {
	struct frames_gib gib[2];
	struct frames_region region[4];
} metadata;
static u32 given;

/* The pool's contract over objects of the right size, zero from the start. */
void *pool_alloc(struct pool *p, u32 pages)
{
	PROVE(pages == 1 && p->free_count);
	p->free_count--;
	return given++ ? (void *)&metadata : (void *)slots;
}

/* Pages 1 to 7: half a block of two, a block of two, one of four. */
static void setup(void)
{
	PROVE(!frames_init(&frames, &pool));
	PROVE(!frames_add(&frames, HPA(PAGE_BYTES), 7 * PAGE_BYTES, 0));
	PROVE(frames.node[0].free == 7 && frames.node[0].whole_2m == 3 && frames.node[0].whole_1g == 1);
}

static enum frame_size any_size(void)
{
	u8 size = nondet_u8();

	ASSUME(size <= FRAME_1G);
	return (enum frame_size)size;
}

static u64 free_bytes(void)
{
	return frames.node[0].free * PAGE_BYTES;
}

/* Two frames of any sizes: aligned, inside the memory, apart, and counted. */
void harness_alloc(void)
{
	enum frame_size size_a = any_size(), size_b = any_size();
	u64 bytes_a = frame_bytes(size_a), bytes_b = frame_bytes(size_b);
	hpa_t a, b;

	setup();
	PROVE(!frames_alloc(&frames, NULL, &policy, size_a, &a));
	PROVE(IS_ALIGNED(a.v, bytes_a) && a.v && a.v + bytes_a <= 8 * PAGE_BYTES);
	if (!frames_alloc(&frames, NULL, &policy, size_b, &b)) {
		PROVE(IS_ALIGNED(b.v, bytes_b) && b.v && b.v + bytes_b <= 8 * PAGE_BYTES);
		PROVE(a.v >= b.v + bytes_b || b.v >= a.v + bytes_a);
		PROVE(free_bytes() == TOTAL * PAGE_BYTES - bytes_a - bytes_b);
	} else {
		PROVE(size_a == FRAME_1G && size_b == FRAME_1G);
	}
	REACHED();
}

/* An allocation of any size keeps every bitmap, summary and counter right. */
void harness_valid(void)
{
	hpa_t held;

	setup();
	PROVE(!frames_alloc(&frames, NULL, &policy, any_size(), &held));
	PROVE(frames_valid(&frames));
	REACHED();
}

/* What was promised is there, and only that, after somebody else allocated what he could get. */
void harness_claim(void)
{
	struct frames_claim claim = {0};
	u8 pages = nondet_u8();
	hpa_t hpa;
	err_t err;

	setup();
	err = frames_reserve(&frames, &claim, &policy, pages * PAGE_BYTES);
	PROVE(err == (pages > TOTAL ? ERR_NOMEM : OK));
	PROVE(frames_claimed_bytes(&claim) == (err ? 0 : pages * PAGE_BYTES));
	(void)!frames_alloc(&frames, NULL, &policy, any_size(), &hpa);
	PROVE(free_bytes() >= frames_claimed_bytes(&claim));
	PROVE(!frames_alloc(&frames, &claim, &policy, FRAME_4K, &hpa) == (!err && pages));
	frames_unreserve(&frames, &claim);
	PROVE(frames.node[0].claimed == 0 && frames_claimed_bytes(&claim) == 0);
	REACHED();
}
