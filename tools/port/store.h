/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations: which tasks were asked for in them and what came out, in a file that outlives the service. */
#ifndef ETERNA_PORT_STORE_H
#define ETERNA_PORT_STORE_H

#include <jansson.h>

#include "base/types.h"

struct store;

struct store_task {
	const char *task_id;
	const char *conversation_id; /* "" for none */
	const char *file_path;
	const char *description;
	const char *key; /* what the answer depends on besides the request: text of the source, version, model */
};

/* NULL, after a message, when the file cannot be opened. Tasks that an earlier run left unfinished become "failed". */
struct store *store_open(const char *path);
void store_close(struct store *s);

/* The kept answer of a finished task with the same key; NULL: it is to be worked on. Any thread. */
json_t *store_find(struct store *s, const struct store_task *task);
void store_begin(struct store *s, const struct store_task *task);
void store_finish(struct store *s, const struct store_task *task, const char *status, const json_t *answer);

/* [{task_id, file_path, description, status, timestamp}] in the order they came; NULL: no such conversation. */
json_t *store_conversation(struct store *s, const char *conversation_id);

/* Seconds since 1970 as 2026-11-22T23:10:00Z. */
void store_timestamp(char out[32], s64 seconds);

#endif
