// SPDX-License-Identifier: Apache-2.0
// A bzImage's setup header: every field checked before use (Linux, Documentation/arch/x86/boot.rst).
#include "load/formats.h"
#include "load/linux_priv.h"

#include "base/mem.h"

#define BOOT_FLAG 0xaa55
#define MAGIC_HDRS 0x53726448u
#define LOADED_HIGH BIT(0)
#define XLF_KERNEL_64 BIT(0)
#define XLF_CAN_BE_LOADED_ABOVE_4G BIT(1)
#define SECTOR_BYTES 512
#define KERNEL_VERSION_BASE 0x200ull
#define KERNEL_VERSION_MAX 64 /* of it are shown */

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

static err_t check_sizes(struct load_plan *plan, const u8 *image, u64 bytes, struct linux_kernel *kernel)
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
	if (kernel->code_bytes <= LINUX_ENTRY_64)
		return plan_refuse(plan, ERR_FORMAT, "kernel: syssize %#llx does not reach the 64-bit entry at 0x200",
				   (unsigned long long)syssize);
	return OK;
}

static err_t check_placement(struct load_plan *plan, const u8 *image, struct linux_kernel *kernel)
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

err_t linux_image_read(struct load_plan *plan, const struct load_file *file, struct linux_kernel *kernel)
{
	err_t err = check_kind(plan, file->data, file->bytes);

	if (!err)
		err = check_sizes(plan, file->data, file->bytes, kernel);
	if (!err)
		err = check_placement(plan, file->data, kernel);
	kernel->image = file->data;
	return err;
}

size_t linux_image_version(const struct linux_kernel *kernel, const char **text)
{
	u64 at = load_u16(kernel->image + HDR_KERNEL_VERSION) + KERNEL_VERSION_BASE;
	size_t length = 0;

	*text = (const char *)kernel->image + at;
	if (at == KERNEL_VERSION_BASE)
		return 0;
	while (length < KERNEL_VERSION_MAX && at + length < kernel->code_offset && (*text)[length] > ' ' &&
	       (*text)[length] < 0x7f)
		length++;
	return length;
}
