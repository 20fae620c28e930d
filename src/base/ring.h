/* SPDX-License-Identifier: Apache-2.0 */
/* Byte ring over the caller's buffer, whose size is a power of two. Indices run freely; their difference is the fill.
 */
#ifndef ETERNA_BASE_RING_H
#define ETERNA_BASE_RING_H

#include "base/types.h"

struct ring {
	u8 *bytes;
	u32 size; /* power of two */
	u32 head; /* next write */
	u32 tail; /* next read */
};

static inline void ring_init(struct ring *r, u8 *bytes, u32 size)
{
	*r = (struct ring){.bytes = bytes, .size = size};
}

static inline u32 ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline u32 ring_room(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* False, and nothing stored, when full. */
static inline bool ring_put(struct ring *r, u8 byte)
{
	if (!ring_room(r))
		return false;
	r->bytes[r->head++ & (r->size - 1)] = byte;
	return true;
}

/* False when empty. */
static inline bool ring_get(struct ring *r, u8 *byte)
{
	if (!ring_used(r))
		return false;
	*byte = r->bytes[r->tail++ & (r->size - 1)];
	return true;
}

/* Store a byte; when full the oldest is lost (for logs). */
static inline void ring_force(struct ring *r, u8 byte)
{
	if (!ring_room(r))
		r->tail++;
	(void)ring_put(r, byte);
}

/* The byte `ahead` places behind the next read; `ahead` < ring_used(). */
static inline u8 ring_peek(const struct ring *r, u32 ahead)
{
	return r->bytes[(r->tail + ahead) & (r->size - 1)];
}

#endif
