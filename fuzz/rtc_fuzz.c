// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the RTC's invariants, and IRQ 8 rises only when it was announced.
#include "dev/rtc.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct rtc r;
	u64 now_ns = 0, next;

	rtc_init(&r, bytes ? in[0] * 100000000ll : 0, 0);
	for (size_t i = 0; i + 4 <= bytes; i += 4) {
		now_ns += (u64)in[i + 2] << (in[i + 3] & 31);
		rtc_write(&r, 0x70, in[i], now_ns);
		if (in[i + 3] & 0x80)
			(void)rtc_read(&r, 0x71, now_ns);
		else
			rtc_write(&r, 0x71, in[i + 1], now_ns);
		ASSERT(rtc_valid(&r));
		next = rtc_next_event(&r, now_ns);
		ASSERT(next > now_ns);
		if (next != NEVER)
			ASSERT(!rtc_irq(&r, next - 1) && rtc_irq(&r, next));
		else
			ASSERT(rtc_irq(&r, now_ns + 1000 * NS_PER_SEC) == rtc_irq(&r, now_ns));
	}
	return 0;
}
