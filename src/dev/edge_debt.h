/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges of a periodic interrupt that passed before the guest could take the one before them. Guests count time by them
 * while they boot, and on a shared CPU they are not running when many come: these are given later, one after another.
 */
#ifndef ETERNA_DEV_EDGE_DEBT_H
#define ETERNA_DEV_EDGE_DEBT_H

#include "base/fields.h"

/* No more are owed: who asks for a period of microseconds does not count. */
#define EDGE_DEBT_MAX 64
/* When to look again whether the guest has taken the last one. */
#define EDGE_DEBT_APART_NS (250 * NS_PER_US)

#define EDGE_DEBT_FIELDS(F, A, S)                                                                                      \
	F(u32, count, "edges that are owed")                                                                           \
	F(u64, due_ns, "not before this")

struct edge_debt {
	EDGE_DEBT_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc edge_debt_desc;

bool edge_debt_valid(const struct edge_debt *d);

/* The source has another period, or none: nothing is owed. */
void edge_debt_forgive(struct edge_debt *d);

/*
 * Is an edge to be given now? `edges`: how many the source made since the last call; `waits`: the guest has not taken
 * the last one yet, so that another would be lost.
 */
bool edge_debt_take(struct edge_debt *d, u32 edges, bool waits, u64 now_ns);

/* When to call again though the source makes no edge; NEVER: not at all. */
u64 edge_debt_next(const struct edge_debt *d);

#endif
