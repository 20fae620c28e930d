/* SPDX-License-Identifier: Apache-2.0 */
/* 256 entry points of the IDT, 16 bytes each: push the vector (and a zero where the CPU pushes no error code), save
 * the registers as struct trap_frame, call trap_handle(frame). */
	.text
	.balign 16
	.globl trap_vectors
trap_vectors:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	push $0
	.endif
	push $vector
	jmp trap_entry
	.set vector, vector + 1
	.endr

trap_entry:
	cld
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	/* The CPU aligned RSP to 16 before its five pushes; 17 more words leave it aligned for the call. */
	call trap_handle
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits
