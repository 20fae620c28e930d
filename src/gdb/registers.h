/* SPDX-License-Identifier: Apache-2.0 */
/* The registers' names, sizes and groups as data. */
#ifndef ETERNA_GDB_REGISTERS_H
#define ETERNA_GDB_REGISTERS_H

#include "iface/gdb_target.h"

struct gdb_register_info {
	const char *name;
	const char *type; /* gdb's */
	const char *kind; /* group of "info registers"; NULL: gdb decides */
	u16 bits;
	u8 group; /* enum gdb_group */
};

extern const struct gdb_register_info gdb_registers[GDB_REGISTER_COUNT];

static inline u32 gdb_register_bytes(enum gdb_register reg)
{
	return gdb_registers[reg].bits / 8u;
}

/* Does the target have it? */
static inline bool gdb_register_is_there(const struct gdb_target *t, u64 reg)
{
	return reg < GDB_REGISTER_COUNT && t->has_group[gdb_registers[reg].group];
}

#endif
