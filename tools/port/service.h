/* SPDX-License-Identifier: Apache-2.0 */
/* The service behind HTTP and the command line: one request in, one answer out. Any thread. */
#ifndef ETERNA_PORT_SERVICE_H
#define ETERNA_PORT_SERVICE_H

#include <jansson.h>

#include "llm.h"
#include "port_file.h"
#include "source.h"
#include "store.h"

#define SERVICE_BODY_BYTES_MAX ((size_t)1 << 20)
#define SERVICE_COMPONENTS_MAX 256

struct service {
	struct source source;
	const char *tree;      /* this project's, for the compiler */
	const char *out;       /* folder that ports are written to; NULL: nowhere */
	struct store *store;   /* NULL: nothing is kept */
	const struct llm *llm; /* NULL: no model */
	u32 workers;           /* of a bulk request */
};

struct reply {
	int status; /* HTTP's */
	json_t *body;
	const char *allow; /* of 405: the method that there is */
};

/* `url` is what the client sent, escapes and all, without the query. `body` may be NULL. */
struct reply service_handle(const struct service *s, const char *method, const char *url, const char *body,
			    size_t length);

struct reply service_analyze(const struct service *s, const char *path);

struct task {
	const char *file_path;
	const char *description;     /* NULL: none */
	const char *conversation_id; /* NULL: none */
};

/* The whole answer for one file; a new reference. `status` gets what it ended with. */
json_t *service_port(const struct service *s, const struct task *task, enum port_status *status);

/* Several side by side; answers in the order of the tasks. */
json_t *service_bulk(const struct service *s, const struct task *tasks, u32 count);

/* {"error": text, "field": field}; a new reference. */
json_t *service_error(const char *text, const char *field);

#endif
