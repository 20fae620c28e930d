// SPDX-License-Identifier: Apache-2.0
// Threads: vcpu n is thread n + 1, as 0 and -1 mean any and all.
#include "gdb/gdb_priv.h"

#define THREAD_TEXT_BYTES 96

bool words_take_thread(struct gdb *g, struct words *w, u32 *thread, bool *is_any)
{
	u64 id;

	*is_any = false;
	if (words_take_text(w, "-1")) {
		*thread = GDB_ALL_THREADS;
		return true;
	}
	if (!words_take_number(w, &id))
		return false;
	*is_any = id == 0;
	*thread = id ? (u32)(id - 1) : 0;
	return id <= thread_count(g);
}

/* Hg: registers and memory; Hc: s and c. Any thread is the one there was. */
enum reply packet_select(struct gdb *g, struct words *w)
{
	bool is_general = words_take(w, 'g');
	bool is_any;
	u32 thread;

	if (!is_general && !words_take(w, 'c'))
		return reply_err(g, ERR_FORMAT);
	if (!words_take_thread(g, w, &thread, &is_any) || words_left(w))
		return reply_err(g, ERR_NOENT);
	if (!is_general)
		g->resume_thread = is_any ? GDB_ALL_THREADS : thread;
	else if (!is_any)
		g->thread = thread == GDB_ALL_THREADS ? 0 : thread;
	return reply_ok(g);
}

enum reply packet_alive(struct gdb *g, struct words *w)
{
	bool is_any;
	u32 thread;

	if (!words_take_thread(g, w, &thread, &is_any) || is_any || thread == GDB_ALL_THREADS || words_left(w))
		return reply_err(g, ERR_NOENT);
	return reply_ok(g);
}

enum reply packet_current(struct gdb *g, struct words *w)
{
	(void)w;
	fmt_print(&g->out.sink, "QC%x", g->thread + 1);
	return REPLY_NOW;
}

#define THREADS_A_PACKET 32

enum reply packet_list_next(struct gdb *g, struct words *w)
{
	u32 end = MIN(thread_count(g), g->list_next + THREADS_A_PACKET);

	(void)w;
	if (g->list_next >= end) {
		gdb_out_char(&g->out, 'l');
		return REPLY_NOW;
	}
	gdb_out_char(&g->out, 'm');
	for (u32 first = g->list_next; g->list_next < end; g->list_next++)
		fmt_print(&g->out.sink, "%s%x", g->list_next > first ? "," : "", g->list_next + 1);
	return REPLY_NOW;
}

enum reply packet_list_first(struct gdb *g, struct words *w)
{
	g->list_next = 0;
	return packet_list_next(g, w);
}

enum reply packet_extra(struct gdb *g, struct words *w)
{
	char text[THREAD_TEXT_BYTES];
	bool is_any;
	u32 thread;
	size_t length;

	if (!words_take_thread(g, w, &thread, &is_any) || thread == GDB_ALL_THREADS || thread >= thread_count(g))
		return reply_err(g, ERR_NOENT);
	length = g->target->thread_text(g->target, thread, text, sizeof(text));
	gdb_out_hex(&g->out, (const u8 *)text, (u32)MIN(length, sizeof(text) - 1));
	return REPLY_NOW;
}

static void xml_text(struct fmt_sink *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '&' || *text == '>')
			fmt_print(out, "&#%d;", *text);
		else
			out->put(out, *text);
	}
}

static void threads_print(struct gdb *g, struct fmt_sink *out)
{
	char text[THREAD_TEXT_BYTES];

	fmt_print(out, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (u32 i = 0; i < thread_count(g); i++) {
		(void)g->target->thread_text(g->target, i, text, sizeof(text));
		fmt_print(out, "<thread id=\"%x\" core=\"%u\" name=\"vcpu %u\">", i + 1, i, i);
		xml_text(out, text);
		fmt_print(out, "</thread>\n");
	}
	fmt_print(out, "</threads>\n");
}

enum reply packet_threads_xml(struct gdb *g, struct words *w)
{
	return window_reply(g, w, threads_print);
}
