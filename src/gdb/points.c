// SPDX-License-Identifier: Apache-2.0
// Z and z: points to stop at, and conditions that are evaluated here, without a word to the debugger.
#include "base/mem.h"
#include "gdb/agent.h"
#include "gdb/gdb_priv.h"

#define LENGTH_BYTES 2u
#define EXPRESSION_MAX 1024u

static struct gdb_condition *condition_find(struct gdb *g, u64 kind, u64 address)
{
	for (u32 i = 0; i < g->condition_count; i++)
		if (g->conditions[i].kind == kind && g->conditions[i].address == address)
			return &g->conditions[i];
	return NULL;
}

static void condition_drop(struct gdb *g, u64 kind, u64 address)
{
	struct gdb_condition *c = condition_find(g, kind, address);
	u32 end, bytes, index;

	if (!c)
		return;
	end = c->start + c->bytes;
	bytes = c->bytes;
	index = (u32)(c - g->conditions);
	memmove(g->condition_bytes + c->start, g->condition_bytes + end, g->condition_used - end);
	g->condition_used -= bytes;
	g->condition_count--;
	for (u32 i = index; i < g->condition_count; i++) {
		g->conditions[i] = g->conditions[i + 1];
		g->conditions[i].start = (u16)(g->conditions[i].start - bytes);
	}
}

/* "X LENGTH,CODE" (the first with or without its blank) behind what `c` has. */
static err_t expression_take(struct gdb *g, struct words *w, struct gdb_condition *c)
{
	u8 *to = g->condition_bytes + c->start + c->bytes;
	u64 length;

	if (!words_take_number(w, &length) || !words_take(w, ','))
		return ERR_FORMAT;
	if (length > EXPRESSION_MAX || c->start + c->bytes + LENGTH_BYTES + length > GDB_CONDITION_BYTES)
		return ERR_SPACE;
	store_u16(to, (u16)length);
	if (!words_take_bytes(w, to + LENGTH_BYTES, (u32)length))
		return ERR_FORMAT;
	c->bytes = (u16)(c->bytes + LENGTH_BYTES + length);
	return OK;
}

/* ";X LENGTH,CODE" any number of times; what comes behind ";cmds:" is not for us. */
static err_t conditions_take(struct gdb *g, struct words *w, u64 kind, u64 address)
{
	struct gdb_condition c = {.address = address, .kind = (u8)kind, .start = (u16)g->condition_used};

	while (words_take(w, ';') || (words_left(w) && *w->at == 'X')) {
		err_t err;

		if (words_take_text(w, "cmds:"))
			return ERR_UNSUPPORTED;
		if (!words_take(w, 'X'))
			return ERR_FORMAT;
		(void)words_take(w, ' ');
		err = expression_take(g, w, &c);
		if (err)
			return err;
	}
	if (words_left(w))
		return ERR_FORMAT;
	if (!c.bytes)
		return OK;
	if (g->condition_count == GDB_CONDITIONS_MAX)
		return ERR_SPACE;
	g->conditions[g->condition_count++] = c;
	g->condition_used += c.bytes;
	return OK;
}

static bool take_point(struct words *w, u64 *kind, u64 *address, u64 *bytes)
{
	return words_take_number(w, kind) && words_take(w, ',') && words_take_range(w, address, bytes);
}

enum reply packet_point_set(struct gdb *g, struct words *w)
{
	u64 kind, address, bytes;
	err_t err;

	if (!take_point(w, &kind, &address, &bytes))
		return reply_err(g, ERR_FORMAT);
	if (kind >= GDB_POINT_KINDS)
		return REPLY_NOW;
	if (!thread_count(g))
		return reply_err(g, ERR_STATE);
	/* What is said now replaces what was said before. */
	condition_drop(g, kind, address);
	err = conditions_take(g, w, kind, address);
	if (!err)
		err = g->target->point_set(g->target, g->thread, (enum gdb_point)kind, address, bytes);
	if (err)
		condition_drop(g, kind, address);
	return err ? reply_err(g, err) : reply_ok(g);
}

enum reply packet_point_clear(struct gdb *g, struct words *w)
{
	u64 kind, address, bytes;
	err_t err;

	if (!take_point(w, &kind, &address, &bytes) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	if (kind >= GDB_POINT_KINDS)
		return REPLY_NOW;
	condition_drop(g, kind, address);
	err = g->target->point_clear(g->target, (enum gdb_point)kind, address, bytes);
	return err ? reply_err(g, err) : reply_ok(g);
}

void points_forget(struct gdb *g)
{
	g->condition_count = 0;
	g->condition_used = 0;
}

/* --- conditions ------------------------------------------------------------------------------------------------ */
struct source {
	struct agent_source agent;
	struct gdb *g;
	u32 thread;
};

static bool source_reg(struct agent_source *agent, u64 number, u64 *value)
{
	struct source *s = CONTAINER_OF(agent, struct source, agent);

	return register_value(s->g, s->thread, number, value);
}

static bool source_memory(struct agent_source *agent, u64 address, u8 *buf, u32 bytes)
{
	struct source *s = CONTAINER_OF(agent, struct source, agent);
	struct gdb_target *t = s->g->target;

	return t->memory_read(t, s->thread, GDB_VIRTUAL, address, buf, bytes) == bytes;
}

/* One that holds is enough; one that cannot be evaluated counts as holding, so that the user learns of it. */
bool points_condition_holds(struct gdb *g, u8 kind, u64 address, u32 thread)
{
	struct source source = {{source_reg, source_memory}, g, thread};
	const struct gdb_condition *c = condition_find(g, kind, address);
	u32 at = 0;

	if (!c)
		return true;
	while (at < c->bytes) {
		const u8 *expression = g->condition_bytes + c->start + at;
		u32 length = load_u16(expression);
		u64 value;

		if (agent_evaluate(&source.agent, expression + LENGTH_BYTES, length, &value) || value)
			return true;
		at += LENGTH_BYTES + length;
	}
	return false;
}
