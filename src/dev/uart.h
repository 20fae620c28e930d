/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A serial port: the guest's eight registers, and the host's end of the wire. */
#ifndef ETERNA_DEV_UART_H
#define ETERNA_DEV_UART_H

#include "base/fields.h"

#define UART_FIFO_BYTES 16

#define UART_FIELDS(F, A, S)                                                                                           \
	F(u16, divisor, "baud rate divisor latch")                                                                     \
	F(u8, ier, "interrupt enable, bits 3..0")                                                                      \
	F(u8, fcr, "FIFO control as written: enable, DMA mode, trigger level")                                         \
	F(u8, lcr, "line control")                                                                                     \
	F(u8, mcr, "modem control, bits 4..0")                                                                         \
	F(u8, scratch, "scratch register")                                                                             \
	F(u8, line_errors, "LSR bits OE PE FE BI that the guest has not read yet")                                     \
	F(u8, modem_deltas, "MSR bits 3..0")                                                                           \
	F(bool, thre_pending, "the transmitter-empty interrupt is asserted")                                           \
	F(u8, rx_tail, "index of the oldest received byte")                                                            \
	F(u8, rx_count, "received bytes waiting")                                                                      \
	A(u8, rx_data, UART_FIFO_BYTES, "received bytes")                                                              \
	A(u8, rx_error, UART_FIFO_BYTES, "LSR error bits that belong to each received byte")                           \
	F(u64, rx_active_ns, "when the receive FIFO was last filled or read")                                          \
	F(u8, tx_tail, "index of the oldest byte to send")                                                             \
	F(u8, tx_count, "bytes to send, without the one in the shift register")                                        \
	A(u8, tx_data, UART_FIFO_BYTES, "bytes to send")                                                               \
	F(u8, tx_shift, "byte in the shift register")                                                                  \
	F(bool, tx_shift_full, "the shift register holds a byte that the host side has not taken")

struct uart {
	UART_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc uart_desc;

/* The state after a hardware reset. */
void uart_reset(struct uart *u);

/* Does the state hold its invariants? True after any sequence of the calls below; checked after a restore. */
bool uart_valid(const struct uart *u);

/*
 * The guest reads or writes register `reg` (port offset, 0..7). Accesses wider than a byte are the caller's to split.
 * `now_ns` never goes back and stays below 2^62. Source: PC16550D datasheet, "Registers" and "FIFO interrupt mode".
 */
u8 uart_read(struct uart *u, u16 reg, u64 now_ns);
void uart_write(struct uart *u, u16 reg, u8 value, u64 now_ns);

/* Level of the interrupt line, as a PC wires it: only while OUT2 is on, which loopback turns off. */
bool uart_irq(const struct uart *u, u64 now_ns);

/* When uart_irq() may change by time alone (the receive timeout), after now_ns; NEVER if it will not. */
u64 uart_next_event(const struct uart *u, u64 now_ns);

/* How many bytes uart_receive() takes now without an overrun; 0 while the guest loops the port back. */
unsigned uart_rx_room(const struct uart *u);

/* A byte, or a break, arrives on the wire. Without room it overruns, as on the wire. */
void uart_receive(struct uart *u, u8 byte, u64 now_ns);
void uart_receive_break(struct uart *u, u64 now_ns);

/* Has the guest sent a byte that nobody took yet? */
bool uart_has_tx(const struct uart *u);

/* Take the next byte that the guest has sent; false when there is none. May raise the interrupt line. */
bool uart_take_tx(struct uart *u, u8 *byte);

/* How many bytes the guest can still send; a byte sent without room is lost, as on the hardware. */
unsigned uart_tx_room(const struct uart *u);

#endif
