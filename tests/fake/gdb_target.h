/* SPDX-License-Identifier: Apache-2.0 */
/* A target for the stub's tests: four threads, 64 KiB of memory, and a record of what was asked of it. */
#ifndef ETERNA_TESTS_FAKE_GDB_TARGET_H
#define ETERNA_TESTS_FAKE_GDB_TARGET_H

#include <string.h>

#include "gdb/gdb.h"
#include "gdb/registers.h"

#define FAKE_MEMORY 65536u
#define FAKE_BASE 0x10000u /* virtual; physical addresses begin at 0 */

struct fake_target {
	struct gdb_target target;
	u32 count;
	u8 registers[GDB_THREADS_MAX][GDB_REGISTER_COUNT][GDB_REGISTER_BYTES_MAX];
	enum gdb_register unknown; /* cannot be read */
	u8 memory[FAKE_MEMORY];
	u32 points[GDB_POINT_KINDS]; /* set */
	u64 point_address;
	u64 point_bytes;
	u32 stops;
	u32 resumes;
	u8 how[GDB_THREADS_MAX];
	int end; /* enum gdb_end, -1 */
	char line[256];
};

static struct fake_target *fake_of(struct gdb_target *t)
{
	return CONTAINER_OF(t, struct fake_target, target);
}

static u32 fake_threads(struct gdb_target *t)
{
	return fake_of(t)->count;
}

static size_t fake_text(struct gdb_target *t, u32 thread, char *buf, size_t size)
{
	(void)t;
	return fmt_string(buf, size, "vcpu %u <runs>", thread);
}

static err_t fake_register_read(struct gdb_target *t, u32 thread, enum gdb_register reg, u8 *buf)
{
	if (reg == fake_of(t)->unknown)
		return ERR_UNSUPPORTED;
	memcpy(buf, fake_of(t)->registers[thread][reg], gdb_register_bytes(reg));
	return OK;
}

static err_t fake_register_write(struct gdb_target *t, u32 thread, enum gdb_register reg, const u8 *buf)
{
	if (reg == fake_of(t)->unknown)
		return ERR_UNSUPPORTED;
	memcpy(fake_of(t)->registers[thread][reg], buf, gdb_register_bytes(reg));
	return OK;
}

static u32 fake_span(u64 base, u64 address, u32 bytes)
{
	return address < base || address - base >= FAKE_MEMORY ? 0 : (u32)MIN(bytes, FAKE_MEMORY - (address - base));
}

static u32 fake_memory_read(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, u8 *buf, u32 bytes)
{
	u64 base = space == GDB_VIRTUAL ? FAKE_BASE : 0;
	u32 span = fake_span(base, address, bytes);

	(void)thread;
	memcpy(buf, fake_of(t)->memory + (span ? address - base : 0), span);
	return span;
}

static u32 fake_memory_write(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, const u8 *buf,
			     u32 bytes)
{
	u64 base = space == GDB_VIRTUAL ? FAKE_BASE : 0;
	u32 span = fake_span(base, address, bytes);

	(void)thread;
	memcpy(fake_of(t)->memory + (span ? address - base : 0), buf, span);
	return span;
}

static err_t fake_point_set(struct gdb_target *t, u32 thread, enum gdb_point kind, u64 address, u64 bytes)
{
	struct fake_target *f = fake_of(t);

	(void)thread;
	if (!fake_span(FAKE_BASE, address, 1))
		return ERR_FAULT;
	f->points[kind]++;
	f->point_address = address;
	f->point_bytes = bytes;
	return OK;
}

static err_t fake_point_clear(struct gdb_target *t, enum gdb_point kind, u64 address, u64 bytes)
{
	struct fake_target *f = fake_of(t);

	(void)address;
	(void)bytes;
	if (!f->points[kind])
		return ERR_NOENT;
	f->points[kind]--;
	return OK;
}

static void fake_resume(struct gdb_target *t, const u8 *how)
{
	fake_of(t)->resumes++;
	memcpy(fake_of(t)->how, how, sizeof(fake_of(t)->how));
}

static void fake_stop(struct gdb_target *t)
{
	fake_of(t)->stops++;
}

static void fake_end(struct gdb_target *t, enum gdb_end how)
{
	fake_of(t)->end = (int)how;
}

static void fake_command(struct gdb_target *t, u32 thread, char *line, struct fmt_sink *out)
{
	strncpy(fake_of(t)->line, line, sizeof(fake_of(t)->line) - 1);
	if (!strcmp(line, "quiet"))
		return;
	for (u32 i = 0; i < (strcmp(line, "much") ? 1 : 5000); i++)
		fmt_print(out, "thread %u: %s\n", thread, line);
}

static inline void fake_init(struct fake_target *f)
{
	memset(f, 0, sizeof(*f));
	f->target = (struct gdb_target){
		.has_group = {true, true, true, true, true, true},
		.threads = fake_threads,
		.thread_text = fake_text,
		.register_read = fake_register_read,
		.register_write = fake_register_write,
		.memory_read = fake_memory_read,
		.memory_write = fake_memory_write,
		.point_set = fake_point_set,
		.point_clear = fake_point_clear,
		.resume = fake_resume,
		.stop = fake_stop,
		.end = fake_end,
		.command = fake_command,
	};
	f->count = 4;
	f->end = -1;
	f->unknown = GDB_REGISTER_COUNT;
	for (u32 i = 0; i < FAKE_MEMORY; i++)
		f->memory[i] = (u8)(i * 7 + (i >> 8));
	for (u32 thread = 0; thread < GDB_THREADS_MAX; thread++)
		for (u32 reg = 0; reg < GDB_REGISTER_COUNT; reg++)
			for (u32 i = 0; i < GDB_REGISTER_BYTES_MAX; i++)
				f->registers[thread][reg][i] = (u8)(reg + 3 * i + 16 * thread);
}

#endif
