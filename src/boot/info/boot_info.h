/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot loader said: the one struct that every boot protocol's parser fills. */
#ifndef ETERNA_BOOT_INFO_BOOT_INFO_H
#define ETERNA_BOOT_INFO_BOOT_INFO_H

#include "base/err.h"
#include "iface/memory_range.h"

#define BOOT_RANGES_MAX 256
#define BOOT_MODULES_MAX 64
#define BOOT_COMMAND_LINE_BYTES 4096
#define BOOT_LOADER_BYTES 64
#define BOOT_TEXT_BYTES (32 * 1024)
#define BOOT_RSDP_BYTES 36

/* A file that the loader put into memory. The two texts are offsets into boot_info.text. */
struct boot_module {
	hpa_t start;
	u64 bytes;
	u32 name;      /* first word of the module's string, without the folders before it; "moduleN" if it has none */
	u32 arguments; /* the rest of it; "" if there is none */
};

/* What did not fit; each count is worth a line in the boot log. */
struct boot_lost {
	u32 ranges;
	u32 modules;
	u32 texts; /* cut short */
};

struct boot_info {
	const char *protocol; /* a name for the log */
	char loader[BOOT_LOADER_BYTES];
	char command_line[BOOT_COMMAND_LINE_BYTES];

	const char *memory_source; /* where the map came from, for the log */
	struct memory_range ranges[BOOT_RANGES_MAX];
	u32 range_count;

	struct boot_module modules[BOOT_MODULES_MAX];
	u32 module_count;

	u8 rsdp[BOOT_RSDP_BYTES]; /* a copy, when rsdp_bytes is not 0 */
	u32 rsdp_bytes;           /* 20 (ACPI 1.0) or 36 */
	hpa_t rsdp_address;       /* where it lies, when not 0; if both are missing it must be searched for */

	hpa_t efi_system_table; /* 0: none */
	bool efi_is_64;         /* the table has the 64-bit layout */
	bool efi_boot_services; /* they still run */

	struct boot_lost lost;
	char text[BOOT_TEXT_BYTES];
	u32 text_bytes; /* used */
};

/* Start with an empty record. `protocol` is a string that lives for ever. */
void boot_info_init(struct boot_info *info, const char *protocol);

/* Add to the memory map; joins the last range where it continues it. Empty ranges are kept: the checker reports them.
 */
void boot_info_add_range(struct boot_info *info, u64 base, u64 bytes, u32 kind);

/* Add a module; `string` need not end within its `length` bytes. */
void boot_info_add_module(struct boot_info *info, u64 start, u64 bytes, const char *string, size_t length);

/* Copy a text of at most `length` bytes into a fixed field of `size`, and count it when it is cut. */
void boot_info_copy_text(struct boot_info *info, char *field, size_t size, const char *string, size_t length);

const char *boot_module_name(const struct boot_info *info, u32 index);
const char *boot_module_arguments(const struct boot_info *info, u32 index);

/* Number of the first module of that name; `module_count` if there is none. */
u32 boot_module_find(const struct boot_info *info, const char *name);

/* Is every count within its array and every text ended? For ASSERT, tests and fuzzers. */
bool boot_info_valid(const struct boot_info *info);

#endif
