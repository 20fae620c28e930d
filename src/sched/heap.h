/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leftist heap of embedded nodes: the least key first, any node can be taken out, nothing is allocated. Each operation
 * takes O(log n) steps, which it counts. Keys are compared by their difference, so that they may wrap: keys in one heap
 * lie within 2^63 of each other.
 */
#ifndef ETERNA_SCHED_HEAP_H
#define ETERNA_SCHED_HEAP_H

#include "base/types.h"

struct heap_node {
	struct heap_node *parent;
	struct heap_node *left;
	struct heap_node *right;
	u64 key;
	u32 rank; /* length of the path down the right side; 0: in no heap */
};

struct heap {
	struct heap_node *root;
	u32 count;
	u64 steps; /* nodes looked at by all operations so far */
};

/* Is `a` before `b`, where both may have wrapped? */
static inline bool key_is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* Put the node, which is in no heap, in by `key`. */
void heap_insert(struct heap *heap, struct heap_node *node, u64 key);

/* Take the node out; it is in this heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* The node after `node` in an order that visits each once, from heap->root on; NULL after the last. */
struct heap_node *heap_next(const struct heap_node *node);

/* Are the order, the ranks and the links right? */
bool heap_valid(const struct heap *heap);

#endif
