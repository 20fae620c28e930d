// SPDX-License-Identifier: Apache-2.0
// The heap against a plain array, its order under wrapping keys, and its cost.
#include "sched/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NODES 1024u
#define STEPS_MAX (4 * 11 + 2u) /* two right sides of at most log2(n + 1), down and up */

static struct heap_node node[NODES];

static u64 random_next(u64 *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static const struct heap_node *least(u64 base)
{
	const struct heap_node *best = NULL;

	for (u32 i = 0; i < NODES; i++)
		if (node[i].rank && (!best || node[i].key - base < best->key - base))
			best = &node[i];
	return best;
}

static void random_use_matches_an_array(void **state)
{
	/* Keys around 0 as well, where they wrap. */
	static const u64 bases[] = {0, -500ull, 1ull << 63};

	(void)state;
	for (u32 b = 0; b < ARRAY_COUNT(bases); b++) {
		struct heap heap = {0};
		u64 seed = 7 + b;

		for (u32 i = 0; i < 20000; i++) {
			struct heap_node *n = &node[random_next(&seed) % NODES];
			u64 steps = heap.steps;

			if (n->rank)
				heap_remove(&heap, n);
			else
				heap_insert(&heap, n, bases[b] + random_next(&seed) % 1000);
			assert_true(heap.steps - steps <= STEPS_MAX);
			if (i % 64)
				continue;
			assert_true(heap_valid(&heap));
			if (heap.root)
				assert_true(heap.root->key == least(bases[b])->key);
			else
				assert_null(least(bases[b]));
		}
		while (heap.root)
			heap_remove(&heap, heap.root);
		assert_int_equal(heap.count, 0);
	}
}

static void sorted_keys_come_in_order(void **state)
{
	struct heap heap = {0};
	u64 last = 0;

	(void)state;
	for (u32 i = 0; i < NODES; i++) /* the worst order for a heap without balance */
		heap_insert(&heap, &node[i], NODES - i);
	assert_true(heap_valid(&heap));
	while (heap.root) {
		struct heap_node *n = heap.root;

		assert_true(n->key >= last);
		last = n->key;
		heap_remove(&heap, n);
	}
	assert_int_equal(last, NODES);
}

static void the_walk_visits_each_once(void **state)
{
	struct heap heap = {0};
	u64 seed = 3;
	u64 sum = 0;
	u32 count = 0;

	(void)state;
	for (u32 i = 0; i < 100; i++)
		heap_insert(&heap, &node[i], random_next(&seed) % 50);
	for (struct heap_node *n = heap.root; n; n = heap_next(n)) {
		sum += (u64)(n - node);
		count++;
	}
	assert_int_equal(count, 100);
	assert_int_equal(sum, 99 * 100 / 2);
	while (heap.root)
		heap_remove(&heap, heap.root);
}

static void validity_sees_damage(void **state)
{
	struct heap heap = {0};
	struct heap_node *deep;

	(void)state;
	for (u32 i = 0; i < 7; i++)
		heap_insert(&heap, &node[i], i);
	assert_true(heap_valid(&heap));
	heap.count++;
	assert_false(heap_valid(&heap));
	heap.count--;
	deep = heap.root->left;
	deep->key = -5ull;
	assert_false(heap_valid(&heap));
	deep->key = heap.root->key;
	deep->parent = deep;
	assert_false(heap_valid(&heap));
	deep->parent = heap.root;
	heap.root->rank++;
	assert_false(heap_valid(&heap));
	heap.root->rank--;
	heap.root->parent = deep;
	assert_false(heap_valid(&heap));
	heap.root->parent = NULL;
	assert_true(heap_valid(&heap));
	while (heap.root)
		heap_remove(&heap, heap.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_matches_an_array),
		cmocka_unit_test(sorted_keys_come_in_order),
		cmocka_unit_test(the_walk_visits_each_once),
		cmocka_unit_test(validity_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
