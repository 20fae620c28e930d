// SPDX-License-Identifier: Apache-2.0
// Frame allocator against an array of frames and owners, on three nodes with ragged ranges.
#include "mem/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"

#define POOL_PAGES 256u

static u8 pool_memory[POOL_PAGES][PAGE_BYTES] ALIGNED(4096);
static struct pool pool;
static struct frames frames;

static int setup(void **state)
{
	(void)state;
	return pool_init(&pool, pool_memory, HPA(0x100000), POOL_PAGES) || frames_init(&frames, &pool);
}

static int teardown(void **state)
{
	(void)state;
	frames_fini(&frames);
	return !pool_valid(&pool) || pool.free_count != POOL_PAGES - 1;
}

static const struct frames_policy node0 = {.node_count = 1, .node = {0}};
static const struct frames_policy node1_then_0 = {.node_count = 2, .node = {1, 0}};

static hpa_t alloc(const struct frames_policy *policy, enum frame_size size)
{
	hpa_t hpa;

	assert_int_equal(frames_alloc(&frames, NULL, policy, size, &hpa), OK);
	assert_int_equal(hpa.v % frame_bytes(size), 0);
	return hpa;
}

static void add_checks_its_range(void **state)
{
	(void)state;
	assert_int_equal(frames_add(&frames, HPA(0x100000), 0, 0), ERR_RANGE);
	assert_int_equal(frames_add(&frames, HPA(0x100800), 0x1000, 0), ERR_RANGE);
	assert_int_equal(frames_add(&frames, HPA(0x100000), 0x1000, FRAMES_NODES_MAX), ERR_RANGE);
	assert_int_equal(frames_add(&frames, HPA(BIT(52) - 0x1000), 0x2000, 0), ERR_RANGE);
	assert_int_equal(frames_add(&frames, HPA(-0x1000ull), 0x2000, 0), ERR_RANGE);
	assert_int_equal(frames_add(&frames, HPA(0), 1000 * GIB, 0), ERR_NOMEM);
	assert_int_equal(frames.range_count, 0);
	assert_int_equal(frames_add(&frames, HPA(0x200800), 0x2fff, 3), OK);
	assert_int_equal(frames.node[3].total, 2); /* 0x201000 and 0x202000 */
	assert_int_equal(frames_add(&frames, HPA(0x202000), 0x1000, 3), ERR_BUSY);
	assert_int_equal(frames_add(&frames, HPA(0x200000), 0x2000, 3), ERR_BUSY);
	assert_int_equal(frames_add(&frames, HPA(0x100000), 0x400000, 3), ERR_BUSY);
	assert_int_equal(frames_add(&frames, HPA(0x203000), 0x1000, 1), OK);
	assert_int_equal(frames_add(&frames, HPA(0x200000), 0x1000, 2), OK);
	assert_int_equal(frames_node_of(&frames, HPA(0x200fff)), 2);
	assert_int_equal(frames_node_of(&frames, HPA(0x201000)), 3);
	assert_int_equal(frames_node_of(&frames, HPA(0x203fff)), 1);
	assert_int_equal(frames_node_of(&frames, HPA(0x204000)), FRAMES_NODES_MAX);
	assert_int_equal(frames_node_of(&frames, HPA(0x1fffff)), FRAMES_NODES_MAX);
	assert_true(frames_valid(&frames));
}

static void ranges_are_limited(void **state)
{
	(void)state;
	for (u64 i = 0; i < FRAMES_RANGES_MAX; i++)
		assert_int_equal(frames_add(&frames, HPA((i * 37 % FRAMES_RANGES_MAX) * 2 * MIB), MIB, 0), OK);
	assert_int_equal(frames_add(&frames, HPA(GIB), MIB, 0), ERR_SPACE);
	assert_int_equal(frames.node[0].total, FRAMES_RANGES_MAX * 256);
	assert_true(frames_valid(&frames));
}

static void sizes_are_aligned_and_counted(void **state)
{
	hpa_t hpa;

	(void)state;
	assert_int_equal(frames_add(&frames, HPA(GIB - 4 * MIB), 2 * GIB + 4 * MIB, 0), OK);
	assert_int_equal(frames.node[0].whole_1g, 2);
	assert_int_equal(frames.node[0].whole_2m, 1026);
	/* Small ones come from the GiB that is broken anyway. */
	assert_int_equal(alloc(&node0, FRAME_4K).v, GIB - 4 * MIB);
	assert_int_equal(alloc(&node0, FRAME_2M).v, GIB - 2 * MIB);
	assert_int_equal(frames.node[0].whole_2m, 1024);
	assert_int_equal(alloc(&node0, FRAME_1G).v, GIB);
	assert_int_equal(alloc(&node0, FRAME_1G).v, 2 * GIB);
	assert_int_equal(frames.node[0].whole_1g, 0);
	assert_int_equal(frames_alloc(&frames, NULL, &node0, FRAME_1G, &hpa), ERR_NOMEM);
	assert_int_equal(frames_alloc(&frames, NULL, &node0, FRAME_2M, &hpa), ERR_NOMEM);
	assert_int_equal(alloc(&node0, FRAME_4K).v, GIB - 4 * MIB + 4096);
	assert_int_equal(frames.node[0].free, 510);
	assert_int_equal(frames.node[0].peak_used, frames.node[0].total - 510);
	assert_true(frames_valid(&frames));
}

static void breaks_as_little_as_possible(void **state)
{
	hpa_t first, second;

	(void)state;
	assert_int_equal(frames_add(&frames, HPA(0), GIB, 0), OK);
	assert_int_equal(frames_add(&frames, HPA(4 * GIB), GIB, 0), OK);
	first = alloc(&node0, FRAME_2M);
	assert_int_equal(frames.node[0].whole_1g, 1);
	second = alloc(&node0, FRAME_4K);
	assert_int_equal(frames.node[0].whole_1g, 1);
	assert_int_equal(second.v / GIB, first.v / GIB);
	for (int i = 0; i < 511; i++)
		assert_int_equal(alloc(&node0, FRAME_4K).v / (2 * MIB), second.v / (2 * MIB));
	assert_int_equal(frames.node[0].whole_2m, 1022);
	assert_true(frames_valid(&frames));
}

static void free_checks_the_frame(void **state)
{
	hpa_t large;

	(void)state;
	assert_int_equal(frames_add(&frames, HPA(3 * MIB), 9 * MIB, 0), OK); /* whole regions at 4, 6, 8, 10 MiB */
	large = alloc(&node0, FRAME_2M);
	assert_int_equal(frames_free(&frames, NULL, HPA(large.v + 4096), FRAME_2M), ERR_ALIGN);
	assert_int_equal(frames_free(&frames, NULL, HPA(large.v + 8), FRAME_4K), ERR_ALIGN);
	assert_int_equal(frames_free(&frames, NULL, HPA(2 * MIB), FRAME_4K), ERR_RANGE);
	assert_int_equal(frames_free(&frames, NULL, HPA(2 * MIB), FRAME_2M), ERR_RANGE);
	assert_int_equal(frames_free(&frames, NULL, HPA(12 * MIB), FRAME_4K), ERR_RANGE);
	assert_int_equal(frames_free(&frames, NULL, HPA(0), FRAME_1G), ERR_RANGE);
	assert_int_equal(frames_free(&frames, NULL, HPA(3 * MIB), FRAME_4K), ERR_STATE);
	/* In parts: then the whole is not there to be freed, nor the part again. */
	assert_int_equal(frames_free(&frames, NULL, HPA(large.v + 8192), FRAME_4K), OK);
	assert_int_equal(frames_free(&frames, NULL, HPA(large.v + 8192), FRAME_4K), ERR_STATE);
	assert_int_equal(frames_free(&frames, NULL, large, FRAME_2M), ERR_STATE);
	assert_int_equal(frames.node[0].free, 9 * 256 - 511);
	assert_true(frames_valid(&frames));
}

static void policy_orders_the_nodes(void **state)
{
	hpa_t hpa;

	(void)state;
	assert_int_equal(frames_add(&frames, HPA(16 * MIB), 8192, 0), OK);
	assert_int_equal(frames_add(&frames, HPA(32 * MIB), 4096, 1), OK);
	assert_int_equal(frames_add(&frames, HPA(48 * MIB), 4096, 2), OK);
	assert_int_equal(alloc(&node1_then_0, FRAME_4K).v, 32 * MIB);
	assert_int_equal(alloc(&node1_then_0, FRAME_4K).v, 16 * MIB);
	assert_int_equal(alloc(&node1_then_0, FRAME_4K).v, 16 * MIB + 4096);
	assert_int_equal(frames_alloc(&frames, NULL, &node1_then_0, FRAME_4K, &hpa), ERR_NOMEM);
	assert_int_equal(frames.node[2].free, 1);
}

static void claims_are_kept(void **state)
{
	struct frames_claim claim = {0}, other = {0};
	hpa_t hpa;

	(void)state;
	assert_int_equal(frames_add(&frames, HPA(16 * MIB), 8 * 4096, 0), OK);
	assert_int_equal(frames_add(&frames, HPA(32 * MIB), 4 * 4096, 1), OK);
	assert_int_equal(frames_reserve(&frames, &claim, &node1_then_0, 4097), ERR_ALIGN);
	assert_int_equal(frames_reserve(&frames, &claim, &node1_then_0, 13 * 4096), ERR_NOMEM);
	assert_int_equal(frames_claimed_bytes(&claim), 0);
	assert_int_equal(frames.node[0].claimed + frames.node[1].claimed, 0);
	assert_int_equal(frames_reserve(&frames, &claim, &node1_then_0, 10 * 4096), OK);
	assert_int_equal(claim.pages[1], 4);
	assert_int_equal(claim.pages[0], 6);
	assert_int_equal(frames_reserve(&frames, &other, &node1_then_0, 3 * 4096), ERR_NOMEM);
	/* What is not claimed: two pages of node 0. */
	assert_int_equal(alloc(&node1_then_0, FRAME_4K).v / MIB, 16);
	assert_int_equal(alloc(&node1_then_0, FRAME_4K).v / MIB, 16);
	assert_int_equal(frames_alloc(&frames, NULL, &node1_then_0, FRAME_4K, &hpa), ERR_NOMEM);
	assert_int_equal(frames_alloc(&frames, &other, &node1_then_0, FRAME_4K, &hpa), ERR_NOMEM);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(frames_alloc(&frames, &claim, &node1_then_0, FRAME_4K, &hpa), OK);
		assert_int_equal(hpa.v / MIB, i < 4 ? 32 : 16);
		assert_true(frames_valid(&frames));
	}
	assert_int_equal(frames_alloc(&frames, &claim, &node1_then_0, FRAME_4K, &hpa), ERR_NOMEM);
	/* A page freed to the claim is there for the owner only; taken back, for everybody. */
	assert_int_equal(frames_free(&frames, &claim, hpa, FRAME_4K), OK);
	assert_int_equal(frames_claimed_bytes(&claim), 4096);
	assert_int_equal(frames_alloc(&frames, NULL, &node0, FRAME_4K, &hpa), ERR_NOMEM);
	frames_unreserve(&frames, &claim);
	assert_int_equal(frames_claimed_bytes(&claim), 0);
	assert_int_equal(frames_alloc(&frames, NULL, &node0, FRAME_4K, &hpa), OK);
	assert_true(frames_valid(&frames));
}

/* --- random use ------------------------------------------------------------------------------------------------ */
#define MODEL_FRAMES (6 * 512u)
#define CLAIMS 3u
#define HELD_MAX 400u

static struct {
	u64 first, end;
	u8 node;
} const layout[] = {{3, 700, 0}, {700, 1600, 1}, {1700, 2600, 0}, {2601, 3000, 2}};

struct held {
	hpa_t hpa;
	enum frame_size size;
};

static bool is_free[MODEL_FRAMES];

static u64 model_free(u8 node)
{
	u64 count = 0;

	for (u32 i = 0; i < ARRAY_COUNT(layout); i++)
		for (u64 f = layout[i].first; layout[i].node == node && f < layout[i].end; f++)
			count += is_free[f];
	return count;
}

/* Is there a free aligned block of that size on the node? */
static bool model_has(u8 node, enum frame_size size)
{
	u64 count = frame_bytes(size) / PAGE_BYTES;

	for (u32 i = 0; i < ARRAY_COUNT(layout); i++)
		for (u64 f = ALIGN_UP(layout[i].first, count); f + count <= layout[i].end; f += count) {
			u64 run = 0;

			while (run < count && is_free[f + run])
				run++;
			if (layout[i].node == node && run == count)
				return true;
		}
	return false;
}

static void model_mark(hpa_t hpa, enum frame_size size, bool now_free)
{
	for (u64 f = hpa.v / PAGE_BYTES; f < (hpa.v + frame_bytes(size)) / PAGE_BYTES; f++) {
		assert_int_equal(is_free[f], !now_free);
		is_free[f] = now_free;
	}
}

static struct frames_policy random_policy(void)
{
	struct frames_policy policy = {.node_count = (u8)(1 + rand() % 3)};
	u8 first = (u8)(rand() % 3);

	for (u8 i = 0; i < policy.node_count; i++)
		policy.node[i] = (u8)((first + i) % 3);
	return policy;
}

/* What an allocation must give: the node, or -1. */
static int expected_node(const struct frames_policy *policy, const struct frames_claim *claims, u32 claim,
			 enum frame_size size)
{
	for (u8 i = 0; i < policy->node_count; i++) {
		u8 node = policy->node[i];
		u64 promised = 0, budget;

		for (u32 c = 0; c < CLAIMS; c++)
			promised += claims[c].pages[node];
		budget = claim < CLAIMS ? claims[claim].pages[node] : model_free(node) - promised;
		if (budget >= frame_bytes(size) / PAGE_BYTES && model_has(node, size))
			return node;
	}
	return -1;
}

static void random_use_matches_the_model(void **state)
{
	static struct held held[HELD_MAX];
	struct frames_claim claims[CLAIMS] = {0};
	u32 held_count = 0;

	(void)state;
	srand(3);
	for (u32 i = 0; i < ARRAY_COUNT(layout); i++) {
		assert_int_equal(frames_add(&frames, HPA(layout[i].first * PAGE_BYTES),
					    (layout[i].end - layout[i].first) * PAGE_BYTES, layout[i].node),
				 OK);
		memset(&is_free[layout[i].first], true, layout[i].end - layout[i].first);
	}
	for (u32 round = 0; round < 6000; round++) {
		u32 c = (u32)rand() % (CLAIMS + 1);
		struct frames_claim *claim = c < CLAIMS ? &claims[c] : NULL;
		struct frames_policy policy = random_policy();
		u32 action = (u32)rand() % 8;

		if (action < 4 && held_count < HELD_MAX) {
			struct held *h = &held[held_count];
			int node;

			h->size = rand() % 6 ? FRAME_4K : FRAME_2M;
			node = expected_node(&policy, claims, c, h->size);
			assert_int_equal(frames_alloc(&frames, claim, &policy, h->size, &h->hpa),
					 node < 0 ? ERR_NOMEM : OK);
			if (node >= 0) {
				assert_int_equal(frames_node_of(&frames, h->hpa), node);
				model_mark(h->hpa, h->size, false);
				held_count++;
			}
		} else if (action < 7 && held_count) {
			u32 i = (u32)rand() % held_count;

			assert_int_equal(frames_free(&frames, claim, held[i].hpa, held[i].size), OK);
			model_mark(held[i].hpa, held[i].size, true);
			assert_int_equal(frames_free(&frames, claim, held[i].hpa, held[i].size), ERR_STATE);
			held[i] = held[--held_count];
		} else if (claim && rand() % 3) {
			(void)!frames_reserve(&frames, claim, &policy, (u32)rand() % 300 * PAGE_BYTES);
		} else if (claim) {
			frames_unreserve(&frames, claim);
		}
		for (u8 node = 0; node < 3; node++)
			assert_int_equal(frames.node[node].free, model_free(node));
		if (round % 16 == 0)
			assert_true(frames_valid(&frames));
	}
}

static void validity_sees_damage(void **state)
{
	(void)state;
	assert_int_equal(frames_add(&frames, HPA(MIB), 8 * MIB, 0), OK);
	assert_true(frames_valid(&frames));
	frames.node[0].free--;
	assert_false(frames_valid(&frames));
	frames.node[0].free++;
	frames.node[0].claimed = frames.node[0].free + 1;
	assert_false(frames_valid(&frames));
	frames.node[0].claimed = 0;
	frames.node[0].whole_2m++;
	assert_false(frames_valid(&frames));
	frames.node[0].whole_2m--;
	assert_true(frames_valid(&frames));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(add_checks_its_range),
		TEST(ranges_are_limited),
		TEST(sizes_are_aligned_and_counted),
		TEST(breaks_as_little_as_possible),
		TEST(free_checks_the_frame),
		TEST(policy_orders_the_nodes),
		TEST(claims_are_kept),
		TEST(random_use_matches_the_model),
		TEST(validity_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
