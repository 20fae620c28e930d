// SPDX-License-Identifier: Apache-2.0
// Reads hexadecimal text, as the protocol writes all its numbers.
#include "gdb/hex.h"

int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool words_take(struct words *w, char c)
{
	if (w->at == w->end || *w->at != (u8)c)
		return false;
	w->at++;
	return true;
}

bool words_take_text(struct words *w, const char *text)
{
	const u8 *at = w->at;

	for (; *text; text++, at++)
		if (at == w->end || *at != (u8)*text)
			return false;
	w->at = at;
	return true;
}

bool words_take_number(struct words *w, u64 *value)
{
	const u8 *at = w->at;
	u64 number = 0;

	while (at < w->end && hex_digit(*at) >= 0) {
		if (number >> 60)
			return false;
		number = number << 4 | (u64)hex_digit(*at++);
	}
	if (at == w->at)
		return false;
	w->at = at;
	*value = number;
	return true;
}

bool words_take_range(struct words *w, u64 *address, u64 *bytes)
{
	return words_take_number(w, address) && words_take(w, ',') && words_take_number(w, bytes);
}

bool words_take_bytes(struct words *w, u8 *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++, w->at += 2) {
		int high, low;

		if (words_left(w) < 2)
			return false;
		high = hex_digit(w->at[0]);
		low = hex_digit(w->at[1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (u8)(high << 4 | low);
	}
	return true;
}
