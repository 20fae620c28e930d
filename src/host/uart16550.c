// SPDX-License-Identifier: Apache-2.0
// The machine's serial ports (a 16550A: National Semiconductor's PC16550D data sheet).
#include "host/uart16550.h"

#include "base/bits.h"
#include "x86/insn.h"

/* Registers, from the port's base. */
enum uart_register {
	DATA = 0,
	DIVISOR_LOW = 0,
	IER = 1,
	DIVISOR_HIGH = 1,
	IIR = 2,
	FCR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	SCRATCH = 7
};

#define IER_RX BIT(0)
#define IER_TX_EMPTY BIT(1)
#define IIR_NONE BIT(0)
#define LCR_DLAB BIT(7)
#define LCR_8N1 0x03
#define LSR_DATA BIT(0)
#define LSR_TX_HOLDING_EMPTY BIT(5)
#define LSR_TX_EMPTY BIT(6)
#define FCR_ENABLE_AND_CLEAR 0x07
#define MCR_DTR_RTS_OUT2 0x0b
#define FIFO_BYTES 16

static u8 get(const struct uart16550 *u, enum uart_register reg)
{
	return inb((u16)(u->base + reg));
}

static void set(const struct uart16550 *u, enum uart_register reg, u8 value)
{
	outb((u16)(u->base + reg), value);
}

bool uart16550_init(struct uart16550 *u)
{
	set(u, SCRATCH, 0x5a);
	u->is_present = get(u, SCRATCH) == 0x5a;
	if (!u->is_present)
		return false;
	set(u, IER, 0);
	set(u, LCR, LCR_DLAB);
	set(u, DIVISOR_LOW, 1);
	set(u, DIVISOR_HIGH, 0);
	set(u, LCR, LCR_8N1);
	set(u, FCR, FCR_ENABLE_AND_CLEAR);
	set(u, MCR, MCR_DTR_RTS_OUT2);
	return true;
}

void uart16550_feed(struct uart16550 *u)
{
	u8 byte;

	if (!(get(u, LSR) & LSR_TX_HOLDING_EMPTY))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && ring_get(&u->tx, &byte); i++)
		set(u, DATA, byte);
}

static void take(struct uart16550 *u)
{
	while (ring_room(&u->rx) && (get(u, LSR) & LSR_DATA))
		ring_put(&u->rx, get(u, DATA));
}

void uart16550_interrupts_select(struct uart16550 *u)
{
	set(u, IER, (u8)((ring_used(&u->tx) ? IER_TX_EMPTY : 0) | (ring_room(&u->rx) ? IER_RX : 0)));
}

void uart16550_serve(struct uart16550 *u)
{
	while (!(get(u, IIR) & IIR_NONE)) {
		take(u);
		uart16550_feed(u);
		uart16550_interrupts_select(u);
	}
}

bool uart16550_get(struct uart16550 *u, u8 *byte)
{
	bool was_full = !ring_room(&u->rx);
	bool got = ring_get(&u->rx, byte);

	if (u->is_present && was_full)
		uart16550_interrupts_select(u);
	return got;
}

void uart16550_flush(struct uart16550 *u)
{
	if (!u->is_present)
		return;
	while (ring_used(&u->tx))
		uart16550_feed(u);
	while (!(get(u, LSR) & LSR_TX_EMPTY))
		pause();
}
