/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of loaders: writes the head and the program headers of an ELF file, byte by byte. */
#ifndef ETERNA_TESTS_LOAD_ELF_BUILD_H
#define ETERNA_TESTS_LOAD_ELF_BUILD_H

#include "base/mem.h"

struct elf_build {
	u8 *image;
	bool is_64;
	u32 segment_count;
};

static inline void elf_begin(struct elf_build *b, u64 entry)
{
	u8 *p = b->image;

	memcpy(p, "\177ELF", 4);
	p[4] = b->is_64 ? 2 : 1;
	p[5] = 1;
	p[6] = 1;
	store_u16(p + 16, 2);
	store_u16(p + 18, b->is_64 ? 62 : 3);
	if (b->is_64) {
		store_u64(p + 24, entry);
		store_u64(p + 32, 64);
		store_u16(p + 54, 56);
	} else {
		store_u32(p + 24, (u32)entry);
		store_u32(p + 28, 64);
		store_u16(p + 42, 32);
	}
	b->segment_count = 0;
}

static inline u8 *elf_segment_at(const struct elf_build *b, u32 index)
{
	return b->image + 64 + index * (b->is_64 ? 56 : 32);
}

static inline void elf_add(struct elf_build *b, u32 type, u64 offset, u64 virt, u64 phys, u64 file, u64 memory,
			   u64 align)
{
	u8 *p = elf_segment_at(b, b->segment_count++);

	store_u32(p, type);
	if (b->is_64) {
		store_u64(p + 8, offset);
		store_u64(p + 16, virt);
		store_u64(p + 24, phys);
		store_u64(p + 32, file);
		store_u64(p + 40, memory);
		store_u64(p + 48, align);
	} else {
		store_u32(p + 4, (u32)offset);
		store_u32(p + 8, (u32)virt);
		store_u32(p + 12, (u32)phys);
		store_u32(p + 16, (u32)file);
		store_u32(p + 20, (u32)memory);
		store_u32(p + 28, (u32)align);
	}
	store_u16(b->image + (b->is_64 ? 56 : 44), (u16)b->segment_count);
}

/* A note at `at`; returns its size with padding to 4. */
static inline u32 elf_note(u8 *at, const char *owner, u32 owner_bytes, u32 type, const void *desc, u32 desc_bytes)
{
	u32 desc_at = (12 + owner_bytes + 3) & ~3u;

	store_u32(at, owner_bytes);
	store_u32(at + 4, desc_bytes);
	store_u32(at + 8, type);
	memcpy(at + 12, owner, owner_bytes);
	memcpy(at + desc_at, desc, desc_bytes);
	return (desc_at + desc_bytes + 3) & ~3u;
}

#endif
