/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits, and reading a packet's text piece by piece. */
#ifndef ETERNA_GDB_HEX_H
#define ETERNA_GDB_HEX_H

#include "base/types.h"

/* The value of a digit, or -1. */
int hex_digit(u8 c);

static inline char hex_char(unsigned value)
{
	return "0123456789abcdef"[value & 15];
}

/* What is left of a packet. */
struct words {
	const u8 *at;
	const u8 *end;
};

static inline u32 words_left(const struct words *w)
{
	return (u32)(w->end - w->at);
}

/* Is `c` next? It is taken then. */
bool words_take(struct words *w, char c);

/* Is `text` next? It is taken then. */
bool words_take_text(struct words *w, const char *text);

/* A hexadecimal number of 1 to 16 digits. False, and nothing taken, when there is none. */
bool words_take_number(struct words *w, u64 *value) MUST_CHECK;

/* "ADDRESS,LENGTH"; false when it is not that. */
bool words_take_range(struct words *w, u64 *address, u64 *bytes) MUST_CHECK;

/* `count` bytes, two digits each. False when they are not all there; some may have been taken. */
bool words_take_bytes(struct words *w, u8 *bytes, u32 count) MUST_CHECK;

#endif
