/* SPDX-License-Identifier: Apache-2.0 */
/* One function an instruction: everything the hypervisor needs that C cannot say. Not for pure folders. */
#ifndef ETERNA_X86_INSN_H
#define ETERNA_X86_INSN_H

#include "base/types.h"

#define DEF_READ_CR(n)                                                                                                 \
	static inline u64 read_cr##n(void)                                                                             \
	{                                                                                                              \
		u64 v;                                                                                                 \
                                                                                                                       \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                                                      \
		return v;                                                                                              \
	}
#define DEF_WRITE_CR(n)                                                                                                \
	static inline void write_cr##n(u64 v)                                                                          \
	{                                                                                                              \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory");                                             \
	}
DEF_READ_CR(0)
DEF_READ_CR(2)
DEF_READ_CR(3)
DEF_READ_CR(4)
DEF_WRITE_CR(0)
DEF_WRITE_CR(2)
DEF_WRITE_CR(3)
DEF_WRITE_CR(4)

#define DEF_READ_WRITE_DR(n)                                                                                           \
	static inline u64 read_dr##n(void)                                                                             \
	{                                                                                                              \
		u64 v;                                                                                                 \
                                                                                                                       \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));                                                      \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void write_dr##n(u64 v)                                                                          \
	{                                                                                                              \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(v));                                                        \
	}
DEF_READ_WRITE_DR(0)
DEF_READ_WRITE_DR(1)
DEF_READ_WRITE_DR(2)
DEF_READ_WRITE_DR(3)
DEF_READ_WRITE_DR(6)
DEF_READ_WRITE_DR(7)

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* Neither earlier loads nor later ones cross it (SDM 2, RDTSC). */
static inline u64 rdtsc_ordered(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

static inline u64 xgetbv(u32 reg)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(reg));
	return (u64)high << 32 | low;
}

static inline void xsetbv(u32 reg, u64 v)
{
	__asm__ volatile("xsetbv" : : "c"(reg), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

/* Save and restore extended state; `area` is 64-byte aligned and as large as CPUID leaf 0xD says for `features`. */
static inline void xsave(void *area, u64 features)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)features), "d"((u32)(features >> 32)) : "memory");
}

static inline void xrstor(const void *area, u64 features)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)features), "d"((u32)(features >> 32)) : "memory");
}

static inline void fxsave(void *area)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static inline void fxrstor(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Let pending interrupts in for one instruction: the known point where root mode takes them. */
static inline void interrupt_window(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Sleep until an interrupt has been handled; STI's shadow closes the race between the two. */
static inline void interrupt_wait(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Stop this CPU for good. */
static inline void NORETURN cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* Fill `bytes`, a multiple of 8, with zeros. */
static inline void memory_clear(void *at, u64 bytes)
{
	u64 words = bytes / 8;

	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
}

static inline u32 mmio_read32(const volatile void *at)
{
	return *(const volatile u32 *)at;
}

static inline void mmio_write32(volatile void *at, u32 v)
{
	*(volatile u32 *)at = v;
}

#endif
