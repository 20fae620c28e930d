/* SPDX-License-Identifier: Apache-2.0 */
/* From long mode to 32-bit protected mode or real mode, and back through enter_long_mode (entry.S). */

#define CR0_PE 0x1
#define CR0_PG 0x80000000
#define EFER 0xc0000080
#define EFER_LME 0x100
#define CODE32 0x18
#define DATA 0x10
#define CODE16 0x20
#define DATA16 0x28
#define SWITCH 0x7000			/* where the 16-bit part of the switch is copied to */

	.text
	.code64
	.globl legacy_enter
legacy_enter:				/* edi: 32-bit code to call */
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, saved_rsp(%rip)
	sidt saved_idt(%rip)
	movl %edi, target(%rip)
	pushq $CODE32
	pushq $1f
	lretq

	.code32
1:	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $EFER, %ecx
	rdmsr
	andl $~EFER_LME, %eax
	wrmsr
	call *target
	movl %eax, result
	movl $2f, enter_long_at
	jmp enter_long_mode

	.code64
2:	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq saved_rsp(%rip), %rsp
	lidt saved_idt(%rip)
	cld
	call trap_reload_tss
	movl result(%rip), %eax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	/* 32-bit code for legacy_enter: into real mode, far call to what low_target says, back. */
	.code32
	.globl real_from_32
real_from_32:
	movl %esp, saved_esp
	ljmp $CODE16, $SWITCH

	.globl switch_start, switch_end
	.code16
switch_start:				/* at SWITCH, 16-bit protected mode */
	movw $DATA16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl %cr0, %eax
	andl $~CR0_PE, %eax
	movl %eax, %cr0
	ljmp $0, $(SWITCH + 3f - switch_start)
3:	movw $0, %ax
	movw %ax, %ss
	movw $SWITCH, %sp
	lidtl %cs:(SWITCH + real_idt - switch_start)
	movw $0x0800, %ax
	movw %ax, %ds
	movw %ax, %es
	lcall $0x0800, $0
	cli
	movw %ax, %bx
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $4f
	.balign 4
real_idt:
	.word 0x3ff
	.long 0
switch_end:

	.code32
4:	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl saved_esp, %esp
	movzwl %bx, %eax
	ret

	.bss
	.balign 8
saved_rsp:
	.skip 8
saved_esp:
	.skip 4
target:
	.skip 4
result:
	.skip 4
saved_idt:
	.skip 10
