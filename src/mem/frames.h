/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame allocator: the physical memory that guests get. None of it is mapped in the hypervisor, so nothing is ever
 * read or written there: what is known about frames lies in memory from a pool. Whoever gives a frame to a guest
 * clears it first.
 *
 * A claim is memory promised to one owner (a VM) when it is created: later allocations on the claim draw on it, so
 * 4 KiB frames never run out for it. Larger frames may, by fragmentation: then the caller falls back to smaller ones.
 */
#ifndef ETERNA_MEM_FRAMES_H
#define ETERNA_MEM_FRAMES_H

#include "base/err.h"
#include "mem/pool.h"

/* Proofs set smaller ones. */
#ifndef FRAMES_NODES_MAX
#define FRAMES_NODES_MAX 32u
#define FRAMES_RANGES_MAX 64u
#define FRAMES_INDEX_BITS 9 /* 512 frames of 4 KiB are one of 2 MiB, 512 of these one of 1 GiB */
#endif

/* Sizes, by the page-table level whose leaf maps them. */
enum frame_size { FRAME_4K, FRAME_2M, FRAME_1G };

static inline u64 frame_bytes(enum frame_size size)
{
	return PAGE_BYTES << FRAMES_INDEX_BITS * (unsigned)size;
}

/* Per NUMA node, in 4 KiB pages. */
struct frames_node {
	u64 total;
	u64 free;
	u64 claimed;   /* promised and not yet drawn; <= free */
	u64 peak_used; /* most pages ever allocated at once */
	u64 whole_2m;  /* free and aligned 2 MiB blocks, those inside free 1 GiB blocks too */
	u64 whole_1g;
};

/* What is still promised to one owner, in 4 KiB pages a node. Start with all zero. */
struct frames_claim {
	u64 pages[FRAMES_NODES_MAX];
};

/* Nodes to try, in this order, and no others; each at most once, each below FRAMES_NODES_MAX. */
struct frames_policy {
	u8 node_count;
	u8 node[FRAMES_NODES_MAX];
};

struct frames_range;

/* No lock inside: whoever shares an allocator holds one around each call. */
struct frames {
	struct pool *pool;
	u32 range_count;
	struct frames_range *range; /* FRAMES_RANGES_MAX slots, sorted by address */
	struct frames_node node[FRAMES_NODES_MAX];
};

/* An allocator without memory. Its bookkeeping comes from `pool`. Returns OK or ERR_NOMEM. */
err_t frames_init(struct frames *f, struct pool *pool) MUST_CHECK;

/* Give the bookkeeping back to the pool; the frames are forgotten. */
void frames_fini(struct frames *f);

/**
 * Let `[start, start + bytes)` of NUMA node `node` be allocated from. Partial pages at the ends are left out.
 *
 * @return OK; ERR_RANGE if the range holds no whole page, passes 2^52 or the node is >= FRAMES_NODES_MAX; ERR_BUSY if
 *         it overlaps one already there; ERR_SPACE if there are FRAMES_RANGES_MAX; ERR_NOMEM if the pool is too small
 *         for the bookkeeping (about 37 KiB a GiB). Nothing changes on an error.
 */
err_t frames_add(struct frames *f, hpa_t start, u64 bytes, unsigned node) MUST_CHECK;

/**
 * Promise `bytes` more to `claim`, from the nodes of `policy`: as much as each has, in their order.
 *
 * @bytes  multiple of 4096
 * @return OK; ERR_ALIGN; ERR_NOMEM if they don't have that much unpromised, and then nothing is changed
 */
err_t frames_reserve(struct frames *f, struct frames_claim *claim, const struct frames_policy *policy, u64 bytes)
	MUST_CHECK;

/* Take back what was promised to `claim` and not drawn. */
void frames_unreserve(struct frames *f, struct frames_claim *claim);

/* Bytes still promised to the claim, all nodes together. */
u64 frames_claimed_bytes(const struct frames_claim *claim);

/**
 * Allocate one frame, aligned to its size, from the first node of `policy` that has one.
 *
 * With a claim, the frame is drawn from what the claim has left on that node; without (NULL), from what nobody claims.
 * Small frames come out of 2 MiB blocks already broken, and 2 MiB frames out of 1 GiB blocks already broken, while
 * there are any.
 * @return OK; ERR_NOMEM. A 4 KiB frame is always there while the claim has a page left on a node of the policy.
 */
err_t frames_alloc(struct frames *f, struct frames_claim *claim, const struct frames_policy *policy,
		   enum frame_size size, hpa_t *out) MUST_CHECK;

/**
 * Free a frame. One allocated large may be freed in smaller parts, and the parts of a large block as one.
 *
 * @claim  who gets the pages promised again, so that a running owner may allocate them anew; NULL: nobody
 * @return OK; ERR_ALIGN; ERR_RANGE if it is not the allocator's memory; ERR_STATE if a page of it is free already.
 *         Nothing changes on an error.
 */
err_t frames_free(struct frames *f, struct frames_claim *claim, hpa_t frame, enum frame_size size) MUST_CHECK;

/* Node of a frame's memory; FRAMES_NODES_MAX if it is not the allocator's. */
unsigned frames_node_of(const struct frames *f, hpa_t frame);

/* All bitmaps, summaries and counters agree. Walks everything: for tests and debugging. */
bool frames_valid(const struct frames *f);

#endif
