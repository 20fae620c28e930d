/* SPDX-License-Identifier: Apache-2.0 */
/* Entry of the launcher's test kernel: Multiboot 2 header and PVH note, a stack, then run(EAX, EBX). */
#define MAGIC   0xe85250d6
#define LENGTH  (header_end - header)

	.section .header, "a"
	.balign 8
header:
	.long MAGIC, 0, LENGTH, -(MAGIC + LENGTH)
	.word 0, 0
	.long 8
header_end:

	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18
	.asciz "Xen"
	.long start

	.text
	.globl start
start:
	mov $stack_top, %esp
	push %ebx
	push %eax
	call run
0:	hlt
	jmp 0b

	/* An empty IDT turns the next exception into a triple fault. */
	.globl triple_fault
triple_fault:
	lidt no_idt
	ud2

	.section .rodata
no_idt:	.word 0
	.long 0

	.bss
	.balign 16
	.skip 4096
stack_top:
	.section .note.GNU-stack, "", @progbits
