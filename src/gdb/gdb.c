// SPDX-License-Identifier: Apache-2.0
// A session's life, and which packet goes where.
#include "gdb/gdb.h"

#include "base/mem.h"
#include "base/str.h"
#include "gdb/gdb_priv.h"

void gdb_init(struct gdb *g, struct gdb_target *target)
{
	memset(g, 0, sizeof(*g));
	g->target = target;
}

void gdb_open(struct gdb *g, const struct gdb_stop *last)
{
	struct gdb_target *target = g->target;
	u64 packets = g->packets;

	gdb_init(g, target);
	g->packets = packets;
	g->is_open = true;
	g->is_acked = true;
	g->in.checks = true;
	g->resume_thread = GDB_ALL_THREADS;
	if (last)
		g->last = *last;
	else
		target->stop(target);
}

void gdb_close(struct gdb *g)
{
	g->is_open = false;
	g->is_running = false;
	points_forget(g);
}

u32 thread_count(const struct gdb *g)
{
	return MIN(g->target->threads(g->target), GDB_THREADS_MAX);
}

enum reply reply_ok(struct gdb *g)
{
	gdb_out_begin(&g->out);
	gdb_out_text(&g->out, "OK");
	return REPLY_NOW;
}

enum reply reply_error(struct gdb *g, const char *reason)
{
	gdb_out_begin(&g->out);
	gdb_out_text(&g->out, "E.");
	gdb_out_text(&g->out, reason);
	return REPLY_NOW;
}

/* By number, as most packets' errors are: gdb has words of its own for what failed. */
enum reply reply_err(struct gdb *g, err_t err)
{
	gdb_out_begin(&g->out);
	fmt_print(&g->out.sink, "E%02x", (unsigned)err);
	return REPLY_NOW;
}

enum reply packet_dispatch(struct gdb *g, struct words *w, const struct packet_kind *kinds, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (words_take_text(w, kinds[i].prefix))
			return kinds[i].run(g, w);
	return REPLY_NOW;
}

static enum reply packet_extended(struct gdb *g, struct words *w)
{
	(void)w;
	return reply_ok(g);
}

static enum reply packet_detach(struct gdb *g, struct words *w)
{
	(void)w;
	g->target->end(g->target, GDB_END_DETACH);
	gdb_close(g);
	return reply_ok(g);
}

/* No reply is wanted to this one. */
static enum reply packet_kill(struct gdb *g, struct words *w)
{
	(void)w;
	g->target->end(g->target, GDB_END_KILL);
	gdb_close(g);
	return REPLY_LATER;
}

static enum reply packet_restart(struct gdb *g, struct words *w)
{
	(void)w;
	g->target->end(g->target, GDB_END_RESET);
	return REPLY_LATER;
}

static const struct packet_kind kinds[] = {
	{"?", packet_why},
	{"!", packet_extended},
	{"g", packet_registers_read},
	{"G", packet_registers_write},
	{"p", packet_register_read},
	{"P", packet_register_write},
	{"m", packet_memory_read},
	{"M", packet_memory_write},
	{"x", packet_memory_read_binary},
	{"X", packet_memory_write_binary},
	{"c", packet_continue},
	{"C", packet_continue_signal},
	{"s", packet_step},
	{"S", packet_step_signal},
	{"v", packet_v},
	{"q", packet_query},
	{"Q", packet_set},
	{"H", packet_select},
	{"T", packet_alive},
	{"Z", packet_point_set},
	{"z", packet_point_clear},
	{"D", packet_detach},
	{"k", packet_kill},
	{"R", packet_restart},
};

static void packet_take(struct gdb *g)
{
	struct words w = {g->in.bytes, g->in.bytes + g->in.used};
	enum reply reply;

	g->packets++;
	/* A debugger that speaks while the target runs has lost its count: only Ctrl-C is due then. */
	if (g->is_running)
		return;
	gdb_out_begin(&g->out);
	reply = packet_dispatch(g, &w, kinds, ARRAY_COUNT(kinds));
	if (reply == REPLY_NOW)
		gdb_out_end(&g->out);
	else if (!g->is_running)
		g->out.used = g->out.sent = 0;
}

bool gdb_receive(struct gdb *g, u8 byte)
{
	if (!g->is_open)
		return true;
	if (g->ack || g->out.sent < g->out.used)
		return false;
	switch (gdb_in_put(&g->in, byte)) {
	case GDB_IN_PACKET:
		if (g->is_acked)
			g->ack = '+';
		packet_take(g);
		break;
	case GDB_IN_TOO_LONG:
		if (g->is_acked)
			g->ack = '+';
		(void)reply_error(g, "packet too long");
		gdb_out_end(&g->out);
		break;
	case GDB_IN_DAMAGED:
		g->ack = '-';
		break;
	case GDB_IN_NAK:
		if (g->is_acked)
			g->out.sent = 0;
		break;
	case GDB_IN_BREAK:
		if (g->is_running)
			g->target->stop(g->target);
		break;
	default:
		break;
	}
	return true;
}

bool gdb_send(struct gdb *g, u8 *byte)
{
	if (g->ack) {
		*byte = g->ack;
		g->ack = 0;
		return true;
	}
	if (g->out.sent == g->out.used)
		return false;
	*byte = g->out.bytes[g->out.sent++];
	return true;
}

enum reply target_resume(struct gdb *g)
{
	u8 how[GDB_THREADS_MAX];

	for (u32 i = 0; i < GDB_THREADS_MAX; i++)
		how[i] = g->plan[i].how;
	/* Before the target is told: it may stop at once. */
	g->is_running = true;
	g->out.used = g->out.sent = 0;
	g->target->resume(g->target, how);
	return REPLY_LATER;
}

/* Does the debugger want to hear of it? */
static bool stop_matters(struct gdb *g, const struct gdb_stop *stop)
{
	const struct gdb_thread_plan *plan = &g->plan[stop->thread];
	u64 pc;

	switch (stop->kind) {
	case GDB_STOP_STEP:
		return !(plan->range_end > plan->range_start && register_value(g, stop->thread, GDB_rip, &pc) &&
			 pc >= plan->range_start && pc < plan->range_end);
	case GDB_STOP_SOFT:
		return points_condition_holds(g, GDB_POINT_SOFT, stop->address, stop->thread);
	case GDB_STOP_HARD:
		return points_condition_holds(g, GDB_POINT_HARD, stop->address, stop->thread);
	case GDB_STOP_ASKED:
	case GDB_STOP_EXITED:
		return true;
	default:
		return !(g->passed_signals >> stop_signal(stop->kind) & 1);
	}
}

bool gdb_stopped(struct gdb *g, const struct gdb_stop *stop)
{
	if (!g->is_open)
		return false;
	if (g->is_running && !stop_matters(g, stop))
		return false;
	g->last = *stop;
	if (!g->is_running)
		return true;
	g->is_running = false;
	if (stop->thread < thread_count(g))
		g->thread = stop->thread;
	gdb_out_begin(&g->out);
	stop_reply(g, stop);
	gdb_out_end(&g->out);
	return true;
}

bool gdb_break_matters(struct gdb *g, enum gdb_point kind, u64 address, u32 thread)
{
	return g->is_open && points_condition_holds(g, (u8)kind, address, thread);
}

bool gdb_valid(const struct gdb *g)
{
	u32 used = 0;

	for (u32 i = 0; i < MIN(g->condition_count, GDB_CONDITIONS_MAX); i++) {
		if (g->conditions[i].start != used)
			return false;
		used += g->conditions[i].bytes;
	}
	return g->condition_count <= GDB_CONDITIONS_MAX && used == g->condition_used && used <= GDB_CONDITION_BYTES &&
	       g->out.sent <= g->out.used && g->out.used <= sizeof(g->out.bytes) && g->in.used <= GDB_PACKET_BYTES &&
	       g->thread < GDB_THREADS_MAX;
}
