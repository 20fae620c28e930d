/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one instruction on the processor that the test runs on, with all registers given and all taken back. */
#ifndef ETERNA_TESTS_UNIT_EMUL_NATIVE_H
#define ETERNA_TESTS_UNIT_EMUL_NATIVE_H

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/types.h"

/* Below 2 GiB, so that 32-bit addresses reach them. */
#define NATIVE_CODE 0x20000000ull
#define NATIVE_STATE 0x20001000ull
#define NATIVE_DATA 0x20010000ull
#define NATIVE_DATA_BYTES (4 * PAGE_BYTES)

struct native_state {
	u64 gpr[16];
	u64 rflags;
	u64 host_rsp;
	u64 host_rflags;
	u32 far_offset; /* into 32-bit code: a far pointer */
	u16 far_selector;
	u8 vector[16][32];
};

/* Linux's user segments (arch/x86/include/asm/segment.h). */
#define NATIVE_CS64 0x33
#define NATIVE_CS32 0x23
#define NATIVE_DS32 0x2b

static bool native_has_avx;

static inline struct native_state *native_state(void)
{
	return (struct native_state *)NATIVE_STATE;
}

static inline u8 *native_data(void)
{
	return (u8 *)NATIVE_DATA;
}

static inline void native_map(u64 at, u64 bytes, int protection)
{
	void *got = mmap((void *)at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (got != (void *)at) {
		perror("mmap");
		exit(1);
	}
}

static inline void native_init(void)
{
	native_map(NATIVE_CODE, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	native_map(NATIVE_STATE, PAGE_BYTES, PROT_READ | PROT_WRITE);
	native_map(NATIVE_DATA, NATIVE_DATA_BYTES, PROT_READ | PROT_WRITE);
	native_has_avx = __builtin_cpu_supports("avx");
}

/* Appends code bytes. */
struct native_asm {
	u8 *at;
};

static inline void asm_bytes(struct native_asm *a, const void *bytes, size_t count)
{
	memcpy(a->at, bytes, count);
	a->at += count;
}

/* mov reg, [address] (0x8b) or mov [address], reg (0x89) with an absolute 32-bit address. */
static inline void asm_mov(struct native_asm *a, u8 opcode, unsigned reg, u64 address)
{
	u32 low = (u32)address;

	asm_bytes(a, (u8[]){(u8)(0x48 | (reg >> 3) << 2), opcode, (u8)(4 | (reg & 7) << 3), 0x25}, 4);
	asm_bytes(a, &low, 4);
}

/* (v)movups vector, [address] (0x10) or the other way round (0x11). */
static inline void asm_vector(struct native_asm *a, u8 opcode, unsigned reg, u64 address)
{
	u32 low = (u32)address;

	if (native_has_avx)
		asm_bytes(a, (u8[]){0xc5, reg & 8 ? 0x7c : 0xfc, opcode, (u8)(4 | (reg & 7) << 3), 0x25}, 5);
	else
		asm_bytes(a, (u8[]){(u8)(0x40 | (reg >> 3) << 2), 0x0f, opcode, (u8)(4 | (reg & 7) << 3), 0x25}, 5);
	asm_bytes(a, &low, 4);
}

/* push or pop qword [address]: 0xff /6, 0x8f /0. */
static inline void asm_push_pop(struct native_asm *a, u8 opcode, unsigned extension, u64 address)
{
	u32 low = (u32)address;

	asm_bytes(a, (u8[]){opcode, (u8)(4 | extension << 3), 0x25}, 3);
	asm_bytes(a, &low, 4);
}

static inline u64 native_gpr_address(unsigned reg)
{
	return NATIVE_STATE + offsetof(struct native_state, gpr) + 8 * reg;
}

static inline void asm_data_segments(struct native_asm *a, u8 selector)
{
	asm_bytes(a, (u8[]){0xb8, selector, 0, 0, 0, 0x8e, 0xd8, 0x8e, 0xc0}, 9); /* mov eax, selector; ds, es */
}

static inline void asm_enter(struct native_asm *a)
{
	/* push rbx, rbp, r12..r15 */
	asm_bytes(a, (u8[]){0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57}, 10);
	asm_bytes(a, (u8[]){0x9c}, 1);
	asm_push_pop(a, 0x8f, 0, NATIVE_STATE + offsetof(struct native_state, host_rflags));
	asm_mov(a, 0x89, 4, NATIVE_STATE + offsetof(struct native_state, host_rsp));
	for (unsigned i = 0; i < 16; i++)
		asm_vector(a, 0x10, i, NATIVE_STATE + offsetof(struct native_state, vector) + 32 * i);
	asm_data_segments(a, NATIVE_DS32);
	asm_push_pop(a, 0xff, 6, NATIVE_STATE + offsetof(struct native_state, rflags));
	asm_bytes(a, (u8[]){0x9d}, 1);
	for (unsigned i = 0; i < 16; i++)
		asm_mov(a, 0x8b, i, native_gpr_address(i));
}

/* Go on in a 32-bit code segment, at the next byte. */
static inline void asm_enter_32(struct native_asm *a)
{
	u32 at = (u32)(NATIVE_STATE + offsetof(struct native_state, far_offset));

	asm_bytes(a, (u8[]){0xff, 0x2c, 0x25}, 3); /* jmp far [far_offset] */
	asm_bytes(a, &at, 4);
	native_state()->far_offset = (u32)(u64)a->at;
	native_state()->far_selector = NATIVE_CS32;
}

static inline void asm_leave_32(struct native_asm *a)
{
	u32 next = (u32)(u64)a->at + 7;

	asm_bytes(a, (u8[]){0xea}, 1);
	asm_bytes(a, &next, 4);
	asm_bytes(a, (u8[]){NATIVE_CS64, 0}, 2);
}

static inline void asm_leave(struct native_asm *a)
{
	for (unsigned i = 0; i < 16; i++)
		asm_mov(a, 0x89, i, native_gpr_address(i));
	asm_mov(a, 0x8b, 4, NATIVE_STATE + offsetof(struct native_state, host_rsp));
	asm_bytes(a, (u8[]){0x9c}, 1);
	asm_push_pop(a, 0x8f, 0, NATIVE_STATE + offsetof(struct native_state, rflags));
	asm_push_pop(a, 0xff, 6, NATIVE_STATE + offsetof(struct native_state, host_rflags));
	asm_bytes(a, (u8[]){0x9d}, 1);
	asm_data_segments(a, 0);
	for (unsigned i = 0; i < 16; i++)
		asm_vector(a, 0x11, i, NATIVE_STATE + offsetof(struct native_state, vector) + 32 * i);
	asm_bytes(a, (u8[]){0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3}, 11);
}

static inline u64 native_rip(void)
{
	struct native_asm a = {(u8 *)NATIVE_CODE};

	asm_enter(&a);
	return (u64)a.at;
}

static sigjmp_buf native_escape;

static void native_on_signal(int signal_number)
{
	siglongjmp(native_escape, signal_number);
}

/*
 * Run the instruction at native_rip() on native_state() and native_data(), in 64-bit or in compatibility mode. Returns
 * 0, or the signal that it raised; native_state() is then as before.
 */
static inline int native_run(const u8 *code, size_t bytes, bool is_32bit)
{
	static u8 signal_stack[65536];
	stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
	struct sigaction action = {.sa_handler = native_on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
	struct native_asm a = {(u8 *)NATIVE_CODE};
	int raised;

	asm_enter(&a);
	if (is_32bit)
		asm_enter_32(&a);
	asm_bytes(&a, code, bytes);
	if (is_32bit)
		asm_leave_32(&a);
	asm_leave(&a);
	sigaltstack(&stack, NULL);
	sigaction(SIGFPE, &action, NULL);
	raised = sigsetjmp(native_escape, 1);
	if (raised)
		__asm__ volatile("pushq %0; popfq" : : "m"(native_state()->host_rflags) : "memory", "cc");
	else
		((void (*)(void))NATIVE_CODE)();
	sigaction(SIGFPE, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	return raised;
}

#endif
