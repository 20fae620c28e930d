/* SPDX-License-Identifier: Apache-2.0 */
/* A task's identity, and its answer as JSON. */
#ifndef ETERNA_PORT_TASK_H
#define ETERNA_PORT_TASK_H

#include "service.h"

/* The same for the same request: so that repeating it finds its answer. */
const char *task_id(struct arena *a, const struct task *task);

/* 128 bits of a hash as 32 digits: tells texts apart, no more. */
const char *text_digest(struct arena *a, const char *text, size_t length);

/* The whole answer; new references. `why` of a task that never came to a port. */
json_t *task_answer(struct arena *a, const struct task *task, const struct port_result *port);
json_t *task_failure(struct arena *a, const struct task *task, const char *why);

#endif
