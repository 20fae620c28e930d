/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the boot loader's 32-bit protected mode to 64-bit C.
 *
 * In:  EAX = Multiboot 2 magic and EBX = its information, or EBX = hvm_start_info (PVH); paging off, interrupts off.
 * Out: boot_start(magic, info) on the boot stack, with the first 4 GiB mapped one to one and the image in the upper half.
 * Both protocols (Multiboot 2, "I386 machine state"; Xen PVH, "HVM direct boot ABI") promise flat segments and no more.
 */
#include "host/layout.h"

#define CR0_PE 0x1
#define CR0_ET 0x10
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define CPUID_EXT_MAX 0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define FEATURE_LM (1 << 29)
#define FEATURE_NX (1 << 20)
#define PTE_PRESENT_WRITABLE 0x3
#define PTE_LARGE_PRESENT_WRITABLE 0x83
#define PHYS(symbol) ((symbol) - LAYOUT_IMAGE)

	.section .boot.text, "ax"
	.code32
	.globl boot_entry32
boot_entry32:
	cld
	cli
	mov $PHYS(boot_stack_top), %esp
	mov %eax, %edi			/* both survive until boot_start */
	mov %ebx, %esi
	rdtsc				/* for the log: how long ETERNA took until its first guest ran */
	mov %eax, PHYS(boot_tsc)
	mov %edx, PHYS(boot_tsc) + 4

	/* The loader zeroes .bss (ELF); the page tables below rely on it. */
	mov $CPUID_EXT_MAX, %eax
	cpuid
	cmp $CPUID_EXT_FEATURES, %eax
	jb no_long_mode
	mov $CPUID_EXT_FEATURES, %eax
	cpuid
	test $FEATURE_LM, %edx
	jz no_long_mode
	test $FEATURE_NX, %edx
	jz no_nx

	/* PML4[0], [256] (the pool's area) and [511]; PDPT[0..3] one to one, PDPT[510] = the image's first GiB. */
	mov $PHYS(boot_pdpt) + PTE_PRESENT_WRITABLE, %eax
	mov %eax, PHYS(boot_pml4)
	mov %eax, PHYS(boot_pml4) + 256 * 8
	mov %eax, PHYS(boot_pml4) + 511 * 8
	mov $PHYS(boot_pd) + PTE_PRESENT_WRITABLE, %eax
	mov $PHYS(boot_pdpt), %ebx
	mov %eax, 510 * 8(%ebx)
	mov $4, %ecx
1:	mov %eax, (%ebx)
	add $0x1000, %eax
	add $8, %ebx
	loop 1b
	mov $PTE_LARGE_PRESENT_WRITABLE, %eax
	mov $PHYS(boot_pd), %ebx
	mov $4 * 512, %ecx
1:	mov %eax, (%ebx)
	add $0x200000, %eax
	add $8, %ebx
	loop 1b

	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $PHYS(boot_pml4), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME | EFER_NXE, %eax
	wrmsr
	mov $CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG, %eax
	mov %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $SELECTOR_CODE, $boot_entry64

no_long_mode:
	mov $text_no_long_mode, %esi
	jmp boot_stop
no_nx:
	mov $text_no_nx, %esi
/* Say the text at ESI on COM1 and stay here: without long mode there is nothing else to be done. */
boot_stop:
	lodsb
	test %al, %al
	jz 2f
	mov %al, %ah
	mov $0x3fd, %dx
1:	in %dx, %al
	test $0x20, %al
	jz 1b
	mov %ah, %al
	mov $0x3f8, %dx
	out %al, %dx
	jmp boot_stop
2:	hlt
	jmp 2b

	.code64
boot_entry64:
	mov $SELECTOR_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov $boot_stack_top, %rsp
	xor %ebp, %ebp			/* the backtrace ends here */
	mov %edi, %edi
	mov %esi, %esi
	movabs $boot_start, %rax
	call *%rax
1:	cli
	hlt
	jmp 1b

	.section .boot.data, "a"
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SELECTOR_CODE: 64-bit code */
	.quad 0x00cf93000000ffff	/* SELECTOR_DATA */
boot_gdt_end:
boot_gdt_pointer:
	.short boot_gdt_end - boot_gdt - 1
	.quad boot_gdt
text_no_long_mode:
	.asciz "eterna: error: this CPU has no 64-bit mode\r\neterna: exit status 3\r\n"
text_no_nx:
	.asciz "eterna: error: this CPU cannot protect data from execution (NX)\r\neterna: exit status 3\r\n"

	.section .bss.boot, "aw", @nobits
	.balign 4096
	.globl boot_pml4		/* the other CPUs come through it, too (trampoline.S) */
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096
	.globl boot_tsc
boot_tsc:
	.skip 16			/* the TSC at the entry, and what keeps the stack aligned */
	.globl boot_stack_top
boot_stack:
	.skip 0x4000
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
