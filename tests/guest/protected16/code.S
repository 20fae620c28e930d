/* SPDX-License-Identifier: Apache-2.0 */
/* 16-bit protected mode, entered from 32-bit code by a far call through a descriptor with a base. */
	.text
	.code32
	.globl protected16_from_32
protected16_from_32:			/* returns EAX: bits that say what worked */
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movl %esp, %ebp
	movl $0x60, %eax		/* 16-bit data, base at code16_start */
	movl %eax, %es
	lcall $0x58, $(protected16_start - protected16_start)
	movl %ebp, %esp
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	ret

	.globl protected16_start, protected16_end
	.code16
	.balign 16
protected16_start:
	xorl %ebx, %ebx
	/* bit 0: the segment's base is applied. */
	movw %es:(marker - protected16_start), %ax
	cmpw $0x5aa5, %ax
	jne 1f
	orw $1, %bx
1:	/* bit 1: PUSH moves SP by two (SS is 32-bit, operands are 16-bit). */
	movl %esp, %ecx
	pushw %ax
	subl %esp, %ecx
	popw %ax
	cmpl $2, %ecx
	jne 2f
	orw $2, %bx
2:	/* bit 2: IP wraps nothing: a 32-bit operand by prefix. */
	movl $0x12345678, %eax
	shrl $16, %eax
	cmpw $0x1234, %ax
	jne 3f
	orw $4, %bx
3:	/* bit 3: CPUID exits and comes back. */
	pushl %ebx
	xorl %eax, %eax
	cpuid
	popl %ebx
	testl %eax, %eax
	jz 4f
	orw $8, %bx
4:	/* bit 4: string copy with 16-bit addresses, both segments ES. */
	pushw %ds
	pushw %es
	popw %ds
	movw $(marker - protected16_start), %si
	movw $(copy - protected16_start), %di
	movw $1, %cx
	cld
	rep movsw
	movw copy - protected16_start, %ax
	popw %ds
	cmpw $0x5aa5, %ax
	jne 5f
	orw $16, %bx
5:	/* bit 5: port I/O. */
	movw $0x3ff, %dx
	movb $0x3c, %al
	outb %al, %dx
	movb $0, %al
	inb %dx, %al
	cmpb $0x3c, %al
	jne 6f
	orw $32, %bx
6:	movl %ebx, %eax
	lretl
marker:
	.word 0x5aa5
copy:
	.word 0
protected16_end:
	.code64
