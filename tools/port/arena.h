/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives as long as one request: taken piece by piece, given back at once. Running out ends the program. */
#ifndef ETERNA_PORT_ARENA_H
#define ETERNA_PORT_ARENA_H

#include <stdarg.h>

#include "base/types.h"

struct arena {
	struct arena_block *last;
	size_t used; /* of the last block, bytes */
};

void arena_fini(struct arena *a);

/* Zeroed, aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t bytes);

/* A NUL-ended copy of `length` bytes. */
char *arena_copy(struct arena *a, const char *s, size_t length);
char *arena_print(struct arena *a, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);
char *arena_print_args(struct arena *a, const char *format, va_list args) FORMAT_LIKE_PRINTF(2, 0);

#endif
