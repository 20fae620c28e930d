// SPDX-License-Identifier: Apache-2.0
// Requests: which URL is which, what a body must hold, the answer to what is wrong.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "service.h"
#include "text.h"

#define DESCRIPTION_BYTES_MAX 4096
#define ANALYZE "/eterna/analyze/"
#define CONVERSATIONS "/eterna/conversations/"

static struct reply refuse(int status, const char *text, const char *field)
{
	return (struct reply){.status = status, .body = service_error(text, field)};
}

/* One pass over %XX; false for a NUL, for half an escape, for a '%' that is left. */
static bool decode(const char *url, char *to, size_t room)
{
	size_t n = 0;

	for (; *url; url++) {
		char c = *url;

		if (c == '%') {
			char digits[3] = {url[1], url[1] ? url[2] : 0, 0};

			if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
				return false;
			c = (char)strtoul(digits, NULL, 16);
			url += 2;
		}
		if (!c || n + 1 >= room)
			return false;
		to[n++] = c;
	}
	to[n] = 0;
	return source_text_valid(to, n);
}

static bool id_valid(const char *id)
{
	size_t length = strlen(id);

	if (!length || length > 128)
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("._:-", *id))
			return false;
	return true;
}

/* --- bodies
 * ------------------------------------------------------------------------------------------------------------ */

/* A string of the object, or NULL with *wrong set when it is there and no string, or lacking though it must be there.
 */
static const char *take_string(const json_t *body, const char *name, bool required, const char **wrong)
{
	const json_t *value = json_object_get(body, name);

	if (!value || (json_is_null(value) && !required)) {
		if (required)
			*wrong = name;
		return NULL;
	}
	if (!json_is_string(value))
		*wrong = name;
	return json_string_value(value);
}

static const char *take_task(const json_t *body, struct task *task, bool with_file)
{
	const char *wrong = NULL;

	task->conversation_id = take_string(body, "conversation_id", false, &wrong);
	task->description = take_string(body, "description", false, &wrong);
	if (with_file)
		task->file_path = take_string(body, "file_path", true, &wrong);
	if (!wrong && task->conversation_id && !id_valid(task->conversation_id))
		wrong = "conversation_id";
	if (!wrong && task->description && strlen(task->description) > DESCRIPTION_BYTES_MAX)
		wrong = "description";
	if (!wrong && with_file && !source_path_valid(task->file_path))
		wrong = "file_path";
	return wrong;
}

static struct reply refuse_field(const char *field)
{
	struct arena a = {0};
	struct reply reply =
		refuse(400, arena_print(&a, "%s is missing, of another type than it must be, or not acceptable", field),
		       field);

	arena_fini(&a);
	return reply;
}

static bool file_there(const struct service *s, const char *path, struct reply *reply)
{
	struct arena a = {0};
	const char *text;
	size_t length;
	enum source_result result = source_read(&s->source, &a, path, &text, &length);

	if (result == SOURCE_BAD_PATH || result == SOURCE_NOT_FOUND)
		*reply = refuse(result == SOURCE_BAD_PATH ? 400 : 404,
				arena_print(&a, "file_path %s", source_result_text(result)), "file_path");
	arena_fini(&a);
	return result != SOURCE_BAD_PATH && result != SOURCE_NOT_FOUND;
}

static struct reply port_one(const struct service *s, const json_t *body)
{
	struct task task = {0};
	struct reply reply = {.status = 200};
	enum port_status status;
	const char *wrong = take_task(body, &task, true);

	if (wrong)
		return refuse_field(wrong);
	if (file_there(s, task.file_path, &reply))
		reply.body = service_port(s, &task, &status);
	return reply;
}

static struct reply port_bulk(const struct service *s, const json_t *body)
{
	struct task shared = {0}, tasks[SERVICE_COMPONENTS_MAX];
	const json_t *list = json_object_get(body, "components");
	const char *wrong = take_task(body, &shared, false);
	size_t count = json_array_size(list);

	if (wrong)
		return refuse_field(wrong);
	if (!count || count > SERVICE_COMPONENTS_MAX)
		return refuse_field("components");
	for (size_t i = 0; i < count; i++) {
		tasks[i] = shared;
		tasks[i].file_path = json_string_value(json_array_get(list, i));
		if (!tasks[i].file_path || !source_path_valid(tasks[i].file_path))
			return refuse_field("components");
	}
	return (struct reply){.status = 200, .body = service_bulk(s, tasks, (u32)count)};
}

static struct reply with_body(const struct service *s, const char *bytes, size_t length,
			      struct reply (*act)(const struct service *, const json_t *))
{
	json_error_t error;
	struct arena a = {0};
	struct reply reply;
	json_t *body;

	if (length > SERVICE_BODY_BYTES_MAX)
		return refuse(413, "the body is larger than 1 MiB", NULL);
	body = json_loadb(bytes ? bytes : "", length, JSON_REJECT_DUPLICATES, &error);
	if (!body)
		reply = refuse(400, arena_print(&a, "the body is no JSON: %s", error.text), "body");
	else if (!json_is_object(body))
		reply = refuse(400, "the body is no JSON object", "body");
	else
		reply = act(s, body);
	json_decref(body);
	arena_fini(&a);
	return reply;
}

/* --- URLs
 * ---------------------------------------------------------------------------------------------------------------- */

static struct reply conversation(const struct service *s, const char *id)
{
	json_t *tasks;

	if (!id_valid(id))
		return refuse_field("conversation_id");
	tasks = s->store ? store_conversation(s->store, id) : NULL;
	if (!tasks)
		return refuse(404, "there is no such conversation", "conversation_id");
	return (struct reply){.status = 200,
			      .body = json_pack("{s:s, s:i, s:o}", "conversation_id", id, "total",
						(int)json_array_size(tasks), "tasks", tasks)};
}

static struct reply wrong_method(const char *allow)
{
	struct reply reply = refuse(405, "this URL has another method", NULL);

	reply.allow = allow;
	return reply;
}

struct reply service_handle(const struct service *s, const char *method, const char *url, const char *body,
			    size_t length)
{
	bool is_get = text_equal(method, "GET"), is_post = text_equal(method, "POST");
	char plain[2048];

	if (text_starts(url, ANALYZE)) {
		if (!is_get)
			return wrong_method("GET");
		if (!decode(url + strlen(ANALYZE), plain, sizeof(plain)) || !source_path_valid(plain))
			return refuse_field("file_path");
		return service_analyze(s, plain);
	}
	if (text_starts(url, CONVERSATIONS)) {
		if (!is_get)
			return wrong_method("GET");
		if (!decode(url + strlen(CONVERSATIONS), plain, sizeof(plain)))
			return refuse_field("conversation_id");
		return conversation(s, plain);
	}
	if (text_equal(url, "/eterna/port"))
		return is_post ? with_body(s, body, length, port_one) : wrong_method("POST");
	if (text_equal(url, "/eterna/port/bulk"))
		return is_post ? with_body(s, body, length, port_bulk) : wrong_method("POST");
	return refuse(404, "there is nothing at this URL", NULL);
}
