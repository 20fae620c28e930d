// SPDX-License-Identifier: Apache-2.0
// Memory of one request: blocks in a chain, the newest first.
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *before;
	size_t size;
	_Alignas(16) char bytes[];
};

static void add_block(struct arena *a, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		fputs("eterna-port: out of memory\n", stderr);
		abort();
	}
	block->size = size;
	block->before = a->last;
	a->last = block;
	a->used = 0;
}

void arena_fini(struct arena *a)
{
	while (a->last) {
		struct arena_block *before = a->last->before;

		free(a->last);
		a->last = before;
	}
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	void *at;

	bytes = ALIGN_UP(bytes, 16);
	if (!a->last || a->last->size - a->used < bytes)
		add_block(a, bytes);
	at = a->last->bytes + a->used;
	a->used += bytes;
	return at;
}

char *arena_copy(struct arena *a, const char *s, size_t length)
{
	char *copy = arena_alloc(a, length + 1);

	if (length)
		memcpy(copy, s, length);
	return copy;
}

char *arena_print_args(struct arena *a, const char *format, va_list args)
{
	va_list again;
	int length;
	char *s;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		length = 0;
	s = arena_alloc(a, (size_t)length + 1);
	vsnprintf(s, (size_t)length + 1, format, args);
	return s;
}

char *arena_print(struct arena *a, const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	s = arena_print_args(a, format, args);
	va_end(args);
	return s;
}
