// SPDX-License-Identifier: Apache-2.0
// PVH boot information: start info, module list, memory map.
#include "boot/info/pvh.h"

#include "base/checked.h"
#include "base/mem.h"

/* struct hvm_start_info: offsets (Xen public header, arch-x86/hvm/start_info.h). */
#define INFO_MAGIC 0
#define INFO_VERSION 4
#define INFO_MODULE_COUNT 12
#define INFO_MODULES 16
#define INFO_COMMAND_LINE 24
#define INFO_RSDP 32
#define INFO_BYTES_V0 40
#define INFO_MEMORY_MAP 40
#define INFO_MEMORY_COUNT 48
#define INFO_BYTES_V1 56

/* struct hvm_modlist_entry */
#define MODULE_ADDRESS 0
#define MODULE_BYTES 8
#define MODULE_COMMAND_LINE 16
#define MODULE_ENTRY_BYTES 32

/* struct hvm_memmap_table_entry */
#define MEMORY_ADDRESS 0
#define MEMORY_BYTES 8
#define MEMORY_TYPE 16
#define MEMORY_ENTRY_BYTES 24

/* A text in physical memory, up to its NUL, the end of readable memory, or the end of `buf`. Returns its length. */
static size_t read_text(const struct pvh_memory *memory, u64 address, char *buf, size_t size)
{
	size_t n = 0;

	while (address && n < size && address + n >= address &&
	       memory->read(memory->context, address + n, &buf[n], 1) && buf[n])
		n++;
	return n;
}

/* Entry `i` of a table of physical memory. */
static err_t read_entry(const struct pvh_memory *memory, u64 table, u32 i, void *entry, u64 entry_bytes)
{
	u64 at;

	if (!checked_add(table, i * entry_bytes, &at) || !memory->read(memory->context, at, entry, entry_bytes))
		return ERR_FAULT;
	return OK;
}

static err_t read_modules(const struct pvh_memory *memory, u64 table, u32 count, struct boot_info *info)
{
	for (u32 i = 0; i < count; i++) {
		u8 entry[MODULE_ENTRY_BYTES];
		char text[2048];

		if (info->module_count == BOOT_MODULES_MAX) {
			info->lost.modules += count - i;
			return OK;
		}
		err_t err = read_entry(memory, table, i, entry, sizeof(entry));
		if (err)
			return err;
		size_t length = read_text(memory, load_u64(entry + MODULE_COMMAND_LINE), text, sizeof(text));
		if (length == sizeof(text))
			info->lost.texts++;
		boot_info_add_module(info, load_u64(entry + MODULE_ADDRESS), load_u64(entry + MODULE_BYTES), text,
				     length);
	}
	return OK;
}

static err_t read_memory_map(const struct pvh_memory *memory, u64 table, u32 count, struct boot_info *info)
{
	info->memory_source = "the PVH memory map";
	for (u32 i = 0; i < count; i++) {
		u8 entry[MEMORY_ENTRY_BYTES];

		if (info->range_count == BOOT_RANGES_MAX) {
			info->lost.ranges += count - i;
			return OK;
		}
		err_t err = read_entry(memory, table, i, entry, sizeof(entry));
		if (err)
			return err;
		u32 type = load_u32(entry + MEMORY_TYPE);
		boot_info_add_range(info, load_u64(entry + MEMORY_ADDRESS), load_u64(entry + MEMORY_BYTES),
				    type >= MEMORY_USABLE && type <= MEMORY_BAD ? type : MEMORY_RESERVED);
	}
	return OK;
}

static void read_command_line(const struct pvh_memory *memory, u64 address, struct boot_info *info)
{
	size_t length = read_text(memory, address, info->command_line, sizeof(info->command_line));

	if (length == sizeof(info->command_line)) {
		info->lost.texts++;
		length--;
	}
	info->command_line[length] = '\0';
}

/* The fields of version 1; zeroes where the loader has version 0. */
static err_t read_version1(const struct pvh_memory *memory, u64 address, u8 *head)
{
	u64 at;

	if (load_u32(head + INFO_VERSION) == 0)
		return OK;
	if (!checked_add(address, INFO_BYTES_V0, &at) ||
	    !memory->read(memory->context, at, head + INFO_BYTES_V0, INFO_BYTES_V1 - INFO_BYTES_V0))
		return ERR_FAULT;
	return OK;
}

err_t pvh_parse(const struct pvh_memory *memory, u64 address, struct boot_info *info)
{
	u8 head[INFO_BYTES_V1] = {0};
	err_t err;

	boot_info_init(info, "PVH");
	if (!memory->read(memory->context, address, head, INFO_BYTES_V0))
		return ERR_FAULT;
	if (load_u32(head + INFO_MAGIC) != PVH_MAGIC)
		return ERR_FORMAT;
	err = read_version1(memory, address, head);
	if (err)
		return err;
	info->rsdp_address = HPA(load_u64(head + INFO_RSDP));
	read_command_line(memory, load_u64(head + INFO_COMMAND_LINE), info);
	err = read_modules(memory, load_u64(head + INFO_MODULES), load_u32(head + INFO_MODULE_COUNT), info);
	if (err || !load_u32(head + INFO_MEMORY_COUNT))
		return err;
	return read_memory_map(memory, load_u64(head + INFO_MEMORY_MAP), load_u32(head + INFO_MEMORY_COUNT), info);
}
