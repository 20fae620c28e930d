// SPDX-License-Identifier: Apache-2.0
// The port of one file. The compiler judges; a statement that it refuses becomes a PORT_TODO, then what is around it.
#include "port_file.h"

#include <string.h>
#include <time.h>

#include "check.h"

#define ROUNDS_MAX 40
#define QUESTIONS_MAX 32u
/* Rounds end after this; the text of the last one stays. */
#define SECONDS_MAX 120

const char *port_status_word(enum port_status status)
{
	static const char *const words[] = {"completed", "partial", "failed"};

	return words[status];
}

const char *port_c_path(struct arena *a, const char *path)
{
	size_t length = strlen(path);
	const char *slash;

	if (!text_ends(path, ".rs"))
		return arena_print(a, "%s.c", path);
	path = arena_copy(a, path, length - 3);
	slash = strrchr(path, '/');
	if (slash && text_equal(slash, "/mod"))
		path = arena_copy(a, path, (size_t)(slash - path));
	return arena_print(a, "%s.c", path);
}

static bool is_demoted(const struct demotion *list, u32 start, u32 kind)
{
	for (; list; list = list->next)
		if (list->start == start && list->kind == kind)
			return true;
	return false;
}

/* The innermost mark around a line; 0 when there is none. */
static u32 mark_of_line(const struct translation *t, u32 line)
{
	u32 best = 0;

	for (u32 i = 1; i < t->mark_count; i++) {
		const struct mark *m = &t->marks[i];

		if (m->first <= line && line < m->last &&
		    (!best || m->last - m->first <= t->marks[best].last - t->marks[best].first))
			best = i;
	}
	return best;
}

/* Take back what holds the line; what was taken back already gives way to what is around it. */
static bool demote(struct arena *a, struct demotion **list, const struct translation *t, const struct check_error *e)
{
	u32 at = mark_of_line(t, e->line);
	struct demotion *d;

	while (at && is_demoted(*list, t->marks[at].start, t->marks[at].kind))
		at = t->marks[at].outer;
	if (!at)
		return false;
	d = arena_alloc(a, sizeof(*d));
	*d = (struct demotion){t->marks[at].start, t->marks[at].kind,
			       arena_print(a, "it does not compile: %s", e->message), *list};
	*list = d;
	return true;
}

/* One round's errors often have one cause: only the first of each mark is taken, and later ones wait for the next. */
static bool demote_all(struct arena *a, struct demotion **list, const struct translation *t, const struct check *check)
{
	bool any = false;
	u32 last = 0;

	for (u32 i = 0; i < check->count; i++) {
		u32 at = mark_of_line(t, check->errors[i].line);

		if (at && at == last)
			continue;
		last = at;
		any |= demote(a, list, t, &check->errors[i]);
	}
	return any;
}

/* --- a model's proposals
 * ---------------------------------------------------------------------------------------------- */

static struct fill *ask_for_fills(struct arena *arena, const struct syntax *s, const struct llm *llm,
				  const struct translation *t)
{
	struct fill *fills = NULL;
	u32 asked = 0;

	for (const struct todo *todo = t->todos; todo && asked < QUESTIONS_MAX; todo = todo->next) {
		struct fill *fill;
		const char *text;

		if (!todo->is_statement)
			continue;
		asked++;
		text = llm_propose(llm, arena, arena_copy(arena, s->text + todo->start, todo->end - todo->start),
				   todo->reason, t->text);
		if (!text)
			continue;
		fill = arena_alloc(arena, sizeof(*fill));
		*fill = (struct fill){todo->start, text, fills};
		fills = fill;
	}
	return fills;
}

/* Proposals that the compiler refuses are dropped; when it names none of them, all are. */
static void drop_fills(struct fill *fills, const struct translation *t, const struct check *check)
{
	bool dropped = false;

	for (u32 i = 0; i < check->count; i++) {
		u32 at = mark_of_line(t, check->errors[i].line);

		for (struct fill *f = fills; f && at; f = f->next)
			if (f->start == t->marks[at].start && f->text) {
				f->text = NULL;
				dropped = true;
			}
	}
	for (struct fill *f = fills; f && !dropped; f = f->next)
		f->text = NULL;
}

static struct translation fill_in(struct port_job *job, struct demotion *demotions, struct translation t)
{
	struct fill *fills = ask_for_fills(job->arena, job->s, job->llm, &t);
	struct translation filled;
	struct check check;

	for (u32 round = 0; fills && round < ROUNDS_MAX; round++) {
		filled = translate(job->arena, job->s, job->path, demotions, fills, job->imports);
		check = check_run(job->arena, job->tree, filled.text);
		if (check.ran && !check.count)
			return filled;
		drop_fills(fills, &filled, &check);
	}
	return t;
}

static s64 seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

struct port_result port_file(struct port_job *job)
{
	struct port_result result = {.status = PORT_FAILED};
	struct demotion *demotions = NULL;
	struct translation t;
	struct check check;
	s64 end = seconds_now() + SECONDS_MAX;

	analysis_make(&result.analysis, job->s);
	for (;;) {
		t = translate(job->arena, job->s, job->path, demotions, NULL, job->imports);
		check = check_run(job->arena, job->tree, t.text);
		result.rounds++;
		if (!check.ran || !check.count || result.rounds == ROUNDS_MAX || seconds_now() > end ||
		    !demote_all(job->arena, &demotions, &t, &check))
			break;
	}
	if (check.ran && !check.count && job->llm)
		t = fill_in(job, demotions, t);
	result.text = t.text;
	result.todos = t.todos;
	result.todo_count = t.todo_count;
	if (!check.ran)
		result.why = "gcc did not run";
	else if (check.count)
		result.why = arena_print(job->arena, "line %u: %s", check.errors[0].line, check.errors[0].message);
	else if (ts_node_has_error(syntax_root(job->s)) && !t.todo_count)
		result.why = "the file is no Rust that the parser knows";
	else
		result.status = t.todo_count ? PORT_PARTIAL : PORT_COMPLETED;
	return result;
}
