/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's console on COM1. Output goes into a ring that the UART's interrupt empties, so writers do not wait for
 * the line; before console_enable_interrupts(), when the ring is full, and in a panic, it is written out by polling.
 *
 * Any CPU may call all of this; each call is whole, so texts of several CPUs do not mix within one console_print().
 */
#ifndef ETERNA_HOST_CONSOLE_H
#define ETERNA_HOST_CONSOLE_H

#include "base/fmt.h"

/* Programme COM1 for 115200 8N1 with FIFOs. Works without one: output is then dropped. */
void console_init(void);

/* From now on output and input are driven by interrupt HOST_VECTOR_COM1, which the caller has routed; each one ends
 * with `notify`. */
void console_enable_interrupts(void (*notify)(void));

/* One byte as it is. False, and nothing queued, when there is no room: try later. */
bool console_try_put(u8 byte);

/* Free bytes of the output ring. */
u32 console_room(void);

/*
 * Text; '\n' becomes CR LF. Waits for the line when there is no room. With `is_line` it becomes a line of its own: one
 * not ended before is ended first.
 */
void console_write(const char *text, u32 bytes, bool is_line);

/* End a line that is not ended: what comes next is a line of its own. */
void console_fresh_line(void);

/* The next byte that was typed; false when there is none. */
bool console_get(u8 *byte);

/* The one that comes after `ahead` others, of those that are here; all stay. At most CONSOLE_INPUT_BYTES are: what is
 * typed on waits with the sender. */
bool console_peek(u32 ahead, u8 *byte);
#define CONSOLE_INPUT_BYTES (4 * KIB)

/* Write out all that is queued, by polling. */
void console_flush(void);

/* Text formatted to the console; a few hundred bytes are written at once. */
void console_print(const char *format, ...) FORMAT_LIKE_PRINTF(1, 2);

/* A character at a time. */
extern struct fmt_sink console_sink;

/* In a panic: what CPUs that stopped have locked is open from now on. */
void console_void_lock(void);

#endif
