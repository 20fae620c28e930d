// SPDX-License-Identifier: Apache-2.0
// Frames on a serial line, with the byte stuffing of HDLC.
#include "gdb/channel.h"

#define FLIP 0x20
#define CONTENT_LEAST 3 /* channel, kind, sum */

static bool content_end(struct channel_in *in, struct channel_frame *frame)
{
	bool is_whole = in->is_inside && !in->is_bad && !in->is_escaped && in->used >= CONTENT_LEAST;
	u8 sum = 0;

	for (u32 i = 0; i < in->used; i++)
		sum = (u8)(sum + in->content[i]);
	*frame = (struct channel_frame){
		.channel = in->content[0],
		.kind = in->content[1],
		.bytes = is_whole ? in->used - CONTENT_LEAST : 0,
		.payload = in->content + 2,
	};
	in->is_inside = true;
	in->is_escaped = false;
	in->is_bad = false;
	in->used = 0;
	return is_whole && !sum;
}

bool channel_in_put(struct channel_in *in, u8 byte, struct channel_frame *frame)
{
	if (byte == CHANNEL_FLAG)
		return content_end(in, frame);
	if (byte == CHANNEL_ESCAPE) {
		in->is_bad |= in->is_escaped;
		in->is_escaped = true;
		return false;
	}
	if (in->used == CHANNEL_CONTENT_MAX)
		in->is_bad = true;
	else
		in->content[in->used++] = in->is_escaped ? byte ^ FLIP : byte;
	in->is_escaped = false;
	return false;
}

static u32 stuff(u8 *line, u32 at, u8 byte)
{
	if (byte == CHANNEL_FLAG || byte == CHANNEL_ESCAPE) {
		line[at++] = CHANNEL_ESCAPE;
		byte ^= FLIP;
	}
	line[at++] = byte;
	return at;
}

u32 channel_encode(u8 channel, u8 kind, const void *payload, u32 bytes, u8 *line)
{
	const u8 *from = payload;
	u8 sum = (u8)(channel + kind);
	u32 at = 0;

	line[at++] = CHANNEL_FLAG;
	at = stuff(line, at, channel);
	at = stuff(line, at, kind);
	for (u32 i = 0; i < bytes; i++) {
		at = stuff(line, at, from[i]);
		sum = (u8)(sum + from[i]);
	}
	at = stuff(line, at, (u8)(0 - sum));
	line[at++] = CHANNEL_FLAG;
	return at;
}
