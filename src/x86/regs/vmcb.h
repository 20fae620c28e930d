/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMCB: accessors of its fields by name (from vmcb.def), the bits of its control area, exit codes. APM 2, Secure
 * Virtual Machine; Appendix B: Layout of VMCB; Appendix C: SVM Intercept Exit Codes.
 *
 * vmcb_NAME(b) reads a field; vmcb_NAME_set(b, v) writes it and clears its clean bit.
 */
#ifndef ETERNA_X86_REGS_VMCB_H
#define ETERNA_X86_REGS_VMCB_H

#include "base/bits.h"
#include "base/mem.h"

#define VMCB_BYTES 4096

struct vmcb {
	u8 bytes[VMCB_BYTES] ALIGNED(VMCB_BYTES);
};

/* VMCB clean bits: the processor may use what it kept of the group (APM 2, VMCB State Caching). */
#define CLEAN_NONE 0u
#define CLEAN_INTERCEPTS BIT(0) /* and TSC offset, pause filter */
#define CLEAN_MAPS BIT(1)
#define CLEAN_ASID BIT(2)
#define CLEAN_TPR BIT(3)
#define CLEAN_NESTED BIT(4)
#define CLEAN_CONTROL BIT(5)
#define CLEAN_DEBUG BIT(6)
#define CLEAN_TABLES BIT(7)
#define CLEAN_SEGMENTS BIT(8)
#define CLEAN_CR2 BIT(9)
#define CLEAN_LBR BIT(10)
#define CLEAN_AVIC BIT(11)
#define CLEAN_CET BIT(12)
#define CLEAN_ALL ((u32)BITS(12, 0))

/* A segment as the save area has it. */
struct vmcb_segment {
	u16 selector;
	u16 attributes; /* VMCB_SEG_ bits */
	u32 limit;
	u64 base;
};
_Static_assert(sizeof(struct vmcb_segment) == 16, "APM 2, Layout of VMCB: state save area");

/* Attributes: bits 55:52 and 47:40 of the descriptor, side by side. */
#define VMCB_SEG_LOW BITS(7, 0)   /* type, S, DPL, P: as in the access rights of x86/cpu_state.h */
#define VMCB_SEG_HIGH BITS(11, 8) /* AVL, L, D/B, G */
#define VMCB_SEG_P BIT(7)
#define VMCB_SEG_L BIT(9)

enum vmcb_offset {
#define F(type, name, offset, group) VMCB_AT_##name = (offset),
#define S(name, offset, group) VMCB_AT_##name = (offset),
#include "x86/regs/vmcb.def"
#undef F
#undef S
};

static inline void vmcb_touch(struct vmcb *b, u32 group)
{
	store_u32(b->bytes + VMCB_AT_clean, load_u32(b->bytes + VMCB_AT_clean) & ~group);
}

/* Fields without a clean bit are written without a look at the others. */
#define F(type, name, offset, group)                                                                                   \
	static inline type vmcb_##name(const struct vmcb *b)                                                           \
	{                                                                                                              \
		type v;                                                                                                \
                                                                                                                       \
		__builtin_memcpy(&v, b->bytes + (offset), sizeof(v));                                                  \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void vmcb_##name##_set(struct vmcb *b, type v)                                                   \
	{                                                                                                              \
		__builtin_memcpy(b->bytes + (offset), &v, sizeof(v));                                                  \
		if (group)                                                                                             \
			vmcb_touch(b, (u32)(group));                                                                   \
	}                                                                                                              \
	_Static_assert((offset) % sizeof(type) == 0 && (offset) + sizeof(type) <= VMCB_BYTES,                          \
		       "APM 2, Layout of VMCB: " #name);
#define S(name, offset, group)                                                                                         \
	static inline u16 vmcb_##name##_attributes(const struct vmcb *b)                                               \
	{                                                                                                              \
		return load_u16(b->bytes + (offset) + 2);                                                              \
	}                                                                                                              \
	static inline struct vmcb_segment vmcb_##name(const struct vmcb *b)                                            \
	{                                                                                                              \
		struct vmcb_segment v;                                                                                 \
                                                                                                                       \
		__builtin_memcpy(&v, b->bytes + (offset), sizeof(v));                                                  \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void vmcb_##name##_set(struct vmcb *b, struct vmcb_segment v)                                    \
	{                                                                                                              \
		__builtin_memcpy(b->bytes + (offset), &v, sizeof(v));                                                  \
		if (group)                                                                                             \
			vmcb_touch(b, (u32)(group));                                                                   \
	}
#include "x86/regs/vmcb.def"
#undef F
#undef S

/* --- intercepts1 ------------------------------------------------------------ */
#define INTERCEPT_INTR BIT(0)
#define INTERCEPT_NMI BIT(1)
#define INTERCEPT_SMI BIT(2)
#define INTERCEPT_INIT BIT(3)
#define INTERCEPT_VINTR BIT(4)
#define INTERCEPT_CR0_SEL_WRITE BIT(5)
#define INTERCEPT_RDTSC BIT(14)
#define INTERCEPT_RDPMC BIT(15)
#define INTERCEPT_PUSHF BIT(16)
#define INTERCEPT_POPF BIT(17)
#define INTERCEPT_CPUID BIT(18)
#define INTERCEPT_RSM BIT(19)
#define INTERCEPT_IRET BIT(20)
#define INTERCEPT_SWINT BIT(21)
#define INTERCEPT_INVD BIT(22)
#define INTERCEPT_PAUSE BIT(23)
#define INTERCEPT_HLT BIT(24)
#define INTERCEPT_INVLPG BIT(25)
#define INTERCEPT_INVLPGA BIT(26)
#define INTERCEPT_IOIO BIT(27)
#define INTERCEPT_MSR BIT(28)
#define INTERCEPT_TASK_SWITCH BIT(29)
#define INTERCEPT_FERR_FREEZE BIT(30)
#define INTERCEPT_SHUTDOWN BIT(31)

/* --- intercepts2 ------------------------------------------------------------ */
#define INTERCEPT_VMRUN BIT(0)
#define INTERCEPT_VMMCALL BIT(1)
#define INTERCEPT_VMLOAD BIT(2)
#define INTERCEPT_VMSAVE BIT(3)
#define INTERCEPT_STGI BIT(4)
#define INTERCEPT_CLGI BIT(5)
#define INTERCEPT_SKINIT BIT(6)
#define INTERCEPT_RDTSCP BIT(7)
#define INTERCEPT_ICEBP BIT(8)
#define INTERCEPT_WBINVD BIT(9)
#define INTERCEPT_MONITOR BIT(10)
#define INTERCEPT_MWAIT BIT(11)
#define INTERCEPT_MWAIT_ARMED BIT(12)
#define INTERCEPT_XSETBV BIT(13)
#define INTERCEPT_RDPRU BIT(14)

/* --- intercepts3 ------------------------------------------------------------ */
#define INTERCEPT_INVLPGB BIT(0)
#define INTERCEPT_INVLPGB_ILLEGAL BIT(1)
#define INTERCEPT_INVPCID BIT(2)
#define INTERCEPT_MCOMMIT BIT(3)
#define INTERCEPT_TLBSYNC BIT(4)

/* --- tlb_control ------------------------------------------------------------ */
enum tlb_control { TLB_KEEP = 0, TLB_FLUSH_ALL = 1, TLB_FLUSH_ASID = 3, TLB_FLUSH_ASID_LOCAL = 7 };

/* --- virtual_interrupt ------------------------------------------------------ */
#define VINTR_TPR BITS(7, 0) /* 3:0 as CR8 has them */
#define VINTR_IRQ BIT(8)
#define VINTR_GIF BIT(9)
#define VINTR_NMI BIT(11)
#define VINTR_NMI_MASK BIT(12)
#define VINTR_PRIORITY BITS(19, 16)
#define VINTR_IGNORE_TPR BIT(20)
#define VINTR_MASKING BIT(24)
#define VINTR_GIF_ENABLE BIT(25)
#define VINTR_NMI_ENABLE BIT(26)
#define VINTR_X2AVIC_ENABLE BIT(30)
#define VINTR_AVIC_ENABLE BIT(31)
#define VINTR_VECTOR BITS(39, 32)

/* --- interrupt_shadow ------------------------------------------------------- */
#define SHADOW_ACTIVE BIT(0)
#define SHADOW_GUEST_INTERRUPT_MASK BIT(1)

/* --- nested_control --------------------------------------------------------- */
#define NESTED_PAGING BIT(0)
#define NESTED_SEV BIT(1)
#define NESTED_SEV_ES BIT(2)

/* --- event_injection, exit_int_info (APM 2, Event Injection; EXITINTINFO Pseudo-Code) --- */
#define EVENT_INFO_VECTOR BITS(7, 0)
#define EVENT_INFO_TYPE BITS(10, 8)
#define EVENT_INFO_HAS_ERROR BIT(11)
#define EVENT_INFO_VALID BIT(31)
#define EVENT_INFO_ERROR BITS(63, 32)
enum event_info_type {
	EVENT_INFO_INTR = 0,
	EVENT_INFO_NMI = 2,
	EVENT_INFO_EXCEPTION = 3,
	EVENT_INFO_SOFT_INTERRUPT = 4
};

/* --- exit_info1 of IOIO, MSR, NPF, MOV CRn and MOV DRn; exit_info2 of TASK_SWITCH --- */
#define IOIO_IN BIT(0)
#define IOIO_STRING BIT(2)
#define IOIO_REP BIT(3)
#define IOIO_BYTES BITS(6, 4) /* 1, 2 or 4, as a set of bits */
#define IOIO_PORT BITS(31, 16)
#define MSR_INFO_WRITE BIT(0)
#define NPF_PRESENT BIT(0)
#define NPF_WRITE BIT(1)
#define NPF_USER BIT(2)
#define NPF_RESERVED BIT(3)
#define NPF_FETCH BIT(4)
#define NPF_FINAL BIT(32)
#define NPF_TABLE BIT(33)
#define CR_INFO_IS_MOV BIT(63)
#define CR_INFO_GPR BITS(3, 0)
#define TASK_INFO_IRET BIT(36)
#define TASK_INFO_JUMP BIT(38)
#define TASK_INFO_HAS_ERROR BIT(44)
#define TASK_INFO_ERROR BITS(31, 0)
#define NOACCEL_OFFSET BITS(11, 0) /* of the register */
#define NOACCEL_WRITE BIT(32)
#define IPI_INFO2_WHY BITS(63, 32) /* enum svm_ipi_incomplete */

/* APM 2, AVIC IPI Delivery Not Completed. */
enum svm_ipi_incomplete { IPI_INVALID_TYPE, IPI_TARGET_NOT_RUNNING, IPI_INVALID_TARGET, IPI_INVALID_BACKING_PAGE };

enum svm_exit {
#define X(name, number, text) SVM_EXIT_##name = (number),
#include "x86/regs/svm_exit.def"
#undef X
};

/* VMEXIT_INVALID: all ones, of which some implementations store 32 bits. */
#define SVM_EXIT_INVALID UINT32_MAX

/* --- CPUID Fn8000_000A_EDX: SVM feature identification ---------------------- */
#define SVM_CPUID_NPT BIT(0)
#define SVM_CPUID_LBRV BIT(1)
#define SVM_CPUID_LOCK BIT(2)
#define SVM_CPUID_NRIPS BIT(3)
#define SVM_CPUID_TSC_RATE BIT(4)
#define SVM_CPUID_CLEAN BIT(5)
#define SVM_CPUID_FLUSH_BY_ASID BIT(6)
#define SVM_CPUID_DECODE_ASSISTS BIT(7)
#define SVM_CPUID_PAUSE_FILTER BIT(10)
#define SVM_CPUID_PAUSE_THRESHOLD BIT(12)
#define SVM_CPUID_AVIC BIT(13)
#define SVM_CPUID_VIRTUAL_VMSAVE BIT(15)
#define SVM_CPUID_VGIF BIT(16)
#define SVM_CPUID_GMET BIT(17)
#define SVM_CPUID_X2AVIC BIT(18)
#define SVM_CPUID_SPEC_CTRL BIT(20)
#define SVM_CPUID_VNMI BIT(25)
#define SVM_CPUID_ADDRESS_CHECK BIT(28)

/* --- MSRs VM_CR and VM_HSAVE_PA --------------------------------------------- */
#define VM_CR_R_INIT BIT(1)
#define VM_CR_LOCK BIT(3)
#define VM_CR_SVMDIS BIT(4)

/* Names for the record: of exit codes (never NULL), and of the field at index i (NULL behind the last one). */
const char *svm_exit_name(u64 code);
const char *vmcb_field(const struct vmcb *b, unsigned i, u64 *value);
/* The field at this offset (enum vmcb_offset; a segment's selector is at its own); NULL where none begins. */
const char *vmcb_field_at(const struct vmcb *b, u32 offset, u64 *value);

#endif
