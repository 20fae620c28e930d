// SPDX-License-Identifier: Apache-2.0
// 16-bit protected mode: from 32-bit protected mode without paging, and in compatibility mode under long mode.
#include "check.h"
#include "legacy.h"
#include "trap.h"

extern u64 gdt[];
extern const u8 protected16_start[], protected16_end[];
void protected16_from_32(void);

static const char *const steps[] = {
	"the segment's base is applied",
	"PUSH of 16 bits",
	"32-bit operand by prefix",
	"CPUID",
	"REP MOVSW",
	"IN and OUT",
};

static u64 descriptor(u64 base, u64 limit, u64 access)
{
	return limit | (base & 0xffffff) << 16 | access << 40 | (base >> 24 & 0xff) << 56;
}

/* Into 32-bit compatibility mode, run the same code, and back. */
static u32 compatibility_call(void)
{
	u64 result;

	__asm__ volatile("push %%rbp; push %%rbx; push %%rbx\n\t"
			 "mov %%rsp, %%r12\n\t"
			 "sub $128, %%rsp\n\t"
			 "push $0x18; lea 1f(%%rip), %%rax; push %%rax; lretq\n"
			 ".code32\n"
			 "1:	mov $0x10, %%eax; mov %%eax, %%ds; mov %%eax, %%es; mov %%eax, %%ss\n\t"
			 "call protected16_from_32\n\t"
			 "ljmp $0x08, $2f\n"
			 ".code64\n"
			 "2:	mov %%eax, %%eax\n\t"
			 "mov %%r12, %%rsp\n\t"
			 "pop %%rbx; pop %%rbx; pop %%rbp\n\t"
			 : "=a"(result)
			 :
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
			   "cc");
	return (u32)result;
}

static void report(u32 bits, const char *mode)
{
	for (unsigned i = 0; i < ARRAY_COUNT(steps); i++)
		check(bits >> i & 1, "%s: %s", mode, steps[i]);
}

void guest_main(void)
{
	u64 base = (u64)protected16_start;
	u64 limit = (u64)(protected16_end - protected16_start) - 1;

	gdt[0x58 / 8] = descriptor(base, limit, 0x9b);
	gdt[0x60 / 8] = descriptor(base, limit, 0x93);
	report(legacy_call(protected16_from_32), "16-bit protected mode");
	report(compatibility_call(), "16-bit compatibility mode");
}
