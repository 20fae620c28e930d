// SPDX-License-Identifier: Apache-2.0
// The named packets: q, Q and v (gdb's manual, General Query Packets).
#include "base/str.h"
#include "gdb/gdb_priv.h"

/* --- texts that are read piece by piece ----------------------------------------------------------------------- */
struct window {
	struct fmt_sink sink;
	struct gdb_out *out;
	u64 at; /* of the next character in the whole text */
	u64 start;
	u64 bytes;
};

static void window_put(struct fmt_sink *sink, char c)
{
	struct window *win = CONTAINER_OF(sink, struct window, sink);
	u8 byte = (u8)c;

	if (win->at >= win->start && win->at - win->start < win->bytes)
		gdb_out_binary(win->out, &byte, 1);
	win->at++;
}

enum reply window_reply(struct gdb *g, struct words *w, void (*print)(struct gdb *g, struct fmt_sink *out))
{
	struct window win = {.sink = {window_put}, .out = &g->out};

	if (!words_take_range(w, &win.start, &win.bytes) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	/* Each character may need two. */
	win.bytes = MIN(win.bytes, (GDB_PACKET_BYTES - 1) / 2);
	gdb_out_char(&g->out, 'm');
	print(g, &win.sink);
	if (win.start > win.at)
		return reply_err(g, ERR_RANGE);
	if (win.at - win.start <= win.bytes)
		g->out.bytes[1] = 'l';
	return REPLY_NOW;
}

/* --- q ----------------------------------------------------------------------------------------------------------- */
static bool has_feature(struct words w, const char *name)
{
	while (words_left(&w)) {
		struct words here = w;

		if (words_take_text(&here, name) && (!words_left(&here) || *here.at == ';'))
			return true;
		while (words_left(&w) && *w.at != ';')
			w.at++;
		(void)words_take(&w, ';');
	}
	return false;
}

static enum reply query_supported(struct gdb *g, struct words *w)
{
	(void)words_take(w, ':');
	g->tells_breaks = has_feature(*w, "swbreak+") && has_feature(*w, "hwbreak+");
	fmt_print(&g->out.sink, "PacketSize=%x", GDB_PACKET_BYTES);
	gdb_out_text(&g->out, ";QStartNoAckMode+;vContSupported+;qXfer:features:read+;qXfer:threads:read+"
			      ";ConditionalBreakpoints+;QPassSignals+;QNonStop-;multiprocess-;binary-upload+"
			      ";swbreak+;hwbreak+");
	return REPLY_NOW;
}

static enum reply query_attached(struct gdb *g, struct words *w)
{
	(void)w;
	/* It was there before: a debugger that leaves detaches. */
	gdb_out_char(&g->out, '1');
	return REPLY_NOW;
}

static enum reply query_symbol(struct gdb *g, struct words *w)
{
	(void)w;
	return reply_ok(g);
}

/* What a command prints is hexadecimal in the reply. */
struct hex_sink {
	struct fmt_sink sink;
	struct gdb_out *out;
};

static void hex_put(struct fmt_sink *sink, char c)
{
	struct gdb_out *out = CONTAINER_OF(sink, struct hex_sink, sink)->out;
	u8 byte = (u8)c;

	if (gdb_out_room(out) >= 2)
		gdb_out_hex(out, &byte, 1);
}

#define COMMAND_BYTES 256

static enum reply query_command(struct gdb *g, struct words *w)
{
	struct hex_sink sink = {{hex_put}, &g->out};
	char line[COMMAND_BYTES];
	u32 length = words_left(w) / 2;

	if (length >= sizeof(line) || !words_take_bytes(w, (u8 *)line, length) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	line[length] = '\0';
	if (g->target->threads(g->target))
		g->target->command(g->target, g->thread, line, &sink.sink);
	else
		fmt_print(&sink.sink, "the VM does not run\n");
	if (gdb_out_is_empty(&g->out))
		return reply_ok(g);
	return REPLY_NOW;
}

static enum reply query_physical(struct gdb *g, struct words *w)
{
	(void)w;
	gdb_out_char(&g->out, g->is_physical ? '1' : '0');
	return REPLY_NOW;
}

static const struct packet_kind queries[] = {
	{"Supported", query_supported},
	{"Attached", query_attached},
	{"Symbol::", query_symbol},
	{"Rcmd,", query_command},
	{"Xfer:features:read:target.xml:", packet_features},
	{"Xfer:threads:read::", packet_threads_xml},
	{"fThreadInfo", packet_list_first},
	{"sThreadInfo", packet_list_next},
	{"ThreadExtraInfo,", packet_extra},
	{"Search:memory:", packet_search},
	{"CRC:", packet_crc},
	{"qemu.PhyMemMode", query_physical},
	{"C", packet_current},
};

enum reply packet_query(struct gdb *g, struct words *w)
{
	return packet_dispatch(g, w, queries, ARRAY_COUNT(queries));
}

/* --- Q ----------------------------------------------------------------------------------------------------------- */
static enum reply set_no_ack(struct gdb *g, struct words *w)
{
	(void)w;
	g->is_acked = false;
	g->in.checks = false;
	return reply_ok(g);
}

static enum reply set_non_stop(struct gdb *g, struct words *w)
{
	if (words_take(w, '0'))
		return reply_ok(g);
	return reply_error(g, "all vcpus stop together here: no non-stop mode");
}

static enum reply set_pass_signals(struct gdb *g, struct words *w)
{
	u32 signals = 0;
	u64 number;

	while (words_left(w)) {
		if (!words_take_number(w, &number) || (words_left(w) && !words_take(w, ';')))
			return reply_err(g, ERR_FORMAT);
		if (number < 32)
			signals |= 1u << number;
	}
	g->passed_signals = signals;
	return reply_ok(g);
}

static enum reply set_physical(struct gdb *g, struct words *w)
{
	u64 value;

	if (!words_take_number(w, &value) || value > 1 || words_left(w))
		return reply_err(g, ERR_FORMAT);
	g->is_physical = value;
	return reply_ok(g);
}

static const struct packet_kind sets[] = {
	{"StartNoAckMode", set_no_ack},
	{"NonStop:", set_non_stop},
	{"PassSignals:", set_pass_signals},
	{"qemu.PhyMemMode:", set_physical},
};

enum reply packet_set(struct gdb *g, struct words *w)
{
	return packet_dispatch(g, w, sets, ARRAY_COUNT(sets));
}

/* --- v ----------------------------------------------------------------------------------------------------------- */
static enum reply v_attach(struct gdb *g, struct words *w)
{
	(void)w;
	return reply_error(g, "vAttach: each VM has a port of its own");
}

static enum reply v_run(struct gdb *g, struct words *w)
{
	(void)w;
	return reply_error(g, "vRun: VMs are started by ETERNA's configuration or prompt");
}

static enum reply v_kill(struct gdb *g, struct words *w)
{
	(void)w;
	g->target->end(g->target, GDB_END_KILL);
	gdb_close(g);
	return reply_ok(g);
}

static const struct packet_kind named[] = {
	{"Cont?", packet_vcont_ask}, {"Cont", packet_vcont}, {"Attach;", v_attach}, {"Run;", v_run}, {"Kill;", v_kill},
};

enum reply packet_v(struct gdb *g, struct words *w)
{
	return packet_dispatch(g, w, named, ARRAY_COUNT(named));
}
