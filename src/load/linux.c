// SPDX-License-Identifier: Apache-2.0
// Linux bzImage by the 64-bit boot protocol (Linux, Documentation/arch/x86/boot.rst and zero-page.rst).
#include "load/formats.h"
#include "load/plan.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/mem.h"
#include "base/str.h"

/* The setup header, at the same offsets in the image and in boot_params ("The Real-Mode Kernel Header"). */
#define HDR_START 0x1f1
#define HDR_SETUP_SECTS 0x1f1
#define HDR_SYSSIZE 0x1f4
#define HDR_VID_MODE 0x1fa
#define HDR_BOOT_FLAG 0x1fe
#define HDR_JUMP 0x200
#define HDR_JUMP_BASE 0x202 /* the jump's offset counts from here and gives the header's end */
#define HDR_MAGIC 0x202
#define HDR_VERSION 0x206
#define HDR_KERNEL_VERSION 0x20e
#define HDR_TYPE_OF_LOADER 0x210
#define HDR_LOADFLAGS 0x211
#define HDR_CODE32_START 0x214
#define HDR_RAMDISK_IMAGE 0x218
#define HDR_RAMDISK_SIZE 0x21c
#define HDR_CMD_LINE_PTR 0x228
#define HDR_INITRD_ADDR_MAX 0x22c
#define HDR_KERNEL_ALIGNMENT 0x230
#define HDR_RELOCATABLE_KERNEL 0x234
#define HDR_MIN_ALIGNMENT 0x235
#define HDR_XLOADFLAGS 0x236
#define HDR_CMDLINE_SIZE 0x238
#define HDR_SETUP_DATA 0x250
#define HDR_PREF_ADDRESS 0x258
#define HDR_INIT_SIZE 0x260
#define HDR_END_2_12 0x268 /* of protocol 2.12's header */
#define HDR_END_MAX 0x290  /* boot_params has room up to here */

/* Other members of boot_params. */
#define BP_ACPI_RSDP_ADDR 0x070
#define BP_EXT_RAMDISK_IMAGE 0x0c0
#define BP_EXT_RAMDISK_SIZE 0x0c4
#define BP_E820_ENTRIES 0x1e8
#define BP_E820_TABLE 0x2d0
#define BP_BYTES 4096

#define BOOT_FLAG 0xaa55
#define MAGIC_HDRS 0x53726448u
#define LOADED_HIGH BIT(0)
#define XLF_KERNEL_64 BIT(0)
#define XLF_CAN_BE_LOADED_ABOVE_4G BIT(1)
#define LOADER_UNDEFINED 0xff
#define VID_MODE_NORMAL 0xffff
#define SECTOR_BYTES 512
#define ENTRY_64_OFFSET 0x200
#define E820_ENTRY_BYTES 20

#define SETUP_RNG_SEED 9
#define SETUP_DATA_HEAD_BYTES 16
#define RNG_SEED_MAX 512

/* What the header says, checked. */
struct kernel {
	const u8 *image;
	u32 header_end;
	u64 code_offset; /* of the protected-mode code, in the image */
	u64 code_bytes;
	u64 init_bytes; /* memory that it needs from its start on */
	u64 alignment;
	u64 min_alignment;
	u64 preferred;
	u64 initrd_max; /* highest byte that an initrd may have */
	u32 command_line_max;
	bool is_relocatable;
	bool reaches_above_4g;
	u64 load; /* where it goes */
};

/* Where boot_params and what hangs on it went. */
struct params {
	u8 *boot_params;
	u64 base;
	u64 initrd;
	u64 initrd_bytes;
	u64 command_line;
	u64 setup_data;
};

bool linux_detect(const u8 *image, u64 bytes)
{
	return bytes >= HDR_VERSION + 2 && load_u16(image + HDR_BOOT_FLAG) == BOOT_FLAG &&
	       load_u32(image + HDR_MAGIC) == MAGIC_HDRS;
}

/* Is it for this loader at all? Refusals name what is missing. */
static err_t check_kind(struct load_plan *plan, const u8 *image, u64 bytes)
{
	u16 version;

	if (!linux_detect(image, bytes))
		return plan_refuse(plan, ERR_UNSUPPORTED, "kernel: not a Linux bzImage (no \"HdrS\" at 0x202)");
	version = load_u16(image + HDR_VERSION);
	if (version < 0x20c)
		return plan_refuse(plan, ERR_UNSUPPORTED,
				   "kernel: boot protocol %u.%02u is older than 2.12 (Linux 3.8), which the 64-bit "
				   "entry needs",
				   version >> 8, version & 0xff);
	if (bytes < HDR_END_2_12)
		return plan_refuse(plan, ERR_FORMAT, "kernel: the image of %llu bytes ends inside its setup header",
				   (unsigned long long)bytes);
	if (!(image[HDR_LOADFLAGS] & LOADED_HIGH))
		return plan_refuse(plan, ERR_UNSUPPORTED,
				   "kernel: loadflags %#x: a zImage, to be loaded low; only a bzImage is supported",
				   image[HDR_LOADFLAGS]);
	if (!(load_u16(image + HDR_XLOADFLAGS) & XLF_KERNEL_64))
		return plan_refuse(
			plan, ERR_UNSUPPORTED,
			"kernel: xloadflags %#x: a 32-bit kernel; only those with a 64-bit entry are supported",
			load_u16(image + HDR_XLOADFLAGS));
	return OK;
}

static err_t check_sizes(struct load_plan *plan, const u8 *image, u64 bytes, struct kernel *kernel)
{
	u32 sectors = image[HDR_SETUP_SECTS] ? image[HDR_SETUP_SECTS] : 4;
	u64 syssize = load_u32(image + HDR_SYSSIZE);

	kernel->header_end = HDR_JUMP_BASE + image[HDR_JUMP + 1];
	if (kernel->header_end < HDR_END_2_12 - 4 || kernel->header_end > HDR_END_MAX || kernel->header_end > bytes)
		return plan_refuse(plan, ERR_FORMAT, "kernel: the setup header's end %#x is not within 0x264..0x290",
				   kernel->header_end);
	kernel->code_offset = (sectors + 1ull) * SECTOR_BYTES;
	if (kernel->code_offset >= bytes)
		return plan_refuse(plan, ERR_FORMAT, "kernel: setup_sects %u reaches beyond the image of %llu bytes",
				   sectors, (unsigned long long)bytes);
	kernel->code_bytes = syssize * 16;
	if (kernel->code_bytes > bytes - kernel->code_offset)
		return plan_refuse(
			plan, ERR_FORMAT, "kernel: syssize %#llx (%llu bytes) reaches beyond the image of %llu bytes",
			(unsigned long long)syssize, (unsigned long long)kernel->code_bytes, (unsigned long long)bytes);
	if (kernel->code_bytes <= ENTRY_64_OFFSET)
		return plan_refuse(plan, ERR_FORMAT, "kernel: syssize %#llx does not reach the 64-bit entry at 0x200",
				   (unsigned long long)syssize);
	return OK;
}

static err_t check_placement(struct load_plan *plan, const u8 *image, struct kernel *kernel)
{
	u8 min_alignment = image[HDR_MIN_ALIGNMENT];

	kernel->alignment = load_u32(image + HDR_KERNEL_ALIGNMENT);
	if (kernel->alignment < PAGE_BYTES || (kernel->alignment & (kernel->alignment - 1)))
		return plan_refuse(plan, ERR_FORMAT,
				   "kernel: kernel_alignment %#llx is not a power of two of at least 4096",
				   (unsigned long long)kernel->alignment);
	if (min_alignment &&
	    (min_alignment < PAGE_SHIFT || min_alignment > 31 || BIT(min_alignment) > kernel->alignment))
		return plan_refuse(plan, ERR_FORMAT, "kernel: min_alignment %u (2^%u) is not within 4096..%#llx",
				   min_alignment, min_alignment, (unsigned long long)kernel->alignment);
	kernel->min_alignment = min_alignment ? BIT(min_alignment) : kernel->alignment;
	kernel->init_bytes = MAX((u64)load_u32(image + HDR_INIT_SIZE), kernel->code_bytes);
	kernel->preferred = load_u64(image + HDR_PREF_ADDRESS);
	kernel->is_relocatable = image[HDR_RELOCATABLE_KERNEL];
	kernel->reaches_above_4g = load_u16(image + HDR_XLOADFLAGS) & XLF_CAN_BE_LOADED_ABOVE_4G;
	kernel->initrd_max = load_u32(image + HDR_INITRD_ADDR_MAX);
	kernel->command_line_max = load_u32(image + HDR_CMDLINE_SIZE);
	return OK;
}

static err_t check_image(struct load_plan *plan, const struct load_file *file, struct kernel *kernel)
{
	err_t err = check_kind(plan, file->data, file->bytes);

	if (!err)
		err = check_sizes(plan, file->data, file->bytes, kernel);
	if (!err)
		err = check_placement(plan, file->data, kernel);
	kernel->image = file->data;
	return err;
}

/* At its preferred address; else, if it can move, at the lowest with the best alignment that fits. */
static err_t place_kernel(struct load_plan *plan, struct kernel *kernel)
{
	kernel->load = kernel->preferred;
	if (kernel->preferred >= MIB && kernel->preferred < GUEST_LOW_RAM_MAX &&
	    (!kernel->is_relocatable || IS_ALIGNED(kernel->preferred, kernel->alignment)) &&
	    plan_claim(plan, kernel->preferred, kernel->init_bytes))
		return OK;
	if (!kernel->is_relocatable)
		return plan_refuse(
			plan, ERR_NOMEM,
			"kernel: not relocatable, and guest memory has no room for %llu bytes (init_size) at "
			"%#llx (pref_address)",
			(unsigned long long)kernel->init_bytes, (unsigned long long)kernel->preferred);
	for (u64 align = kernel->alignment; align >= kernel->min_alignment; align /= 2) {
		if (plan_claim_lowest(plan, kernel->init_bytes, align, MIB, GUEST_LOW_RAM_MAX, &kernel->load)) {
			kernel->alignment = align;
			return OK;
		}
	}
	return plan_refuse(plan, ERR_NOMEM, "kernel: needs %llu bytes (init_size) of guest memory in one piece",
			   (unsigned long long)kernel->init_bytes);
}

/* All initrds' bytes, each but the last padded to 4; false if absurd. */
static bool initrd_total(const struct load_input *input, u64 *total)
{
	*total = 0;
	for (u32 i = 0; i < input->module_count; i++)
		if (!checked_align_up(*total, 4, total) || !checked_add(*total, input->modules[i].bytes, total))
			return false;
	return true;
}

/* As high as allowed, so that the kernel has room to unpack itself; above 4 GiB only if there is no other place. */
static err_t place_initrd(struct load_plan *plan, const struct load_input *input, const struct kernel *kernel,
			  struct params *params)
{
	u64 below = MIN(kernel->initrd_max + 1, GUEST_LOW_RAM_MAX);

	if (!initrd_total(input, &params->initrd_bytes))
		params->initrd_bytes = UINT64_MAX;
	if (!params->initrd_bytes ||
	    plan_claim_highest(plan, params->initrd_bytes, PAGE_BYTES, MIB, below, &params->initrd))
		return OK;
	if (kernel->reaches_above_4g &&
	    plan_claim_lowest(plan, params->initrd_bytes, PAGE_BYTES, GUEST_HIGH_RAM_BASE, UINT64_MAX, &params->initrd))
		return OK;
	return plan_refuse(plan, ERR_NOMEM,
			   "initrd: no room for %llu bytes beside the kernel in guest memory below %#llx "
			   "(initrd_addr_max)",
			   (unsigned long long)params->initrd_bytes, (unsigned long long)below);
}

static err_t copy_initrds(struct load_plan *plan, const struct load_input *input, u64 base)
{
	err_t err = OK;
	u64 at = base;

	for (u32 i = 0; i < input->module_count && !err; i++) {
		u64 start = ALIGN_UP(at, 4);

		err = plan_copy(plan, at, NULL, start - at);
		if (!err)
			err = plan_copy(plan, start, input->modules[i].data, input->modules[i].bytes);
		at = start + input->modules[i].bytes;
	}
	return err;
}

static err_t place_command_line(struct load_plan *plan, const struct load_input *input, const struct kernel *kernel,
				struct params *params)
{
	const char *text = input->command_line ? input->command_line : "";

	if (strlen(text) > kernel->command_line_max)
		return plan_refuse(plan, ERR_SPACE, "cmdline: %llu characters; this kernel takes %u (cmdline_size)",
				   (unsigned long long)strlen(text), kernel->command_line_max);
	return plan_text_place(plan, "cmdline", text, &params->command_line);
}

/* One node of struct setup_data: the seed. */
static err_t place_setup_data(struct load_plan *plan, const struct load_input *input, struct params *params)
{
	void *node;
	err_t err;

	params->setup_data = 0;
	if (!input->rng_seed || !input->rng_seed_bytes)
		return OK;
	if (input->rng_seed_bytes > RNG_SEED_MAX)
		return plan_refuse(plan, ERR_SPACE, "rng seed: %u bytes; at most %u", input->rng_seed_bytes,
				   RNG_SEED_MAX);
	err = plan_blob_place(plan, "rng seed", SETUP_DATA_HEAD_BYTES + input->rng_seed_bytes, 16, &node,
			      &params->setup_data);
	if (err)
		return err;
	store_u32((u8 *)node + 8, SETUP_RNG_SEED);
	store_u32((u8 *)node + 12, input->rng_seed_bytes);
	memcpy((u8 *)node + SETUP_DATA_HEAD_BYTES, input->rng_seed, input->rng_seed_bytes);
	return OK;
}

static void fill_header(u8 *bp, const struct kernel *kernel, const struct params *params)
{
	memcpy(bp + HDR_START, kernel->image + HDR_START, kernel->header_end - HDR_START);
	store_u16(bp + HDR_VID_MODE, VID_MODE_NORMAL);
	bp[HDR_TYPE_OF_LOADER] = LOADER_UNDEFINED;
	store_u32(bp + HDR_CODE32_START, (u32)kernel->load);
	store_u32(bp + HDR_KERNEL_ALIGNMENT, (u32)kernel->alignment);
	store_u32(bp + HDR_RAMDISK_IMAGE, (u32)params->initrd);
	store_u32(bp + HDR_RAMDISK_SIZE, (u32)params->initrd_bytes);
	store_u32(bp + BP_EXT_RAMDISK_IMAGE, (u32)(params->initrd >> 32));
	store_u32(bp + BP_EXT_RAMDISK_SIZE, (u32)(params->initrd_bytes >> 32));
	store_u32(bp + HDR_CMD_LINE_PTR, (u32)params->command_line);
	store_u64(bp + HDR_SETUP_DATA, params->setup_data);
}

static void fill_e820(u8 *bp, const struct load_plan *plan)
{
	_Static_assert(LOAD_MAP_MAX <= 128, "boot_params holds 128 entries");

	bp[BP_E820_ENTRIES] = (u8)plan->map_count;
	for (u32 i = 0; i < plan->map_count; i++) {
		u8 *entry = bp + BP_E820_TABLE + i * E820_ENTRY_BYTES;

		store_u64(entry, plan->map[i].base);
		store_u64(entry + 8, plan->map[i].bytes);
		store_u32(entry + 16, plan->map[i].kind);
	}
}

static err_t place_small(struct load_plan *plan, const struct load_input *input, const struct kernel *kernel,
			 struct params *params)
{
	void *blob;
	err_t err = plan_blob_place(plan, "boot_params", BP_BYTES, PAGE_BYTES, &blob, &params->base);

	params->boot_params = blob;
	if (!err)
		err = place_command_line(plan, input, kernel, params);
	if (!err)
		err = place_setup_data(plan, input, params);
	return err;
}

/* Page tables, GDT and the entry state. */
static err_t place_entry(struct load_plan *plan, const struct kernel *kernel, const struct params *params)
{
	void *tables;
	void *gdt;
	u64 tables_base;
	u64 gdt_base;
	err_t err = plan_blob_place(plan, "page tables", ENTRY_TABLES_BYTES, PAGE_BYTES, &tables, &tables_base);

	if (!err)
		err = plan_blob_place(plan, "GDT", ENTRY_GDT_BYTES, 16, &gdt, &gdt_base);
	if (err)
		return err;
	entry_tables_fill(tables, tables_base);
	entry_gdt_fill(gdt);
	entry_long64(&plan->entry, kernel->load + ENTRY_64_OFFSET, tables_base, gdt_base);
	plan->entry.gpr[GPR_RSI] = params->base;
	return OK;
}

/* "Linux 6.1.0-40-cloud-amd64 (build text) at 0x1000000": the version text is the image's own, if it gives one. */
static void describe(struct load_plan *plan, const struct kernel *kernel, const struct params *params)
{
	u64 at = load_u16(kernel->image + HDR_KERNEL_VERSION) + 0x200ull;
	const char *text = (const char *)kernel->image + at;
	size_t length = 0;

	if (at > 0x200 && at < kernel->code_offset)
		while (length < 64 && at + length < kernel->code_offset && text[length] > ' ' && text[length] < 0x7f)
			length++;
	plan_describe(plan, "Linux %.*s at %#llx", (int)length, length ? text : "", (unsigned long long)kernel->load);
	if (params->initrd_bytes)
		plan_describe(plan, ", initrd of %llu bytes at %#llx", (unsigned long long)params->initrd_bytes,
			      (unsigned long long)params->initrd);
}

err_t load_linux(const struct load_input *input, struct load_plan *plan)
{
	struct kernel kernel = {0};
	struct params params = {0};
	err_t err = plan_init(plan, input);

	if (!err)
		err = check_image(plan, &input->kernel, &kernel);
	if (!err)
		err = place_kernel(plan, &kernel);
	if (!err)
		err = plan_copy(plan, kernel.load, kernel.image + kernel.code_offset, kernel.code_bytes);
	if (!err)
		err = place_small(plan, input, &kernel, &params);
	if (!err)
		err = place_entry(plan, &kernel, &params);
	if (!err)
		err = place_initrd(plan, input, &kernel, &params);
	if (!err)
		err = copy_initrds(plan, input, params.initrd);
	if (err)
		return err;
	fill_header(params.boot_params, &kernel, &params);
	fill_e820(params.boot_params, plan);
	store_u64(params.boot_params + BP_ACPI_RSDP_ADDR, input->rsdp_gpa);
	describe(plan, &kernel, &params);
	return OK;
}
