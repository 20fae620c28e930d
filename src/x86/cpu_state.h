/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architectural state of one virtual CPU, vendor-neutral: what the loaders fill in, the emulator works on, the
 * codec saves and the backends load and store. FPU, SSE and extended state live in the XSAVE area beside it.
 */
#ifndef ETERNA_X86_CPU_STATE_H
#define ETERNA_X86_CPU_STATE_H

#include "base/fields.h"

/* In the order of the instruction encoding (SDM 2, Registers in ModR/M and REX). */
enum gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8,
	GPR_R9,
	GPR_R10,
	GPR_R11,
	GPR_R12,
	GPR_R13,
	GPR_R14,
	GPR_R15,
	GPR_COUNT
};

/* Segment registers in the order of the instruction encoding, then the two system ones. */
enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };

/* Access rights of a segment, in the layout of the VMCS (SDM 3C, Guest Register State). */
#define SEG_TYPE BITS(3, 0)
#define SEG_S BIT(4)
#define SEG_DPL BITS(6, 5)
#define SEG_P BIT(7)
#define SEG_AVL BIT(12)
#define SEG_L BIT(13)
#define SEG_DB BIT(14)
#define SEG_G BIT(15)
#define SEG_UNUSABLE BIT(16)

#define SEGMENT_FIELDS(F, A, S)                                                                                        \
	F(u16, selector, "visible part")                                                                               \
	F(u32, access, "access rights, SEG_ bits")                                                                     \
	F(u32, limit, "in bytes, granularity applied")                                                                 \
	F(u64, base, "linear address")
struct segment {
	SEGMENT_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

/* cpu_state.activity */
enum activity { ACTIVITY_ACTIVE, ACTIVITY_HLT, ACTIVITY_SHUTDOWN, ACTIVITY_WAIT_SIPI };

/* cpu_state.pending_debug: B and BS as in DR6, and this one beside B bits of enabled breakpoints. */
#define PENDING_DEBUG_ENABLED BIT(12)

/* cpu_state.blocking: interruptibility (SDM 3C, Guest Non-Register State). */
#define BLOCKING_STI BIT(0)
#define BLOCKING_MOV_SS BIT(1)
#define BLOCKING_NMI BIT(3)

#define CPU_STATE_FIELDS(F, A, S)                                                                                      \
	A(u64, gpr, GPR_COUNT, "general registers, enum gpr")                                                          \
	F(u64, rip, "instruction pointer")                                                                             \
	F(u64, rflags, "flags")                                                                                        \
	S(struct segment, seg, SEG_COUNT, segment_desc, "segment registers, enum seg")                                 \
	F(u64, gdtr_base, "global descriptor table")                                                                   \
	F(u16, gdtr_limit, "in bytes, inclusive")                                                                      \
	F(u64, idtr_base, "interrupt descriptor table")                                                                \
	F(u16, idtr_limit, "in bytes, inclusive")                                                                      \
	F(u64, cr0, "as the guest sees it")                                                                            \
	F(u64, cr2, "page-fault linear address")                                                                       \
	F(u64, cr3, "page-table base")                                                                                 \
	F(u64, cr4, "as the guest sees it")                                                                            \
	F(u64, cr8, "task priority, 0..15")                                                                            \
	F(u64, efer, "IA32_EFER")                                                                                      \
	F(u64, pat, "IA32_PAT")                                                                                        \
	F(u64, sysenter_cs, "IA32_SYSENTER_CS")                                                                        \
	F(u64, sysenter_esp, "IA32_SYSENTER_ESP")                                                                      \
	F(u64, sysenter_eip, "IA32_SYSENTER_EIP")                                                                      \
	F(u64, star, "IA32_STAR")                                                                                      \
	F(u64, lstar, "IA32_LSTAR")                                                                                    \
	F(u64, cstar, "IA32_CSTAR")                                                                                    \
	F(u64, sfmask, "IA32_FMASK")                                                                                   \
	F(u64, kernel_gs_base, "IA32_KERNEL_GS_BASE")                                                                  \
	F(u64, tsc_aux, "IA32_TSC_AUX")                                                                                \
	F(u64, spec_ctrl, "IA32_SPEC_CTRL")                                                                            \
	A(u64, dr, 4, "breakpoint addresses")                                                                          \
	F(u64, dr6, "debug status")                                                                                    \
	F(u64, dr7, "debug control")                                                                                   \
	F(u64, xcr0, "enabled XSAVE features")                                                                         \
	F(u64, xss, "IA32_XSS")                                                                                        \
	F(u64, pending_debug, "#DB conditions not delivered yet, as in the VMCS")                                      \
	F(u32, blocking, "BLOCKING_ bits")                                                                             \
	F(u32, activity, "enum activity")
struct cpu_state {
	CPU_STATE_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc segment_desc;
extern const struct desc cpu_state_desc;

/* The state after RESET (SDM 3A, Processor State After Reset: "IA-32 and Intel 64 Processor States Following ..."). */
extern const struct cpu_state cpu_state_reset;

#endif
