/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions of the other CPUs: from real mode to smp_ap_start() in 64-bit C.
 *
 * [trampoline_start, trampoline_end) is copied to a page below 1 MiB by host/smp.c, which fills in the four words that
 * depend on the page's address. A start-up IPI begins at its first byte with CS = page / 16 (SDM 3A, MP Initialization
 * Protocol). It goes through 32-bit mode with the boot code's page tables, which map the first 4 GiB one to one, and
 * loads the final ones as soon as it runs in the image.
 */
#include "host/layout.h"

#define CR0_PE 0x1
#define CR0_START 0x10031		/* PE, ET, NE, WP */
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define SELECTOR_CODE32 0x18
#define AT(symbol) ((symbol) - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign 16
	.globl trampoline_start, trampoline_end, trampoline_gdt, trampoline_gdt_base, trampoline_far32
	.globl trampoline_far64, trampoline_cr3, trampoline_code32, trampoline_code64
	.code16
trampoline_start:
	cli
	cld
	xor %ebx, %ebx
	mov %cs, %bx
	mov %bx, %ds
	shl $4, %ebx			/* the page's address, from here on */
	lgdtl AT(trampoline_gdt_pointer)
	mov $CR0_PE, %eax		/* CD and NW, which INIT may leave set, go as well */
	mov %eax, %cr0
	ljmpl *AT(trampoline_far32)

	.code32
trampoline_code32:
	mov $SELECTOR_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov AT(trampoline_cr3)(%ebx), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME | EFER_NXE, %eax
	wrmsr
	mov $CR0_START | CR0_PG, %eax
	mov %eax, %cr0
	ljmp *AT(trampoline_far64)(%ebx)

	.code64
trampoline_code64:
	movabs $smp_entry64, %rax
	jmp *%rax

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SELECTOR_CODE: 64-bit code */
	.quad 0x00cf93000000ffff	/* SELECTOR_DATA */
	.quad 0x00cf9b000000ffff	/* SELECTOR_CODE32 */
trampoline_gdt_end:
trampoline_gdt_pointer:
	.short trampoline_gdt_end - trampoline_gdt - 1
trampoline_gdt_base:
	.long 0
trampoline_far32:
	.long 0
	.short SELECTOR_CODE32
trampoline_far64:
	.long 0
	.short SELECTOR_CODE
trampoline_cr3:
	.long 0
trampoline_end:

/*
 * Who comes first takes what is in smp_slot (struct smp_start: final CR3, stack, CPU) and empties it. A CPU that comes
 * when nobody waits for it any more finds nothing, and halts.
 */
	.section .text
	.globl smp_entry64
smp_entry64:
	mov $SELECTOR_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	xchg %rax, smp_slot(%rip)
	test %rax, %rax
	jz 1f
	mov 0(%rax), %rcx
	mov 8(%rax), %rsp
	mov 16(%rax), %rdi
	mov %rcx, %cr3
	xor %ebp, %ebp			/* the backtrace ends here */
	call smp_ap_start
1:	cli
	hlt
	jmp 1b
	.section .note.GNU-stack, "", @progbits
