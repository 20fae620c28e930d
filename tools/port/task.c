// SPDX-License-Identifier: Apache-2.0
// A task's identity, and its answer as JSON.
#include "task.h"

#include <string.h>
#include <time.h>

/* FNV-1a, twice, from different starts. */
const char *text_digest(struct arena *a, const char *text, size_t length)
{
	u64 h = 0xcbf29ce484222325ull, k = 0x84222325cbf29ce4ull;

	for (size_t i = 0; i < length; i++) {
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
		k = (k ^ (unsigned char)text[i]) * 0x100000001b3ull + (h >> 32);
	}
	return arena_print(a, "%016llx%016llx", (unsigned long long)h, (unsigned long long)k);
}

const char *task_id(struct arena *a, const struct task *task)
{
	const char *all = arena_print(a, "%s\n%s\n%s", task->conversation_id ? task->conversation_id : "",
				      task->file_path, task->description ? task->description : "");

	return text_digest(a, all, strlen(all));
}

static json_t *status_json(const char *id, const char *status)
{
	char timestamp[32];

	store_timestamp(timestamp, (s64)time(NULL));
	return json_pack("{s:s, s:s, s:s}", "task_id", id, "status", status, "timestamp", timestamp);
}

static json_t *subtask(const struct todo *t)
{
	return json_pack("{s:i, s:s, s:s, s:s}", "line", (int)t->line, "item", t->item, "task", t->reason, "status",
			 t->is_note ? "proposed by a model, to be reviewed" : "to do");
}

/* The plan of what is left; null where nothing is, and the file is small. */
static json_t *planner_json(const struct task *task, const struct port_result *port, const char *status)
{
	json_t *list, *name;

	if (!port->todo_count && !port->analysis.needs_planner)
		return json_null();
	list = json_array();
	for (const struct todo *t = port->todos; t; t = t->next)
		json_array_append_new(list, subtask(t));
	if (!port->todo_count)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s}", "item", task->file_path, "task",
						"read the port against its source", "status", "to do", "line", "1"));
	name = task->description ? json_sprintf("Port %s: %s", task->file_path, task->description)
				 : json_sprintf("Port %s", task->file_path);
	return json_pack("{s:o, s:o, s:s?, s:s}", "task_name", name, "subtasks", list, "parent_id",
			 task->conversation_id, "status", status);
}

static const char *tab_label(const char *path)
{
	return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

json_t *task_answer(struct arena *a, const struct task *task, const struct port_result *port)
{
	const char *id = task_id(a, task), *c_path = port_c_path(a, task->file_path);
	const char *status = port_status_word(port->status);
	json_t *window =
		json_pack("{s:s, s:s, s:s, s:o, s:s}", "file_path", c_path, "language", "c", "content", port->text,
			  "analysis", analysis_json(&port->analysis, task->file_path), "tab_label", tab_label(c_path));
	json_t *answer =
		json_pack("{s:s, s:s, s:{s:o, s:o, s:o}}", "task_id", id, "status", status, "ui_data", "code_window",
			  window, "planner", planner_json(task, port, status), "status", status_json(id, status));

	if (port->why)
		json_object_set_new(answer, "error", json_string(port->why));
	return answer;
}

json_t *task_failure(struct arena *a, const struct task *task, const char *why)
{
	const char *id = task_id(a, task), *c_path = port_c_path(a, task->file_path);

	return json_pack("{s:s, s:s, s:s, s:{s:{s:s, s:s, s:s, s:n, s:s}, s:n, s:o}}", "task_id", id, "status",
			 "failed", "error", why, "ui_data", "code_window", "file_path", c_path, "language", "c",
			 "content", "", "analysis", "tab_label", tab_label(c_path), "planner", "status",
			 status_json(id, "failed"));
}
