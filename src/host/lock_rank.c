// SPDX-License-Identifier: Apache-2.0
// Checks the order in which one CPU takes its locks. Pure.
#include "host/lock_rank.h"

bool lock_ranks_push(struct lock_ranks *r, enum lock_rank rank)
{
	if (r->count == LOCK_DEPTH_MAX || rank == 0 || rank >= LOCK_RANKS)
		return false;
	for (unsigned i = 0; i < r->count; i++) {
		bool is_first_of_two = rank == LOCK_SCHEDULE && i + 1 == r->count && (!i || r->held[i - 1] < rank);

		if (r->held[i] > rank || (r->held[i] == rank && !is_first_of_two))
			return false;
	}
	r->held[r->count++] = (u8)rank;
	return true;
}

bool lock_ranks_pop(struct lock_ranks *r, enum lock_rank rank)
{
	unsigned at = 0;

	while (at < r->count && r->held[at] != rank)
		at++;
	if (at == r->count)
		return false;
	r->count--;
	for (; at < r->count; at++)
		r->held[at] = r->held[at + 1];
	return true;
}

const char *lock_rank_name(enum lock_rank rank)
{
	static const char *const names[LOCK_RANKS] = {
		[LOCK_RUN] = "run",         [LOCK_SCHEDULE] = "schedule", [LOCK_VM] = "VM",
		[LOCK_FILL] = "fill",       [LOCK_SWITCH] = "switch",     [LOCK_MEMORY] = "memory",
		[LOCK_CONSOLE] = "console",
	};

	return rank < LOCK_RANKS && names[rank] ? names[rank] : "?";
}
