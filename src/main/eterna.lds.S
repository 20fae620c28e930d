/* SPDX-License-Identifier: Apache-2.0 */
/* Linker script: a 32-bit boot part at its physical address, then the image in the upper half, a page for each right. */
#include "host/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_entry32)

PHDRS {
	boot PT_LOAD FLAGS(7);
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

SECTIONS {
	. = LAYOUT_LOAD_PHYS;
	image_phys_start = .;
	.boot : {
		KEEP(*(.boot.header))
		*(.boot.text)
		*(.boot.data)
	} :boot
	.note.pvh : ALIGN(4) { KEEP(*(.note.pvh)) } :boot :note
	. = ALIGN(4096);
	boot_phys_end = .;

	. += LAYOUT_IMAGE;
	.text : AT(ADDR(.text) - LAYOUT_IMAGE) {
		text_start = .;
		*(.text.hot) *(.text .text.*)
	} :text
	. = ALIGN(4096);
	text_end = .;
	.rodata : AT(ADDR(.rodata) - LAYOUT_IMAGE) {
		rodata_start = .;
		*(.rodata .rodata.*)
		*(.symbols)
	} :rodata
	. = ALIGN(4096);
	rodata_end = .;
	.data : AT(ADDR(.data) - LAYOUT_IMAGE) {
		data_start = .;
		*(.data.init_only)
		. = ALIGN(4096);
		init_only_end = .;
		*(.data .data.*)
	} :data
	.bss : AT(ADDR(.bss) - LAYOUT_IMAGE) {
		bss_start = .;
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	image_phys_end = . - LAYOUT_IMAGE;

	/DISCARD/ : { *(.comment) *(.eh_frame*) *(.note.GNU-stack) *(.note.gnu.*) }
}
