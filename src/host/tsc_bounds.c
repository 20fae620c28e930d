// SPDX-License-Identifier: Apache-2.0
// The arithmetic of comparing two CPUs' TSCs. Pure.
#include "host/tsc_bounds.h"

void tsc_bounds_add(struct tsc_bounds *b, u64 before, u64 other, u64 after)
{
	s64 low = (s64)(other - after);
	s64 high = (s64)(other - before);

	b->low = MAX(b->low, low);
	b->high = MIN(b->high, high);
	if (b->low > b->high)
		b->is_torn = true;
}

s64 tsc_bounds_correction(const struct tsc_bounds *b)
{
	if (tsc_bounds_equal(b))
		return 0;
	return -(b->low + (b->high - b->low) / 2);
}
