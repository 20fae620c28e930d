// SPDX-License-Identifier: Apache-2.0
// Framing, checksum, escapes and run lengths (gdb's manual, Remote Protocol: Overview; Binary Data).
#include "gdb/packet.h"

#include "base/mem.h"
#include "gdb/hex.h"

#define BREAK 3
#define ESCAPE '}'
#define ESCAPE_FLIP 0x20

enum { IDLE, DATA, SUM_HIGH, SUM_LOW };

static enum gdb_in_event idle_put(struct gdb_in *in, u8 byte)
{
	switch (byte) {
	case '$':
		in->state = DATA;
		in->used = 0;
		in->sum = 0;
		in->is_escaped = false;
		in->is_too_long = false;
		return GDB_IN_NOTHING;
	case '+':
		return GDB_IN_ACK;
	case '-':
		return GDB_IN_NAK;
	case BREAK:
		return GDB_IN_BREAK;
	default:
		return GDB_IN_NOTHING;
	}
}

static void byte_keep(struct gdb_in *in, u8 byte)
{
	if (in->used == GDB_PACKET_BYTES)
		in->is_too_long = true;
	else
		in->bytes[in->used++] = byte;
}

static void data_put(struct gdb_in *in, u8 byte)
{
	if (byte == '#') {
		in->state = SUM_HIGH;
		return;
	}
	/* A packet was cut short, and this is the next one. */
	if (byte == '$') {
		(void)idle_put(in, byte);
		return;
	}
	in->sum = (u8)(in->sum + byte);
	if (byte == ESCAPE && !in->is_escaped) {
		in->is_escaped = true;
		return;
	}
	byte_keep(in, in->is_escaped ? byte ^ ESCAPE_FLIP : byte);
	in->is_escaped = false;
}

static enum gdb_in_event packet_end(struct gdb_in *in, u8 low)
{
	int high = hex_digit(in->told);

	in->state = IDLE;
	if (in->checks && (high < 0 || hex_digit(low) < 0 || (high << 4 | hex_digit(low)) != in->sum))
		return GDB_IN_DAMAGED;
	if (in->is_too_long)
		return GDB_IN_TOO_LONG;
	in->bytes[in->used] = '\0';
	return GDB_IN_PACKET;
}

enum gdb_in_event gdb_in_put(struct gdb_in *in, u8 byte)
{
	switch (in->state) {
	case DATA:
		data_put(in, byte);
		return GDB_IN_NOTHING;
	case SUM_HIGH:
		in->told = byte;
		in->state = SUM_LOW;
		return GDB_IN_NOTHING;
	case SUM_LOW:
		return packet_end(in, byte);
	default:
		return idle_put(in, byte);
	}
}

static void sink_put(struct fmt_sink *sink, char c)
{
	gdb_out_char(CONTAINER_OF(sink, struct gdb_out, sink), c);
}

void gdb_out_begin(struct gdb_out *out)
{
	out->sink.put = sink_put;
	out->used = 0;
	out->sent = 0;
	out->is_cut = false;
	out->bytes[out->used++] = '$';
}

void gdb_out_char(struct gdb_out *out, char c)
{
	if (gdb_out_room(out))
		out->bytes[out->used++] = (u8)c;
	else
		out->is_cut = true;
}

void gdb_out_text(struct gdb_out *out, const char *text)
{
	while (*text)
		gdb_out_char(out, *text++);
}

void gdb_out_hex(struct gdb_out *out, const u8 *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		gdb_out_char(out, hex_char(bytes[i] >> 4));
		gdb_out_char(out, hex_char(bytes[i] & 15));
	}
}

void gdb_out_binary(struct gdb_out *out, const u8 *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		u8 byte = bytes[i];

		if (byte == '#' || byte == '$' || byte == ESCAPE || byte == '*') {
			gdb_out_char(out, ESCAPE);
			byte ^= ESCAPE_FLIP;
		}
		gdb_out_char(out, (char)byte);
	}
}

/*
 * A character and n more of it are the character, '*' and the character n + 29. That must be printable and none of the
 * protocol's own; three more are the first that save anything.
 */
#define RUN_BIAS 29
#define RUN_LEAST 3
#define RUN_MOST 97

static bool run_is_sayable(u32 more)
{
	u32 c = more + RUN_BIAS;

	return c != '#' && c != '$' && c != '+' && c != '-';
}

static u32 run_length(const struct gdb_out *out, u32 at)
{
	u32 more = 0;

	while (at + 1 + more < out->used && more < RUN_MOST && out->bytes[at + 1 + more] == out->bytes[at])
		more++;
	while (more >= RUN_LEAST && !run_is_sayable(more))
		more--;
	return more;
}

/* In place: it only ever gets shorter. */
static void runs_encode(struct gdb_out *out)
{
	u32 to = 1;

	for (u32 from = 1; from < out->used;) {
		u32 more = run_length(out, from);

		out->bytes[to++] = out->bytes[from];
		if (more < RUN_LEAST) {
			from++;
			continue;
		}
		out->bytes[to++] = '*';
		out->bytes[to++] = (u8)(more + RUN_BIAS);
		from += 1 + more;
	}
	out->used = to;
}

void gdb_out_end(struct gdb_out *out)
{
	u8 sum = 0;

	runs_encode(out);
	for (u32 i = 1; i < out->used; i++)
		sum = (u8)(sum + out->bytes[i]);
	out->bytes[out->used++] = '#';
	out->bytes[out->used++] = (u8)hex_char(sum >> 4);
	out->bytes[out->used++] = (u8)hex_char(sum & 15);
}
