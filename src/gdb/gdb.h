/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debugger's session with one target by gdb's remote serial protocol. Bytes go in and come out; what carries them is
 * the caller's business. All-stop mode: either every thread is stopped and packets are answered, or the target runs.
 *
 *   closed --gdb_open()--> stopped --c, s, vCont--> running --gdb_stopped()--> stopped ... --gdb_close(), D, k-->
 * closed
 */
#ifndef ETERNA_GDB_GDB_H
#define ETERNA_GDB_GDB_H

#include "gdb/packet.h"
#include "iface/gdb_target.h"

/* Breakpoints with conditions, and the bytes of all their expressions. */
#define GDB_CONDITIONS_MAX 64
#define GDB_CONDITION_BYTES 4096

struct gdb_condition {
	u64 address;
	u8 kind; /* enum gdb_point */
	u16 start;
	u16 bytes; /* expressions, each a two-byte length and its bytecode */
};

struct gdb_thread_plan {
	u8 how;          /* enum gdb_how */
	u64 range_start; /* stepping goes on while the instruction pointer is in [start, end) */
	u64 range_end;
};

struct gdb {
	struct gdb_target *target;
	bool is_open;
	bool is_running;
	bool is_acked;      /* packets are acknowledged: until QStartNoAckMode */
	bool is_physical;   /* addresses are, by Qqemu.PhyMemMode */
	bool tells_breaks;  /* the debugger understands swbreak and hwbreak */
	u32 thread;         /* of registers and memory: Hg */
	u32 resume_thread;  /* of s and c: Hc; GDB_ALL_THREADS */
	u32 list_next;      /* qsThreadInfo */
	u32 passed_signals; /* bit n: stops with signal n are not told */
	struct gdb_stop last;
	struct gdb_thread_plan plan[GDB_THREADS_MAX];
	u32 condition_count;
	u32 condition_used;
	struct gdb_condition conditions[GDB_CONDITIONS_MAX];
	u8 condition_bytes[GDB_CONDITION_BYTES];
	u64 packets; /* taken since gdb_init(), for the curious */
	u8 ack;      /* '+' or '-' that is to be sent before anything else; else 0 */
	struct gdb_in in;
	struct gdb_out out;
};

#define GDB_ALL_THREADS UINT32_MAX

void gdb_init(struct gdb *g, struct gdb_target *target);

/* A debugger connected: the target is told to stop, unless it is stopped already (`last` tells why, or NULL). */
void gdb_open(struct gdb *g, const struct gdb_stop *last);

/* Its connection is gone. Points are removed; the caller decides whether the target goes on. */
void gdb_close(struct gdb *g);

/* A byte from the debugger. False: what was said before is not sent yet; offer it again later. */
bool gdb_receive(struct gdb *g, u8 byte);

/* The next byte for the debugger; false when there is none. */
bool gdb_send(struct gdb *g, u8 *byte);

/*
 * The target stopped, all threads. True: the debugger is told and decides what comes next. False: nobody wants to know
 * (a condition does not hold, a range is not left yet): resume with the same plan, for which gdb_how() tells each
 * thread's part.
 */
bool gdb_stopped(struct gdb *g, const struct gdb_stop *stop);

/*
 * The thread is at a breakpoint: would gdb_stopped() tell the debugger of it? Context: the target runs; nothing of the
 * session changes then, so any thread may ask for itself at any time.
 */
bool gdb_break_matters(struct gdb *g, enum gdb_point kind, u64 address, u32 thread);

/* What the thread does, by the last command: enum gdb_how. */
static inline u8 gdb_how(const struct gdb *g, u32 thread)
{
	return g->plan[thread].how;
}

/* Numbers within their arrays? */
bool gdb_valid(const struct gdb *g);

#endif
