/* SPDX-License-Identifier: Apache-2.0 */
/* A small guest for the emulator's tests: RAM, a device, ports, vector registers, and page tables in any mode. */
#ifndef ETERNA_TESTS_UNIT_EMUL_MODEL_H
#define ETERNA_TESTS_UNIT_EMUL_MODEL_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emul/emul.h"

#ifndef MODEL_RAM_BYTES
#define MODEL_RAM_BYTES (512 * KIB)
#endif
#ifndef MODEL_TABLES
#define MODEL_TABLES 0x40000ull /* page tables are made from here upwards */
#endif
#define MODEL_DEVICE 0xfee00000ull /* a page of device memory */
#define MODEL_LOG 64

struct model_access {
	bool is_write;
	u64 gpa;
	u32 bytes;
	u64 value;
};

struct model {
	struct cpu_state cpu;
	struct emul emul;
	struct emul_result result;
	struct guest_memory memory;
	struct port_io ports;
	struct vector_file vectors;
	u8 ram[MODEL_RAM_BYTES];
	u8 device[PAGE_BYTES];
	u8 vector[16][32];
	struct model_access log[MODEL_LOG]; /* device accesses and port accesses (gpa is the port) */
	u32 log_count;
	u64 tables_end;
	u32 steal_count; /* that many compare_exchange calls find the value changed */
	u32 in_value;
	err_t fail; /* what providers report, if not OK */
};

static inline void model_note(struct model *m, bool is_write, u64 at, u32 bytes, const void *buf)
{
	struct model_access *a = &m->log[m->log_count++ % MODEL_LOG];

	*a = (struct model_access){is_write, at, bytes, 0};
	memcpy(&a->value, buf, MIN(bytes, 8));
}

/* Where an access goes: RAM, the device, or NULL for nobody. Asserts the contract: within a page, not empty. */
static inline u8 *model_target(struct model *m, gpa_t gpa, u32 bytes, bool *is_device)
{
	assert(bytes > 0 && gpa.v % PAGE_BYTES + bytes <= PAGE_BYTES);
	*is_device = gpa.v / PAGE_BYTES == MODEL_DEVICE / PAGE_BYTES;
	if (*is_device)
		return m->device + gpa.v % PAGE_BYTES;
	return gpa.v < MODEL_RAM_BYTES ? m->ram + gpa.v : NULL;
}

static err_t model_read(struct guest_memory *memory, gpa_t gpa, void *buf, u32 bytes)
{
	struct model *m = CONTAINER_OF(memory, struct model, memory);
	bool is_device;
	u8 *target = model_target(m, gpa, bytes, &is_device);

	if (m->fail)
		return m->fail;
	if (target)
		memcpy(buf, target, bytes);
	else
		memset(buf, 0xff, bytes);
	if (is_device)
		model_note(m, false, gpa.v, bytes, buf);
	return OK;
}

static err_t model_write(struct guest_memory *memory, gpa_t gpa, const void *buf, u32 bytes)
{
	struct model *m = CONTAINER_OF(memory, struct model, memory);
	bool is_device;
	u8 *target = model_target(m, gpa, bytes, &is_device);

	if (m->fail)
		return m->fail;
	if (target)
		memcpy(target, buf, bytes);
	if (is_device)
		model_note(m, true, gpa.v, bytes, buf);
	return OK;
}

static err_t model_compare_exchange(struct guest_memory *memory, gpa_t gpa, const void *expected, const void *desired,
				    u32 bytes)
{
	struct model *m = CONTAINER_OF(memory, struct model, memory);
	bool is_device;
	u8 *target = model_target(m, gpa, bytes, &is_device);

	assert(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16);
	if (!target || is_device)
		return ERR_UNSUPPORTED;
	if (m->steal_count) {
		m->steal_count--;
		return ERR_BUSY;
	}
	if (memcmp(target, expected, bytes))
		return ERR_BUSY;
	memcpy(target, desired, bytes);
	return OK;
}

static err_t model_in(struct port_io *ports, u16 port, u32 bytes, u32 *value)
{
	struct model *m = CONTAINER_OF(ports, struct model, ports);

	*value = m->in_value;
	m->in_value += 0x01010101;
	model_note(m, false, port, bytes, value);
	return m->fail;
}

static err_t model_out(struct port_io *ports, u16 port, u32 bytes, u32 value)
{
	struct model *m = CONTAINER_OF(ports, struct model, ports);

	model_note(m, true, port, bytes, &value);
	return m->fail;
}

static err_t model_vector_read(struct vector_file *file, unsigned index, void *buf, u32 bytes)
{
	memcpy(buf, CONTAINER_OF(file, struct model, vectors)->vector[index], bytes);
	return OK;
}

static err_t model_vector_write(struct vector_file *file, unsigned index, const void *buf, u32 bytes, bool clears_rest)
{
	struct model *m = CONTAINER_OF(file, struct model, vectors);

	if (clears_rest)
		memset(m->vector[index], 0, sizeof(m->vector[index]));
	memcpy(m->vector[index], buf, bytes);
	return OK;
}

/* Real mode at 0:0 with flat 64 KiB segments, nothing mapped, no paging. */
static inline void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->cpu = cpu_state_reset;
	m->cpu.rip = 0;
	m->cpu.seg[SEG_CS].selector = 0;
	m->cpu.seg[SEG_CS].base = 0;
	m->memory = (struct guest_memory){model_read, model_write, model_compare_exchange};
	m->ports = (struct port_io){model_in, model_out};
	m->vectors = (struct vector_file){model_vector_read, model_vector_write};
	m->emul = (struct emul){
		.cpu = &m->cpu,
		.memory = &m->memory,
		.ports = &m->ports,
		.vectors = &m->vectors,
		.limits = {.phys_bits = 40, .has_gib_pages = true},
	};
	m->tables_end = MODEL_TABLES + PAGE_BYTES;
	m->cpu.cr3 = MODEL_TABLES;
	m->cpu.cr4 = CR4_OSFXSR;
}

static inline u64 model_table_new(struct model *m)
{
	m->tables_end += PAGE_BYTES;
	assert(m->tables_end <= MODEL_RAM_BYTES);
	return m->tables_end - PAGE_BYTES;
}

#define MODEL_P 1ull
#define MODEL_W 2ull
#define MODEL_U 4ull
#define MODEL_A 0x20ull
#define MODEL_D 0x40ull
#define MODEL_PS 0x80ull
#define MODEL_XD (1ull << 63)
#define MODEL_RWU (MODEL_P | MODEL_W | MODEL_U)

/* The entry of `level` (1 is the page table) for `gva`; upper tables are made as needed, writable and for all. */
static inline u8 *model_entry(struct model *m, u64 gva, unsigned level)
{
	bool is_32bit = !(m->cpu.cr4 & CR4_PAE);
	bool is_ia32e = m->cpu.efer & EFER_LMA;
	unsigned levels = is_32bit ? 2 : !is_ia32e ? 3 : m->cpu.cr4 & CR4_LA57 ? 5 : 4;
	unsigned index_bits = is_32bit ? 10 : 9;
	unsigned entry_bytes = is_32bit ? 4 : 8;
	u64 table = m->cpu.cr3 & ~0x1full;

	for (unsigned at = levels;; at--) {
		u64 index = gva >> (12 + (at - 1) * index_bits) & ((1u << index_bits) - 1);
		u8 *entry = m->ram + table + index * entry_bytes;
		u64 value = 0;

		if (at == level)
			return entry;
		memcpy(&value, entry, entry_bytes);
		if (!(value & MODEL_P)) {
			bool is_pdpte = levels == 3 && at == 3;

			value = model_table_new(m) | (is_pdpte ? MODEL_P : MODEL_RWU);
			memcpy(entry, &value, entry_bytes);
		}
		table = value & 0xffffffffff000ull;
	}
}

/* Map a 4 KiB page with the given entry bits. */
static inline void model_map(struct model *m, u64 gva, u64 gpa, u64 bits)
{
	u64 value = gpa | bits;

	memcpy(model_entry(m, gva, 1), &value, m->cpu.cr4 & CR4_PAE ? 8 : 4);
}

static inline void model_map_range(struct model *m, u64 gva, u64 gpa, u64 bytes, u64 bits)
{
	for (u64 at = 0; at < bytes; at += PAGE_BYTES)
		model_map(m, gva + at, gpa + at, bits);
}

#define MODEL_CODE64 (SEG_P | SEG_S | 0xb | SEG_L | SEG_G)
#define MODEL_CODE32 (SEG_P | SEG_S | 0xb | SEG_DB | SEG_G)
#define MODEL_DATA (SEG_P | SEG_S | 0x3 | SEG_DB | SEG_G)

static inline void model_segments_flat(struct model *m, u32 code_access)
{
	for (unsigned i = 0; i <= SEG_GS; i++)
		m->cpu.seg[i] = (struct segment){.selector = 0x10, .access = MODEL_DATA, .limit = 0xffffffff};
	m->cpu.seg[SEG_CS] = (struct segment){.selector = 8, .access = code_access, .limit = 0xffffffff};
}

/* 64-bit mode, 4-level paging; the first 256 KiB of RAM and the device mapped one to one, for supervisor and user. */
static inline void model_init_64(struct model *m)
{
	model_init(m);
	m->cpu.cr0 |= CR0_PE | CR0_PG | CR0_WP;
	m->cpu.cr4 |= CR4_PAE;
	m->cpu.efer = EFER_LME | EFER_LMA | EFER_NXE;
	model_segments_flat(m, MODEL_CODE64);
	model_map_range(m, 0, 0, MODEL_TABLES, MODEL_RWU);
	model_map(m, MODEL_DEVICE, MODEL_DEVICE, MODEL_RWU);
}

/* 32-bit protected mode without paging. */
static inline void model_init_32(struct model *m)
{
	model_init(m);
	m->cpu.cr0 |= CR0_PE;
	model_segments_flat(m, MODEL_CODE32);
}

static inline void model_set_cpl(struct model *m, unsigned cpl)
{
	m->cpu.seg[SEG_SS].access = (m->cpu.seg[SEG_SS].access & ~(u32)SEG_DPL) | (u32)PUT(SEG_DPL, cpl);
	m->cpu.seg[SEG_CS].access = (m->cpu.seg[SEG_CS].access & ~(u32)SEG_DPL) | (u32)PUT(SEG_DPL, cpl);
}

/* Put the bytes at CS:RIP (in RAM mapped one to one) and step once. */
static inline enum emul_status model_step(struct model *m, const void *code, size_t bytes)
{
	memcpy(m->ram + (u32)(m->cpu.seg[SEG_CS].base + m->cpu.rip), code, bytes);
	m->log_count = 0;
	return emul_step(&m->emul, &m->result);
}

/* STEP(m, 0x89, 0x03): the bytes of one instruction. */
#define STEP(m, ...) model_step(m, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

#endif
