/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRs as guests see them: the rows of msr.def, found by binary search, and what they do to the vcpu's state.
 *
 * A backend may let guests touch an MSR without an exit when its row is about a member of cpu_state on both sides and
 * the hardware switches it (policy_msr_is_cpu). The checks on writes are then the hardware's, which are the same.
 */
#ifndef ETERNA_POLICY_MSR_H
#define ETERNA_POLICY_MSR_H

#include "base/fields.h"
#include "policy/host.h"
#include "x86/cpu_state.h"
#include "x86/regs/msr.h"

#define POLICY_MTRR_COUNT 8
#define POLICY_MTRRCAP (POLICY_MTRR_COUNT | MTRRCAP_FIXED | MTRRCAP_WC)
#define POLICY_MISC_ENABLE (MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE)

/* MSRs of a vcpu that only the policy knows. */
#define POLICY_MSRS_FIELDS(F, A, S)                                                                                    \
	A(u64, mtrr_variable, 2 * POLICY_MTRR_COUNT, "IA32_MTRR_PHYSBASEn and _PHYSMASKn in turn")                     \
	F(u64, mtrr_fixed_64k, "memory types below 512 KiB")                                                           \
	A(u64, mtrr_fixed_16k, 2, "memory types below 768 KiB")                                                        \
	A(u64, mtrr_fixed_4k, 8, "memory types below 1 MiB")                                                           \
	F(u64, mtrr_def_type, "IA32_MTRR_DEF_TYPE")
struct policy_msrs {
	POLICY_MSRS_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc policy_msrs_desc;

/* As firmware leaves them to an operating system: write-back everywhere. */
void policy_msrs_reset(struct policy_msrs *msrs);

/* MSRs [0, LOW) and [0xc0000000, + HIGH) are indexed; the x2APIC range has its row anyway. */
#define POLICY_MSR_INDEXED_LOW 0x700u
#define POLICY_MSR_INDEXED_HIGH 0x180u
#define POLICY_MSR_HIGH_FIRST 0xc0000000u

/* What the rows need to know about host and VM; read-only after policy_msr_env_init(). */
struct policy_msr_env {
	u32 features; /* policy_features() */
	u8 phys_bits;
	u64 arch_capabilities;
	u64 platform_info;

	/* Row number + 1 of the first MSRs of each half, 0 for none: lookups at exits are an index. */
	u8 low[POLICY_MSR_INDEXED_LOW];
	u8 high[POLICY_MSR_INDEXED_HIGH];
};

void policy_msr_env_init(struct policy_msr_env *env, const struct policy_host *host, const struct policy_vm *vm);

enum policy_msr_result {
	POLICY_MSR_OK,
	POLICY_MSR_DEVICE,  /* the caller emulates this MSR: APIC, TSC, EFER and what else says DEVICE in msr.def */
	POLICY_MSR_FAULT,   /* #GP(0) by a row's rule */
	POLICY_MSR_UNKNOWN, /* #GP(0), and there is no row: worth counting */
};

/*
 * RDMSR and WRMSR. `state` must hold the members that rows speak of (the groups of system-call MSRs, PAT and segment
 * bases); a write may change them.
 */
enum policy_msr_result policy_msr_read(const struct policy_msr_env *env, const struct cpu_state *state,
				       const struct policy_msrs *msrs, u32 msr, u64 *value) MUST_CHECK;
enum policy_msr_result policy_msr_write(const struct policy_msr_env *env, struct cpu_state *state,
					struct policy_msrs *msrs, u32 msr, u64 value) MUST_CHECK;

/* --- the rows themselves ------------------------------------------------------ */

enum policy_msr_action {
	POLICY_MSR_DO_FAULT,
	POLICY_MSR_DO_VALUE,
	POLICY_MSR_DO_CPU,
	POLICY_MSR_DO_KEPT,
	POLICY_MSR_DO_SOURCE,
	POLICY_MSR_DO_DEVICE,
	POLICY_MSR_DO_IGNORE,
	POLICY_MSR_DO_ONLY,
};

enum policy_msr_check {
	POLICY_MSR_CHECK_ANY,
	POLICY_MSR_CHECK_WORD32,    /* bits 63:32 are 0 */
	POLICY_MSR_CHECK_CANONICAL, /* 48 bits */
	POLICY_MSR_CHECK_PAT,       /* eight types of IA32_PAT */
	POLICY_MSR_CHECK_TYPES,     /* eight types of MTRRs */
	POLICY_MSR_CHECK_VARIABLE,  /* a base in the even, a mask in the odd MSR */
	POLICY_MSR_CHECK_DEF_TYPE,
};

enum policy_msr_source { POLICY_MSR_SOURCE_PLATFORM_INFO, POLICY_MSR_SOURCE_ARCH_CAPABILITIES };

struct policy_msr_row {
	u32 first, last;
	u8 read, write; /* enum policy_msr_action */
	u8 check;       /* enum policy_msr_check, on write */
	u8 source;      /* enum policy_msr_source */
	u16 offset;     /* of the first MSR's u64 in cpu_state or policy_msrs */
	u32 needs;      /* enum policy_feature */
	u64 value;      /* DO_VALUE */
	u64 allowed;    /* DO_ONLY */
	const char *reason;
};

extern const struct policy_msr_row policy_msr_rows[];
extern const size_t policy_msr_row_count;

/* The row of an MSR for such guests; NULL if there is none. */
const struct policy_msr_row *policy_msr_find(const struct policy_msr_env *env, u32 msr);

/* policy_msr_read() and _write() for who has the row already. */
enum policy_msr_result policy_msr_row_read(const struct policy_msr_env *env, const struct policy_msr_row *row,
					   const struct cpu_state *state, const struct policy_msrs *msrs, u32 msr,
					   u64 *value) MUST_CHECK;
enum policy_msr_result policy_msr_row_write(const struct policy_msr_env *env, const struct policy_msr_row *row,
					    struct cpu_state *state, struct policy_msrs *msrs, u32 msr, u64 value)
	MUST_CHECK;

/* Is it all in cpu_state, so that guests may touch it directly where the hardware switches it? */
static inline bool policy_msr_is_cpu(const struct policy_msr_row *row)
{
	return row->read == POLICY_MSR_DO_CPU && row->write == POLICY_MSR_DO_CPU;
}

#endif
