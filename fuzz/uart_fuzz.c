// SPDX-License-Identifier: Apache-2.0
// Any accesses and any wire traffic keep the serial port's invariants, and its interrupt line changes only when it
// said.
#include "dev/uart.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

static void step(struct uart *u, const u8 *in, u64 now_ns)
{
	u8 byte;

	switch (in[0] >> 3 & 7) {
	case 0:
	case 1:
		(void)uart_read(u, in[0] & 7, now_ns);
		break;
	case 2:
	case 3:
	case 4:
		uart_write(u, in[0] & 7, in[1], now_ns);
		break;
	case 5:
		uart_receive(u, in[1], now_ns);
		break;
	case 6:
		uart_receive_break(u, now_ns);
		break;
	default:
		ASSERT(!uart_take_tx(u, &byte) || uart_tx_room(u));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct uart u;
	u64 now_ns = 0, next;

	uart_reset(&u);
	for (size_t i = 0; i + 3 <= bytes; i += 3) {
		now_ns += in[i + 2] * 50000ull;
		step(&u, in + i, now_ns);
		ASSERT(uart_valid(&u));
		next = uart_next_event(&u, now_ns);
		ASSERT(next > now_ns);
		if (next != NEVER)
			ASSERT(uart_irq(&u, next - 1) == uart_irq(&u, now_ns));
	}
	return 0;
}
