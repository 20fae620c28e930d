// SPDX-License-Identifier: Apache-2.0
// Leftist heap: of two children the one with the longer right side is on the left, so every right side is short.
#include "sched/heap.h"

static u32 rank_of(const struct heap_node *node)
{
	return node ? node->rank : 0;
}

static void swap(struct heap_node **a, struct heap_node **b)
{
	struct heap_node *node = *a;

	*a = *b;
	*b = node;
}

/* Put the children in order. True: the rank changed. */
static bool rank_mend(struct heap_node *node)
{
	u32 rank;

	if (rank_of(node->left) < rank_of(node->right))
		swap(&node->left, &node->right);
	rank = rank_of(node->right) + 1;
	if (rank == node->rank)
		return false;
	node->rank = rank;
	return true;
}

/* One heap of two, neither of which has a parent: along both right sides, then back up. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b, u64 *steps)
{
	struct heap_node *root = NULL;
	struct heap_node *parent = NULL;
	struct heap_node **link = &root;

	while (a && b) {
		if (key_is_before(b->key, a->key))
			swap(&a, &b);
		*link = a;
		a->parent = parent;
		parent = a;
		link = &a->right;
		a = a->right;
		(*steps)++;
	}
	*link = a ? a : b;
	if (*link)
		(*link)->parent = parent;
	for (; parent; parent = parent->parent) {
		(void)rank_mend(parent);
		(*steps)++;
	}
	return root;
}

void heap_insert(struct heap *heap, struct heap_node *node, u64 key)
{
	*node = (struct heap_node){.key = key, .rank = 1};
	heap->root = merge(heap->root, node, &heap->steps);
	heap->count++;
	heap->steps++;
}

static struct heap_node *detach(struct heap_node *node)
{
	if (node)
		node->parent = NULL;
	return node;
}

/* Upwards only as long as ranks change: each changed node is its parent's right side then, and these are short. */
void heap_remove(struct heap *heap, struct heap_node *node)
{
	struct heap_node *parent = node->parent;
	struct heap_node *rest = merge(detach(node->left), detach(node->right), &heap->steps);

	if (rest)
		rest->parent = parent;
	if (!parent)
		heap->root = rest;
	else if (parent->left == node)
		parent->left = rest;
	else
		parent->right = rest;
	heap->steps++;
	for (; parent && rank_mend(parent); parent = parent->parent)
		heap->steps++;
	*node = (struct heap_node){0};
	heap->count--;
}

struct heap_node *heap_next(const struct heap_node *node)
{
	if (node->left)
		return node->left;
	/* No left child: no right one either. Up to the first that is a left child with a right sibling. */
	while (node->parent) {
		if (node->parent->left == node && node->parent->right)
			return node->parent->right;
		node = node->parent;
	}
	return NULL;
}

static bool node_valid(const struct heap_node *node)
{
	if (rank_of(node->left) < rank_of(node->right) || node->rank != rank_of(node->right) + 1)
		return false;
	if (node->left && (node->left->parent != node || key_is_before(node->left->key, node->key)))
		return false;
	return !node->right || (node->right->parent == node && !key_is_before(node->right->key, node->key));
}

bool heap_valid(const struct heap *heap)
{
	u32 count = 0;

	if (heap->root && heap->root->parent)
		return false;
	for (const struct heap_node *node = heap->root; node && count <= heap->count; node = heap_next(node)) {
		if (!node_valid(node))
			return false;
		count++;
	}
	return count == heap->count;
}
