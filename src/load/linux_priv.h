/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the Linux loader: the layout of the setup header, and what has been read of it. */
#ifndef ETERNA_LOAD_LINUX_PRIV_H
#define ETERNA_LOAD_LINUX_PRIV_H

#include "base/bits.h"
#include "load/plan.h"

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

#define LINUX_ENTRY_64 0x200 /* of the code */

/* What the header says, checked. */
struct linux_kernel {
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
	u64 load; /* where it goes: not from the header */
};

/* Check the image's header and read it; `load` is left alone. */
err_t linux_image_read(struct load_plan *plan, const struct load_file *file, struct linux_kernel *kernel) MUST_CHECK;

/* The kernel's own version text, "6.1.0-50-cloud-amd64": its length, 0 if it has none. */
size_t linux_image_version(const struct linux_kernel *kernel, const char **text);

#endif
