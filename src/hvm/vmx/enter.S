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
#include "hvm/guest_registers.inc"

	.section .text.hot, "ax"
	.balign 64
	.globl vmx_enter
vmx_enter:
	HOST_REGISTERS_SAVE
	mov %rsp, VCPU_HOST_RSP(%rdi)
	cmpb $0, VCPU_IS_LAUNCHED(%rdi)	/* survives until the choice below: MOV leaves the flags alone */

	mov VCPU_RAX(%rdi), %rax
	GUEST_REGISTERS_LOAD %rdi
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
	mov %rdi, VCPU_RDI(%rsp)
	GUEST_REGISTERS_STORE %rsp
	mov VCPU_HOST_RSP(%rsp), %rsp
	xor %eax, %eax
	GUEST_REGISTERS_FORGET
vmx_enter_return:
	HOST_REGISTERS_RESTORE
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
