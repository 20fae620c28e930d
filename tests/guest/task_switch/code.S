/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware task switches in 32-bit protected mode. Selectors and TSSs are set up by main.c. */
#define TASK_A 0x68
#define TASK_B 0x70
#define TASK_GATE_B 0x78

	.text
	.code32
	.globl task_from_32
task_from_32:				/* returns EAX: bits that say what worked */
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movl $TASK_A, %eax
	ltr %ax
	lidtl task_idt_pointer
	xorl %esi, %esi			/* the result */

	/* bits 0, 1: JMP to a TSS and back. */
	movl $0, task_mark
	movl $0x1234, %edi
	ljmp $TASK_B, $0
	cmpl $1, task_mark
	jne 1f
	orl $1, %esi
1:	cmpl $0x1234, %edi
	jne 2f
	orl $2, %esi
2:	/* bit 2: CALL of a TSS sets NT in the new task and IRET comes back. */
	ljmp $TASK_B, $0		/* B goes on behind its own JMP */
	cmpl $2, task_mark
	jne 3f
	orl $4, %esi
3:	lcall $TASK_B, $0
	cmpl $3, task_mark
	jne 4f
	orl $8, %esi
4:	testl $0x4000, task_flags_seen
	jz 5f
	orl $16, %esi
5:	/* bit 5: INT through a task gate of the IDT. */
	int $0x40
	cmpl $4, task_mark
	jne 6f
	orl $32, %esi
6:	/* bit 6: CALL through a task gate of the GDT. */
	lcall $TASK_GATE_B, $0
	cmpl $5, task_mark
	jne 7f
	orl $64, %esi
7:	/* bit 7: an exception with error code through a task gate: #NP for selector 0x80 (not present). */
	movl $0x80, %eax
task_fault_at:
	movl %eax, %fs			/* the task for #NP marks the descriptor present; the load runs again */
	cmpl $6, task_mark
	jne 8f
	orl $128, %esi
8:	cmpl $0x80, task_error_seen
	jne 9f
	orl $256, %esi
9:	/* bit 9: CR0.TS is set by a switch. */
	testl $1, task_ts_seen
	jz 10f
	orl $512, %esi
10:	movl $0, %eax
	movl %eax, %fs
	movl %esi, %eax
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	ret

	/* Task B: each switch to it goes on where it left. */
	.globl task_b_code
task_b_code:
	movl $1, task_mark
	movl %cr0, %eax
	shrl $3, %eax
	andl $1, %eax
	movl %eax, task_ts_seen
	clts
	movl $0xdead, %edi
	ljmp $TASK_A, $0
	movl $2, task_mark
	clts
	ljmp $TASK_A, $0
	movl $3, task_mark
	pushfl
	popl task_flags_seen
	clts
	iret
	movl $4, task_mark
	clts
	iret
	movl $5, task_mark
	clts
	iret
	ud2

	/* Task F: for #NP, with an error code on its stack. */
	.globl task_f_code
task_f_code:
	popl task_error_seen
	movl $6, task_mark
	movb $0x93, gdt + 0x80 + 5
	clts
	iret
	jmp task_f_code

	.bss
	.balign 4
	.globl task_mark, task_flags_seen, task_error_seen, task_ts_seen
task_mark:
	.skip 4
task_flags_seen:
	.skip 4
task_error_seen:
	.skip 4
task_ts_seen:
	.skip 4
	.code64
