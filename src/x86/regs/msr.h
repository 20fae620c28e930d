/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model-specific registers: numbers as MSR_NAME (from msr.def), and the bits of those that ETERNA looks into.
 * SDM 4, Model-Specific Registers; VMX capabilities: SDM 3D, VMX Capability Reporting Facility (appendix).
 */
#ifndef ETERNA_X86_REGS_MSR_H
#define ETERNA_X86_REGS_MSR_H

#include "base/bits.h"

enum msr {
#define X(name, number, text) MSR_##name = (number),
#include "x86/regs/msr.def"
#undef X
};

/* The range that is the local APIC in x2APIC mode: [first, end). The register is (number - first) * 16 in xAPIC. */
#define MSR_X2APIC_FIRST 0x800u
#define MSR_X2APIC_LAST 0x8ffu
#define MSR_X2APIC_END 0x900u

/* The manual's name of an MSR; "unknown MSR" if it is not in msr.def. */
const char *msr_name(u32 number);

/* IA32_APIC_BASE */
#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_ADDRESS BITS(51, 12)

/* IA32_FEATURE_CONTROL */
#define FEATURE_CONTROL_LOCK BIT(0)
#define FEATURE_CONTROL_VMX_IN_SMX BIT(1)
#define FEATURE_CONTROL_VMX BIT(2) /* outside SMX operation */
#define FEATURE_CONTROL_SENTER_LOCAL BITS(14, 8)
#define FEATURE_CONTROL_SENTER_GLOBAL BIT(15)
#define FEATURE_CONTROL_SGX_LAUNCH BIT(17)
#define FEATURE_CONTROL_SGX BIT(18)
#define FEATURE_CONTROL_LMCE BIT(20)

/* IA32_SPEC_CTRL, IA32_PRED_CMD, IA32_FLUSH_CMD */
#define SPEC_CTRL_IBRS BIT(0)
#define SPEC_CTRL_STIBP BIT(1)
#define SPEC_CTRL_SSBD BIT(2)
#define PRED_CMD_IBPB BIT(0)
#define FLUSH_CMD_L1D BIT(0)

/* IA32_ARCH_CAPABILITIES */
#define ARCH_CAP_RDCL_NO BIT(0)
#define ARCH_CAP_IBRS_ALL BIT(1)
#define ARCH_CAP_RSBA BIT(2)
#define ARCH_CAP_SKIP_L1DFL_VMENTRY BIT(3)
#define ARCH_CAP_SSB_NO BIT(4)
#define ARCH_CAP_MDS_NO BIT(5)
#define ARCH_CAP_IF_PSCHANGE_MC_NO BIT(6)
#define ARCH_CAP_TSX_CTRL BIT(7)
#define ARCH_CAP_TAA_NO BIT(8)
#define ARCH_CAP_SBDR_SSDP_NO BIT(13)
#define ARCH_CAP_FBSDP_NO BIT(14)
#define ARCH_CAP_PSDP_NO BIT(15)
#define ARCH_CAP_FB_CLEAR BIT(17)
#define ARCH_CAP_RRSBA BIT(19)
#define ARCH_CAP_BHI_NO BIT(20)
#define ARCH_CAP_PBRSB_NO BIT(24)
#define ARCH_CAP_GDS_NO BIT(26)
#define ARCH_CAP_RFDS_NO BIT(27)
#define ARCH_CAP_RFDS_CLEAR BIT(28)

/* IA32_MISC_ENABLE */
#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_TCC BIT(3)
#define MISC_ENABLE_PERFMON BIT(7)
#define MISC_ENABLE_BTS_UNAVAILABLE BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MISC_ENABLE_EIST BIT(16)
#define MISC_ENABLE_MONITOR BIT(18)
#define MISC_ENABLE_LIMIT_CPUID BIT(22)
#define MISC_ENABLE_XTPR_DISABLE BIT(23)
#define MISC_ENABLE_XD_DISABLE BIT(34)

/* IA32_DEBUGCTL */
#define DEBUGCTL_LBR BIT(0)
#define DEBUGCTL_BTF BIT(1)
#define DEBUGCTL_BUS_LOCK_DETECT BIT(2)
#define DEBUGCTL_RESERVED (BITS(63, 16) | BITS(5, 3))

/* IA32_MTRRCAP, IA32_MTRR_DEF_TYPE, IA32_MTRR_PHYSMASKn */
#define MTRRCAP_VARIABLE_COUNT BITS(7, 0)
#define MTRRCAP_FIXED BIT(8)
#define MTRRCAP_WC BIT(10)
#define MTRRCAP_SMRR BIT(11)
#define MTRR_DEF_TYPE_TYPE BITS(7, 0)
#define MTRR_DEF_TYPE_FIXED_ENABLE BIT(10)
#define MTRR_DEF_TYPE_ENABLE BIT(11)
#define MTRR_PHYSMASK_VALID BIT(11)

/* Memory types of MTRRs, IA32_PAT and EPT (SDM 3A, Methods of Caching Available) */
enum memory_type {
	MEMORY_TYPE_UC = 0,
	MEMORY_TYPE_WC = 1,
	MEMORY_TYPE_WT = 4,
	MEMORY_TYPE_WP = 5,
	MEMORY_TYPE_WB = 6,
	MEMORY_TYPE_UC_MINUS = 7, /* PAT only */
};

/* IA32_MCG_CAP */
#define MCG_CAP_COUNT BITS(7, 0)

/* IA32_VMX_BASIC */
#define VMX_BASIC_REVISION BITS(30, 0)
#define VMX_BASIC_REGION_BYTES BITS(44, 32)
#define VMX_BASIC_32BIT_ADDRESSES BIT(48)
#define VMX_BASIC_DUAL_MONITOR BIT(49)
#define VMX_BASIC_MEMORY_TYPE BITS(53, 50) /* for accesses to the VMCS: 0 UC, 6 WB */
#define VMX_BASIC_INS_OUTS_INFO BIT(54)
#define VMX_BASIC_TRUE_CONTROLS BIT(55)
#define VMX_BASIC_ANY_ERROR_CODE BIT(56) /* hardware exceptions are injected with or without one: any vector */

/* The capability MSRs of controls: 0-settings allowed where 0, 1-settings allowed where 1. */
#define VMX_ALLOWED_0 BITS(31, 0)
#define VMX_ALLOWED_1 BITS(63, 32)

/* IA32_VMX_MISC */
#define VMX_MISC_TIMER_SHIFT BITS(4, 0) /* preemption timer counts when this TSC bit changes */
#define VMX_MISC_STORES_LMA BIT(5)
#define VMX_MISC_ACTIVITY_HLT BIT(6)
#define VMX_MISC_ACTIVITY_SHUTDOWN BIT(7)
#define VMX_MISC_ACTIVITY_WAIT_SIPI BIT(8)
#define VMX_MISC_PT_IN_VMX BIT(14)
#define VMX_MISC_SMBASE_READABLE BIT(15)
#define VMX_MISC_CR3_TARGET_COUNT BITS(24, 16)
#define VMX_MISC_MSR_LIST_MAX BITS(27, 25) /* recommended: 512 * (N + 1) entries */
#define VMX_MISC_SMM_BLOCK_SMI BIT(28)
#define VMX_MISC_VMWRITE_ANY_FIELD BIT(29)
#define VMX_MISC_INJECT_LENGTH_0 BIT(30)
#define VMX_MISC_MSEG_REVISION BITS(63, 32)

/* IA32_VMX_EPT_VPID_CAP */
#define EPT_CAP_EXECUTE_ONLY BIT(0)
#define EPT_CAP_WALK_4 BIT(6)
#define EPT_CAP_WALK_5 BIT(7)
#define EPT_CAP_UC BIT(8)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2MB BIT(16)
#define EPT_CAP_1GB BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_ACCESSED_DIRTY BIT(21)
#define EPT_CAP_ADVANCED_VIOLATION_INFO BIT(22)
#define EPT_CAP_SUPERVISOR_SHADOW_STACK BIT(23)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define VPID_CAP_INVVPID BIT(32)
#define VPID_CAP_ADDRESS BIT(40)
#define VPID_CAP_SINGLE BIT(41)
#define VPID_CAP_ALL BIT(42)
#define VPID_CAP_SINGLE_KEEP_GLOBAL BIT(43)
#define EPT_CAP_HLAT_PREFIX_BITS BITS(53, 48)

/* INVEPT and INVVPID types */
enum invept_type { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };
enum invvpid_type { INVVPID_ADDRESS = 0, INVVPID_SINGLE = 1, INVVPID_ALL = 2, INVVPID_SINGLE_KEEP_GLOBAL = 3 };

#endif
