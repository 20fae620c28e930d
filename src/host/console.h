/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's console on COM1. Output goes into a ring that the UART's interrupt empties, so writers do not wait for
 * the line; before console_enable_interrupts(), when the ring is full, and in a panic, it is written out by polling.
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

/* One character of text; '\n' becomes CR LF. Waits for the line when there is no room. */
void console_put_text(char c);

/* End a line that is not ended: what comes next is a line of its own. */
void console_fresh_line(void);

/* The next byte that was typed; false when there is none. */
bool console_get(u8 *byte);

/* The same, and it stays the next one. */
bool console_peek(u8 *byte);

/* Write out all that is queued, by polling. */
void console_flush(void);

/* Text formatted to the console. */
void console_print(const char *format, ...) FORMAT_LIKE_PRINTF(1, 2);
extern struct fmt_sink console_sink;

#endif
