/* SPDX-License-Identifier: Apache-2.0 */
/* Where a started processor begins: real mode at 0600:0000, then like entry.S to long mode and smp_entered(). */
#define CODE32 0x18
#define CODE64 0x08
#define DATA 0x10

	.text
	.code16
	.globl smp_trampoline, smp_trampoline_end
smp_trampoline:
	cli
	movw %cs, %ax
	movw %ax, %ds
	lgdtl (smp_gdt - smp_trampoline)
	movl $1, %eax			/* PE; caches on */
	movl %eax, %cr0
	ljmpl $CODE32, $1f
	.balign 4
smp_gdt:
	.word 0x50 - 1
	.long gdt
smp_trampoline_end:

	.code32
1:	movw $DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $page_tables, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax		/* LME */
	wrmsr
	movl $0x80000011, %eax
	movl %eax, %cr0
	ljmp $CODE64, $2f
	.code64
2:	lgdt gdt_pointer(%rip)
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq smp_stack(%rip), %rsp
	xorl %ebp, %ebp
	call smp_entered

	.bss
	.balign 8
	.globl smp_stack
smp_stack:
	.skip 8
