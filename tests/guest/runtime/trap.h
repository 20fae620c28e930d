/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts of a test guest: handlers by vector, and faults that are expected at one instruction.
 * An exception that nobody expects is printed, and the guest ends with EXIT_UNEXPECTED.
 */
#ifndef GUEST_RUNTIME_TRAP_H
#define GUEST_RUNTIME_TRAP_H

#include "cpu.h"

#define TRAP_NONE 0xffffu

/* The stack as vectors.S leaves it. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector;
	u64 error; /* 0 where the vector has none */
	u64 rip, cs, rflags, rsp, ss;
};

/* What the last expected exception was; vector is TRAP_NONE where none came. */
struct trap {
	u32 vector;
	u32 error;
	u64 rip;
	u64 cr2;
	u64 rflags;
};
extern volatile struct trap trap_last;
extern volatile u64 trap_resume;     /* where to go on after an exception; 0 where none is expected */
extern volatile u64 trap_resume_rsp; /* and the stack, where it came from ring 3 */

typedef void (*trap_handler)(struct trap_frame *frame);

void trap_init(void);

/* Load the IDT, on another processor. */
void trap_idt_load(void);

/* Load the task register again, after code that used another TSS. */
void trap_reload_tss(void);

/* Call `handler` for a vector, NULL to have none. Exceptions go to TRY first. */
void trap_set_handler(unsigned vector, trap_handler handler);

/* Interrupt stack table entry for a vector: 0 (none) to 7. */
void trap_set_stack(unsigned vector, unsigned ist);

/* Descriptor privilege level of a gate, for INT from ring 3. */
void trap_set_gate_level(unsigned vector, unsigned level);

/* Mark a gate present or not: an exception whose gate is not becomes #NP, and mostly #DF then. */
void trap_set_present(unsigned vector, bool present);

/*
 * Run `code` in ring 3, on a stack of its own, until it raises an exception. Returns the vector. The first call makes
 * the low 4 GiB accessible to ring 3.
 */
u32 user_run(void (*code)(void));

/* The 64-bit TSS, for tests that need its stacks. */
struct tss64 {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST1 at [0] */
	u64 reserved2;
	u16 reserved3;
	u16 io_map;
} PACKED;
extern struct tss64 tss;

/*
 * Around instructions in an asm statement; then read trap_vector(). The fault is taken at any of the instructions
 * between; execution goes on behind TRY_END.
 */
#define TRY_BEGIN "movl $0xffff, trap_last(%%rip)\n\tmovq $88f, trap_resume(%%rip)\n\t"
#define TRY_END "\n88:\tmovq $0, trap_resume(%%rip)\n\t"

static inline u32 trap_vector(void)
{
	return trap_last.vector;
}

/* The vector that the instructions raised, or TRAP_NONE. No operands. */
#define TRY_ASM(text)                                                                                                  \
	({                                                                                                             \
		__asm__ volatile(TRY_BEGIN text TRY_END : : : "memory", "cc", "rax", "rcx", "rdx", "rbx");             \
		trap_vector();                                                                                         \
	})

static inline u32 try_rdmsr(u32 msr, u64 *out)
{
	u32 lo = 0, hi = 0;

	__asm__ volatile(TRY_BEGIN "rdmsr" TRY_END : "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	*out = (u64)hi << 32 | lo;
	return trap_vector();
}

static inline u32 try_wrmsr(u32 msr, u64 v)
{
	__asm__ volatile(TRY_BEGIN "wrmsr" TRY_END : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
	return trap_vector();
}

#define TRY_CR(n)                                                                                                      \
	static inline u32 try_write_cr##n(u64 v)                                                                       \
	{                                                                                                              \
		__asm__ volatile(TRY_BEGIN "mov %0, %%cr" #n TRY_END : : "r"(v) : "memory");                           \
		return trap_vector();                                                                                  \
	}
TRY_CR(0)
TRY_CR(3)
TRY_CR(4)
TRY_CR(8)

static inline u32 try_xsetbv(u32 index, u64 v)
{
	__asm__ volatile(TRY_BEGIN "xsetbv" TRY_END : : "c"(index), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
	return trap_vector();
}

#define TRY_MEMORY(type, suffix)                                                                                       \
	static inline u32 try_read##suffix(u64 at, type *out)                                                          \
	{                                                                                                              \
		type v = 0;                                                                                            \
		__asm__ volatile(TRY_BEGIN "mov (%1), %0" TRY_END : "+r"(v) : "r"(at) : "memory");                     \
		*out = v;                                                                                              \
		return trap_vector();                                                                                  \
	}                                                                                                              \
	static inline u32 try_write##suffix(u64 at, type v)                                                            \
	{                                                                                                              \
		__asm__ volatile(TRY_BEGIN "mov %0, (%1)" TRY_END : : "r"(v), "r"(at) : "memory");                     \
		return trap_vector();                                                                                  \
	}
TRY_MEMORY(u8, 8)
TRY_MEMORY(u16, 16)
TRY_MEMORY(u32, 32)
TRY_MEMORY(u64, 64)

#endif
