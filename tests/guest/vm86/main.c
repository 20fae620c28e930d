// SPDX-License-Identifier: Apache-2.0
// Virtual-8086 mode (SDM 3B, 8086 Emulation): sensitive instructions are #GP, others and exits run.
#include "base/mem.h"
#include "check.h"
#include "legacy.h"

#define TSS 0x68
#define VM_LINEAR 0x9000

extern u64 gdt[];
extern const u8 vm86_start[], vm86_end[];
extern u32 vm86_gp_count, vm86_eflags_seen;
void vm86_from_32(void);
void vm86_on_gp(void);

u32 vm86_tss[26]; /* a 32-bit TSS: SS0 and ESP0 matter */
static u64 idt[32] ALIGNED(16);
struct {
	u16 limit;
	u32 base;
} PACKED vm86_idt_pointer;

void guest_main(void)
{
	u64 base = (u64)vm86_tss, handler = (u64)vm86_on_gp;
	u32 result;

	vm86_tss[2] = SELECTOR_DATA;
	gdt[TSS / 8] = (sizeof(vm86_tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	idt[VECTOR_GP] = (handler & 0xffff) | (u64)SELECTOR_CODE32 << 16 | 0x8eull << 40 | (handler >> 16) << 48;
	vm86_idt_pointer.limit = sizeof(idt) - 1;
	vm86_idt_pointer.base = (u32)(u64)idt;
	memcpy(phys_pointer(VM_LINEAR), vm86_start, (size_t)(vm86_end - vm86_start));
	result = legacy_call(vm86_from_32);
	check_equal(result & 0xffff, 0x1234, "16-bit code ran in virtual-8086 mode");
	check_equal(result >> 16, 1, "CPUID in it");
	check_equal(vm86_gp_count, 2, "CLI and INT are #GP with IOPL 0");
	check(vm86_eflags_seen & RFLAGS_VM, "EFLAGS on the stack show VM");
}
