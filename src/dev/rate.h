/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of a fixed rate: nanoseconds to ticks and back, exactly. Seconds and rest apart, so nothing overflows. */
#ifndef ETERNA_DEV_RATE_H
#define ETERNA_DEV_RATE_H

#include "base/types.h"

/* Whole ticks of a `hz` clock (1 to 4 GHz) since time 0; `now_ns` below 2^62. */
static inline u64 rate_ticks(u64 now_ns, u64 hz)
{
	return now_ns / NS_PER_SEC * hz + now_ns % NS_PER_SEC * hz / NS_PER_SEC;
}

/* The first nanosecond at which rate_ticks() is `tick`. */
static inline u64 rate_start_ns(u64 tick, u64 hz)
{
	return tick / hz * NS_PER_SEC + (tick % hz * NS_PER_SEC + hz - 1) / hz;
}

#endif
