/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u32 vmx_enter(struct hvm_vcpu *v, bool is_launched): guest registers in, VMLAUNCH or VMRESUME, guest registers out.
 *
 * Returns 0 after a VM exit, 1 after VMfailInvalid, 2 after VMfailValid: then the guest never ran.
 * Stack: six callee-saved registers and v, which HOST_RSP leads back to. RSP, RIP and RFLAGS of the guest are in the
 * VMCS.
 * Clobbers what the C calling convention lets it.
 */
#include "asm_offsets.h"

#define VMCS_HOST_RSP 0x6c14

	.section .text.hot, "ax"
	.balign 64
	.globl vmx_enter
vmx_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	mov $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
	jbe vmx_enter_failed
	cmp $0, %sil			/* survives until the choice below: MOV leaves the flags alone */

	mov VCPU_RAX(%rdi), %rax
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
	je 1f
	vmresume
	jmp vmx_enter_failed
1:	vmlaunch

/* Only a VMfail falls through: CF for invalid, ZF for valid. */
vmx_enter_failed:
	mov $1, %eax
	mov $2, %ecx
	cmovz %ecx, %eax
	pop %rdi
	jmp vmx_enter_return

	.balign 16
	.globl vmx_exit
/* HOST_RIP. */
vmx_exit:
	push %rdi
	mov 8(%rsp), %rdi
	mov %rax, VCPU_RAX(%rdi)
	mov %rcx, VCPU_RCX(%rdi)
	mov %rdx, VCPU_RDX(%rdi)
	mov %rbx, VCPU_RBX(%rdi)
	mov %rbp, VCPU_RBP(%rdi)
	mov %rsi, VCPU_RSI(%rdi)
	mov %r8, VCPU_R8(%rdi)
	mov %r9, VCPU_R9(%rdi)
	mov %r10, VCPU_R10(%rdi)
	mov %r11, VCPU_R11(%rdi)
	mov %r12, VCPU_R12(%rdi)
	mov %r13, VCPU_R13(%rdi)
	mov %r14, VCPU_R14(%rdi)
	mov %r15, VCPU_R15(%rdi)
	pop %rax
	mov %rax, VCPU_RDI(%rdi)
	pop %rdi
	/* What the guest left is no host code's business: no stale value may steer a speculation. */
	xor %eax, %eax
	xor %ecx, %ecx
	xor %edx, %edx
	xor %esi, %esi
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
vmx_enter_return:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.section .note.GNU-stack, "", @progbits
