// SPDX-License-Identifier: Apache-2.0
// COM2 (a 16550A: National Semiconductor's PC16550D data sheet).
#include "host/serial.h"

#include "base/bits.h"
#include "base/ring.h"
#include "host/apic.h"
#include "host/trap.h"
#include "x86/insn.h"

#define COM2 0x2f8
enum uart_port {
	DATA = COM2 + 0,
	DIVISOR_LOW = COM2 + 0,
	IER = COM2 + 1,
	DIVISOR_HIGH = COM2 + 1,
	IIR = COM2 + 2,
	FCR = COM2 + 2,
	LCR = COM2 + 3,
	MCR = COM2 + 4,
	LSR = COM2 + 5,
	SCRATCH = COM2 + 7,
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

static u8 tx_bytes[4 * KIB];
static u8 rx_bytes[2 * KIB];
static struct ring tx = {.bytes = tx_bytes, .size = sizeof(tx_bytes)};
static struct ring rx = {.bytes = rx_bytes, .size = sizeof(rx_bytes)};
static bool is_present;
static void (*on_input)(void);

static void tx_feed(void)
{
	u8 byte;

	if (!(inb(LSR) & LSR_TX_HOLDING_EMPTY))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && ring_get(&tx, &byte); i++)
		outb(DATA, byte);
}

static void rx_take(void)
{
	while (ring_room(&rx) && (inb(LSR) & LSR_DATA))
		ring_put(&rx, inb(DATA));
}

/* No transmit interrupt while there is nothing to send, no receive interrupt while there is no room: what is sent to us
 * waits in the FIFO then and, behind it, at the sender. */
static void interrupts_select(void)
{
	outb(IER, (u8)((ring_used(&tx) ? IER_TX_EMPTY : 0) | (ring_room(&rx) ? IER_RX : 0)));
}

static void serial_interrupt(void)
{
	while (!(inb(IIR) & IIR_NONE)) {
		rx_take();
		tx_feed();
		interrupts_select();
	}
	if (ring_used(&rx))
		on_input();
	apic_eoi();
}

bool serial_init(void (*notify)(void))
{
	outb(SCRATCH, 0x5a);
	if (inb(SCRATCH) != 0x5a)
		return false;
	outb(IER, 0);
	outb(LCR, LCR_DLAB);
	outb(DIVISOR_LOW, 1);
	outb(DIVISOR_HIGH, 0);
	outb(LCR, LCR_8N1);
	outb(FCR, FCR_ENABLE_AND_CLEAR);
	outb(MCR, MCR_DTR_RTS_OUT2);
	on_input = notify;
	is_present = true;
	trap_set_handler(HOST_VECTOR_COM2, serial_interrupt);
	interrupts_select();
	return true;
}

bool serial_get(u8 *byte)
{
	bool was_full = !ring_room(&rx);
	bool got = ring_get(&rx, byte);

	if (is_present && was_full)
		interrupts_select();
	return got;
}

u32 serial_room(void)
{
	return ring_room(&tx);
}

void serial_put(const u8 *bytes, u32 count)
{
	if (!is_present)
		return;
	for (u32 i = 0; i < count; i++) {
		while (!ring_put(&tx, bytes[i]))
			tx_feed();
	}
	interrupts_select();
}

void serial_flush(void)
{
	if (!is_present)
		return;
	while (ring_used(&tx))
		tx_feed();
	while (!(inb(LSR) & LSR_TX_EMPTY))
		pause();
}
