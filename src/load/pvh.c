// SPDX-License-Identifier: Apache-2.0
// PVH kernels: an ELF with Xen's PHYS32_ENTRY note (Xen, docs/misc/pvh.pandoc, "x86/HVM direct boot ABI").
#include "load/elf.h"
#include "load/formats.h"
#include "load/modules.h"

#include "base/mem.h"
#include "x86/cpu_state.h"

/* Xen public header elfnote.h */
#define NOTE_OWNER "Xen"
#define NOTE_PHYS32_ENTRY 18

/* struct hvm_start_info, version 1 (Xen public header, arch-x86/hvm/start_info.h) */
#define INFO_BYTES 56
#define INFO_MAGIC 0
#define INFO_VERSION 4
#define INFO_MODULE_COUNT 12
#define INFO_MODULES 16
#define INFO_COMMAND_LINE 24
#define INFO_RSDP 32
#define INFO_MEMORY_MAP 40
#define INFO_MEMORY_COUNT 48
#define START_MAGIC 0x336ec578u

/* struct hvm_modlist_entry */
#define MODULE_BYTES 32
#define MODULE_ADDRESS 0
#define MODULE_SIZE 8
#define MODULE_COMMAND_LINE 16

/* struct hvm_memmap_table_entry; the types are E820's */
#define MEMORY_ENTRY_BYTES 24

/* The note's value: 4 bytes, or 8 in kernels whose assembler made a pointer of it. False: malformed. */
static bool entry_of_note(const struct elf *elf, const u8 *desc, u32 desc_bytes, u64 *entry)
{
	if (desc_bytes != 4 && desc_bytes != 8)
		return false;
	*entry = desc_bytes == 4 ? load_u32(desc) : load_u64(desc);
	return *entry < 4 * GIB && elf_holds(elf, *entry);
}

static bool find_note(const struct elf *elf, const u8 **desc, u32 *desc_bytes)
{
	return elf_note_find(elf, NOTE_OWNER, NOTE_PHYS32_ENTRY, desc, desc_bytes) == OK;
}

bool pvh_detect(struct load_plan *scratch, const struct load_file *file)
{
	struct elf elf;
	const u8 *desc;
	u32 desc_bytes;

	return elf_open(scratch, file, &elf) == OK && find_note(&elf, &desc, &desc_bytes);
}

static err_t find_entry(struct load_plan *plan, const struct elf *elf, u64 *entry)
{
	const u8 *desc;
	u32 desc_bytes;

	*entry = 0;
	if (!find_note(elf, &desc, &desc_bytes))
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: no PVH note (Xen PHYS32_ENTRY) in the ELF file");
	if (!entry_of_note(elf, desc, desc_bytes, entry))
		return plan_refuse(plan, ERR_FORMAT,
				   "kernel: the PVH note of %u bytes with entry %#llx names no place in a segment",
				   desc_bytes, (unsigned long long)*entry);
	return OK;
}

static void module_entry_fill(u8 *entry, u64 base, u64 bytes, u64 text)
{
	store_u64(entry + MODULE_ADDRESS, base);
	store_u64(entry + MODULE_SIZE, bytes);
	store_u64(entry + MODULE_COMMAND_LINE, text);
}

/* High: a kernel may grow behind its end. */
static err_t put_modules(struct load_plan *plan, const struct load_input *input, u8 *info)
{
	const struct module_layout layout = {
		.from = MIB,
		.entry_bytes = MODULE_BYTES,
		.entry_fill = module_entry_fill,
	};
	u64 list;
	err_t err = modules_place(plan, input, &layout, &list);

	store_u32(info + INFO_MODULE_COUNT, input->module_count);
	store_u64(info + INFO_MODULES, list);
	return err;
}

static err_t put_memory_map(struct load_plan *plan, u8 *info)
{
	void *table;
	u64 base;
	err_t err = plan_blob_place(plan, "memory map", plan->map_count * MEMORY_ENTRY_BYTES, 8, &table, &base);

	if (err)
		return err;
	for (u32 i = 0; i < plan->map_count; i++) {
		u8 *entry = (u8 *)table + i * MEMORY_ENTRY_BYTES;

		store_u64(entry, plan->map[i].base);
		store_u64(entry + 8, plan->map[i].bytes);
		store_u32(entry + 16, plan->map[i].kind);
	}
	store_u64(info + INFO_MEMORY_MAP, base);
	store_u32(info + INFO_MEMORY_COUNT, plan->map_count);
	return OK;
}

static err_t put_info(struct load_plan *plan, const struct load_input *input)
{
	const char *text = input->command_line ? input->command_line : "";
	void *info;
	u64 base;
	u64 command_line = 0;
	err_t err = plan_blob_place(plan, "start info", INFO_BYTES, 8, &info, &base);

	if (!err)
		err = put_memory_map(plan, info);
	if (!err)
		err = plan_text_place(plan, "cmdline", text, &command_line);
	if (!err)
		err = put_modules(plan, input, info);
	if (err)
		return err;
	store_u32((u8 *)info + INFO_MAGIC, START_MAGIC);
	store_u32((u8 *)info + INFO_VERSION, 1);
	store_u64((u8 *)info + INFO_COMMAND_LINE, command_line);
	store_u64((u8 *)info + INFO_RSDP, input->rsdp_gpa);
	plan->entry.gpr[GPR_RBX] = base;
	return OK;
}

err_t load_pvh(const struct load_input *input, struct load_plan *plan)
{
	struct elf elf;
	u64 entry = 0;
	u64 end;
	err_t err = plan_init(plan, input);

	if (!err)
		err = elf_open(plan, &input->kernel, &elf);
	if (!err)
		err = find_entry(plan, &elf, &entry);
	if (!err)
		err = elf_place(plan, &elf, &end);
	if (err)
		return err;
	entry_flat32(&plan->entry, entry);
	plan_describe(plan, "PVH kernel, entry %#llx, %u modules", (unsigned long long)entry, input->module_count);
	return put_info(plan, input);
}
