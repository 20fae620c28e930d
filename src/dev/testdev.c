// SPDX-License-Identifier: Apache-2.0
// The test device's ports and memory.
#include "dev/testdev.h"

#include "base/bits.h"

#define DESC_STRUCT struct testdev
DESC_DEFINE(testdev, TESTDEV_FIELDS, 1);
#undef DESC_STRUCT
#define DESC_STRUCT struct testdev_ram
DESC_DEFINE(testdev_ram, TESTDEV_RAM_FIELDS, 1);
#undef DESC_STRUCT

void testdev_reset(struct testdev *t)
{
	*t = (struct testdev){0};
}

bool testdev_valid(const struct testdev *t)
{
	return t->lines < 1u << TESTDEV_LINES;
}

static bool is_latch(u16 port)
{
	return (port & ~3) == TESTDEV_PORT_LATCH || (port & ~3) == TESTDEV_PORT_LATCH_BYTE;
}

static bool is_line(u16 port)
{
	return port >= TESTDEV_PORT_LINES && port < TESTDEV_PORT_LINES + TESTDEV_LINES;
}

bool testdev_has_port(u16 port)
{
	return is_latch(port) || is_line(port) || (port & ~3) == TESTDEV_PORT_FLUSH || (port & ~3) == TESTDEV_PORT_EXIT;
}

/* The latch's bits that an access covers; what reaches beyond it is cut off. */
static u32 latch_mask(u16 port, unsigned bytes)
{
	return (u32)bits_byte_mask(bytes) << 8 * (port & 3);
}

u32 testdev_read(const struct testdev *t, u16 port, unsigned bytes)
{
	if (is_latch(port))
		return (t->latch & latch_mask(port, bytes)) >> 8 * (port & 3);
	if (is_line(port))
		return (u32)bits_byte_mask(bytes); /* write only */
	return 0;
}

static struct testdev_event write_line(struct testdev *t, u32 line, bool level)
{
	t->lines = level ? t->lines | 1u << line : t->lines & ~(1u << line);
	return (struct testdev_event){TESTDEV_LINE, line, level};
}

struct testdev_event testdev_write(struct testdev *t, u16 port, unsigned bytes, u32 value)
{
	u32 mask;

	value &= (u32)bits_byte_mask(bytes);
	if (is_latch(port)) {
		mask = latch_mask(port, bytes);
		t->latch = (t->latch & ~mask) | (value << 8 * (port & 3) & mask);
	} else if (is_line(port)) {
		return write_line(t, (u32)port - TESTDEV_PORT_LINES, value != 0);
	} else if ((port & ~3) == TESTDEV_PORT_EXIT) {
		return (struct testdev_event){TESTDEV_EXIT, value, false};
	} else if (port == TESTDEV_PORT_FLUSH && bytes == 4) {
		return (struct testdev_event){TESTDEV_FLUSH, value, false};
	}
	return (struct testdev_event){TESTDEV_NONE, 0, false};
}

u64 testdev_ram_read(const struct testdev_ram *r, u32 offset, unsigned bytes)
{
	u64 value = 0;

	for (unsigned i = 0; i < bytes && (u64)offset + i < TESTDEV_RAM_BYTES; i++)
		value |= (u64)r->bytes[offset + i] << 8 * i;
	return value;
}

void testdev_ram_write(struct testdev_ram *r, u32 offset, unsigned bytes, u64 value)
{
	for (unsigned i = 0; i < bytes && (u64)offset + i < TESTDEV_RAM_BYTES; i++)
		r->bytes[offset + i] = (u8)(value >> 8 * i);
}
