// SPDX-License-Identifier: Apache-2.0
// Linux bzImage by the 64-bit boot protocol (Linux, Documentation/arch/x86/boot.rst and zero-page.rst).
#include "load/linux_priv.h"

#include "base/checked.h"
#include "base/mem.h"
#include "base/str.h"

/* Other members of boot_params. */
#define BP_ACPI_RSDP_ADDR 0x070
#define BP_EXT_RAMDISK_IMAGE 0x0c0
#define BP_EXT_RAMDISK_SIZE 0x0c4
#define BP_E820_ENTRIES 0x1e8
#define BP_E820_TABLE 0x2d0
#define BP_BYTES 4096

#define LOADER_UNDEFINED 0xff
#define VID_MODE_NORMAL 0xffff
#define E820_ENTRY_BYTES 20

#define SETUP_RNG_SEED 9
#define SETUP_DATA_HEAD_BYTES 16
#define RNG_SEED_MAX 512

/* Where boot_params and what hangs on it went. */
struct params {
	u8 *boot_params;
	u64 base;
	u64 initrd;
	u64 initrd_bytes;
	u64 command_line;
	u64 setup_data;
};

/* What the size of a VM's memory is a multiple of: a figure to ask for is one. */
#define MEMORY_STEP (2 * MIB)

/* Is it memory that is missing: would all up to `end` do, and could a VM have that much? */
static bool lacks_memory(const struct load_input *input, u64 end, u64 limit)
{
	return end > input->low_ram_bytes && end <= limit;
}

/* There was no place for the kernel, in all that is free from `start` on. */
static err_t refuse_kernel(struct load_plan *plan, const struct load_input *input, const struct linux_kernel *kernel,
			   u64 start)
{
	u64 end;

	if (checked_align_up(start, kernel->is_relocatable ? kernel->min_alignment : 1, &start) &&
	    checked_add(start, kernel->init_bytes, &end) && lacks_memory(input, end, GUEST_LOW_RAM_MAX))
		return plan_refuse(plan, ERR_NOMEM,
				   "kernel: needs %lu MiB of memory: %lu bytes (init_size) from %#lx%s on; the VM has "
				   "%lu MiB",
				   ALIGN_UP(end, MEMORY_STEP) / MIB, kernel->init_bytes, start,
				   start == kernel->preferred ? " (pref_address)" : "", input->low_ram_bytes / MIB);
	if (!kernel->is_relocatable)
		return plan_refuse(plan, ERR_NOMEM,
				   "kernel: not relocatable, and guest memory has no room for %lu bytes (init_size) at "
				   "%#lx (pref_address)",
				   kernel->init_bytes, kernel->preferred);
	return plan_refuse(plan, ERR_NOMEM,
			   "kernel: needs %lu bytes (init_size) of guest memory in one piece between %#lx "
			   "(pref_address) and %#lx",
			   kernel->init_bytes, kernel->preferred, (u64)GUEST_LOW_RAM_MAX);
}

/*
 * At its preferred address; else, if it can move, at the lowest above that with the best alignment that fits. Not
 * below: from there a kernel goes to pref_address by itself to unpack, and uses the init_size bytes there
 * ("init_size").
 */
static err_t place_kernel(struct load_plan *plan, const struct load_input *input, struct linux_kernel *kernel)
{
	u64 start = MAX(kernel->preferred, MIB);

	kernel->load = kernel->preferred;
	if (kernel->preferred >= MIB && kernel->preferred < GUEST_LOW_RAM_MAX &&
	    (!kernel->is_relocatable || IS_ALIGNED(kernel->preferred, kernel->alignment)) &&
	    plan_claim(plan, kernel->preferred, kernel->init_bytes))
		return OK;
	for (u64 align = kernel->alignment; kernel->is_relocatable && align >= kernel->min_alignment; align /= 2) {
		if (plan_claim_lowest(plan, kernel->init_bytes, align, start, GUEST_LOW_RAM_MAX, &kernel->load)) {
			kernel->alignment = align;
			return OK;
		}
	}
	return refuse_kernel(plan, input, kernel, start);
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

/* There was no place for it. The kernel has the lowest that it can have. */
static err_t refuse_initrd(struct load_plan *plan, const struct load_input *input, const struct linux_kernel *kernel,
			   u64 bytes, u64 below)
{
	u64 end = ALIGN_UP(kernel->load + kernel->init_bytes, PAGE_BYTES);

	if (!input->high_ram_bytes && bytes <= GUEST_LOW_RAM_MAX &&
	    lacks_memory(input, end + ALIGN_UP(bytes, PAGE_BYTES), below))
		return plan_refuse(plan, ERR_NOMEM,
				   "initrd: %lu bytes beside the kernel need %lu MiB of memory; the VM has %lu MiB",
				   bytes, ALIGN_UP(end + ALIGN_UP(bytes, PAGE_BYTES), MEMORY_STEP) / MIB,
				   input->low_ram_bytes / MIB);
	return plan_refuse(plan, ERR_NOMEM,
			   "initrd: no room for %lu bytes beside the kernel in guest memory below %#lx "
			   "(initrd_addr_max)",
			   bytes, below);
}

/* As high as allowed, so that the kernel has room to unpack itself; above 4 GiB only if there is no other place. */
static err_t place_initrd(struct load_plan *plan, const struct load_input *input, const struct linux_kernel *kernel,
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
	return refuse_initrd(plan, input, kernel, params->initrd_bytes, below);
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

static err_t place_command_line(struct load_plan *plan, const struct load_input *input,
				const struct linux_kernel *kernel, struct params *params)
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

static void fill_header(u8 *bp, const struct linux_kernel *kernel, const struct params *params)
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

static err_t place_small(struct load_plan *plan, const struct load_input *input, const struct linux_kernel *kernel,
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
static err_t place_entry(struct load_plan *plan, const struct linux_kernel *kernel, const struct params *params)
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
	entry_long64(&plan->entry, kernel->load + LINUX_ENTRY_64, tables_base, gdt_base);
	plan->entry.gpr[GPR_RSI] = params->base;
	return OK;
}

static void describe(struct load_plan *plan, const struct linux_kernel *kernel, const struct params *params)
{
	const char *version;
	size_t length = linux_image_version(kernel, &version);

	plan_describe(plan, "Linux %.*s at %#llx", (int)length, version, (unsigned long long)kernel->load);
	if (params->initrd_bytes)
		plan_describe(plan, ", initrd of %llu bytes at %#llx", (unsigned long long)params->initrd_bytes,
			      (unsigned long long)params->initrd);
}

err_t load_linux(const struct load_input *input, struct load_plan *plan)
{
	struct linux_kernel kernel = {0};
	struct params params = {0};
	err_t err = plan_init(plan, input);

	if (!err)
		err = linux_image_read(plan, &input->kernel, &kernel);
	if (!err)
		err = place_kernel(plan, input, &kernel);
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
