/* SPDX-License-Identifier: Apache-2.0 */
/* 16-bit code of the test, assembled for offset 0 and run at 0800:0000 in real mode. Results are words at `results`. */
#define AT(label) (label - real_start)

	.text
	.code16
	.globl real_start, real_end, real_results
real_start:
	jmp begin
	.balign 16
	.globl real_results
real_results:				/* offset 16 */
	.fill 32, 2, 0

	.macro store index, reg
	movw \reg, %ds:(AT(real_results) + 2 * \index)
	.endm

begin:
	/* 0: CS as loaded by the far call. */
	movw %cs, %ax
	store 0, %ax
	/* 1: PE is clear. */
	smsw %ax
	store 1, %ax
	/* 2: 16-bit arithmetic wraps. */
	movw $0xffff, %ax
	addw $2, %ax
	store 2, %ax
	/* 3: a software interrupt through the vector table. */
	xorw %ax, %ax
	movw %ax, %es
	movw $AT(on_int), %es:(4 * 0x60)
	movw %cs, %es:(4 * 0x60 + 2)
	movw $0x1111, %ax
	int $0x60
	store 3, %ax
	/* 4, 5: #DE through the vector table; the fault's IP is the instruction's. */
	movw $AT(on_de), %es:(4 * 0)
	movw %cs, %es:(4 * 0 + 2)
	xorw %dx, %dx
	movw $1, %ax
	xorw %cx, %cx
de_here:
	divw %cx
	store 4, %ax
	movw $AT(de_here), %ax
	store 6, %ax
	/* 7, 8: #GP beyond the segment's limit, by a 32-bit address. */
	movw $AT(on_gp), %es:(4 * 13)
	movw %cs, %es:(4 * 13 + 2)
	movw $0, %bp
	movl $0x10000, %esi
gp_here:
	movb (%esi), %al		/* 4 bytes: 67 8a 06 ..; the handler steps over it */
gp_behind:
	store 7, %bp
	movw $AT(gp_behind) - AT(gp_here), %ax
	store 8, %ax
	/* 9: instructions that exit. */
	xorl %eax, %eax
	cpuid
	testl %eax, %eax
	setnz %al
	movzbw %al, %ax
	store 9, %ax
	/* 10: ports. */
	movw $0x3ff, %dx
	movb $0xa7, %al
	outb %al, %dx
	xorw %ax, %ax
	inb %dx, %al
	store 10, %ax
	/* 11: string move between segments. */
	movw $0x0800, %ax
	movw %ax, %es
	movw $AT(text), %si
	movw $AT(copy), %di
	movw $4, %cx
	cld
	rep movsw
	movw AT(copy) + 6, %ax
	store 11, %ax
	/* 12: OUTS and INS through a segment, with 16-bit registers. */
	movw $0x3ff, %dx
	movw $AT(text), %si
	movw $3, %cx
	rep outsb
	xorw %ax, %ax
	inb %dx, %al
	store 12, %ax
	/* 13: the address above 1 MiB that FFFF:0010 reaches (A20 on). */
	movw $0xffff, %ax
	movw %ax, %fs
	movw %fs:0x10, %ax
	store 13, %ax
	/* 14: PUSHF, POPF and a shadowed load of SS. */
	movw %ss, %ax
	movw %ax, %ss
	pushf
	popw %ax
	andw $0x0002, %ax
	store 14, %ax
	/* 15: unreal mode: a segment loaded in protected mode keeps its 4 GiB limit. Reads the local APIC's version. */
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $0x10, %bx			/* SELECTOR_DATA: flat */
	movw %bx, %gs
	andb $~1, %al
	movl %eax, %cr0
	movl $0xfee00030, %esi
	movl %gs:(%esi), %eax
	store 15, %ax
	/* 16: a write to device memory from here. */
	movl $0xfee00080, %esi
	movl $0x30, %gs:(%esi)
	movl %gs:(%esi), %eax
	store 16, %ax
	movl $0, %gs:(%esi)
	/* 17: HLT ends by an interrupt of the 8259, through the vector table (IRQ 0 at vector 8). */
	xorw %ax, %ax
	movw %ax, %es
	movw $AT(on_timer), %es:(4 * 0x20)
	movw %cs, %es:(4 * 0x20 + 2)
	movw $0, AT(ticks)
	sti
	hlt
	cli
	movw AT(ticks), %ax
	store 17, %ax
	movw $0x4b1d, %ax
	lret

on_int:
	addw $0x2222, %ax
	iret
on_de:
	popw %bx			/* IP of the fault */
	movw %bx, %ds:(AT(real_results) + 2 * 5)
	addw $2, %bx
	pushw %bx
	movw $0xde, %ax
	iret
on_gp:
	movw $0x6b, %bp
	popw %bx
	addw $AT(gp_behind) - AT(gp_here), %bx
	pushw %bx
	iret
on_timer:
	pushw %ax
	incw %cs:AT(ticks)
	movb $0x20, %al
	outb %al, $0x20
	popw %ax
	iret
ticks:
	.word 0
text:
	.ascii "abcdefgh"
copy:
	.fill 8, 1, 0
real_end:
	.code64
