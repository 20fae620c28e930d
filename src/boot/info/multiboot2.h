/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 2 boot information (Multiboot2 Specification version 2.0, "Boot information format"). */
#ifndef ETERNA_BOOT_INFO_MULTIBOOT2_H
#define ETERNA_BOOT_INFO_MULTIBOOT2_H

#include "boot/info/boot_info.h"

/* What the loader leaves in EAX. */
#define MULTIBOOT2_MAGIC 0x36d76289u

/* The first 8 bytes of the information hold its size; they are enough to know how much more must be mapped. */
#define MULTIBOOT2_HEAD_BYTES 8

/* Size of the whole information, from its first MULTIBOOT2_HEAD_BYTES bytes; not checked yet. */
u32 multiboot2_bytes(const void *head);

/*
 * Read the information in `data`, of which `bytes` are accessible. Fills `info` from scratch.
 *
 * Memory comes from the memory-map tag; without it from the EFI memory map; without that from the basic memory sizes.
 *
 * Returns OK; ERR_TRUNCATED when the information or one of its tags reaches beyond `bytes`; ERR_FORMAT when a tag is
 * smaller than its kind needs, or the size is absurd. On an error `info` holds what was read so far.
 */
err_t multiboot2_parse(const void *data, size_t bytes, struct boot_info *info) MUST_CHECK;

#endif
