/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u32 vmx_enter(struct hvm_vcpu *v): guest registers in, VMLAUNCH or VMRESUME, guest registers out.
 *
 * Returns 0 after a VM exit, 1 after VMfailInvalid, 2 after VMfailValid: then the guest never ran.
 * Stack: six callee-saved registers; v->host_rsp leads back to them. HOST_RSP is v itself, so that an exit has it at
 * hand: while RSP is v nothing is pushed, since no interrupt comes and NMI, #MC and #DB have stacks of their own.
 * RSP, RIP and RFLAGS of the guest are in the VMCS.
 * Clobbers what the C calling convention lets it.
 */
#include "asm_offsets.h"

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
	mov %rsp, VCPU_HOST_RSP(%rdi)
	cmpb $0, VCPU_IS_LAUNCHED(%rdi)	/* survives until the choice below: MOV leaves the flags alone */

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
	je 1f
	mov VCPU_RDI(%rdi), %rdi
	vmresume
	jmp vmx_enter_failed
/* A VMCS that fails here is not entered again before VMCLEAR. */
1:	movb $1, VCPU_IS_LAUNCHED(%rdi)
	mov VCPU_RDI(%rdi), %rdi
	vmlaunch

/* Only a VMfail falls through: CF for invalid, ZF for valid. */
vmx_enter_failed:
	mov $1, %eax
	mov $2, %ecx
	cmovz %ecx, %eax
	jmp vmx_enter_return

	.balign 16
	.globl vmx_exit
/* HOST_RIP. */
vmx_exit:
	mov %rax, VCPU_RAX(%rsp)
	mov %rcx, VCPU_RCX(%rsp)
	mov %rdx, VCPU_RDX(%rsp)
	mov %rbx, VCPU_RBX(%rsp)
	mov %rbp, VCPU_RBP(%rsp)
	mov %rsi, VCPU_RSI(%rsp)
	mov %rdi, VCPU_RDI(%rsp)
	mov %r8, VCPU_R8(%rsp)
	mov %r9, VCPU_R9(%rsp)
	mov %r10, VCPU_R10(%rsp)
	mov %r11, VCPU_R11(%rsp)
	mov %r12, VCPU_R12(%rsp)
	mov %r13, VCPU_R13(%rsp)
	mov %r14, VCPU_R14(%rsp)
	mov %r15, VCPU_R15(%rsp)
	mov VCPU_HOST_RSP(%rsp), %rsp
	/* What the guest left is no host code's business: no stale value may steer a speculation. */
	xor %eax, %eax
	xor %ecx, %ecx
	xor %edx, %edx
	xor %esi, %esi
	xor %edi, %edi
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

/* Where vmread() and vmwrite() jump: vmx_insn_failed(name, field, value), which does not return. */
	.section .text, "ax"
	.globl vmx_vmread_failed
vmx_vmread_failed:
	mov $text_vmread, %rdi
	xor %edx, %edx
	jmp 1f
	.globl vmx_vmwrite_failed
vmx_vmwrite_failed:
	mov $text_vmwrite, %rdi
1:	mov %eax, %esi
	and $-16, %rsp
	call vmx_insn_failed

	.section .rodata, "a"
text_vmread:
	.asciz "VMREAD"
text_vmwrite:
	.asciz "VMWRITE"
	.section .note.GNU-stack, "", @progbits
