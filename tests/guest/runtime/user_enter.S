/* SPDX-License-Identifier: Apache-2.0 */
/* user_enter(code, stack): IRET to ring 3; an exception there comes back behind it (trap.c). */
	.text
	.code64
	.globl user_enter
user_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, trap_resume_rsp(%rip)
	movl $0xffff, trap_last(%rip)
	movq $1f, trap_resume(%rip)
	pushq $0x3b			/* SELECTOR_USER_DATA */
	pushq %rsi
	pushq $0x2
	pushq $0x33			/* SELECTOR_USER_CODE */
	pushq %rdi
	iretq
1:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
