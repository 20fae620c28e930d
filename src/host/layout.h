/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in ETERNA's own address space. Included by assembly and the linker script too: constants only.
 *
 *	0x0000008000000000  window: the running VM's memory, gpa 0 first (this VM's and no other's)
 *	0xffff800000000000  pool: hypervisor structures, at pool + host-physical address
 *	0xffff900000000000  boot modules and firmware tables, read-only, at + host-physical address
 *	0xffffa00000000000  device registers, uncached, at + host-physical address
 *	0xffffb00000000000  stacks, a guard page under each
 *	0xffffffff80000000  the image, at + host-physical address
 */
#ifndef ETERNA_HOST_LAYOUT_H
#define ETERNA_HOST_LAYOUT_H

#define LAYOUT_LOAD_PHYS 0x200000
#define LAYOUT_IMAGE 0xffffffff80000000
#define LAYOUT_WINDOW 0x0000008000000000
#define LAYOUT_WINDOW_BYTES 0x0000008000000000
#define LAYOUT_POOL 0xffff800000000000
#define LAYOUT_READONLY 0xffff900000000000
#define LAYOUT_DEVICES 0xffffa00000000000
#define LAYOUT_STACKS 0xffffb00000000000

#define LAYOUT_STACK_BYTES 0x4000
/* Guard page, then the stack. */
#define LAYOUT_STACK_STRIDE 0x8000

/* The GDT's selectors (host/gdt.c). */
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

#endif
