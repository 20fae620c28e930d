// SPDX-License-Identifier: Apache-2.0
// Packets g, G, p and P; a register that the target cannot give is all 'x'.
#include "gdb/registers.h"

#include "base/mem.h"
#include "gdb/gdb_priv.h"

/* Where each group begins: the group of a register is the last one that began before it. */
enum group_mark {
#define MARK_REGISTER(name, bits, type, kind) AT_##name,
#define MARK_GROUP(group) BEGIN_##group, BEFORE_##group = BEGIN_##group - 1,
	GDB_REGISTER_LIST(MARK_REGISTER, MARK_GROUP)
};

#define GROUP_OF(name)                                                                                                 \
	(AT_##name < (int)BEGIN_SSE        ? GDB_GROUP_CORE                                                            \
	 : AT_##name < (int)BEGIN_SEGMENTS ? GDB_GROUP_SSE                                                             \
	 : AT_##name < (int)BEGIN_AVX      ? GDB_GROUP_SEGMENTS                                                        \
	 : AT_##name < (int)BEGIN_AVX512   ? GDB_GROUP_AVX                                                             \
	 : AT_##name < (int)BEGIN_SYSTEM   ? GDB_GROUP_AVX512                                                          \
					   : GDB_GROUP_SYSTEM)

#define INFO(name, bits, type, kind) {#name, type, kind, bits, GROUP_OF(name)},
const struct gdb_register_info gdb_registers[GDB_REGISTER_COUNT] = {GDB_REGISTER_LIST(INFO, GDB_NO_GROUP)};

static void register_print(struct gdb *g, enum gdb_register reg)
{
	u8 value[GDB_REGISTER_BYTES_MAX];
	u32 bytes = gdb_register_bytes(reg);

	if (!g->target->register_read(g->target, g->thread, reg, value)) {
		gdb_out_hex(&g->out, value, bytes);
		return;
	}
	for (u32 i = 0; i < 2 * bytes; i++)
		gdb_out_char(&g->out, 'x');
}

enum reply packet_registers_read(struct gdb *g, struct words *w)
{
	if (words_left(w))
		return reply_err(g, ERR_FORMAT);
	for (u32 reg = 0; reg < GDB_REGISTER_COUNT; reg++)
		if (gdb_register_is_there(g->target, reg))
			register_print(g, (enum gdb_register)reg);
	return REPLY_NOW;
}

/* A register that is given as 'x' stays as it is. */
static bool take_unknown(struct words *w, u32 bytes)
{
	if (words_left(w) < 2 * bytes)
		return false;
	for (u32 i = 0; i < 2 * bytes; i++)
		if (w->at[i] != 'x')
			return false;
	w->at += 2 * bytes;
	return true;
}

/* Only what differs is written: gdb sends back all that it got to change one. */
static err_t register_change(struct gdb *g, enum gdb_register reg, const u8 *value)
{
	u8 old[GDB_REGISTER_BYTES_MAX];

	if (!g->target->register_read(g->target, g->thread, reg, old) && !memcmp(old, value, gdb_register_bytes(reg)))
		return OK;
	return g->target->register_write(g->target, g->thread, reg, value);
}

enum reply packet_registers_write(struct gdb *g, struct words *w)
{
	u8 value[GDB_REGISTER_BYTES_MAX];

	for (u32 reg = 0; reg < GDB_REGISTER_COUNT && words_left(w); reg++) {
		u32 bytes = gdb_register_bytes((enum gdb_register)reg);
		err_t err;

		if (!gdb_register_is_there(g->target, reg) || take_unknown(w, bytes))
			continue;
		if (!words_take_bytes(w, value, bytes))
			return reply_err(g, ERR_FORMAT);
		err = register_change(g, (enum gdb_register)reg, value);
		if (err)
			return reply_err(g, err);
	}
	return words_left(w) ? reply_err(g, ERR_FORMAT) : reply_ok(g);
}

enum reply packet_register_read(struct gdb *g, struct words *w)
{
	u64 reg;

	if (!words_take_number(w, &reg) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	if (!gdb_register_is_there(g->target, reg))
		return reply_err(g, ERR_NOENT);
	register_print(g, (enum gdb_register)reg);
	return REPLY_NOW;
}

enum reply packet_register_write(struct gdb *g, struct words *w)
{
	u8 value[GDB_REGISTER_BYTES_MAX];
	err_t err;
	u64 reg;

	if (!words_take_number(w, &reg) || !words_take(w, '='))
		return reply_err(g, ERR_FORMAT);
	if (!gdb_register_is_there(g->target, reg))
		return reply_err(g, ERR_NOENT);
	if (!words_take_bytes(w, value, gdb_register_bytes((enum gdb_register)reg)) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	err = g->target->register_write(g->target, g->thread, (enum gdb_register)reg, value);
	return err ? reply_err(g, err) : reply_ok(g);
}

bool register_value(struct gdb *g, u32 thread, u64 number, u64 *value)
{
	u8 bytes[GDB_REGISTER_BYTES_MAX] = {0};

	if (!gdb_register_is_there(g->target, number) ||
	    g->target->register_read(g->target, thread, (enum gdb_register)number, bytes))
		return false;
	*value = load_u64(bytes);
	return true;
}

err_t pc_set(struct gdb *g, u32 thread, u64 pc)
{
	u8 bytes[8];

	store_u64(bytes, pc);
	return g->target->register_write(g->target, thread, GDB_rip, bytes);
}
