/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: the standard C ones that the tree needs, a bounded copy, and numbers with size suffixes. */
#ifndef ETERNA_BASE_STR_H
#define ETERNA_BASE_STR_H

#include "base/err.h"

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Length of s, at most `max`: for text that may lack its end. */
size_t str_length_within(const char *s, size_t max);

/*
 * Copy `s` into `dst` of `size` bytes (not 0), always ended by a NUL.
 * Returns OK, or ERR_SPACE when `s` was cut short.
 */
err_t str_copy(char *dst, size_t size, const char *s) MUST_CHECK;

bool str_starts_with(const char *s, const char *prefix);

/*
 * Read an unsigned number: decimal, or hexadecimal after 0x, the whole string.
 * Returns OK, ERR_FORMAT (not a number), ERR_RANGE (above 2^64 - 1).
 */
err_t str_to_u64(const char *s, u64 *out) MUST_CHECK;

/* As str_to_u64 with an optional suffix K, M, G or T (powers of 1024, either case, a trailing "iB" or "B" allowed). */
err_t str_to_bytes(const char *s, u64 *out) MUST_CHECK;

#endif
