// SPDX-License-Identifier: Apache-2.0
// Conversations in SQLite: one table, one connection, one lock.
#include "store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct store {
	sqlite3 *db;
	pthread_mutex_t lock;
};

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	"CREATE TABLE IF NOT EXISTS tasks(task_id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, file_path TEXT NOT "
	"NULL,"
	" description TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, seconds INTEGER NOT NULL, answer TEXT);"
	"CREATE INDEX IF NOT EXISTS by_conversation ON tasks(conversation_id);"
	"UPDATE tasks SET status = 'failed', key = '' WHERE status = 'running';";

struct store *store_open(const char *path)
{
	struct store *s = calloc(1, sizeof(*s));
	char *message = NULL;

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	if (sqlite3_open(path, &s->db) != SQLITE_OK || sqlite3_busy_timeout(s->db, 5000) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, &message) != SQLITE_OK) {
		fprintf(stderr, "eterna-port: %s: %s\n", path, message ? message : sqlite3_errmsg(s->db));
		sqlite3_free(message);
		store_close(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void store_timestamp(char out[32], s64 seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Prepare and bind texts, in order; NULL after a message when the file is damaged or full. Locked. */
static sqlite3_stmt *prepare(struct store *s, const char *sql, const char *const *texts, int count)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
		fprintf(stderr, "eterna-port: store: %s\n", sqlite3_errmsg(s->db));
		return NULL;
	}
	for (int i = 0; i < count; i++)
		sqlite3_bind_text(q, i + 1, texts[i], -1, SQLITE_TRANSIENT);
	return q;
}

static void run(struct store *s, const char *sql, const char *const *texts, int count)
{
	sqlite3_stmt *q;

	pthread_mutex_lock(&s->lock);
	q = prepare(s, sql, texts, count);
	if (q && sqlite3_step(q) != SQLITE_DONE)
		fprintf(stderr, "eterna-port: store: %s\n", sqlite3_errmsg(s->db));
	sqlite3_finalize(q);
	pthread_mutex_unlock(&s->lock);
}

json_t *store_find(struct store *s, const struct store_task *task)
{
	json_t *answer = NULL;
	sqlite3_stmt *q;

	pthread_mutex_lock(&s->lock);
	q = prepare(s,
		    "SELECT answer FROM tasks WHERE task_id = ? AND key = ? AND status IN ('completed', 'partial', "
		    "'failed')",
		    (const char *const[]){task->task_id, task->key}, 2);
	if (q && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
		answer = json_loads((const char *)sqlite3_column_text(q, 0), 0, NULL);
	sqlite3_finalize(q);
	pthread_mutex_unlock(&s->lock);
	return answer;
}

void store_begin(struct store *s, const struct store_task *task)
{
	run(s,
	    "INSERT INTO tasks VALUES(?, ?, ?, ?, ?, 'running', unixepoch(), NULL) ON CONFLICT(task_id) DO UPDATE SET"
	    " key = excluded.key, status = 'running', seconds = excluded.seconds",
	    (const char *const[]){task->task_id, task->conversation_id, task->file_path, task->description, task->key},
	    5);
}

void store_finish(struct store *s, const struct store_task *task, const char *status, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	if (text)
		run(s, "UPDATE tasks SET status = ?, answer = ?, seconds = unixepoch() WHERE task_id = ?",
		    (const char *const[]){status, text, task->task_id}, 3);
	free(text);
}

static json_t *row_json(sqlite3_stmt *q)
{
	char timestamp[32];

	store_timestamp(timestamp, sqlite3_column_int64(q, 4));
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "task_id", sqlite3_column_text(q, 0), "file_path",
			 sqlite3_column_text(q, 1), "description", sqlite3_column_text(q, 2), "status",
			 sqlite3_column_text(q, 3), "timestamp", timestamp);
}

json_t *store_conversation(struct store *s, const char *conversation_id)
{
	json_t *list = json_array();
	sqlite3_stmt *q;

	pthread_mutex_lock(&s->lock);
	q = prepare(s,
		    "SELECT task_id, file_path, description, status, seconds FROM tasks WHERE conversation_id = ?"
		    " ORDER BY rowid",
		    &conversation_id, 1);
	while (q && sqlite3_step(q) == SQLITE_ROW)
		json_array_append_new(list, row_json(q));
	sqlite3_finalize(q);
	pthread_mutex_unlock(&s->lock);
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}
