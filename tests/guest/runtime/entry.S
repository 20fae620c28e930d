/* SPDX-License-Identifier: Apache-2.0 */
/* From the Multiboot 1 entry (32-bit, paging off) to guest_run() in long mode, low 4 GiB mapped one to one. */

#define CR0_PG_PE 0x80000001
#define CR4_PAE 0x20
#define EFER 0xc0000080
#define EFER_LME 0x100
#define PAGE_LARGE_RW 0x83 /* present, writable, 2 MiB */
#define PAGE_TABLE 0x03

	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002
	.long 0x00000003		/* modules on pages; memory map */
	.long -(0x1badb002 + 0x00000003)

	.bss
	.balign 4096
	.globl page_tables
page_tables:				/* PML4, PDPT, then four page directories */
	.skip 4096 * 6
	.globl stack_top
	.skip 65536
stack_top:
	.globl multiboot_magic, multiboot_info
multiboot_magic:
	.skip 4
multiboot_info:
	.skip 4

	.text
	.code32
	.globl guest_start
guest_start:
	cli
	cld
	movl %eax, multiboot_magic
	movl %ebx, multiboot_info
	movl $stack_top, %esp

	/* PML4[0] -> PDPT[0..3] -> directories, 2048 leaves of 2 MiB. */
	movl $page_tables + 0x1000 + PAGE_TABLE, page_tables
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $12, %eax
	addl $page_tables + 0x2000 + PAGE_TABLE, %eax
	movl %eax, page_tables + 0x1000(, %ecx, 8)
	incl %ecx
	cmpl $4, %ecx
	jb 1b
	xorl %ecx, %ecx
2:	movl %ecx, %eax
	shll $21, %eax
	orl $PAGE_LARGE_RW, %eax
	movl %eax, page_tables + 0x2000(, %ecx, 8)
	incl %ecx
	cmpl $2048, %ecx
	jb 2b

	/* From here also the way back out of 16-bit and 32-bit code, which returns to *enter_long_at. */
	movl $entered, enter_long_at
	.globl enter_long_mode
enter_long_mode:
	movl $page_tables, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG_PE, %eax
	movl %eax, %cr0
	lgdt gdt_pointer32
	ljmpl *enter_long_far

	.code64
entered:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $stack_top, %esp
	xorl %ebp, %ebp
	call guest_run
3:	hlt
	jmp 3b

	.data
	.balign 8
	.globl enter_long_at
enter_long_far:
enter_long_at:
	.long 0
	.word 0x08

	.balign 16
	.globl gdt
gdt:					/* SELECTOR_ in cpu.h */
	.quad 0
	.quad 0x00af9b000000ffff	/* 08 64-bit code */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0x00cf9b000000ffff	/* 18 32-bit code */
	.quad 0x00009b000000ffff	/* 20 16-bit code, base 0 */
	.quad 0x000093000000ffff	/* 28 16-bit data, base 0 */
	.quad 0x00affb000000ffff	/* 30 64-bit code, ring 3 */
	.quad 0x00cff3000000ffff	/* 38 data, ring 3 */
	.quad 0, 0			/* 40 64-bit TSS */
	.fill 22, 8, 0			/* 50.. free for tests */
gdt_end:
	.globl gdt_pointer32, gdt_pointer
	.balign 8
	.word 0
gdt_pointer32:
	.word gdt_end - gdt - 1
	.long gdt
	.balign 8
	.skip 6
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt
