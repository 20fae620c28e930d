/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of the remote serial protocol on a line of bytes (gdb's manual, Remote Protocol: Overview). */
#ifndef ETERNA_GDB_PACKET_H
#define ETERNA_GDB_PACKET_H

#include "base/fmt.h"

/* Bytes of a packet between '$' and '#'; what is said of them in qSupported. */
#define GDB_PACKET_BYTES 12288u
/* '$', '#' and the checksum. */
#define GDB_FRAME_BYTES 4u

/* What a byte from the debugger completed. */
enum gdb_in_event {
	GDB_IN_NOTHING,
	GDB_IN_PACKET,   /* bytes[0..used), escapes undone, a NUL behind it */
	GDB_IN_DAMAGED,  /* the checksum is wrong */
	GDB_IN_TOO_LONG, /* more than GDB_PACKET_BYTES */
	GDB_IN_ACK,
	GDB_IN_NAK,
	GDB_IN_BREAK /* Ctrl-C */
};

/* Zeroed at first. */
struct gdb_in {
	u8 state;
	bool is_escaped;
	bool is_too_long;
	bool checks; /* in no-ack mode a wrong checksum is let pass, as the manual says */
	u8 sum;
	u8 told;
	u32 used;
	u8 bytes[GDB_PACKET_BYTES + 1];
};

enum gdb_in_event gdb_in_put(struct gdb_in *in, u8 byte);

/* A packet for the debugger; text may be written into it by fmt_print(&out->sink, ...). Too much is cut. */
struct gdb_out {
	struct fmt_sink sink;
	u32 used;
	u32 sent;
	bool is_cut;
	u8 bytes[GDB_PACKET_BYTES + GDB_FRAME_BYTES];
};

void gdb_out_begin(struct gdb_out *out);
void gdb_out_char(struct gdb_out *out, char c);
void gdb_out_text(struct gdb_out *out, const char *text);
/* Bytes as two hexadecimal digits each. */
void gdb_out_hex(struct gdb_out *out, const u8 *bytes, u32 count);
/* Bytes as they are, with the protocol's own characters escaped. */
void gdb_out_binary(struct gdb_out *out, const u8 *bytes, u32 count);
/* Run-length encoding and checksum; it is to be sent now. */
void gdb_out_end(struct gdb_out *out);

/* Room for more characters. */
static inline u32 gdb_out_room(const struct gdb_out *out)
{
	return GDB_PACKET_BYTES + 1 - out->used;
}

/* The packet is empty so far. */
static inline bool gdb_out_is_empty(const struct gdb_out *out)
{
	return out->used == 1;
}

#endif
