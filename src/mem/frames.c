// SPDX-License-Identifier: Apache-2.0
// Frame allocator: nodes, claims and policy over the ranges' bitmaps.
#include "mem/frames.h"

#include "base/assert.h"
#include "base/checked.h"
#include "mem/frames_range.h"

#define FRAME_NUMBER_LIMIT (BIT(52) / PAGE_BYTES)

static u64 frame_count(enum frame_size size)
{
	return frame_bytes(size) / PAGE_BYTES;
}

static u32 slots_page_count(void)
{
	return (u32)((FRAMES_RANGES_MAX * sizeof(struct frames_range) + PAGE_BYTES - 1) / PAGE_BYTES);
}

err_t frames_init(struct frames *f, struct pool *pool)
{
	*f = (struct frames){.pool = pool, .range = pool_alloc(pool, slots_page_count())};
	return f->range ? OK : ERR_NOMEM;
}

void frames_fini(struct frames *f)
{
	for (u32 i = 0; i < f->range_count; i++)
		pool_free(f->pool, f->range[i].gib, f->range[i].metadata_pages);
	pool_free(f->pool, f->range, slots_page_count());
	*f = (struct frames){0};
}

/* The slot where a range that begins at `first` belongs. */
static u32 slot_of(const struct frames *f, u64 first)
{
	u32 slot = 0;

	while (slot < f->range_count && f->range[slot].first < first)
		slot++;
	return slot;
}

/* The range that frame number is in; NULL if in none. */
static struct frames_range *range_of(const struct frames *f, u64 frame)
{
	u32 low = 0, high = f->range_count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (f->range[middle].end <= frame)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->range_count && f->range[low].first <= frame ? &f->range[low] : NULL;
}

/* Add (by = 1) or take (by = -1) what the range's summaries say about large blocks to its node's. */
static void node_count_blocks(struct frames *f, const struct frames_range *r, u64 by)
{
	f->node[r->node].whole_2m += r->whole_count * by;
	f->node[r->node].whole_1g += r->whole_gib_count * by;
}

static void range_insert(struct frames *f, const struct frames_range *r)
{
	u32 slot = slot_of(f, r->first);

	for (u32 i = f->range_count; i > slot; i--)
		f->range[i] = f->range[i - 1];
	f->range[slot] = *r;
	f->range_count++;
	f->node[r->node].total += r->end - r->first;
	f->node[r->node].free += r->end - r->first;
	node_count_blocks(f, r, 1);
}

err_t frames_add(struct frames *f, hpa_t start, u64 bytes, unsigned node)
{
	struct frames_range r = {.node = (u8)node};
	u64 end, pages;
	u32 slot;

	if (node >= FRAMES_NODES_MAX || !range_is_inside(start.v, bytes, BIT(52)))
		return ERR_RANGE;
	r.first = ALIGN_UP(start.v, PAGE_BYTES) / PAGE_BYTES;
	end = (start.v + bytes) / PAGE_BYTES;
	if (end <= r.first)
		return ERR_RANGE;
	r.end = end;
	slot = slot_of(f, r.first);
	if ((slot > 0 && f->range[slot - 1].end > r.first) || (slot < f->range_count && f->range[slot].first < end))
		return ERR_BUSY;
	if (f->range_count == FRAMES_RANGES_MAX)
		return ERR_SPACE;
	pages = frames_range_metadata_pages(r.first, end);
	if (pages > f->pool->free_count)
		return ERR_NOMEM;
	r.metadata_pages = (u32)pages;
	void *metadata = pool_alloc(f->pool, r.metadata_pages);
	if (!metadata)
		return ERR_NOMEM;
	frames_range_init(&r, metadata);
	range_insert(f, &r);
	return OK;
}

/* What of the node nobody has claimed, in pages. */
static u64 node_unclaimed(const struct frames_node *n)
{
	return n->free - n->claimed;
}

err_t frames_reserve(struct frames *f, struct frames_claim *claim, const struct frames_policy *policy, u64 bytes)
{
	u64 wanted = bytes / PAGE_BYTES;
	u64 there = 0;

	if (!IS_ALIGNED(bytes, PAGE_BYTES))
		return ERR_ALIGN;
	for (u32 i = 0; i < policy->node_count; i++)
		there += node_unclaimed(&f->node[policy->node[i]]);
	if (there < wanted)
		return ERR_NOMEM;
	for (u32 i = 0; i < policy->node_count; i++) {
		struct frames_node *n = &f->node[policy->node[i]];
		u64 share = MIN(wanted, node_unclaimed(n));

		n->claimed += share;
		claim->pages[policy->node[i]] += share;
		wanted -= share;
	}
	ASSERT(!wanted);
	return OK;
}

void frames_unreserve(struct frames *f, struct frames_claim *claim)
{
	for (u32 i = 0; i < FRAMES_NODES_MAX; i++) {
		ASSERT(claim->pages[i] <= f->node[i].claimed);
		f->node[i].claimed -= claim->pages[i];
		claim->pages[i] = 0;
	}
}

u64 frames_claimed_bytes(const struct frames_claim *claim)
{
	u64 pages = 0;

	for (u32 i = 0; i < FRAMES_NODES_MAX; i++)
		pages += claim->pages[i];
	return pages * PAGE_BYTES;
}

/* The cheapest free block of that size on a node, and the range that it is in; NULL if there is none. */
static struct frames_range *block_find(struct frames *f, unsigned node, enum frame_size size, u64 *frame)
{
	for (enum frames_source source = (enum frames_source)size; source <= SOURCE_WHOLE_GIB; source++)
		for (u32 i = 0; i < f->range_count; i++)
			if (f->range[i].node == node && frames_range_find(&f->range[i], source, size, frame))
				return &f->range[i];
	return NULL;
}

static bool node_alloc(struct frames *f, struct frames_claim *claim, unsigned node, enum frame_size size, hpa_t *out)
{
	struct frames_node *n = &f->node[node];
	u64 count = frame_count(size);
	struct frames_range *r;
	u64 frame;

	if (count > (claim ? claim->pages[node] : node_unclaimed(n)))
		return false;
	r = block_find(f, node, size, &frame);
	if (!r)
		return false;
	node_count_blocks(f, r, -1ull);
	frames_range_mark(r, frame, count, false);
	node_count_blocks(f, r, 1);
	n->free -= count;
	n->peak_used = MAX(n->peak_used, n->total - n->free);
	if (claim) {
		claim->pages[node] -= count;
		n->claimed -= count;
	}
	*out = HPA(frame * PAGE_BYTES);
	return true;
}

err_t frames_alloc(struct frames *f, struct frames_claim *claim, const struct frames_policy *policy,
		   enum frame_size size, hpa_t *out)
{
	for (u32 i = 0; i < policy->node_count; i++)
		if (node_alloc(f, claim, policy->node[i], size, out))
			return OK;
	return ERR_NOMEM;
}

err_t frames_free(struct frames *f, struct frames_claim *claim, hpa_t hpa, enum frame_size size)
{
	u64 frame = hpa.v / PAGE_BYTES;
	u64 count = frame_count(size);
	struct frames_range *r;

	if (!IS_ALIGNED(hpa.v, frame_bytes(size)))
		return ERR_ALIGN;
	r = range_of(f, frame);
	if (!r || count > r->end - frame)
		return ERR_RANGE;
	if (!frames_range_all(r, frame, count, false))
		return ERR_STATE;
	node_count_blocks(f, r, -1ull);
	frames_range_mark(r, frame, count, true);
	node_count_blocks(f, r, 1);
	f->node[r->node].free += count;
	if (claim) {
		claim->pages[r->node] += count;
		f->node[r->node].claimed += count;
	}
	return OK;
}

unsigned frames_node_of(const struct frames *f, hpa_t hpa)
{
	const struct frames_range *r = range_of(f, hpa.v / PAGE_BYTES);

	return r ? r->node : FRAMES_NODES_MAX;
}

bool frames_valid(const struct frames *f)
{
	struct frames_node sum[FRAMES_NODES_MAX] = {0};

	for (u32 i = 0; i < f->range_count; i++) {
		const struct frames_range *r = &f->range[i];
		struct frames_node *n = &sum[r->node];

		if (r->first >= r->end || r->end > FRAME_NUMBER_LIMIT || (i && r[-1].end > r->first) ||
		    !frames_range_valid(r, &n->free))
			return false;
		n->total += r->end - r->first;
		n->whole_2m += r->whole_count;
		n->whole_1g += r->whole_gib_count;
	}
	for (u32 i = 0; i < FRAMES_NODES_MAX; i++) {
		const struct frames_node *n = &f->node[i];

		if (n->total != sum[i].total || n->free != sum[i].free || n->whole_2m != sum[i].whole_2m ||
		    n->whole_1g != sum[i].whole_1g || n->claimed > n->free || n->peak_used < n->total - n->free)
			return false;
	}
	return true;
}
