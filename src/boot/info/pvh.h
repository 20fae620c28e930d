/* SPDX-License-Identifier: Apache-2.0 */
/* PVH boot information: struct hvm_start_info of Xen's public headers (docs/misc/pvh, "x86/HVM direct boot ABI"). */
#ifndef ETERNA_BOOT_INFO_PVH_H
#define ETERNA_BOOT_INFO_PVH_H

#include "boot/info/boot_info.h"

/* First word of the information; its address is in EBX at entry. */
#define PVH_MAGIC 0x336ec578u

/* Reads physical memory: the information is a tree of physical addresses. */
struct pvh_memory {
	void *context;
	/* Copy [address, address + bytes) to `dst`; false if any of it is not readable memory. */
	bool (*read)(void *context, u64 address, void *dst, u64 bytes);
};

/*
 * Read the information (version 0 or 1; later versions only append) at physical `address`. Fills `info` from scratch.
 * A version 0 loader gives no memory map: then range_count stays 0.
 *
 * Returns OK; ERR_FORMAT when the magic number is wrong; ERR_FAULT when a structure lies outside readable memory.
 * On an error `info` holds what was read so far.
 */
err_t pvh_parse(const struct pvh_memory *memory, u64 address, struct boot_info *info) MUST_CHECK;

#endif
