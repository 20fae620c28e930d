// SPDX-License-Identifier: Apache-2.0
// Multiboot 1 kernels: ELF of either class, or any format with address fields (Multiboot Specification 0.6.96).
#include "load/elf.h"
#include "load/formats.h"
#include "load/modules.h"
#include "load/strings.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/mem.h"
#include "x86/cpu_state.h"

/* The header, within the first 8192 bytes, 4-byte aligned ("The layout of Multiboot header"). */
#define HEADER_SEARCH_BYTES 8192
#define HEADER_BYTES 12
#define HEADER_ADDRESSES_BYTES 32
#define HEADER_MAGIC 0x1badb002u
#define HEADER_FLAGS 4
#define HEADER_CHECKSUM 8
#define HEADER_HEADER_ADDR 12
#define HEADER_LOAD_ADDR 16
#define HEADER_LOAD_END_ADDR 20
#define HEADER_BSS_END_ADDR 24
#define HEADER_ENTRY_ADDR 28

#define FLAG_VIDEO BIT(2)
#define FLAGS_MUST BITS(15, 0) /* a loader must understand these or refuse */
#define FLAGS_KNOWN BITS(2, 0) /* align modules, give memory information, video mode */
#define FLAG_ADDRESSES BIT(16)

/* The information that EBX points to ("Boot information format"). */
#define INFO_BYTES 120
#define INFO_FLAGS 0
#define INFO_MEM_LOWER 4
#define INFO_MEM_UPPER 8
#define INFO_CMDLINE 16
#define INFO_MODS_COUNT 20
#define INFO_MODS_ADDR 24
#define INFO_MMAP_LENGTH 44
#define INFO_MMAP_ADDR 48
#define INFO_LOADER_NAME 64

#define INFO_HAS_MEMORY BIT(0)
#define INFO_HAS_CMDLINE BIT(2)
#define INFO_HAS_MODULES BIT(3)
#define INFO_HAS_MMAP BIT(6)
#define INFO_HAS_LOADER_NAME BIT(9)

#define MODULE_BYTES 16
#define MMAP_ENTRY_BYTES 24 /* the first 4 hold the size of the rest */

#define BOOTLOADER_MAGIC 0x2badb002u
#define LOADER_NAME "ETERNA"

struct header {
	u64 offset;
	u32 flags;
	const u8 *fields;
};

/* Where the kernel went. */
struct placed {
	u64 entry;
	u64 end;
};

static bool header_at(const u8 *p, u64 left)
{
	return left >= HEADER_BYTES && load_u32(p) == HEADER_MAGIC &&
	       (u32)(load_u32(p) + load_u32(p + HEADER_FLAGS) + load_u32(p + HEADER_CHECKSUM)) == 0;
}

static bool header_find(const u8 *image, u64 bytes, struct header *header)
{
	u64 end = MIN(bytes, (u64)HEADER_SEARCH_BYTES);

	for (u64 at = 0; at + HEADER_BYTES <= end; at += 4) {
		if (header_at(image + at, end - at)) {
			*header = (struct header){at, load_u32(image + at + HEADER_FLAGS), image + at};
			return true;
		}
	}
	return false;
}

bool multiboot_detect(const u8 *image, u64 bytes)
{
	struct header header;

	return header_find(image, bytes, &header);
}

static err_t check_header(struct load_plan *plan, const struct load_file *file, struct header *header)
{
	if (!header_find(file->data, file->bytes, header))
		return plan_refuse(plan, ERR_UNSUPPORTED,
				   "kernel: no Multiboot header (0x1badb002) in the first 8192 bytes");
	if (header->flags & FLAGS_MUST & ~FLAGS_KNOWN)
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: Multiboot flags %#x demand more than is known (0x7)",
				   header->flags);
	if (header->flags & FLAG_ADDRESSES && file->bytes - header->offset < HEADER_ADDRESSES_BYTES)
		return plan_refuse(plan, ERR_FORMAT, "kernel: the image of %llu bytes ends inside its Multiboot header",
				   (unsigned long long)file->bytes);
	return OK;
}

static err_t place_elf(struct load_plan *plan, const struct load_file *file, struct placed *placed)
{
	struct elf elf;
	err_t err = elf_open(plan, file, &elf);

	if (!err)
		err = elf_place(plan, &elf, &placed->end);
	if (err)
		return err;
	if (!elf_entry_physical(&elf, &placed->entry) || placed->entry >= 4 * GIB)
		return plan_refuse(plan, ERR_FORMAT, "kernel: e_entry %#llx is in no segment below 4 GiB",
				   (unsigned long long)elf.entry);
	return OK;
}

/* The address fields, in the order that the specification gives them. */
struct addresses {
	u32 header;
	u32 load;
	u32 load_end;
	u32 bss_end;
	u32 entry;
};

static struct addresses addresses_read(const struct header *header)
{
	return (struct addresses){
		.header = load_u32(header->fields + HEADER_HEADER_ADDR),
		.load = load_u32(header->fields + HEADER_LOAD_ADDR),
		.load_end = load_u32(header->fields + HEADER_LOAD_END_ADDR),
		.bss_end = load_u32(header->fields + HEADER_BSS_END_ADDR),
		.entry = load_u32(header->fields + HEADER_ENTRY_ADDR),
	};
}

/* Where in the file the loaded part begins, and how much of it is loaded. */
static err_t addresses_in_file(struct load_plan *plan, const struct load_file *file, const struct header *header,
			       const struct addresses *a, u64 *offset, u64 *bytes)
{
	if (a->header < a->load || a->header - a->load > header->offset)
		return plan_refuse(
			plan, ERR_FORMAT,
			"kernel: load_addr %#x and header_addr %#x don't fit the header's place in the image, "
			"%#llx",
			a->load, a->header, (unsigned long long)header->offset);
	*offset = header->offset - (a->header - a->load);
	*bytes = file->bytes - *offset;
	if (!a->load_end)
		return OK; /* all of the rest */
	if (a->load_end < a->load || a->load_end - a->load > *bytes)
		return plan_refuse(plan, ERR_FORMAT,
				   "kernel: load_end_addr %#x is below load_addr %#x or beyond the image of %llu bytes",
				   a->load_end, a->load, (unsigned long long)file->bytes);
	*bytes = a->load_end - a->load;
	return OK;
}

static err_t place_by_addresses(struct load_plan *plan, const struct load_file *file, const struct header *header,
				struct placed *placed)
{
	struct addresses a = addresses_read(header);
	u64 offset = 0;
	u64 bytes = 0;
	err_t err = addresses_in_file(plan, file, header, &a, &offset, &bytes);

	if (err)
		return err;
	if (a.bss_end && a.bss_end < a.load + bytes)
		return plan_refuse(plan, ERR_FORMAT,
				   "kernel: bss_end_addr %#x is below the end of what is loaded, %#llx", a.bss_end,
				   (unsigned long long)(a.load + bytes));
	placed->end = a.bss_end ? a.bss_end : a.load + bytes;
	placed->entry = a.entry;
	if (a.entry < a.load || a.entry >= placed->end)
		return plan_refuse(plan, ERR_FORMAT, "kernel: entry_addr %#x is not within %#x..%#llx", a.entry, a.load,
				   (unsigned long long)placed->end);
	if (!plan_claim(plan, a.load, placed->end - a.load))
		return plan_refuse(plan, ERR_NOMEM,
				   "kernel: load_addr %#x and %#llx bytes are not in free guest memory", a.load,
				   (unsigned long long)(placed->end - a.load));
	err = plan_copy(plan, a.load, (const u8 *)file->data + offset, bytes);
	return err ? err : plan_copy(plan, a.load + bytes, NULL, placed->end - a.load - bytes);
}

/* KiB of usable memory from `base` up to the first hole. */
static u32 usable_kib(const struct load_plan *plan, u64 base)
{
	for (u32 i = 0; i < plan->map_count; i++)
		if (plan->map[i].kind == MEMORY_USABLE && plan->map[i].base == base)
			return (u32)(plan->map[i].bytes / KIB);
	return 0;
}

static err_t put_memory_map(struct load_plan *plan, u8 *info)
{
	u32 bytes = plan->map_count * MMAP_ENTRY_BYTES;
	void *table;
	u64 base;
	err_t err = plan_blob_place(plan, "memory map", bytes, 8, &table, &base);

	if (err)
		return err;
	for (u32 i = 0; i < plan->map_count; i++) {
		u8 *entry = (u8 *)table + i * MMAP_ENTRY_BYTES;

		store_u32(entry, MMAP_ENTRY_BYTES - 4);
		store_u64(entry + 4, plan->map[i].base);
		store_u64(entry + 12, plan->map[i].bytes);
		store_u32(entry + 20, plan->map[i].kind);
	}
	store_u32(info + INFO_MMAP_LENGTH, bytes);
	store_u32(info + INFO_MMAP_ADDR, (u32)base);
	store_u32(info + INFO_MEM_LOWER, usable_kib(plan, 0));
	store_u32(info + INFO_MEM_UPPER, usable_kib(plan, MIB));
	return OK;
}

static void module_entry_fill(u8 *entry, u64 base, u64 bytes, u64 text)
{
	store_u32(entry, (u32)base);
	store_u32(entry + 4, (u32)(base + bytes));
	store_u32(entry + 8, (u32)text);
}

/* Behind the kernel, in their order, as other loaders do. */
static err_t put_modules(struct load_plan *plan, const struct load_input *input, u64 kernel_end, u8 *info)
{
	const struct module_layout layout = {
		.from = MAX(kernel_end, MIB),
		.is_lowest = true,
		.entry_bytes = MODULE_BYTES,
		.entry_fill = module_entry_fill,
	};
	u64 list;
	err_t err = modules_place(plan, input, &layout, &list);

	store_u32(info + INFO_MODS_COUNT, input->module_count);
	store_u32(info + INFO_MODS_ADDR, (u32)list);
	return err;
}

static err_t put_info(struct load_plan *plan, const struct load_input *input, u64 kernel_end)
{
	void *info;
	u64 base;
	u64 loader = 0;
	u64 command_line = 0;
	err_t err = plan_blob_place(plan, "Multiboot information", INFO_BYTES, 8, &info, &base);

	if (!err)
		err = put_memory_map(plan, info);
	if (!err) /* the kernel's name comes first, as kernels expect of their argv */
		err = strings_place(plan, "cmdline", input->kernel.name, input->command_line, &command_line);
	if (!err)
		err = plan_text_place(plan, "loader's name", LOADER_NAME, &loader);
	if (!err)
		err = put_modules(plan, input, kernel_end, info);
	if (err)
		return err;
	store_u32((u8 *)info + INFO_FLAGS,
		  INFO_HAS_MEMORY | INFO_HAS_CMDLINE | INFO_HAS_MODULES | INFO_HAS_MMAP | INFO_HAS_LOADER_NAME);
	store_u32((u8 *)info + INFO_CMDLINE, (u32)command_line);
	store_u32((u8 *)info + INFO_LOADER_NAME, (u32)loader);
	plan->entry.gpr[GPR_RAX] = BOOTLOADER_MAGIC;
	plan->entry.gpr[GPR_RBX] = base;
	return OK;
}

err_t load_multiboot(const struct load_input *input, struct load_plan *plan)
{
	struct header header;
	struct placed placed = {0};
	err_t err = plan_init(plan, input);

	if (!err)
		err = check_header(plan, &input->kernel, &header);
	if (err)
		return err;
	err = header.flags & FLAG_ADDRESSES ? place_by_addresses(plan, &input->kernel, &header, &placed)
					    : place_elf(plan, &input->kernel, &placed);
	if (err)
		return err;
	entry_flat32(&plan->entry, placed.entry);
	plan_describe(plan, "Multiboot kernel, entry %#llx, %u modules%s", (unsigned long long)placed.entry,
		      input->module_count,
		      header.flags & FLAG_VIDEO ? "; it asks for a video mode: there is none" : "");
	return put_info(plan, input, placed.end);
}
