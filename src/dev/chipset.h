/* SPDX-License-Identifier: Apache-2.0 */
/* Single ports that a PC's chipset has itself: POST code 0x80, system control 0x92, reset control 0xcf9. */
#ifndef ETERNA_DEV_CHIPSET_H
#define ETERNA_DEV_CHIPSET_H

#include "dev/power.h"

#include "base/fields.h"

#define CHIPSET_PORT_POST 0x80
#define CHIPSET_PORT_CONTROL 0x92
#define CHIPSET_PORT_RESET 0xcf9

#define CHIPSET_FIELDS(F, A, S)                                                                                        \
	F(u8, post, "last POST code")                                                                                  \
	F(u8, control, "port 0x92: A20 (bit 1) and fast reset (bit 0) as written")                                     \
	F(u8, reset_control, "port 0xcf9: FULL_RST, RST_CPU, SYS_RST as written")

struct chipset {
	CHIPSET_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc chipset_desc;

/* The state after a reset: A20 reads as on. */
void chipset_reset(struct chipset *c);

bool chipset_valid(const struct chipset *c);

/*
 * Access one of the three ports, a byte at a time. What a write asks of the machine is returned. The A20 bit is kept
 * for readers only: no processor with VMX masks the line any more.
 * Source: Intel I/O Controller Hub datasheets, "Processor Interface Registers".
 */
u8 chipset_read(const struct chipset *c, u16 port);
enum power_request chipset_write(struct chipset *c, u16 port, u8 value);

#endif
