// SPDX-License-Identifier: Apache-2.0
// COM1 as the machine's console.
#include "host/console.h"

#include "host/apic.h"
#include "host/lock.h"
#include "host/trap.h"
#include "host/uart16550.h"

static u8 tx_bytes[32 * KIB];
static u8 rx_bytes[CONSOLE_INPUT_BYTES];
static struct uart16550 com1 = {
	.base = 0x3f8,
	.tx = {.bytes = tx_bytes, .size = sizeof(tx_bytes)},
	.rx = {.bytes = rx_bytes, .size = sizeof(rx_bytes)},
};
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
	(void)uart16550_init(&com1); /* without it there is nobody to tell */
}

static void console_interrupt(void)
{
	take();
	uart16550_serve(&com1);
	drop();
	if (on_interrupt)
		on_interrupt();
	apic_eoi();
}

/* The functions that end in _held: the caller has the lock. */
static void flush_held(void)
{
	uart16550_flush(&com1);
}

static bool try_put_held(u8 byte)
{
	bool was_empty = !ring_used(&com1.tx);

	if (!com1.is_present)
		return true;
	if (!ring_put(&com1.tx, byte))
		return false;
	last_put = byte;
	if (is_by_interrupt && was_empty)
		uart16550_interrupts_select(&com1);
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
	if (!com1.is_present)
		return;
	console_flush();
	trap_set_handler(HOST_VECTOR_COM1, console_interrupt);
	is_by_interrupt = true;
	uart16550_interrupts_select(&com1);
}

u32 console_room(void)
{
	u32 room;

	take();
	room = ring_room(&com1.tx);
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
	bool got;

	take();
	got = uart16550_get(&com1, byte);
	drop();
	return got;
}

bool console_peek(u32 ahead, u8 *byte)
{
	bool is_there;

	take();
	is_there = ring_used(&com1.rx) > ahead;
	if (is_there)
		*byte = ring_peek(&com1.rx, ahead);
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
