// SPDX-License-Identifier: Apache-2.0
// ELF executables: header, program headers, notes, and loading by physical addresses.
#include "load/elf.h"

#include "base/checked.h"
#include "base/mem.h"
#include "base/str.h"

/* e_ident and what follows it, at the same place in both classes. */
#define IDENT_CLASS 4
#define IDENT_DATA 5
#define IDENT_VERSION 6
#define HEAD_TYPE 16
#define HEAD_MACHINE 18
#define HEAD_ENTRY 24

#define CLASS_32 1
#define CLASS_64 2
#define DATA_LITTLE_ENDIAN 1
#define VERSION_CURRENT 1
#define TYPE_EXECUTABLE 2
#define TYPE_SHARED 3
#define MACHINE_386 3
#define MACHINE_X86_64 62

#define HEAD_BYTES_32 52
#define HEAD_BYTES_64 64
#define SEGMENT_BYTES_32 32
#define SEGMENT_BYTES_64 56

#define NOTE_HEAD_BYTES 12

bool elf_is_elf(const u8 *data, u64 bytes)
{
	return bytes >= HEAD_BYTES_32 && memcmp(data, "\177ELF", 4) == 0;
}

static err_t check_identity(struct load_plan *plan, const u8 *data, u64 bytes)
{
	if (!elf_is_elf(data, bytes))
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: not an ELF file");
	if (data[IDENT_CLASS] != CLASS_32 && data[IDENT_CLASS] != CLASS_64)
		return plan_refuse(plan, ERR_FORMAT, "kernel: ELF class %u is neither 32 nor 64 bit",
				   data[IDENT_CLASS]);
	if (data[IDENT_DATA] != DATA_LITTLE_ENDIAN || data[IDENT_VERSION] != VERSION_CURRENT)
		return plan_refuse(plan, ERR_UNSUPPORTED,
				   "kernel: ELF byte order %u, version %u: only 1 and 1 are x86's", data[IDENT_DATA],
				   data[IDENT_VERSION]);
	if (load_u16(data + HEAD_TYPE) != TYPE_EXECUTABLE && load_u16(data + HEAD_TYPE) != TYPE_SHARED)
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: ELF type %u is not an executable",
				   load_u16(data + HEAD_TYPE));
	if (load_u16(data + HEAD_MACHINE) != MACHINE_386 && load_u16(data + HEAD_MACHINE) != MACHINE_X86_64)
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: ELF machine %u is not x86",
				   load_u16(data + HEAD_MACHINE));
	if (data[IDENT_CLASS] == CLASS_64 && bytes < HEAD_BYTES_64)
		return plan_refuse(plan, ERR_FORMAT, "kernel: the image of %llu bytes ends inside its ELF header",
				   (unsigned long long)bytes);
	return OK;
}

err_t elf_open(struct load_plan *plan, const struct load_file *file, struct elf *elf)
{
	const u8 *data = file->data;
	err_t err = check_identity(plan, data, file->bytes);

	if (err)
		return err;
	*elf = (struct elf){.data = data, .bytes = file->bytes, .is_64 = data[IDENT_CLASS] == CLASS_64};
	elf->entry = elf->is_64 ? load_u64(data + HEAD_ENTRY) : load_u32(data + HEAD_ENTRY);
	elf->segments = elf->is_64 ? load_u64(data + 32) : load_u32(data + 28);
	elf->segment_bytes = load_u16(data + (elf->is_64 ? 54 : 42));
	elf->segment_count = load_u16(data + (elf->is_64 ? 56 : 44));
	if (elf->segment_bytes < (elf->is_64 ? SEGMENT_BYTES_64 : SEGMENT_BYTES_32))
		return plan_refuse(plan, ERR_FORMAT, "kernel: e_phentsize %u is too small", elf->segment_bytes);
	if (!elf->segment_count || elf->segment_count > ELF_SEGMENTS_MAX)
		return plan_refuse(plan, ERR_FORMAT, "kernel: e_phnum %u is not within 1..%u", elf->segment_count,
				   ELF_SEGMENTS_MAX);
	if (!range_is_inside(elf->segments, (u64)elf->segment_bytes * elf->segment_count, elf->bytes))
		return plan_refuse(
			plan, ERR_FORMAT, "kernel: %u program headers at %#llx reach beyond the image of %llu bytes",
			elf->segment_count, (unsigned long long)elf->segments, (unsigned long long)elf->bytes);
	return OK;
}

struct elf_segment elf_segment(const struct elf *elf, u32 index)
{
	const u8 *p = elf->data + elf->segments + (u64)index * elf->segment_bytes;

	if (elf->is_64)
		return (struct elf_segment){
			.type = load_u32(p),
			.offset = load_u64(p + 8),
			.virtual_address = load_u64(p + 16),
			.physical_address = load_u64(p + 24),
			.file_bytes = load_u64(p + 32),
			.memory_bytes = load_u64(p + 40),
			.align = load_u64(p + 48),
		};
	return (struct elf_segment){
		.type = load_u32(p),
		.offset = load_u32(p + 4),
		.virtual_address = load_u32(p + 8),
		.physical_address = load_u32(p + 12),
		.file_bytes = load_u32(p + 16),
		.memory_bytes = load_u32(p + 20),
		.align = load_u32(p + 28),
	};
}

static err_t place_segment(struct load_plan *plan, const struct elf *elf, u32 index, const struct elf_segment *segment)
{
	err_t err;

	if (!range_is_inside(segment->offset, segment->file_bytes, elf->bytes))
		return plan_refuse(
			plan, ERR_FORMAT,
			"kernel: segment %u: p_offset %#llx and p_filesz %#llx reach beyond the image of %llu "
			"bytes",
			index, (unsigned long long)segment->offset, (unsigned long long)segment->file_bytes,
			(unsigned long long)elf->bytes);
	if (segment->file_bytes > segment->memory_bytes)
		return plan_refuse(plan, ERR_FORMAT, "kernel: segment %u: p_filesz %#llx is above p_memsz %#llx", index,
				   (unsigned long long)segment->file_bytes, (unsigned long long)segment->memory_bytes);
	if (!plan_claim(plan, segment->physical_address, segment->memory_bytes))
		return plan_refuse(plan, ERR_NOMEM,
				   "kernel: segment %u: p_paddr %#llx and p_memsz %#llx are not in free guest memory",
				   index, (unsigned long long)segment->physical_address,
				   (unsigned long long)segment->memory_bytes);
	err = plan_copy(plan, segment->physical_address, elf->data + segment->offset, segment->file_bytes);
	if (err)
		return err;
	return plan_copy(plan, segment->physical_address + segment->file_bytes, NULL,
			 segment->memory_bytes - segment->file_bytes);
}

err_t elf_place(struct load_plan *plan, const struct elf *elf, u64 *end)
{
	*end = 0;
	for (u32 i = 0; i < elf->segment_count; i++) {
		struct elf_segment segment = elf_segment(elf, i);
		err_t err;

		if (segment.type != ELF_LOAD || !segment.memory_bytes)
			continue;
		err = place_segment(plan, elf, i, &segment);
		if (err)
			return err;
		*end = MAX(*end, segment.physical_address + segment.memory_bytes);
	}
	if (!*end)
		return plan_refuse(plan, ERR_FORMAT, "kernel: none of %u program headers is loadable",
				   elf->segment_count);
	return OK;
}

bool elf_holds(const struct elf *elf, u64 physical_address)
{
	for (u32 i = 0; i < elf->segment_count; i++) {
		struct elf_segment segment = elf_segment(elf, i);

		if (segment.type == ELF_LOAD && physical_address - segment.physical_address < segment.memory_bytes)
			return true;
	}
	return false;
}

bool elf_entry_physical(const struct elf *elf, u64 *entry)
{
	for (u32 i = 0; i < elf->segment_count; i++) {
		struct elf_segment segment = elf_segment(elf, i);

		if (segment.type == ELF_LOAD && elf->entry - segment.virtual_address < segment.memory_bytes) {
			*entry = elf->entry - segment.virtual_address + segment.physical_address;
			return true;
		}
	}
	*entry = elf->entry;
	return elf_holds(elf, elf->entry);
}

/* One note at the start of `left` bytes; *next gets its size. False: it does not fit, or is the last. */
static bool note_measure(const u8 *note, u64 left, u64 align, u64 *desc_at, u64 *next)
{
	if (left < NOTE_HEAD_BYTES)
		return false;
	*desc_at = ALIGN_UP(NOTE_HEAD_BYTES + (u64)load_u32(note), align);
	*next = ALIGN_UP(*desc_at + load_u32(note + 4), align);
	return *desc_at + load_u32(note + 4) <= left;
}

static bool note_is(const u8 *note, const char *owner, u32 type)
{
	u32 owner_bytes = (u32)strlen(owner) + 1;

	return load_u32(note + 8) == type && load_u32(note) == owner_bytes &&
	       memcmp(note + NOTE_HEAD_BYTES, owner, owner_bytes) == 0;
}

static bool note_find_in(const u8 *notes, u64 bytes, u64 align, const char *owner, u32 type, const u8 **desc,
			 u32 *desc_bytes)
{
	u64 desc_at;
	u64 next;

	for (u64 at = 0; at < bytes && note_measure(notes + at, bytes - at, align, &desc_at, &next); at += next) {
		if (note_is(notes + at, owner, type)) {
			*desc = notes + at + desc_at;
			*desc_bytes = load_u32(notes + at + 4);
			return true;
		}
	}
	return false;
}

err_t elf_note_find(const struct elf *elf, const char *owner, u32 type, const u8 **desc, u32 *desc_bytes)
{
	for (u32 i = 0; i < elf->segment_count; i++) {
		struct elf_segment segment = elf_segment(elf, i);

		if (segment.type == ELF_NOTE && range_is_inside(segment.offset, segment.file_bytes, elf->bytes) &&
		    note_find_in(elf->data + segment.offset, segment.file_bytes, segment.align == 8 ? 8 : 4, owner,
				 type, desc, desc_bytes))
			return OK;
	}
	return ERR_NOENT;
}
