/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatted text. Knows %d %i %u %x %X %c %s %p %% with the flags '-', '0', '#' (for x), a width or '*', a precision
 * for strings (number or '*'), and the lengths hh h l ll z; anything else is printed as it stands. No floating point.
 */
#ifndef ETERNA_BASE_FMT_H
#define ETERNA_BASE_FMT_H

#include <stdarg.h>

#include "base/types.h"

/* Where formatted text goes: put() is called once a character. */
struct fmt_sink {
	void (*put)(struct fmt_sink *sink, char c);
};

void fmt_print(struct fmt_sink *sink, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);
void fmt_print_args(struct fmt_sink *sink, const char *format, va_list args);

/*
 * Format into `buf` of `size` bytes; always ended by a NUL when size is not 0.
 * Returns the length that the whole text has or would have had.
 */
size_t fmt_string(char *buf, size_t size, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);
size_t fmt_string_args(char *buf, size_t size, const char *format, va_list args);

/* A byte count as people write it: "640 KiB", "3 MiB", exact, in the largest unit that divides it. */
size_t fmt_bytes(char *buf, size_t size, u64 bytes);

#endif
