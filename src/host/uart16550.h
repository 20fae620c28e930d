/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A of the machine, with a ring of bytes for each direction. No lock inside: its users have theirs. */
#ifndef ETERNA_HOST_UART16550_H
#define ETERNA_HOST_UART16550_H

#include "base/ring.h"

struct uart16550 {
	u16 base; /* first of its eight ports */
	bool is_present;
	struct ring tx, rx; /* the user gives them their memory */
};

/* Is it there? Then: 115200 8N1, FIFOs on and empty, no interrupts yet. */
bool uart16550_init(struct uart16550 *u);

/* Move up to a FIFO of bytes to the line if it is idle. */
void uart16550_feed(struct uart16550 *u);

/*
 * Interrupts for what there is to do: the transmit interrupt is off while there is nothing to send, the receive
 * interrupt while there is no room: what is sent to us then waits in the FIFO and, behind it, at the sender.
 */
void uart16550_interrupts_select(struct uart16550 *u);

/* What its interrupt handler does, but for the end of interrupt. */
void uart16550_serve(struct uart16550 *u);

/* The next byte that arrived; false when there is none. */
bool uart16550_get(struct uart16550 *u, u8 *byte);

/* Wait until all is sent. */
void uart16550_flush(struct uart16550 *u);

#endif
