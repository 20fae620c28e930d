// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the HPET's invariants, and its lines change only when that was announced.
#include "dev/hpet.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

static void check_next(const struct hpet *h, u64 now_ns)
{
	struct hpet later = *h;
	u64 next = hpet_next_event(h, now_ns);
	u64 until = next == NEVER ? now_ns + NS_PER_SEC : next - 1;

	ASSERT(next > now_ns);
	ASSERT(hpet_levels(h, until) == hpet_levels(h, now_ns));
	if (hpet_take_pulses(&later, until)) /* joined with others, no later than 100 us after the last */
		ASSERT(next <= now_ns + 100 * NS_PER_US);
	else if (next != NEVER)
		ASSERT(hpet_levels(h, next) != hpet_levels(h, now_ns) || hpet_take_pulses(&later, next));
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct hpet h;
	u64 now_ns = 0;

	hpet_reset(&h);
	for (size_t i = 0; i + 12 <= bytes; i += 12) {
		u32 offset = (in[i] & 0x7f) * 4u;
		unsigned width = 1u << (in[i + 1] & 3);

		now_ns += (u64)in[i + 2] << (in[i + 1] >> 3);
		if (in[i] & 0x80)
			(void)hpet_read(&h, offset, width, now_ns);
		else
			hpet_write(&h, offset, width, load_u64(in + i + 4) >> (in[i + 3] & 63), now_ns);
		ASSERT(hpet_valid(&h));
		(void)hpet_take_pulses(&h, now_ns);
		check_next(&h, now_ns);
	}
	return 0;
}
