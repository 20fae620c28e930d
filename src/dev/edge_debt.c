// SPDX-License-Identifier: Apache-2.0
// Edges that are given later than they came.
#include "dev/edge_debt.h"

#define DESC_STRUCT struct edge_debt
DESC_DEFINE(edge_debt, EDGE_DEBT_FIELDS, 1);
#undef DESC_STRUCT

bool edge_debt_valid(const struct edge_debt *d)
{
	return d->count <= EDGE_DEBT_MAX;
}

void edge_debt_forgive(struct edge_debt *d)
{
	d->count = 0;
}

bool edge_debt_take(struct edge_debt *d, u32 edges, bool waits, u64 now_ns)
{
	bool is_given = !waits && (edges || (d->count && now_ns >= d->due_ns));

	if (!edges && !is_given) {
		if (now_ns >= d->due_ns)
			d->due_ns = now_ns + EDGE_DEBT_APART_NS;
		return false;
	}
	d->count = MIN(d->count + MIN(edges, EDGE_DEBT_MAX + 1) - is_given, EDGE_DEBT_MAX);
	d->due_ns = now_ns + EDGE_DEBT_APART_NS;
	return is_given;
}

u64 edge_debt_next(const struct edge_debt *d)
{
	return d->count ? d->due_ns : NEVER;
}
