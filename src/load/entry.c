// SPDX-License-Identifier: Apache-2.0
// The two entry states that boot protocols ask for, and the tables that the 64-bit one needs.
#include "load/plan.h"

#include "base/mem.h"
#include "x86/regs/control.h"

/* SDM 3A, Segment Descriptors: type 11 is code, execute/read, accessed; 3 is data, read/write, accessed. */
#define FLAT_CODE (SEG_P | SEG_S | SEG_G | PUT(SEG_TYPE, 11))
#define FLAT_DATA (SEG_P | SEG_S | SEG_G | SEG_DB | PUT(SEG_TYPE, 3))
#define TSS32_BUSY (SEG_P | PUT(SEG_TYPE, 11))
#define FLAT_LIMIT 0xffffffffu

#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18

/* A descriptor with base 0 and limit 4 GiB - 1: the access rights lie above bit 40, around the limit's high part. */
#define DESCRIPTOR_LIMIT (0xfull << 48 | 0xffff)
#define DESCRIPTOR(access) (((access) & (BITS(15, 12) | BITS(7, 0))) << 40 | DESCRIPTOR_LIMIT)

/* Entries of page tables (SDM 3A, 4-Level Paging): present, writable, maps a page. */
#define ENTRY_P BIT(0)
#define ENTRY_W BIT(1)
#define ENTRY_LEAF BIT(7)

static void set_segments(struct cpu_state *state, u16 code, u64 code_access, u16 data)
{
	static const enum seg data_segments[] = {SEG_DS, SEG_ES, SEG_SS, SEG_FS, SEG_GS};

	state->seg[SEG_CS] = (struct segment){.selector = code, .access = (u32)code_access, .limit = FLAT_LIMIT};
	for (u32 i = 0; i < ARRAY_COUNT(data_segments); i++)
		state->seg[data_segments[i]] =
			(struct segment){.selector = data, .access = (u32)FLAT_DATA, .limit = FLAT_LIMIT};
	state->seg[SEG_LDTR] = (struct segment){.access = (u32)SEG_UNUSABLE};
	state->seg[SEG_TR] = (struct segment){.access = (u32)TSS32_BUSY, .limit = 0x67};
}

static void set_common(struct cpu_state *state, u64 entry)
{
	*state = cpu_state_reset;
	memset(state->gpr, 0, sizeof(state->gpr));
	state->rip = entry;
	state->rflags = RFLAGS_FIXED;
}

void entry_flat32(struct cpu_state *state, u64 entry)
{
	set_common(state, entry);
	set_segments(state, 0x08, FLAT_CODE | SEG_DB, 0x10);
	state->cr0 = CR0_PE | CR0_ET;
}

void entry_long64(struct cpu_state *state, u64 entry, u64 cr3, u64 gdt)
{
	set_common(state, entry);
	set_segments(state, SELECTOR_CODE, FLAT_CODE | SEG_L, SELECTOR_DATA);
	state->gdtr_base = gdt;
	state->gdtr_limit = ENTRY_GDT_BYTES - 1;
	state->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	state->cr3 = cr3;
	state->cr4 = CR4_PAE;
	state->efer = EFER_LME | EFER_LMA;
}

void entry_gdt_fill(void *gdt)
{
	u8 *table = gdt;

	memset(table, 0, ENTRY_GDT_BYTES);
	store_u64(table + SELECTOR_CODE, DESCRIPTOR(FLAT_CODE | SEG_L));
	store_u64(table + SELECTOR_DATA, DESCRIPTOR(FLAT_DATA));
}

void entry_tables_fill(void *tables, u64 base)
{
	u8 *pml4 = tables;
	u8 *pdpt = pml4 + PAGE_BYTES;
	u8 *directories = pdpt + PAGE_BYTES;

	memset(tables, 0, ENTRY_TABLES_BYTES);
	store_u64(pml4, (base + PAGE_BYTES) | ENTRY_P | ENTRY_W);
	for (u64 i = 0; i < 4; i++)
		store_u64(pdpt + 8 * i, (base + (2 + i) * PAGE_BYTES) | ENTRY_P | ENTRY_W);
	for (u64 i = 0; i < 4 * 512; i++)
		store_u64(directories + 8 * i, i * 2 * MIB | ENTRY_P | ENTRY_W | ENTRY_LEAF);
}
