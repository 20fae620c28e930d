/* SPDX-License-Identifier: Apache-2.0 */
/* Inside load/: what every loader does with a plan. Guest memory is claimed first, then filled by a copy. */
#ifndef ETERNA_LOAD_PLAN_H
#define ETERNA_LOAD_PLAN_H

#include "load/load.h"

/* Where generated structures go: conventional memory, above what a PC's BIOS uses. */
#define PLAN_SMALL_FROM 0x8000ull
#define PLAN_SMALL_BELOW 0x90000ull

/* Empty the plan and lay out the guest's memory map. ERR_RANGE: the description of guest memory is wrong. */
err_t plan_init(struct load_plan *plan, const struct load_input *input) MUST_CHECK;

/* Write the reason and return `err`. */
err_t plan_refuse(struct load_plan *plan, err_t err, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);

/* Append to the description. */
void plan_describe(struct load_plan *plan, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);

/* Claim exactly [base, base + bytes): all of it usable and claimed by nobody. False: it is not. */
bool plan_claim(struct load_plan *plan, u64 base, u64 bytes) MUST_CHECK;

/* Claim the lowest / highest such range in [from, below), aligned to a power of two. False: there is none. */
bool plan_claim_lowest(struct load_plan *plan, u64 bytes, u64 align, u64 from, u64 below, u64 *base) MUST_CHECK;
bool plan_claim_highest(struct load_plan *plan, u64 bytes, u64 align, u64 from, u64 below, u64 *base) MUST_CHECK;

/* Fill claimed memory. Empty copies are left out. */
err_t plan_copy(struct load_plan *plan, u64 to, const void *source, u64 bytes) MUST_CHECK;

/* Zeroed bytes in the plan itself, 8-byte aligned, for something generated; NULL when they are used up. */
void *plan_blob(struct load_plan *plan, u64 bytes);

/* A blob of `bytes` with its place among the generated structures, and its copy; *blob is to be filled. */
err_t plan_blob_place(struct load_plan *plan, const char *what, u64 bytes, u64 align, void **blob, u64 *base)
	MUST_CHECK;

/* A NUL-ended text as a blob. Both name `what` in a refusal. */
err_t plan_text_place(struct load_plan *plan, const char *what, const char *text, u64 *base) MUST_CHECK;

/* The layout of guest memory that the firmware of a PC would report; part of plan_init. */
err_t guest_map_build(struct load_plan *plan, const struct load_input *input) MUST_CHECK;

/* Entry state: 32-bit protected mode without paging, flat segments; everything else as after reset. */
void entry_flat32(struct cpu_state *state, u64 entry);

/* Entry state: 64-bit mode, page tables at `cr3`, a GDT of ENTRY_GDT_BYTES at `gdt`, selectors 0x10 and 0x18. */
void entry_long64(struct cpu_state *state, u64 entry, u64 cr3, u64 gdt);

#define ENTRY_GDT_BYTES 32
void entry_gdt_fill(void *gdt);

/* Page tables that map the first 4 GiB onto themselves by 2 MiB pages; they will lie at `base`, page-aligned. */
#define ENTRY_TABLES_BYTES (6 * PAGE_BYTES)
void entry_tables_fill(void *tables, u64 base);

#endif
