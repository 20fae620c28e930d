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
#include "hvm/guest_registers.inc"

	.section .text.hot, "ax"
	.balign 64
	.globl svm_enter
svm_enter:
	HOST_REGISTERS_SAVE
	push %rdx
	push %rdi
	mov %rsi, %rax

	GUEST_REGISTERS_LOAD %rdi
	mov VCPU_RDI(%rdi), %rdi
	clgi
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax

	pop %rax
	mov %rdi, VCPU_RDI(%rax)
	GUEST_REGISTERS_STORE %rax
	pop %rax
	vmload %rax
	cli
	stgi
	GUEST_REGISTERS_FORGET
	HOST_REGISTERS_RESTORE
	ret
	.section .note.GNU-stack, "", @progbits
