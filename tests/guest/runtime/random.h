/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that look random and are the same in every run (xorshift64*, Vigna). */
#ifndef GUEST_RUNTIME_RANDOM_H
#define GUEST_RUNTIME_RANDOM_H

#include "base/types.h"

static inline u64 random_next(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

#endif
