// SPDX-License-Identifier: Apache-2.0
// Doubling the wait after each failure in a row.
#include "ctl/backoff.h"

u64 backoff_failed(struct backoff *b, u64 now_ns)
{
	u64 wait = BACKOFF_FIRST_NS;

	if (now_ns - b->began_ns >= BACKOFF_GOOD_NS)
		b->failures = 0;
	for (u32 i = 0; i < b->failures && wait < BACKOFF_MOST_NS; i++)
		wait *= 2;
	b->failures++;
	return MIN(wait, BACKOFF_MOST_NS);
}
