/* SPDX-License-Identifier: Apache-2.0 */
/* What test suites written for QEMU expect with `testdev = yes`: its isa-debug-exit and pc-testdev. */
#ifndef ETERNA_DEV_TESTDEV_H
#define ETERNA_DEV_TESTDEV_H

#include "base/fields.h"

#define TESTDEV_PORT_LATCH 0xe0      /* 4 bytes that read back */
#define TESTDEV_PORT_FLUSH 0xe4      /* dword: an address whose page loses its translations */
#define TESTDEV_PORT_LATCH_BYTE 0xe8 /* the latch again; QEMU splits accesses here into bytes */
#define TESTDEV_PORT_EXIT 0xf4       /* 4 ports */
#define TESTDEV_PORT_LINES 0x2000    /* one for each line */
#define TESTDEV_LINES 24
#define TESTDEV_RAM_BASE 0xff000000ull
#define TESTDEV_RAM_BYTES 0x10000

#define TESTDEV_FIELDS(F, A, S)                                                                                        \
	F(u32, latch, "ports 0xe0 to 0xe3")                                                                            \
	F(u32, lines, "interrupt lines that the guest holds up, a bit for each GSI")

struct testdev {
	TESTDEV_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

#define TESTDEV_RAM_FIELDS(F, A, S) A(u8, bytes, TESTDEV_RAM_BYTES, "memory behind instruction emulation")

/* Apart from the ports, so that only a VM that has the device pays for it. */
struct testdev_ram {
	TESTDEV_RAM_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc testdev_desc;
extern const struct desc testdev_ram_desc;

/* What a write asks of the board. */
enum testdev_event_kind {
	TESTDEV_NONE,
	TESTDEV_EXIT,  /* `value` was written to the exit port: QEMU ends with status (value << 1) | 1 */
	TESTDEV_FLUSH, /* `value` is the guest-physical address of a page to unmap and map again */
	TESTDEV_LINE,  /* GSI `value` changed: see `level` */
};

struct testdev_event {
	enum testdev_event_kind kind;
	u32 value;
	bool level;
};

void testdev_reset(struct testdev *t);

bool testdev_valid(const struct testdev *t);

/* Does the device own this port? */
bool testdev_has_port(u16 port);

/* Access 1, 2 or 4 bytes at a port that testdev_has_port(). Source: QEMU's hw/misc/pc-testdev.c and debugexit.c. */
u32 testdev_read(const struct testdev *t, u16 port, unsigned bytes);
struct testdev_event testdev_write(struct testdev *t, u16 port, unsigned bytes, u32 value);

/* Access 1 to 8 bytes of the memory, `offset` from TESTDEV_RAM_BASE; what lies behind its end reads 0. */
u64 testdev_ram_read(const struct testdev_ram *r, u32 offset, unsigned bytes);
void testdev_ram_write(struct testdev_ram *r, u32 offset, unsigned bytes, u64 value);

#endif
