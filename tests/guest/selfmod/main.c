// SPDX-License-Identifier: Apache-2.0
// Code changed under the hypervisor: what an exiting instruction does follows its bytes at that moment.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "print.h"
#include "trap.h"

extern u8 patch_site[], patch_end[];

/* A page of code that can be written: all memory of a test guest can. */
__asm__(".text\n"
	".globl patch_site, patch_end, patch_call\n"
	".balign 64\n"
	"patch_call:\n"
	"	push %rbx\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rcx\n"
	"	mov %rcx, %rdx\n"
	"patch_site:\n"
	"	.fill 16, 1, 0x90\n"
	"patch_end:\n"
	"	pop %rbx\n"
	"	ret\n");
u64 patch_call(u64 rax, u64 rcx);

static void patch(const char *bytes, size_t count)
{
	memset(patch_site, 0x90, 16);
	memcpy(patch_site, bytes, count);
	__asm__ volatile("mfence" : : : "memory");
	cpuid(0); /* serialises (SDM 3A, Handling Self- and Cross-Modifying Code) */
}
#define PATCH(text) patch(text, sizeof(text) - 1)

static void ports(void)
{
	outb(0x3ff, 0x11);
	PATCH("\x66\xba\xff\x03\xec"); /* mov $0x3ff, %dx; in %dx, %al */
	check_equal(patch_call(0, 0) & 0xff, 0x11, "IN");
	PATCH("\x66\xba\xff\x03\xb0\x22\xee"); /* mov $0x3ff, %dx; mov $0x22, %al; out %al, %dx */
	patch_call(0, 0);
	check_equal(inb(0x3ff), 0x22, "patched to OUT");
	patch_site[5] = 0x33;
	cpuid(0);
	patch_call(0, 0);
	check_equal(inb(0x3ff), 0x33, "one byte of it patched");
}

static void exits(void)
{
	u64 id;

	PATCH("\x31\xc0\x0f\xa2"); /* xor %eax, %eax; cpuid */
	check_equal(patch_call(5, 5), cpuid(0).eax, "CPUID");
	PATCH("\x0f\x32"); /* rdmsr */
	id = patch_call(0, MSR_APIC_BASE);
	check_equal(id, rdmsr(MSR_APIC_BASE) & 0xffffffff, "patched to RDMSR");
	PATCH("\x89\xc8"); /* mov %ecx, %eax */
	check_equal(patch_call(1, 7), 7, "patched to MOV");
}

/* Device memory: the emulator reads the instruction again each time. */
static void device_memory(void)
{
	lapic_write(LAPIC_TPR, 0);
	PATCH("\x89\x08"); /* mov %ecx, (%rax) */
	patch_call(LAPIC_BASE + LAPIC_TPR, 0x20);
	check_equal(lapic_read(LAPIC_TPR), 0x20, "MOV to device memory");
	PATCH("\xb9\x40\x00\x00\x00\x89\x08"); /* mov $0x40, %ecx; mov %ecx, (%rax) */
	patch_call(LAPIC_BASE + LAPIC_TPR, 0x20);
	check_equal(lapic_read(LAPIC_TPR), 0x40, "patched: another instruction before it");
	PATCH("\x8b\x00"); /* mov (%rax), %eax */
	check_equal(patch_call(LAPIC_BASE + LAPIC_TPR, 0) & 0xff, 0x40, "patched to a load");
	lapic_write(LAPIC_TPR, 0);
}

void guest_main(void)
{
	for (int round = 0; round < 3; round++) {
		ports();
		exits();
		device_memory();
	}
}
