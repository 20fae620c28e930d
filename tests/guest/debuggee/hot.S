/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that begin with one kind of instruction each, for a breakpoint that is passed over a hundred times. */
	.text
	.globl hot_push, hot_endbr, hot_nop, hot_call, hot_ret, hot_add, hot_jump, hot_crc32
hot_push:
	push	%rbp
	pop	%rbp
	ret
hot_endbr:
	endbr64
	ret
hot_nop:
	nopl	0(%rax,%rax,1)
	ret
hot_call:
	call	hot_ret
	ret
hot_ret:
	ret
hot_add:
	addq	$1, hot_count(%rip)
	ret
hot_jump:
	jmp	1f
	ud2
1:	ret
/* The emulator does not know this one: it is stepped over. */
hot_crc32:
	crc32l	%eax, %eax
	ret
	.section .note.GNU-stack, "", @progbits
