// SPDX-License-Identifier: Apache-2.0
// Stop replies: why, which thread, and the registers that a debugger asks for next (gdb's manual, Stop Reply Packets).
#include "base/mem.h"
#include "gdb/gdb_priv.h"
#include "gdb/registers.h"

/* gdb's own numbers of signals. */
enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5, SIGNAL_ABRT = 6 };

static const struct {
	u8 signal;
	const char *point; /* "name:" of a point that was hit */
	bool has_address;
} reasons[GDB_STOP_KINDS] = {
	[GDB_STOP_STEP] = {SIGNAL_TRAP, NULL, false},
	[GDB_STOP_SOFT] = {SIGNAL_TRAP, "swbreak:;", false},
	[GDB_STOP_HARD] = {SIGNAL_TRAP, "hwbreak:;", false},
	[GDB_STOP_WRITE] = {SIGNAL_TRAP, "watch:", true},
	[GDB_STOP_READ] = {SIGNAL_TRAP, "rwatch:", true},
	[GDB_STOP_ACCESS] = {SIGNAL_TRAP, "awatch:", true},
	[GDB_STOP_ASKED] = {SIGNAL_INT, NULL, false},
	[GDB_STOP_FAULT] = {SIGNAL_ABRT, NULL, false},
	[GDB_STOP_EXITED] = {0, NULL, false},
};

unsigned stop_signal(u8 kind)
{
	return reasons[kind].signal;
}

static void register_tell(struct gdb *g, u32 thread, enum gdb_register reg)
{
	u8 value[GDB_REGISTER_BYTES_MAX];

	if (g->target->register_read(g->target, thread, reg, value))
		return;
	fmt_print(&g->out.sink, "%02x:", (unsigned)reg);
	gdb_out_hex(&g->out, value, gdb_register_bytes(reg));
	gdb_out_char(&g->out, ';');
}

void stop_reply(struct gdb *g, const struct gdb_stop *stop)
{
	if (stop->kind == GDB_STOP_EXITED) {
		fmt_print(&g->out.sink, "W%02x", stop->status);
		return;
	}
	fmt_print(&g->out.sink, "T%02xthread:%x;", reasons[stop->kind].signal, stop->thread + 1);
	if (reasons[stop->kind].has_address)
		fmt_print(&g->out.sink, "%s%lx;", reasons[stop->kind].point, stop->address);
	else if (reasons[stop->kind].point && g->tells_breaks)
		gdb_out_text(&g->out, reasons[stop->kind].point);
	if (stop->thread >= thread_count(g))
		return;
	register_tell(g, stop->thread, GDB_rip);
	register_tell(g, stop->thread, GDB_rsp);
	register_tell(g, stop->thread, GDB_rbp);
}

enum reply packet_why(struct gdb *g, struct words *w)
{
	struct gdb_stop stop = g->last;

	(void)w;
	if (!thread_count(g))
		stop.kind = GDB_STOP_EXITED;
	else if (stop.thread >= thread_count(g))
		stop.thread = 0;
	stop_reply(g, &stop);
	return REPLY_NOW;
}
