// SPDX-License-Identifier: Apache-2.0
// Text that grows: doubled when full; what it leaves behind goes with the arena.
#include "text.h"

#include <string.h>

void text_add(struct text *t, const char *s, size_t length)
{
	if (t->room - t->length < length + 1 || !t->s) {
		size_t room = (t->length + length + 1) * 2;
		char *grown = arena_alloc(t->arena, room);

		if (t->s)
			memcpy(grown, t->s, t->length);
		t->s = grown;
		t->room = room;
	}
	if (length)
		memcpy(t->s + t->length, s, length);
	t->length += length;
	t->s[t->length] = 0;
}

void text_put(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_print(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_put(t, arena_print_args(t->arena, format, args));
	va_end(args);
}

const char *text_get(const struct text *t)
{
	return t->s ? t->s : "";
}

u32 text_line(const struct text *t)
{
	u32 line = 1;

	for (size_t i = 0; i < t->length; i++)
		line += t->s[i] == '\n';
	return line;
}

bool text_equal(const char *a, const char *b)
{
	return !strcmp(a, b);
}

bool text_is_one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (text_equal(s, *list))
			return true;
	return false;
}

bool text_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends(const char *s, const char *suffix)
{
	size_t length = strlen(s), end = strlen(suffix);

	return length >= end && text_equal(s + length - end, suffix);
}
