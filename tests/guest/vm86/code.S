/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual-8086 mode from 32-bit protected mode: IRET with VM set; #GP and INT come back to ring 0. */
#define CODE32 0x18
#define DATA 0x10
#define TSS 0x68
#define VM_SEGMENT 0x0900
#define EFLAGS_VM 0x00020002		/* IOPL 0: INT n and CLI are #GP */

	.text
	.code32
	.globl vm86_from_32
vm86_from_32:				/* returns EAX: what the 16-bit code computed */
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movl $TSS, %eax
	ltr %ax
	lidtl vm86_idt_pointer
	movl %esp, vm86_tss + 4		/* ESP0: faults come back on this stack */
	movl %esp, vm86_esp
	movl $0, vm86_gp_count
	pushl $0			/* GS FS DS ES */
	pushl $0
	pushl $VM_SEGMENT
	pushl $VM_SEGMENT
	pushl $VM_SEGMENT		/* SS */
	pushl $0x1000
	pushl $EFLAGS_VM
	pushl $VM_SEGMENT		/* CS */
	pushl $0
	iret

	/* #GP: error code, EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS of the 16-bit code are on the stack. */
	.globl vm86_on_gp
vm86_on_gp:
	pushl %eax
	pushl %ebx
	movw $DATA, %ax
	movw %ax, %ds
	incl vm86_gp_count
	movl 12(%esp), %ebx		/* EIP */
	movl 20(%esp), %eax		/* EFLAGS */
	movl %eax, vm86_eflags_seen
	movb VM_SEGMENT * 16(%ebx), %al
	cmpb $0xfa, %al			/* CLI: step over it */
	je 1f
	cmpb $0xcd, %al			/* INT n: the end */
	je 2f
	movl $0xbad, %eax
	jmp 3f
1:	incl 12(%esp)
	popl %ebx
	popl %eax
	addl $4, %esp
	iret
2:	movl 4(%esp), %eax		/* EAX of the 16-bit code */
3:	movl vm86_esp, %esp
	movl $DATA, %ebx
	movl %ebx, %es
	movl %ebx, %ss
	movl %ebx, %fs
	movl %ebx, %gs
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	ret

	/* The 16-bit code, copied to VM_SEGMENT:0. */
	.globl vm86_start, vm86_end
	.code16
vm86_start:
	movw $0x1200, %ax
	cli				/* #GP, stepped over */
	addw $0x0034, %ax
	pushw %ax
	movw $0, %ax
	popw %ax
	movw %ax, %ds:(0x100)
	movl %eax, %ebx
	xorl %eax, %eax
	cpuid
	testl %eax, %eax
	setnz %al
	movzbl %al, %eax
	shll $16, %eax
	movw %ds:(0x100), %ax
	int $0x21
vm86_end:

	.bss
	.balign 4
	.globl vm86_gp_count, vm86_eflags_seen
vm86_gp_count:
	.skip 4
vm86_eflags_seen:
	.skip 4
vm86_esp:
	.skip 4
	.code64
