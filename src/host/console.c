// SPDX-License-Identifier: Apache-2.0
// COM1 as the machine's console (a 16550A: National Semiconductor's PC16550D data sheet).
#include "host/console.h"

#include "base/bits.h"
#include "base/ring.h"
#include "host/apic.h"
#include "host/lock.h"
#include "host/trap.h"
#include "x86/insn.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_DIVISOR_LOW (COM1 + 0)
#define UART_IER (COM1 + 1)
#define UART_DIVISOR_HIGH (COM1 + 1)
#define UART_IIR (COM1 + 2)
#define UART_FCR (COM1 + 2)
#define UART_LCR (COM1 + 3)
#define UART_MCR (COM1 + 4)
#define UART_LSR (COM1 + 5)
#define UART_SCRATCH (COM1 + 7)

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

static u8 tx_bytes[32 * KIB];
static u8 rx_bytes[4 * KIB];
static struct ring tx = {.bytes = tx_bytes, .size = sizeof(tx_bytes)};
static struct ring rx = {.bytes = rx_bytes, .size = sizeof(rx_bytes)};
static bool is_present;
static bool is_by_interrupt;
static u8 last_put = '\n';
static void (*on_interrupt)(void);
static struct lock lock = LOCK_INIT(LOCK_CONSOLE);
static bool is_lock_void;

static void take(void)
{
	if (!is_lock_void)
		lock_take(&lock);
}

static void drop(void)
{
	if (!is_lock_void)
		lock_drop(&lock);
}

void console_void_lock(void)
{
	is_lock_void = true;
}

void console_init(void)
{
	outb(UART_SCRATCH, 0x5a);
	is_present = inb(UART_SCRATCH) == 0x5a;
	if (!is_present)
		return;
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DIVISOR_LOW, 1);
	outb(UART_DIVISOR_HIGH, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE_AND_CLEAR);
	outb(UART_MCR, MCR_DTR_RTS_OUT2);
}

/* Move up to a FIFO of bytes to the line if it is idle. */
static void tx_feed(void)
{
	u8 byte;

	if (!(inb(UART_LSR) & LSR_TX_HOLDING_EMPTY))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && ring_get(&tx, &byte); i++)
		outb(UART_DATA, byte);
}

static void rx_take(void)
{
	while (ring_room(&rx) && (inb(UART_LSR) & LSR_DATA))
		ring_put(&rx, inb(UART_DATA));
}

/* The transmit interrupt stays off while there is nothing to send, the receive interrupt while there is no room:
 * what is typed then waits in the FIFO and, behind it, at the sender. */
static void interrupts_select(void)
{
	outb(UART_IER, (u8)((ring_used(&tx) ? IER_TX_EMPTY : 0) | (ring_room(&rx) ? IER_RX : 0)));
}

static void console_interrupt(void)
{
	take();
	while (!(inb(UART_IIR) & IIR_NONE)) {
		rx_take();
		tx_feed();
		interrupts_select();
	}
	drop();
	if (on_interrupt)
		on_interrupt();
	apic_eoi();
}

/* The functions that end in _held: the caller has the lock. */
static void flush_held(void)
{
	if (!is_present)
		return;
	while (ring_used(&tx))
		tx_feed();
	while (!(inb(UART_LSR) & LSR_TX_EMPTY))
		pause();
}

static bool try_put_held(u8 byte)
{
	bool was_empty = !ring_used(&tx);

	if (!is_present)
		return true;
	if (!ring_put(&tx, byte))
		return false;
	last_put = byte;
	if (is_by_interrupt && was_empty)
		interrupts_select();
	return true;
}

static void put_text_held(char c)
{
	if (c == '\n')
		put_text_held('\r');
	if (!try_put_held((u8)c)) {
		flush_held();
		(void)try_put_held((u8)c);
	}
	if (!is_by_interrupt)
		flush_held();
}

void console_enable_interrupts(void (*notify)(void))
{
	on_interrupt = notify;
	if (!is_present)
		return;
	console_flush();
	trap_set_handler(HOST_VECTOR_COM1, console_interrupt);
	is_by_interrupt = true;
	interrupts_select();
}

u32 console_room(void)
{
	u32 room;

	take();
	room = ring_room(&tx);
	drop();
	return room;
}

bool console_try_put(u8 byte)
{
	bool done;

	take();
	done = try_put_held(byte);
	drop();
	return done;
}

void console_write(const char *text, u32 bytes, bool is_line)
{
	take();
	if (is_line && last_put != '\n')
		put_text_held('\n');
	for (u32 i = 0; i < bytes; i++)
		put_text_held(text[i]);
	drop();
}

void console_fresh_line(void)
{
	console_write("", 0, true);
}

bool console_get(u8 *byte)
{
	bool was_full;
	bool got;

	take();
	was_full = !ring_room(&rx);
	got = ring_get(&rx, byte);
	if (is_present && was_full)
		interrupts_select();
	drop();
	return got;
}

bool console_peek(u8 *byte)
{
	bool is_there;

	take();
	is_there = ring_used(&rx);
	if (is_there)
		*byte = ring_peek(&rx, 0);
	drop();
	return is_there;
}

void console_flush(void)
{
	take();
	flush_held();
	drop();
}

static void console_sink_put(struct fmt_sink *sink, char c)
{
	(void)sink;
	console_write(&c, 1, false);
}

struct fmt_sink console_sink = {console_sink_put};

/* Gathers text, so that what is printed at once comes out at once. */
struct text_sink {
	struct fmt_sink sink; /* first */
	u32 bytes;
	char text[256];
};

static void text_put(struct fmt_sink *sink, char c)
{
	struct text_sink *t = (struct text_sink *)sink;

	if (t->bytes == sizeof(t->text)) {
		console_write(t->text, t->bytes, false);
		t->bytes = 0;
	}
	t->text[t->bytes++] = c;
}

void console_print(const char *format, ...)
{
	struct text_sink t;
	va_list args;

	t.sink = (struct fmt_sink){text_put};
	t.bytes = 0;
	va_start(args, format);
	fmt_print_args(&t.sink, format, args);
	va_end(args);
	console_write(t.text, t.bytes, false);
}
