/* SPDX-License-Identifier: Apache-2.0 */
/* Inside load/: ELF executables, 32 and 64 bit, read with every offset checked (System V ABI, "Object Files"). */
#ifndef ETERNA_LOAD_ELF_H
#define ETERNA_LOAD_ELF_H

#include "load/plan.h"

/* The most program headers that a kernel may have. */
#define ELF_SEGMENTS_MAX 32

/* An executable whose header and table of program headers lie within the image. */
struct elf {
	const u8 *data;
	u64 bytes;
	bool is_64;
	u64 entry; /* as the header has it: a virtual address */
	u64 segments;
	u32 segment_bytes;
	u32 segment_count;
};

enum elf_segment_type { ELF_LOAD = 1, ELF_NOTE = 4 };

struct elf_segment {
	u32 type; /* enum elf_segment_type, or another that is of no interest */
	u64 offset;
	u64 virtual_address;
	u64 physical_address;
	u64 file_bytes;
	u64 memory_bytes;
	u64 align;
};

/* Does it begin like an ELF file? */
bool elf_is_elf(const u8 *data, u64 bytes);

/* Check the header. Returns OK; ERR_FORMAT or ERR_UNSUPPORTED with plan->message. */
err_t elf_open(struct load_plan *plan, const struct load_file *file, struct elf *elf) MUST_CHECK;

/* Program header `index`, below segment_count; its own fields are not checked. */
struct elf_segment elf_segment(const struct elf *elf, u32 index);

/*
 * Claim and fill the memory of all loadable segments at their physical addresses.
 * *end gets the end of the highest. Returns OK; ERR_FORMAT, ERR_NOMEM, ERR_SPACE with plan->message.
 */
err_t elf_place(struct load_plan *plan, const struct elf *elf, u64 *end) MUST_CHECK;

/* Is the physical address inside a loadable segment? */
bool elf_holds(const struct elf *elf, u64 physical_address);

/* The physical address that the virtual entry point stands for. False: no loadable segment holds it. */
bool elf_entry_physical(const struct elf *elf, u64 *entry) MUST_CHECK;

/*
 * Find a note by its owner and type. *desc and *desc_bytes get its value, inside the image.
 * Returns OK; ERR_NOENT when there is none (malformed notes end the search of their segment).
 */
err_t elf_note_find(const struct elf *elf, const char *owner, u32 type, const u8 **desc, u32 *desc_bytes) MUST_CHECK;

#endif
