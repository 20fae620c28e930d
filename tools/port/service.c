// SPDX-License-Identifier: Apache-2.0
// The service: a file analyzed or ported, kept, written.
#include "service.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imports.h"
#include "task.h"

/* What answers depend on beside their source: raise it when ports change. */
#define TRANSLATOR_VERSION "1"

json_t *service_error(const char *text, const char *field)
{
	return json_pack("{s:s, s:s?}", "error", text, "field", field);
}

static int status_of_source(enum source_result result)
{
	switch (result) {
	case SOURCE_BAD_PATH:
		return 400;
	case SOURCE_NOT_FOUND:
		return 404;
	case SOURCE_TOO_LARGE:
		return 413;
	default:
		return 422;
	}
}

struct reply service_analyze(const struct service *s, const char *path)
{
	struct arena arena = {0};
	struct reply reply = {.status = 200};
	struct syntax syntax;
	struct analysis analysis;
	const char *text;
	size_t length;
	enum source_result result = source_read(&s->source, &arena, path, &text, &length);

	if (result != SOURCE_OK) {
		reply.status = status_of_source(result);
		reply.body =
			service_error(arena_print(&arena, "file_path %s", source_result_text(result)), "file_path");
	} else if (!syntax_parse(&syntax, &arena, text, length)) {
		reply.status = 422;
		reply.body = service_error("the file takes too long to parse", "file_path");
	} else {
		analysis_make(&analysis, &syntax);
		reply.body = analysis_json(&analysis, path);
		syntax_fini(&syntax);
	}
	arena_fini(&arena);
	return reply;
}

/* --- writing ports
 * ---------------------------------------------------------------------------------------------------- */

static bool make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0777) && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

/* Whole or not at all: written beside and renamed. */
static void write_port(const struct service *s, struct arena *a, const char *path, const char *text)
{
	char *to = arena_print(a, "%s/%s", s->out, path);
	char *beside = arena_print(a, "%s.XXXXXX", to);
	int fd = make_folders(to) ? mkstemp(beside) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool fine = f && fputs(text, f) >= 0 && !fchmod(fd, 0644);

	if (f)
		fine = !fclose(f) && fine;
	if (!fine || rename(beside, to)) {
		fprintf(stderr, "eterna-port: cannot write %s: %s\n", to, strerror(errno));
		if (fd >= 0)
			unlink(beside);
	}
}

/* --- porting
 * ------------------------------------------------------------------------------------------------------------ */

static json_t *port_text(const struct service *s, struct arena *a, const struct task *task, const char *text,
			 size_t length, enum port_status *status)
{
	struct imports imports = {&s->source, task->file_path};
	struct syntax syntax;
	struct port_result port;
	json_t *answer;

	*status = PORT_FAILED;
	if (!syntax_parse(&syntax, a, text, length))
		return task_failure(a, task, "the file takes too long to parse");
	port = port_file(&(struct port_job){a, &syntax, task->file_path, s->tree, &imports, s->llm});
	*status = port.status;
	answer = task_answer(a, task, &port);
	if (s->out && port.status != PORT_FAILED && source_path_valid(task->file_path))
		write_port(s, a, port_c_path(a, task->file_path), port.text);
	syntax_fini(&syntax);
	return answer;
}

static enum port_status status_of_answer(const json_t *answer)
{
	const char *word = json_string_value(json_object_get(answer, "status"));

	if (word && text_equal(word, "completed"))
		return PORT_COMPLETED;
	return word && text_equal(word, "partial") ? PORT_PARTIAL : PORT_FAILED;
}

static const char *answer_key(const struct service *s, struct arena *a, const char *text, size_t length)
{
	return arena_print(a, "%s %s %s %s", TRANSLATOR_VERSION, text_digest(a, text, length),
			   s->llm ? s->llm->url : "-", s->llm ? s->llm->model : "-");
}

json_t *service_port(const struct service *s, const struct task *task, enum port_status *status)
{
	struct arena a = {0};
	struct store_task kept = {.conversation_id = task->conversation_id ? task->conversation_id : "",
				  .file_path = task->file_path,
				  .description = task->description ? task->description : "",
				  .key = "",
				  .task_id = task_id(&a, task)};
	json_t *answer = NULL;
	const char *text;
	size_t length;
	enum source_result result = source_read(&s->source, &a, task->file_path, &text, &length);

	*status = PORT_FAILED;
	if (result == SOURCE_OK)
		kept.key = answer_key(s, &a, text, length);
	if (s->store && result == SOURCE_OK)
		answer = store_find(s->store, &kept);
	if (answer) {
		*status = status_of_answer(answer);
		arena_fini(&a);
		return answer;
	}
	if (s->store)
		store_begin(s->store, &kept);
	answer = result == SOURCE_OK
			 ? port_text(s, &a, task, text, length, status)
			 : task_failure(&a, task, arena_print(&a, "file_path %s", source_result_text(result)));
	if (s->store)
		store_finish(s->store, &kept, port_status_word(*status), answer);
	arena_fini(&a);
	return answer;
}

/* --- several side by side
 * --------------------------------------------------------------------------------------------------- */

struct bulk {
	const struct service *s;
	const struct task *tasks;
	json_t **answers;
	enum port_status *statuses;
	u32 count;
	u32 next;
};

static void *bulk_worker(void *context)
{
	struct bulk *b = context;

	for (;;) {
		u32 i = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED);

		if (i >= b->count)
			return NULL;
		b->answers[i] = service_port(b->s, &b->tasks[i], &b->statuses[i]);
	}
}

static json_t *bulk_answer(struct bulk *b)
{
	u32 of[3] = {0};
	json_t *list = json_array();

	for (u32 i = 0; i < b->count; i++) {
		json_t *data = json_object_get(b->answers[i], "ui_data");
		json_t *error = json_object_get(b->answers[i], "error");

		of[b->statuses[i]]++;
		if (error)
			json_object_set(data, "error", error);
		json_array_append(list, data);
		json_decref(b->answers[i]);
	}
	return json_pack("{s:i, s:i, s:i, s:i, s:o}", "total", (int)b->count, "completed", (int)of[PORT_COMPLETED],
			 "partial", (int)of[PORT_PARTIAL], "failed", (int)of[PORT_FAILED], "ui_data", list);
}

json_t *service_bulk(const struct service *s, const struct task *tasks, u32 count)
{
	struct arena a = {0};
	struct bulk b = {.s = s, .tasks = tasks, .count = count};
	u32 threads = 0;
	pthread_t *pool = arena_alloc(&a, (count + 1) * sizeof(*pool));
	json_t *answer;

	b.answers = arena_alloc(&a, (count + 1) * sizeof(*b.answers));
	b.statuses = arena_alloc(&a, (count + 1) * sizeof(*b.statuses));
	while (threads + 1 < MIN(s->workers, count) && !pthread_create(&pool[threads], NULL, bulk_worker, &b))
		threads++;
	bulk_worker(&b); /* this thread is one of them */
	for (u32 i = 0; i < threads; i++)
		pthread_join(pool[i], NULL);
	answer = bulk_answer(&b);
	arena_fini(&a);
	return answer;
}
