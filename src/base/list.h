/* SPDX-License-Identifier: Apache-2.0 */
/* Circular doubly-linked list of embedded links. An empty head, and a link on no list, point at themselves. */
#ifndef ETERNA_BASE_LIST_H
#define ETERNA_BASE_LIST_H

#include "base/types.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_after(struct list *at, struct list *link)
{
	link->next = at->next;
	link->prev = at;
	at->next->prev = link;
	at->next = link;
}

static inline void list_append(struct list *head, struct list *link)
{
	list_insert_after(head->prev, link);
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Walk the structs of a list; the current one must not be removed in the loop. */
#define LIST_FOR_EACH(pos, head, member)                                                                               \
	for (pos = CONTAINER_OF((head)->next, __typeof__(*pos), member); &pos->member != (head);                       \
	     pos = CONTAINER_OF(pos->member.next, __typeof__(*pos), member))

#endif
