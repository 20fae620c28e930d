/* SPDX-License-Identifier: Apache-2.0 */
/* One-instruction wrappers for test guests. */
#ifndef GUEST_RUNTIME_CPU_H
#define GUEST_RUNTIME_CPU_H

#include "base/bits.h"
#include "x86/regs/control.h"

/* Selectors in the runtime's GDT (entry.S). */
#define SELECTOR_CODE64 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_CODE32 0x18
#define SELECTOR_CODE16 0x20
#define SELECTOR_DATA16 0x28
#define SELECTOR_USER_CODE 0x33
#define SELECTOR_USER_DATA 0x3b
#define SELECTOR_TSS 0x40
#define SELECTOR_FREE 0x50 /* from here to 0xf8 for tests */

#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_PAT 0x277u
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_FMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid_count(u32 leaf, u32 sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
	return r;
}

static inline struct cpuid cpuid(u32 leaf)
{
	return cpuid_count(leaf, 0);
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

#define CR_ACCESS(n)                                                                                                   \
	static inline u64 read_cr##n(void)                                                                             \
	{                                                                                                              \
		u64 v;                                                                                                 \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory");                                         \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void write_cr##n(u64 v)                                                                          \
	{                                                                                                              \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory");                                             \
	}
CR_ACCESS(0)
CR_ACCESS(2)
CR_ACCESS(3)
CR_ACCESS(4)
CR_ACCESS(8)

#define IO_ACCESS(type, letter, suffix)                                                                                \
	static inline type in##letter(u16 port)                                                                        \
	{                                                                                                              \
		type v;                                                                                                \
		__asm__ volatile("in" #letter " %w1, %0" : "=a"(v) : "Nd"(port) : "memory");                           \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void out##letter(u16 port, type v)                                                               \
	{                                                                                                              \
		__asm__ volatile("out" #letter " %0, %w1" : : "a"(v), "Nd"(port) : "memory");                          \
	}
IO_ACCESS(u8, b, )
IO_ACCESS(u16, w, )
IO_ACCESS(u32, l, )

static inline u64 read_rflags(void)
{
	u64 v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v) : : "memory");
	return v;
}

static inline void irq_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void irq_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Take what is pending: the instruction after STI still runs first. */
static inline void irq_window(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Sleep until an interrupt; on return interrupts are off. */
static inline void halt_until_irq(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void invlpg(const void *at)
{
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

/* A pointer to a physical address: the low 4 GiB are mapped one to one. The compiler cannot see where it points. */
static inline void *phys_pointer(u64 at)
{
	__asm__("" : "+r"(at));
	return (void *)at;
}

/* Volatile access to a physical address. */
#define PHYS(type, at) (*(volatile type *)phys_pointer(at))

#endif
