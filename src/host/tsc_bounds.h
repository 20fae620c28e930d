/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far apart are the TSCs of two CPUs? From messages between them: one CPU reads its TSC, asks the other, which
 * reads its own, and reads again when the answer is there. The other's reading lies between the two in time, so each
 * round bounds the difference from both sides, and many rounds narrow it. Pure.
 */
#ifndef ETERNA_HOST_TSC_BOUNDS_H
#define ETERNA_HOST_TSC_BOUNDS_H

#include "base/types.h"

/* The other's TSC less ours lies in [low, high]. */
struct tsc_bounds {
	s64 low, high;
	bool is_torn; /* two rounds contradict one another: the TSCs do not run at the same rate, or one was set */
};

#define TSC_BOUNDS_INIT ((struct tsc_bounds){.low = INT64_MIN, .high = INT64_MAX})

/* A round: ours before, the other's, ours after. */
void tsc_bounds_add(struct tsc_bounds *b, u64 before, u64 other, u64 after);

/* May the two be equal, for all that was measured? */
static inline bool tsc_bounds_equal(const struct tsc_bounds *b)
{
	return !b->is_torn && b->low <= 0 && b->high >= 0;
}

/* What the other adds to its TSC to read ours: 0 if they may be equal, else the middle of what is possible. */
s64 tsc_bounds_correction(const struct tsc_bounds *b);

#endif
