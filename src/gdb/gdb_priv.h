/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stub share: a packet's handler reads the rest of it and writes the reply. */
#ifndef ETERNA_GDB_GDB_PRIV_H
#define ETERNA_GDB_GDB_PRIV_H

#include "gdb/gdb.h"
#include "gdb/hex.h"

/* Whether a handler's reply is sent: a target that runs again answers when it stops. */
enum reply { REPLY_NOW, REPLY_LATER };
typedef enum reply packet_fn(struct gdb *g, struct words *w);

struct packet_kind {
	const char *prefix;
	packet_fn *run;
};

/* The first of the table whose prefix the packet has; an empty reply, "not known", when there is none. */
enum reply packet_dispatch(struct gdb *g, struct words *w, const struct packet_kind *kinds, u32 count);

/* gdb.c: "OK", "E.reason" (understood by every gdb since 2004 as an error, shown by those since 7.x), by error. */
enum reply reply_ok(struct gdb *g);
enum reply reply_error(struct gdb *g, const char *reason);
enum reply reply_err(struct gdb *g, err_t err);
u32 thread_count(const struct gdb *g);
/* What the target has to be given for `how`, and resumed with. */
enum reply target_resume(struct gdb *g);

/* stop.c */
void stop_reply(struct gdb *g, const struct gdb_stop *stop);
unsigned stop_signal(u8 kind);
packet_fn packet_why;

/* registers.c */
packet_fn packet_registers_read, packet_registers_write, packet_register_read, packet_register_write;
/* Low 8 bytes of a register; false when it is not to be had. */
bool register_value(struct gdb *g, u32 thread, u64 number, u64 *value);
err_t pc_set(struct gdb *g, u32 thread, u64 pc) MUST_CHECK;

/* memory.c */
packet_fn packet_memory_read, packet_memory_write, packet_memory_write_binary, packet_memory_read_binary;
packet_fn packet_search, packet_crc;

/* points.c */
packet_fn packet_point_set, packet_point_clear;
void points_forget(struct gdb *g);
/* Do the conditions of the point at `address` let it stop the thread? */
bool points_condition_holds(struct gdb *g, u8 kind, u64 address, u32 thread);

/* resume.c */
packet_fn packet_continue, packet_step, packet_continue_signal, packet_step_signal, packet_vcont, packet_vcont_ask;

/* threads.c */
packet_fn packet_select, packet_alive, packet_current, packet_list_first, packet_list_next, packet_extra;
packet_fn packet_threads_xml;
/* "id" of a thread, -1 for all or 0 for any; false when it is neither or there is no such thread. */
bool words_take_thread(struct gdb *g, struct words *w, u32 *thread, bool *is_any) MUST_CHECK;

/* features.c */
packet_fn packet_features;

/* query.c */
packet_fn packet_query, packet_set, packet_v;
/* "OFFSET,LENGTH" of a text that `print` makes, as qXfer answers. */
enum reply window_reply(struct gdb *g, struct words *w, void (*print)(struct gdb *g, struct fmt_sink *out));

#endif
