/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several debuggers' streams on one serial line. A frame is FLAG, its content with FLAG and ESCAPE escaped, FLAG; the
 * content is the channel's number, the kind, up to CHANNEL_PAYLOAD_MAX bytes and a byte that makes the sum of all 0.
 * A damaged frame is dropped; the next FLAG begins a new one. tools/launcher/gdbport.py speaks it at the other end.
 */
#ifndef ETERNA_GDB_CHANNEL_H
#define ETERNA_GDB_CHANNEL_H

#include "base/types.h"

#define CHANNEL_FLAG 0x7e
#define CHANNEL_ESCAPE 0x7d
#define CHANNEL_PAYLOAD_MAX 512u
#define CHANNEL_CONTENT_MAX (CHANNEL_PAYLOAD_MAX + 3)
/* A frame on the line, at most. */
#define CHANNEL_LINE_MAX (2 * CHANNEL_CONTENT_MAX + 2)

/* Channel n is the configuration's VM n. */
enum channel_kind {
	CHANNEL_DATA = 'd',  /* the protocol's bytes */
	CHANNEL_OPEN = 'o',  /* to ETERNA: a debugger connected; from ETERNA: it may speak now */
	CHANNEL_CLOSE = 'c', /* it is gone; from ETERNA: refused, or its session ended; the payload says why, as text */
	CHANNEL_HELLO = 'h', /* to ETERNA: who is there? */
	CHANNEL_NAME = 'n',  /* from ETERNA: a VM that can be debugged; the payload is its name */
};

/* A frame that arrived; the payload lies in the receiver until the next byte is put. */
struct channel_frame {
	u8 channel;
	u8 kind;
	u32 bytes;
	const u8 *payload;
};

/* Zeroed at first. */
struct channel_in {
	bool is_inside; /* a FLAG was seen */
	bool is_escaped;
	bool is_bad; /* what comes up to the next FLAG is dropped */
	u32 used;
	u8 content[CHANNEL_CONTENT_MAX];
};

/* A byte from the line. True: it completed a frame. */
bool channel_in_put(struct channel_in *in, u8 byte, struct channel_frame *frame);

/* Write a frame to `line` of CHANNEL_LINE_MAX bytes; `bytes` is at most CHANNEL_PAYLOAD_MAX. Returns its length. */
u32 channel_encode(u8 channel, u8 kind, const void *payload, u32 bytes, u8 *line);

#endif
