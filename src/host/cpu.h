/* SPDX-License-Identifier: Apache-2.0 */
/* What one physical CPU has: struct cpu, found through GS, is its own; struct cpu_shared is what the others see. */
#ifndef ETERNA_HOST_CPU_H
#define ETERNA_HOST_CPU_H

#include "host/lock_rank.h"
#include "x86/descriptors.h"

/* The most that are used; CPU numbers are below this, without gaps, and 0 is the boot CPU. */
#define CPUS_MAX 256

/* Interrupt stack table entries: these must have a good stack even when RSP is not. */
enum ist { IST_NONE, IST_NMI, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT };

/* Written by the CPU itself, or for it while it does not run; read by all. One transition at a time:
 *	STARTING -> UP -> RUNNING -> STOPPED (panic), or STARTING -> FAILED; by the CPU itself */
enum cpu_phase {
	CPU_STARTING, /* it was sent for */
	CPU_FAILED,   /* it lacks something, and halts */
	CPU_UP,       /* it has its tables, and waits in smp_release()'s gate */
	CPU_RUNNING,  /* it does what it was released for */
	CPU_STOPPED,  /* halted for good */
};

/* Others touch this at any time: atomic accesses only. In cache lines of its own. */
struct cpu_shared {
	u32 phase;       /* enum cpu_phase */
	u32 call_wanted; /* the last ipi_call() that this CPU is asked for, and carried out */
	u32 call_done;
	u32 tsc_turn; /* the rounds of comparing TSCs */
	u64 tsc_reading;
} ALIGNED(64);

struct cpu {
	struct cpu *self; /* first: read through GS:0 */
	u32 index;
	u32 apic_id;
	u64 tsc_offset; /* this CPU's TSC plus this is the host's time (host/clock.h) */
	struct lock_ranks locks;
	void *vendor;  /* what the virtualization backend keeps for this CPU */
	u32 nmi_count; /* counted by the handler, told by trap_tell_nmis() */
	u32 nmi_told;
	u64 nmi_rip;
	u64 gdt[5];
	struct tss tss;
	struct cpu_shared shared;
};

extern struct cpu boot_cpu;

/* All CPUs in use: [0, cpu_count). A CPU is added before it runs and never taken away. */
extern struct cpu *cpu_at[CPUS_MAX];
extern u32 cpu_count;

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline enum cpu_phase cpu_phase_of(const struct cpu *cpu)
{
	return (enum cpu_phase)__atomic_load_n(&cpu->shared.phase, __ATOMIC_ACQUIRE);
}

static inline void cpu_phase_set(struct cpu *cpu, enum cpu_phase phase)
{
	__atomic_store_n(&cpu->shared.phase, (u32)phase, __ATOMIC_RELEASE);
}

/* The boot CPU's GS base, so that this_cpu() works from the first line on. Context: first of all. */
void cpu_init_first(void);

/*
 * Give the running CPU its GDT, TSS (with the stacks of IST_ entries mapped by memory_init() or memory_map_stacks()),
 * IDT and GS base. Context: once a CPU, interrupts off.
 */
void cpu_init(struct cpu *cpu, u32 index);

#endif
