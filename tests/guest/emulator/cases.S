/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions to be run by the processor and by the hypervisor's emulator. Each case is three things: the instruction
 * and RET; the same behind the forced-emulation prefix (UD2, "kvm"); its text. RSI points into a buffer, RDI 24 bytes
 * behind it, RCX is small where the case says so. `flags` are the flags that the manual defines after it.
 */
#define ALL 0x8d5
#define NO_AF 0x8c5		/* logic */
#define SHIFT 0x0c5		/* AF and, for counts other than 1, OF are undefined */
#define NO_OF 0x0d5
#define CF_ONLY 0x001
#define ZF_ONLY 0x040
#define CF_OF 0x801
#define NONE 0
#define MEMORY 1		/* has a memory operand by RSI or RDI */
#define MEMORY_RCX 3		/* and RCX is below 9 */
#define MEMORY_16 5		/* and it must be aligned */

	.text
	.code64
	.macro case kind, flags, insn:vararg
	.pushsection .rodata.case_text, "a"
773:	.asciz "\insn"
	.popsection
771:	\insn
	ret
772:	ud2
	.ascii "kvm"
	\insn
	ret
	.pushsection .data.cases, "aw"
	.quad 771b, 772b, 773b
	.long \kind, \flags
	.popsection
	.endm

	.pushsection .data.cases, "aw"
	.balign 8
	.globl cases
cases:
	.popsection

	/* Moves. */
	case MEMORY, ALL, movb %al, (%rsi)
	case MEMORY, ALL, movb %ah, (%rsi)
	case MEMORY, ALL, movw %ax, (%rsi)
	case MEMORY, ALL, movl %eax, (%rsi)
	case MEMORY, ALL, movq %rax, (%rsi)
	case MEMORY, ALL, movl %r9d, 4(%rsi)
	case MEMORY, ALL, movb (%rsi), %al
	case MEMORY, ALL, movb (%rsi), %bh
	case MEMORY, ALL, movw (%rsi), %ax
	case MEMORY, ALL, movl (%rsi), %eax
	case MEMORY, ALL, movq (%rsi), %rax
	case MEMORY, ALL, movq 8(%rsi), %r10
	case MEMORY, ALL, movb $0x12, (%rsi)
	case MEMORY, ALL, movw $0x1234, (%rsi)
	case MEMORY, ALL, movl $0x12345678, (%rsi)
	case MEMORY, ALL, movq $-2, (%rsi)
	case MEMORY_RCX, ALL, movl %eax, (%rsi, %rcx, 4)
	case MEMORY, ALL, movzbw (%rsi), %ax
	case MEMORY, ALL, movzbl (%rsi), %eax
	case MEMORY, ALL, movzbq (%rsi), %rax
	case MEMORY, ALL, movzwl (%rsi), %eax
	case MEMORY, ALL, movzwq (%rsi), %rax
	case MEMORY, ALL, movsbw (%rsi), %ax
	case MEMORY, ALL, movsbl (%rsi), %eax
	case MEMORY, ALL, movsbq (%rsi), %rax
	case MEMORY, ALL, movswl (%rsi), %eax
	case MEMORY, ALL, movswq (%rsi), %rax
	case MEMORY, ALL, movslq (%rsi), %rax
	case MEMORY, ALL, xchgb %al, (%rsi)
	case MEMORY, ALL, xchgw %ax, (%rsi)
	case MEMORY, ALL, xchgl %eax, (%rsi)
	case MEMORY, ALL, xchgq %rax, (%rsi)
	case MEMORY, ALL, movntil %eax, (%rsi)
	case 0, ALL, movl %eax, %ebx
	case 0, ALL, movq %rax, %rbx
	case 0, ALL, movb %al, %bh
	case 0, ALL, movl $0x1234, %eax
	case 0, ALL, leaq 5(%rax, %rbx, 2), %rdx
	case 0, ALL, xchgq %rax, %rbx

	/* Arithmetic and logic, each in all operand orders and sizes. */
	.macro alu name, flags
	case MEMORY, \flags, \name\()b %al, (%rsi)
	case MEMORY, \flags, \name\()w %ax, (%rsi)
	case MEMORY, \flags, \name\()l %eax, (%rsi)
	case MEMORY, \flags, \name\()q %rax, (%rsi)
	case MEMORY, \flags, \name\()b (%rsi), %al
	case MEMORY, \flags, \name\()w (%rsi), %ax
	case MEMORY, \flags, \name\()l (%rsi), %eax
	case MEMORY, \flags, \name\()q (%rsi), %rax
	case MEMORY, \flags, \name\()b $0x7f, (%rsi)
	case MEMORY, \flags, \name\()l $-3, (%rsi)
	case MEMORY, \flags, \name\()w $0x1234, (%rsi)
	case MEMORY, \flags, \name\()q $0x12345678, (%rsi)
	case 0, \flags, \name\()l %eax, %ebx
	case 0, \flags, \name\()q %rax, %rbx
	case 0, \flags, \name\()b $0x55, %al
	.endm
	alu add, ALL
	alu or, NO_AF
	alu adc, ALL
	alu sbb, ALL
	alu and, NO_AF
	alu sub, ALL
	alu xor, NO_AF
	alu cmp, ALL

	.macro unary name, flags
	case MEMORY, \flags, \name\()b (%rsi)
	case MEMORY, \flags, \name\()w (%rsi)
	case MEMORY, \flags, \name\()l (%rsi)
	case MEMORY, \flags, \name\()q (%rsi)
	case 0, \flags, \name\()l %eax
	.endm
	unary inc, ALL
	unary dec, ALL
	unary not, ALL
	unary neg, ALL
	case MEMORY, NO_AF, testb %al, (%rsi)
	case MEMORY, NO_AF, testl %eax, (%rsi)
	case MEMORY, NO_AF, testq %rax, (%rsi)
	case MEMORY, NO_AF, testb $0x81, (%rsi)
	case MEMORY, NO_AF, testl $0x80000001, (%rsi)

	/* Locked forms. */
	case MEMORY, ALL, lock addl %eax, (%rsi)
	case MEMORY, NO_AF, lock orq %rax, (%rsi)
	case MEMORY, ALL, lock incl (%rsi)
	case MEMORY, ALL, lock xaddl %eax, (%rsi)
	case MEMORY, ALL, xaddq %rax, (%rsi)
	case MEMORY, ALL, xaddb %al, (%rsi)
	case MEMORY, ALL, lock cmpxchgl %ebx, (%rsi)
	case MEMORY, ALL, cmpxchgb %bl, (%rsi)
	case MEMORY, ALL, cmpxchgq %rbx, (%rsi)
	case MEMORY_16, ZF_ONLY, lock cmpxchg8b (%rsi)
	case MEMORY_16, ZF_ONLY, lock cmpxchg16b (%rsi)

	/* Bits. */
	case MEMORY, CF_ONLY, btl $5, (%rsi)
	case MEMORY, CF_ONLY, btsl $7, (%rsi)
	case MEMORY, CF_ONLY, btrw $3, (%rsi)
	case MEMORY, CF_ONLY, btcq $33, (%rsi)
	case MEMORY_RCX, CF_ONLY, btl %ecx, (%rsi)
	case MEMORY_RCX, CF_ONLY, btsq %rcx, (%rsi)
	case MEMORY_RCX, CF_ONLY, lock btsl %ecx, (%rsi)
	case MEMORY_RCX, CF_ONLY, btrl %ecx, (%rsi)
	case MEMORY_RCX, CF_ONLY, btcw %cx, (%rsi)
	case MEMORY, ZF_ONLY, bsfl (%rsi), %eax
	case MEMORY, ZF_ONLY, bsrq (%rsi), %rax

	/* Shifts and rotations. */
	case MEMORY, NO_AF, shll (%rsi)
	case MEMORY, NO_AF, shrb (%rsi)
	case MEMORY, NO_AF, sarq (%rsi)
	case MEMORY, SHIFT, shlw $3, (%rsi)
	case MEMORY, SHIFT, shrl $5, (%rsi)
	case MEMORY, SHIFT, sarl $7, (%rsi)
	case MEMORY_RCX, SHIFT, shlq %cl, (%rsi)
	case MEMORY_RCX, SHIFT, shrl %cl, (%rsi)
	case MEMORY, ALL, roll (%rsi)
	case MEMORY, ALL, rorb (%rsi)
	case MEMORY, NO_OF, rolw $5, (%rsi)
	case MEMORY_RCX, NO_OF, rorq %cl, (%rsi)
	case MEMORY, ALL, rcll (%rsi)
	case MEMORY, ALL, rcrw (%rsi)
	case MEMORY, SHIFT, shldl $4, %eax, (%rsi)
	case MEMORY, SHIFT, shrdq $9, %rax, (%rsi)

	/* Multiplication and division. */
	case MEMORY, CF_OF, mull (%rsi)
	case MEMORY, CF_OF, mulq (%rsi)
	case MEMORY, CF_OF, imulw (%rsi)
	case MEMORY, CF_OF, imull (%rsi), %eax
	case MEMORY, CF_OF, imulq $7, (%rsi), %rax

	/* Conditions. */
	case MEMORY, ALL, sete (%rsi)
	case MEMORY, ALL, setb (%rsi)
	case MEMORY, ALL, setg 3(%rsi)
	case MEMORY, ALL, cmovel (%rsi), %eax
	case MEMORY, ALL, cmovaq (%rsi), %rax

	/* Strings. */
	case MEMORY, ALL, movsb
	case MEMORY, ALL, movsl
	case MEMORY, ALL, movsq
	case MEMORY, ALL, stosb
	case MEMORY, ALL, stosw
	case MEMORY, ALL, stosl
	case MEMORY, ALL, stosq
	case MEMORY, ALL, lodsb
	case MEMORY, ALL, lodsl
	case MEMORY, ALL, scasb
	case MEMORY, ALL, scasl
	case MEMORY, ALL, cmpsb
	case MEMORY, ALL, cmpsl
	case MEMORY_RCX, ALL, rep movsb
	case MEMORY_RCX, ALL, rep stosb
	case MEMORY_RCX, ALL, repne scasb
	case MEMORY_RCX, ALL, repe cmpsb
	case MEMORY_RCX, ALL, rep lodsb

	.pushsection .data.cases, "aw"
	.globl cases_end
cases_end:
	.popsection

	/* run_case(code, registers): load them, call, store them. struct registers: main.c. */
	.globl run_case
run_case:
	pushq %rbx
	pushq %rbp
	pushq %r12
	movq %rdi, %r12
	movq %rsi, %rbp
	movq 0(%rbp), %rax
	movq 8(%rbp), %rcx
	movq 16(%rbp), %rdx
	movq 24(%rbp), %rbx
	movq 32(%rbp), %rsi
	movq 40(%rbp), %rdi
	movq 56(%rbp), %r9
	movq 64(%rbp), %r10
	pushq 48(%rbp)
	popfq
	call *%r12
	pushfq
	popq 48(%rbp)
	cld
	movq %rax, 0(%rbp)
	movq %rcx, 8(%rbp)
	movq %rdx, 16(%rbp)
	movq %rbx, 24(%rbp)
	movq %rsi, 32(%rbp)
	movq %rdi, 40(%rbp)
	movq %r9, 56(%rbp)
	movq %r10, 64(%rbp)
	popq %r12
	popq %rbp
	popq %rbx
	ret
