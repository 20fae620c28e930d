// SPDX-License-Identifier: Apache-2.0
// Multiboot 2 boot information: a walk over its tags, each checked before use.
#include "boot/info/multiboot2.h"

#include "base/checked.h"
#include "base/mem.h"
#include "base/str.h"

/* Tag types (Multiboot2 Specification, "Boot information format"). */
enum tag {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_BASIC_MEMORY = 4,
	TAG_MEMORY_MAP = 6,
	TAG_EFI32 = 11,
	TAG_EFI64 = 12,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
	TAG_EFI_MEMORY_MAP = 17,
	TAG_EFI_BOOT_SERVICES = 18,
	TAG_KINDS = 22
};

#define TAG_HEAD_BYTES 8
#define TAG_ALIGN 8

#define MEMORY_ENTRY_BYTES 24
#define EFI_DESCRIPTOR_BYTES 40 /* UEFI Specification, EFI_MEMORY_DESCRIPTOR; firmware may append to it */

/* A tag without its 8-byte head. */
struct tag_body {
	const u8 *data;
	u32 bytes;
};

/* The three sources of the memory map, kept until it is known which of them are there. */
struct memory_tags {
	struct tag_body map;
	struct tag_body efi;
	struct tag_body basic;
};

u32 multiboot2_bytes(const void *head)
{
	return load_u32(head);
}

static void read_acpi(struct boot_info *info, struct tag_body body, u32 rsdp_bytes)
{
	if (info->rsdp_bytes > rsdp_bytes)
		return; /* the ACPI 2.0 tag came first */
	memcpy(info->rsdp, body.data, rsdp_bytes);
	info->rsdp_bytes = rsdp_bytes;
}

static err_t read_module(struct boot_info *info, struct tag_body body)
{
	u32 start = load_u32(body.data);
	u32 end = load_u32(body.data + 4);

	if (end < start)
		return ERR_FORMAT;
	boot_info_add_module(info, start, end - start, (const char *)body.data + 8, body.bytes - 8);
	return OK;
}

static void read_efi_table(struct boot_info *info, u64 address, bool is_64)
{
	info->efi_system_table = HPA(address);
	info->efi_is_64 = is_64;
}

static err_t read_tag(struct boot_info *info, u32 type, struct tag_body body, struct memory_tags *memory)
{
	switch (type) {
	case TAG_COMMAND_LINE:
		boot_info_copy_text(info, info->command_line, sizeof(info->command_line), (const char *)body.data,
				    body.bytes);
		break;
	case TAG_LOADER_NAME:
		boot_info_copy_text(info, info->loader, sizeof(info->loader), (const char *)body.data, body.bytes);
		break;
	case TAG_MODULE:
		return read_module(info, body);
	case TAG_BASIC_MEMORY:
		memory->basic = body;
		break;
	case TAG_MEMORY_MAP:
		memory->map = body;
		break;
	case TAG_EFI32:
		read_efi_table(info, load_u32(body.data), false);
		break;
	case TAG_EFI64:
		read_efi_table(info, load_u64(body.data), true);
		break;
	case TAG_ACPI_OLD:
		read_acpi(info, body, 20);
		break;
	case TAG_ACPI_NEW:
		read_acpi(info, body, BOOT_RSDP_BYTES);
		break;
	case TAG_EFI_MEMORY_MAP:
		memory->efi = body;
		break;
	case TAG_EFI_BOOT_SERVICES:
		info->efi_boot_services = true;
		break;
	default:
		break; /* of no interest here, or newer than this code */
	}
	return OK;
}

/* The least that a tag of that type must hold after its head. */
static u32 tag_least_bytes(u32 type)
{
	static const u8 least[TAG_KINDS] = {
		[TAG_COMMAND_LINE] = 1, [TAG_LOADER_NAME] = 1,    [TAG_MODULE] = 8, [TAG_BASIC_MEMORY] = 8,
		[TAG_MEMORY_MAP] = 8,   [TAG_EFI32] = 4,          [TAG_EFI64] = 8,  [TAG_ACPI_OLD] = 20,
		[TAG_ACPI_NEW] = 36,    [TAG_EFI_MEMORY_MAP] = 8,
	};

	return type < TAG_KINDS ? least[type] : 0;
}

static u32 kind_from_multiboot(u32 type)
{
	return type >= MEMORY_USABLE && type <= MEMORY_BAD ? type : MEMORY_RESERVED;
}

static err_t read_memory_map(struct boot_info *info, struct tag_body body)
{
	u32 entry_bytes = load_u32(body.data);

	if (entry_bytes < MEMORY_ENTRY_BYTES)
		return ERR_FORMAT;
	info->memory_source = "the Multiboot 2 memory map";
	for (u32 at = 8; body.bytes - at >= entry_bytes; at += entry_bytes) {
		const u8 *entry = body.data + at;

		boot_info_add_range(info, load_u64(entry), load_u64(entry + 8),
				    kind_from_multiboot(load_u32(entry + 16)));
	}
	return OK;
}

/* UEFI Specification, "Memory Type Usage after ExitBootServices()". */
static u32 kind_from_efi(u32 type, bool boot_services)
{
	switch (type) {
	case 1: /* EfiLoaderCode */
	case 2: /* EfiLoaderData: the modules lie in it and are carved out later */
	case 7: /* EfiConventionalMemory */
		return MEMORY_USABLE;
	case 3: /* EfiBootServicesCode */
	case 4: /* EfiBootServicesData */
		return boot_services ? MEMORY_RESERVED : MEMORY_USABLE;
	case 8: /* EfiUnusableMemory */
		return MEMORY_BAD;
	case 9: /* EfiACPIReclaimMemory */
		return MEMORY_ACPI_RECLAIM;
	case 10: /* EfiACPIMemoryNVS */
		return MEMORY_ACPI_NVS;
	default:
		return MEMORY_RESERVED;
	}
}

static err_t read_efi_memory_map(struct boot_info *info, struct tag_body body)
{
	u32 entry_bytes = load_u32(body.data);

	if (entry_bytes < EFI_DESCRIPTOR_BYTES)
		return ERR_FORMAT;
	info->memory_source = "the EFI memory map";
	for (u32 at = 8; body.bytes - at >= entry_bytes; at += entry_bytes) {
		const u8 *entry = body.data + at;
		u64 bytes;

		if (!checked_mul(load_u64(entry + 24), PAGE_BYTES, &bytes))
			bytes = UINT64_MAX; /* the checker will report it as absurd */
		boot_info_add_range(info, load_u64(entry + 8), bytes,
				    kind_from_efi(load_u32(entry), info->efi_boot_services));
	}
	return OK;
}

static void read_basic_memory(struct boot_info *info, struct tag_body body)
{
	info->memory_source = "the Multiboot 2 basic memory sizes";
	boot_info_add_range(info, 0, load_u32(body.data) * KIB, MEMORY_USABLE);
	boot_info_add_range(info, MIB, load_u32(body.data + 4) * KIB, MEMORY_USABLE);
}

static err_t read_memory(struct boot_info *info, const struct memory_tags *memory)
{
	if (memory->map.data)
		return read_memory_map(info, memory->map);
	if (memory->efi.data)
		return read_efi_memory_map(info, memory->efi);
	if (memory->basic.data)
		read_basic_memory(info, memory->basic);
	return OK;
}

/* Read the tag at `at` of `total` bytes and step to the next. */
static err_t step_tag(struct boot_info *info, const u8 *data, u32 total, u32 *at, struct memory_tags *memory)
{
	u32 type = load_u32(data + *at);
	u32 size = load_u32(data + *at + 4);
	err_t err;

	if (size > total - *at)
		return ERR_TRUNCATED;
	if (size < TAG_HEAD_BYTES || size - TAG_HEAD_BYTES < tag_least_bytes(type))
		return ERR_FORMAT;
	err = read_tag(info, type, (struct tag_body){data + *at + TAG_HEAD_BYTES, size - TAG_HEAD_BYTES}, memory);
	if (err)
		return err;
	if (type == TAG_END)
		*at = total;
	else
		*at += MIN(ALIGN_UP(size, TAG_ALIGN), total - *at); /* size <= total <= 2^31: no wrap */
	return OK;
}

err_t multiboot2_parse(const void *data, size_t bytes, struct boot_info *info)
{
	struct memory_tags memory = {0};
	u32 total;
	u32 at = MULTIBOOT2_HEAD_BYTES;

	boot_info_init(info, "Multiboot 2");
	if (bytes < MULTIBOOT2_HEAD_BYTES)
		return ERR_TRUNCATED;
	total = load_u32(data);
	if (total < MULTIBOOT2_HEAD_BYTES || total > INT32_MAX)
		return ERR_FORMAT;
	if (total > bytes)
		return ERR_TRUNCATED;
	while (total - at >= TAG_HEAD_BYTES) {
		err_t err = step_tag(info, data, total, &at, &memory);

		if (err)
			return err;
	}
	return read_memory(info, &memory);
}
