/* SPDX-License-Identifier: Apache-2.0 */
/* What boot loaders look for: the Multiboot 2 header and the PVH note. There is no Multiboot 1 header on purpose:
 * loaders that know both would prefer it and refuse a 64-bit ELF file. */
#define MB2_MAGIC 0xe85250d6
#define MB2_ARCH_I386 0
#define MB2_TAG_END 0
#define MB2_TAG_INFO_REQUEST 1
#define MB2_TAG_MODULE_ALIGN 6
#define MB2_INFO_CMDLINE 1
#define MB2_INFO_MODULE 3
#define MB2_INFO_MMAP 6

	.section .boot.header, "a"
	.balign 8
header_start:
	.long MB2_MAGIC
	.long MB2_ARCH_I386
	.long header_end - header_start
	.long -(MB2_MAGIC + MB2_ARCH_I386 + (header_end - header_start))

	.balign 8
	.short MB2_TAG_INFO_REQUEST, 0
	.long 20
	.long MB2_INFO_CMDLINE, MB2_INFO_MODULE, MB2_INFO_MMAP
	.balign 8
	.short MB2_TAG_MODULE_ALIGN, 0
	.long 8
	.balign 8
	.short MB2_TAG_END, 0
	.long 8
header_end:

#define XEN_ELFNOTE_PHYS32_ENTRY 18
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long boot_entry32
