/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, in an arena. `s` is always ended by a NUL; NULL while empty. */
#ifndef ETERNA_PORT_TEXT_H
#define ETERNA_PORT_TEXT_H

#include "arena.h"

struct text {
	struct arena *arena;
	char *s;
	size_t length;
	size_t room;
};

void text_add(struct text *t, const char *s, size_t length);
void text_put(struct text *t, const char *s);
void text_print(struct text *t, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);

/* The text so far; never NULL. */
const char *text_get(const struct text *t);

/* Number of the line that the next character belongs to, from 1. */
u32 text_line(const struct text *t);

/* Lines that are the same in another's words: */
bool text_equal(const char *a, const char *b);
bool text_is_one_of(const char *s, const char *const *list); /* NULL-ended */
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

#endif
