// SPDX-License-Identifier: Apache-2.0
// The serial port from any valid state: every access leaves a valid state, and with room no byte is lost either way.
// cbmc: src/dev/uart.c --unwind 17
#include "dev/uart.h"
#include "proof.h"

static struct uart any_valid_uart(void)
{
	struct uart u; /* any value */

	u.thre_pending = nondet_bool();
	u.tx_shift_full = nondet_bool();
	ASSUME(uart_valid(&u));
	return u;
}

static unsigned to_send(const struct uart *u)
{
	return u->tx_count + u->tx_shift_full;
}

void harness_write(void)
{
	struct uart u = any_valid_uart();

	uart_write(&u, (u16)nondet_u32(), nondet_u8(), nondet_u64());
	PROVE(uart_valid(&u));
	REACHED();
}

void harness_read(void)
{
	struct uart u = any_valid_uart();

	(void)uart_read(&u, (u16)nondet_u32(), nondet_u64());
	PROVE(uart_valid(&u));
	REACHED();
}

/* A byte written with room is one more to send, in its place at the end. */
void harness_send(void)
{
	struct uart u = any_valid_uart(), before = u;
	u8 byte = nondet_u8();

	ASSUME(!(u.lcr & 0x80) && !(u.mcr & 0x10) && uart_tx_room(&u));
	uart_write(&u, 0, byte, nondet_u64());
	PROVE(to_send(&u) == to_send(&before) + 1);
	PROVE(u.tx_count ? u.tx_data[(u.tx_tail + u.tx_count - 1) & 15] == byte : u.tx_shift == byte);
	REACHED();
}

/* Each byte is taken once, oldest first. */
void harness_take(void)
{
	struct uart u = any_valid_uart(), before = u;
	u8 byte = nondet_u8();
	bool taken = uart_take_tx(&u, &byte);

	PROVE(uart_valid(&u));
	PROVE(taken == (to_send(&before) != 0));
	PROVE(to_send(&u) + taken == to_send(&before));
	PROVE(!taken || byte == before.tx_shift);
	PROVE(!before.tx_count || u.tx_shift == before.tx_data[before.tx_tail]);
	REACHED();
}

/* A byte that arrives with room is kept, in its place, without an overrun; else it overruns, or loopback cuts the wire.
 */
void harness_receive(void)
{
	struct uart u = any_valid_uart(), before = u;
	u8 byte = nondet_u8();

	uart_receive(&u, byte, nondet_u64());
	PROVE(uart_valid(&u));
	if (uart_rx_room(&before)) {
		PROVE(u.rx_count == before.rx_count + 1 && u.rx_data[(u.rx_tail + u.rx_count - 1) & 15] == byte);
		PROVE((u.line_errors & 0x02) == (before.line_errors & 0x02));
	} else {
		PROVE(u.rx_count == before.rx_count);
		PROVE((u.mcr & 0x10) || (u.line_errors & 0x02));
	}
	REACHED();
}
