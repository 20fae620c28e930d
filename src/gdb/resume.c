// SPDX-License-Identifier: Apache-2.0
// Going on: c, s and their forms with a signal, and vCont (gdb's manual, Packets; vCont).
#include "gdb/gdb_priv.h"

/* A VM takes no signals: the number is checked and forgotten. */
static bool take_signal(struct words *w)
{
	u64 number;

	return words_take_number(w, &number);
}

static void plan_all(struct gdb *g, u8 how)
{
	for (u32 i = 0; i < GDB_THREADS_MAX; i++)
		g->plan[i] = (struct gdb_thread_plan){.how = how};
}

/* c and s: the thread that Hc chose does it; beside one that steps, the others run. */
static enum reply go_on(struct gdb *g, struct words *w, u8 how)
{
	u32 thread = g->resume_thread < thread_count(g) ? g->resume_thread : g->thread;
	u64 address;
	err_t err = OK;

	if (!thread_count(g))
		return reply_err(g, ERR_STATE);
	if (words_left(w)) {
		if (!words_take_number(w, &address) || words_left(w))
			return reply_err(g, ERR_FORMAT);
		err = pc_set(g, thread, address);
	}
	if (err)
		return reply_err(g, err);
	plan_all(g, GDB_RUN);
	g->plan[thread].how = how;
	return target_resume(g);
}

enum reply packet_continue(struct gdb *g, struct words *w)
{
	return go_on(g, w, GDB_RUN);
}

enum reply packet_step(struct gdb *g, struct words *w)
{
	return go_on(g, w, GDB_STEP);
}

static enum reply go_on_signal(struct gdb *g, struct words *w, u8 how)
{
	if (!take_signal(w) || (words_left(w) && !words_take(w, ';')))
		return reply_err(g, ERR_FORMAT);
	return go_on(g, w, how);
}

enum reply packet_continue_signal(struct gdb *g, struct words *w)
{
	return go_on_signal(g, w, GDB_RUN);
}

enum reply packet_step_signal(struct gdb *g, struct words *w)
{
	return go_on_signal(g, w, GDB_STEP);
}

/* One action's letter and its numbers. */
static bool take_action(struct words *w, struct gdb_thread_plan *plan)
{
	*plan = (struct gdb_thread_plan){.how = GDB_HOLD};
	if (words_take(w, 'c')) {
		plan->how = GDB_RUN;
		return true;
	}
	if (words_take(w, 'C')) {
		plan->how = GDB_RUN;
		return take_signal(w);
	}
	if (words_take(w, 's')) {
		plan->how = GDB_STEP;
		return true;
	}
	if (words_take(w, 'S')) {
		plan->how = GDB_STEP;
		return take_signal(w);
	}
	if (words_take(w, 'r')) {
		plan->how = GDB_STEP;
		return words_take_range(w, &plan->range_start, &plan->range_end);
	}
	return words_take(w, 't');
}

/* The leftmost action that names a thread is the thread's; `decided` keeps count. */
static void action_give(struct gdb *g, const struct gdb_thread_plan *plan, u32 thread, u64 *decided)
{
	for (u32 i = 0; i < thread_count(g); i++) {
		if ((thread != GDB_ALL_THREADS && thread != i) || *decided >> i & 1)
			continue;
		g->plan[i] = *plan;
		*decided |= 1ull << i;
	}
}

enum reply packet_vcont(struct gdb *g, struct words *w)
{
	bool goes_on = false;
	u64 decided = 0;

	if (!thread_count(g))
		return reply_err(g, ERR_STATE);
	plan_all(g, GDB_HOLD);
	while (words_take(w, ';')) {
		struct gdb_thread_plan plan;
		u32 thread = GDB_ALL_THREADS;
		bool is_any;

		if (!take_action(w, &plan))
			return reply_err(g, ERR_FORMAT);
		if (words_take(w, ':') && !words_take_thread(g, w, &thread, &is_any))
			return reply_err(g, ERR_NOENT);
		action_give(g, &plan, thread, &decided);
	}
	if (words_left(w))
		return reply_err(g, ERR_FORMAT);
	for (u32 i = 0; i < thread_count(g); i++)
		goes_on |= g->plan[i].how != GDB_HOLD;
	return goes_on ? target_resume(g) : reply_err(g, ERR_FORMAT);
}

enum reply packet_vcont_ask(struct gdb *g, struct words *w)
{
	(void)w;
	gdb_out_text(&g->out, "vCont;c;C;s;S;t;r");
	return REPLY_NOW;
}
