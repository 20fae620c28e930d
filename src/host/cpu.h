/* SPDX-License-Identifier: Apache-2.0 */
/* What one physical CPU owns. Found through GS; only its owner touches it. */
#ifndef ETERNA_HOST_CPU_H
#define ETERNA_HOST_CPU_H

#include "x86/descriptors.h"

/* Interrupt stack table entries: these must have a good stack even when RSP is not. */
enum ist { IST_NONE, IST_NMI, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT };

struct cpu {
	struct cpu *self; /* first: read through GS:0 */
	u32 index;
	u32 apic_id;
	u64 gdt[5];
	struct tss tss;
};

/* Room for the physical CPUs that the firmware names; the boot CPU is 0. */
extern struct cpu boot_cpu;

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/*
 * Give the running CPU its GDT, TSS (with the stacks of IST_ entries mapped by memory_init), IDT and GS base.
 * Context: once a CPU, interrupts off, after memory_init() for the boot CPU.
 */
void cpu_init(struct cpu *cpu, u32 index);

#endif
