/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void svm_enter(struct hvm_vcpu *v, u64 vmcb_hpa, u64 host_hpa): guest registers in, VMRUN, guest registers out.
 *
 * RAX, RSP, RIP and RFLAGS of the guest are in the VMCB. GIF is clear from before VMLOAD until the host's GS and TR are
 * back, so nothing interrupts while they are not; IF is set meanwhile, because the IF that VMRUN finds says whether
 * physical interrupts end the guest (APM 2, Virtual Interrupt Masking). Called and returns with IF clear and GIF set.
 * Stack: six callee-saved registers, host_hpa, v. VMRUN brings back RSP and RAX, which then is vmcb_hpa.
 * Clobbers what the C calling convention lets it.
 */
#include "asm_offsets.h"

	.section .text.hot, "ax"
	.balign 64
	.globl svm_enter
svm_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdx
	push %rdi
	mov %rsi, %rax

	mov VCPU_RCX(%rdi), %rcx
	mov VCPU_RDX(%rdi), %rdx
	mov VCPU_RBX(%rdi), %rbx
	mov VCPU_RBP(%rdi), %rbp
	mov VCPU_RSI(%rdi), %rsi
	mov VCPU_R8(%rdi), %r8
	mov VCPU_R9(%rdi), %r9
	mov VCPU_R10(%rdi), %r10
	mov VCPU_R11(%rdi), %r11
	mov VCPU_R12(%rdi), %r12
	mov VCPU_R13(%rdi), %r13
	mov VCPU_R14(%rdi), %r14
	mov VCPU_R15(%rdi), %r15
	mov VCPU_RDI(%rdi), %rdi
	clgi
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax

	pop %rax
	mov %rcx, VCPU_RCX(%rax)
	mov %rdx, VCPU_RDX(%rax)
	mov %rbx, VCPU_RBX(%rax)
	mov %rbp, VCPU_RBP(%rax)
	mov %rsi, VCPU_RSI(%rax)
	mov %rdi, VCPU_RDI(%rax)
	mov %r8, VCPU_R8(%rax)
	mov %r9, VCPU_R9(%rax)
	mov %r10, VCPU_R10(%rax)
	mov %r11, VCPU_R11(%rax)
	mov %r12, VCPU_R12(%rax)
	mov %r13, VCPU_R13(%rax)
	mov %r14, VCPU_R14(%rax)
	mov %r15, VCPU_R15(%rax)
	pop %rax
	vmload %rax
	cli
	stgi
	/* What the guest left is no host code's business: no stale value may steer a speculation. */
	xor %ecx, %ecx
	xor %edx, %edx
	xor %esi, %esi
	xor %edi, %edi
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.section .note.GNU-stack, "", @progbits
