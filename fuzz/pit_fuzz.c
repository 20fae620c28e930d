// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the PIT's invariants, and IRQ 0 rises when it was announced.
#include "dev/pit.h"
#include "dev/rate.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

static void step(struct pit *p, const u8 *in, u64 now_ns)
{
	u16 port = 0x40 + (in[0] & 3);

	switch (in[0] >> 2 & 3) {
	case 0:
		(void)pit_read(p, port, now_ns);
		break;
	case 1:
		port61_write(p, in[1], now_ns);
		(void)port61_read(p, now_ns);
		break;
	default:
		pit_write(p, port, in[1], now_ns);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct pit p;
	u64 now_ns = 0, next;

	pit_reset(&p, now_ns);
	for (size_t i = 0; i + 3 <= bytes; i += 3) {
		now_ns += in[i + 2] * (in[0] & 0x80 ? 800ull : 300000ull);
		step(&p, in + i, now_ns);
		ASSERT(pit_valid(&p));
		(void)pit_irq0_edges(&p, now_ns);
		next = pit_next_edge(&p, now_ns);
		ASSERT(next > now_ns);
		if (next == NEVER)
			continue;
		struct pit later = p;
		/* on time, or joined with others no later than 100 us after the last */
		if (pit_irq0_edges(&later, next - 1))
			ASSERT(next <= rate_start_ns(p.edge_tick + 119, PIT_HZ));
		else
			ASSERT(pit_irq0_edges(&later, next) == 1 && pit_irq0(&later, next));
	}
	return 0;
}
