/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before what failed is tried again: longer with each failure in a row. */
#ifndef ETERNA_CTL_BACKOFF_H
#define ETERNA_CTL_BACKOFF_H

#include "base/types.h"

#define BACKOFF_FIRST_NS NS_PER_SEC
#define BACKOFF_MOST_NS (60 * NS_PER_SEC)
#define BACKOFF_GOOD_NS (60 * NS_PER_SEC) /* what lasted so long counts as a success */

struct backoff {
	u32 failures; /* in a row */
	u64 began_ns; /* the last try */
};

static inline void backoff_begin(struct backoff *b, u64 now_ns)
{
	b->began_ns = now_ns;
}

/* The try failed now. Returns how long to wait: BACKOFF_FIRST_NS, doubled by each further one up to BACKOFF_MOST_NS. */
u64 backoff_failed(struct backoff *b, u64 now_ns);

#endif
