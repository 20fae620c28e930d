// SPDX-License-Identifier: Apache-2.0
// Per-CPU tables: GDT, TSS and GS base.
#include "host/cpu.h"

#include "host/layout.h"
#include "host/memory.h"
#include "host/trap.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

struct cpu boot_cpu = {.self = &boot_cpu};
struct cpu *cpu_at[CPUS_MAX] = {&boot_cpu};
u32 cpu_count = 1;

/* A TSS descriptor fills two GDT slots (SDM 3A, TSS Descriptor in 64-bit mode): available, present. */
static void tss_describe(u64 slot[2], const struct tss *tss)
{
	u64 base = (u64)tss;

	slot[0] = (sizeof(*tss) - 1) | PUT(BITS(39, 16), base & 0xffffff) | PUT(BITS(63, 56), base >> 24 & 0xff) |
		  PUT(BITS(47, 40), 0x89);
	slot[1] = base >> 32;
}

static void gdt_load(struct cpu *cpu)
{
	struct table_pointer pointer = {sizeof(cpu->gdt) - 1, (u64)cpu->gdt};

	cpu->gdt[SELECTOR_CODE / 8] = GDT_CODE64;
	cpu->gdt[SELECTOR_DATA / 8] = GDT_DATA;
	tss_describe(&cpu->gdt[SELECTOR_TSS / 8], &cpu->tss);
	lgdt(&pointer);
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; mov %1, %%fs; mov %1, %%gs"
			 :
			 : "r"(SELECTOR_DATA), "r"(0)
			 : "memory");
	ltr(SELECTOR_TSS);
}

#define CPUID7_EBX_SMEP BIT(7)
#define CPUID7_EBX_SMAP BIT(20)
#define CPUID7_ECX_UMIP BIT(2)

/* No page of ours is a user page: with these the CPU neither runs nor reads one by mistake. */
static void protections_enable(void)
{
	struct cpuid_regs r = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid_regs){0};
	u64 cr4 = read_cr4();

	if (r.ebx & CPUID7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (r.ebx & CPUID7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (r.ecx & CPUID7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	write_cr4(cr4);
}

void cpu_init_first(void)
{
	wrmsr(MSR_GS_BASE, (u64)&boot_cpu);
}

void cpu_init(struct cpu *cpu, u32 index)
{
	cpu->self = cpu;
	cpu->index = index;
	cpu->tss.io_map_base = sizeof(cpu->tss);
	for (unsigned i = 1; i < IST_COUNT; i++)
		cpu->tss.ist[i - 1] = memory_stack_top(index, i);
	gdt_load(cpu);
	protections_enable();
	wrmsr(MSR_GS_BASE, (u64)cpu);
	trap_init();
}
