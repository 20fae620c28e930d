// SPDX-License-Identifier: Apache-2.0
// COM2, for machines to talk over.
#include "host/serial.h"

#include "host/apic.h"
#include "host/trap.h"
#include "host/uart16550.h"

static u8 tx_bytes[4 * KIB];
static u8 rx_bytes[2 * KIB];
static struct uart16550 com2 = {
	.base = 0x2f8,
	.tx = {.bytes = tx_bytes, .size = sizeof(tx_bytes)},
	.rx = {.bytes = rx_bytes, .size = sizeof(rx_bytes)},
};
static void (*on_input)(void);

static void serial_interrupt(void)
{
	uart16550_serve(&com2);
	if (ring_used(&com2.rx))
		on_input();
	apic_eoi();
}

bool serial_init(void (*notify)(void))
{
	if (!uart16550_init(&com2))
		return false;
	on_input = notify;
	trap_set_handler(HOST_VECTOR_COM2, serial_interrupt);
	uart16550_interrupts_select(&com2);
	return true;
}

bool serial_get(u8 *byte)
{
	return uart16550_get(&com2, byte);
}

u32 serial_room(void)
{
	return ring_room(&com2.tx);
}

void serial_put(const u8 *bytes, u32 count)
{
	if (!com2.is_present)
		return;
	for (u32 i = 0; i < count; i++) {
		while (!ring_put(&com2.tx, bytes[i]))
			uart16550_feed(&com2);
	}
	uart16550_interrupts_select(&com2);
}

void serial_flush(void)
{
	uart16550_flush(&com2);
}
