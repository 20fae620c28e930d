/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of Rust sources that is served: files under one folder, and no way out of it. */
#ifndef ETERNA_PORT_SOURCE_H
#define ETERNA_PORT_SOURCE_H

#include "arena.h"

struct source {
	int folder; /* descriptor; -1: paths are taken as they are, for the command line */
};

enum source_result {
	SOURCE_OK,
	SOURCE_BAD_PATH,  /* empty, absolute, with "..", odd characters, or through a link that leads out */
	SOURCE_NOT_FOUND, /* nothing there, or no regular file */
	SOURCE_TOO_LARGE, /* above SYNTAX_BYTES_MAX */
	SOURCE_BAD_TEXT,  /* a NUL or no UTF-8 */
};

/* False when the folder cannot be opened. */
bool source_open(struct source *s, const char *folder) MUST_CHECK;
void source_close(struct source *s);

/* Is it a path that a request may name: relative, plain, inside? Nothing is opened. */
bool source_path_valid(const char *path);

/* Read a file into the arena; `text` is ended by a NUL that is not counted. */
enum source_result source_read(const struct source *s, struct arena *a, const char *path, const char **text,
			       size_t *length);
const char *source_result_text(enum source_result result);

/* Is it UTF-8 without a NUL? What the parser and the answers are given. */
bool source_text_valid(const char *text, size_t length);

#endif
