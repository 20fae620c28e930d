/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMCS: field encodings as VMCS_name (from vmcs.def), and the bits of its control, information and guest
 * non-register fields. SDM 3C, Virtual Machine Control Structures; formats of the exit information there and in
 * VM Exits, Exit Qualification. The access rights of segments are the SEG_ bits of x86/cpu_state.h.
 */
#ifndef ETERNA_X86_REGS_VMCS_H
#define ETERNA_X86_REGS_VMCS_H

#include "base/bits.h"

/* Bits of an encoding: its width (14:13), its type (11:10), the high half of a 64-bit field (0). */
enum vmcs_width { W_16, W_64, W_32, W_NAT };
enum vmcs_type { T_CTRL, T_INFO, T_GUEST, T_HOST };

#define VMCS_ENCODING_HIGH BIT(0)
#define VMCS_ENCODING_TYPE BITS(11, 10)
#define VMCS_ENCODING_WIDTH BITS(14, 13)

enum vmcs_field {
#define F(name, encoding, width, type) VMCS_##name = (encoding),
#include "x86/regs/vmcs.def"
#undef F
};

#define F(name, encoding, width, type)                                                                                 \
	_Static_assert(GET(VMCS_ENCODING_WIDTH, encoding) == (width) && GET(VMCS_ENCODING_TYPE, encoding) == (type) && \
			       ((encoding) & ~(VMCS_ENCODING_WIDTH | VMCS_ENCODING_TYPE | BITS(9, 1))) == 0,           \
		       "SDM 3D, Field Encoding in VMCS: " #name);
#include "x86/regs/vmcs.def"
#undef F

/* Name of the field with that encoding, as in vmcs.def; "unknown field" if there is none. */
const char *vmcs_field_name(u32 encoding);

/* --- pin-based VM-execution controls --------------------------------------- */
#define PIN_EXTERNAL_INTERRUPT_EXITING BIT(0)
#define PIN_NMI_EXITING BIT(3)
#define PIN_VIRTUAL_NMIS BIT(5)
#define PIN_PREEMPTION_TIMER BIT(6)
#define PIN_PROCESS_POSTED_INTERRUPTS BIT(7)

/* --- primary processor-based VM-execution controls ------------------------- */
#define PROC_INTERRUPT_WINDOW_EXITING BIT(2)
#define PROC_USE_TSC_OFFSETTING BIT(3)
#define PROC_HLT_EXITING BIT(7)
#define PROC_INVLPG_EXITING BIT(9)
#define PROC_MWAIT_EXITING BIT(10)
#define PROC_RDPMC_EXITING BIT(11)
#define PROC_RDTSC_EXITING BIT(12)
#define PROC_CR3_LOAD_EXITING BIT(15)
#define PROC_CR3_STORE_EXITING BIT(16)
#define PROC_ACTIVATE_TERTIARY BIT(17)
#define PROC_CR8_LOAD_EXITING BIT(19)
#define PROC_CR8_STORE_EXITING BIT(20)
#define PROC_USE_TPR_SHADOW BIT(21)
#define PROC_NMI_WINDOW_EXITING BIT(22)
#define PROC_MOV_DR_EXITING BIT(23)
#define PROC_UNCONDITIONAL_IO_EXITING BIT(24)
#define PROC_USE_IO_BITMAPS BIT(25)
#define PROC_MONITOR_TRAP_FLAG BIT(27)
#define PROC_USE_MSR_BITMAPS BIT(28)
#define PROC_MONITOR_EXITING BIT(29)
#define PROC_PAUSE_EXITING BIT(30)
#define PROC_ACTIVATE_SECONDARY BIT(31)

/* --- secondary processor-based VM-execution controls ----------------------- */
#define PROC2_VIRTUALIZE_APIC_ACCESSES BIT(0)
#define PROC2_ENABLE_EPT BIT(1)
#define PROC2_DESCRIPTOR_TABLE_EXITING BIT(2)
#define PROC2_ENABLE_RDTSCP BIT(3)
#define PROC2_VIRTUALIZE_X2APIC_MODE BIT(4)
#define PROC2_ENABLE_VPID BIT(5)
#define PROC2_WBINVD_EXITING BIT(6)
#define PROC2_UNRESTRICTED_GUEST BIT(7)
#define PROC2_APIC_REGISTER_VIRTUALIZATION BIT(8)
#define PROC2_VIRTUAL_INTERRUPT_DELIVERY BIT(9)
#define PROC2_PAUSE_LOOP_EXITING BIT(10)
#define PROC2_RDRAND_EXITING BIT(11)
#define PROC2_ENABLE_INVPCID BIT(12)
#define PROC2_ENABLE_VM_FUNCTIONS BIT(13)
#define PROC2_VMCS_SHADOWING BIT(14)
#define PROC2_ENCLS_EXITING BIT(15)
#define PROC2_RDSEED_EXITING BIT(16)
#define PROC2_ENABLE_PML BIT(17)
#define PROC2_EPT_VIOLATION_VE BIT(18)
#define PROC2_CONCEAL_VMX_FROM_PT BIT(19)
#define PROC2_ENABLE_XSAVES BIT(20)
#define PROC2_PASID_TRANSLATION BIT(21)
#define PROC2_MODE_BASED_EXECUTE_CONTROL BIT(22)
#define PROC2_SUB_PAGE_WRITE_PERMISSIONS BIT(23)
#define PROC2_PT_USES_GUEST_PHYSICAL BIT(24)
#define PROC2_USE_TSC_SCALING BIT(25)
#define PROC2_ENABLE_USER_WAIT_AND_PAUSE BIT(26)
#define PROC2_ENABLE_PCONFIG BIT(27)
#define PROC2_ENCLV_EXITING BIT(28)
#define PROC2_VMM_BUS_LOCK_DETECTION BIT(30)
#define PROC2_INSTRUCTION_TIMEOUT BIT(31)

/* --- tertiary processor-based VM-execution controls ------------------------ */
#define PROC3_LOADIWKEY_EXITING BIT(0)
#define PROC3_ENABLE_HLAT BIT(1)
#define PROC3_EPT_PAGING_WRITE_CONTROL BIT(2)
#define PROC3_GUEST_PAGING_VERIFICATION BIT(3)
#define PROC3_IPI_VIRTUALIZATION BIT(4)
#define PROC3_ENABLE_MSRLIST BIT(6)
#define PROC3_VIRTUALIZE_SPEC_CTRL BIT(7)

/* --- VM-exit controls ------------------------------------------------------ */
#define EXITCTL_SAVE_DEBUG_CONTROLS BIT(2)
#define EXITCTL_HOST_64BIT BIT(9) /* "host address-space size" */
#define EXITCTL_LOAD_PERF_GLOBAL_CTRL BIT(12)
#define EXITCTL_ACKNOWLEDGE_INTERRUPT BIT(15)
#define EXITCTL_SAVE_PAT BIT(18)
#define EXITCTL_LOAD_PAT BIT(19)
#define EXITCTL_SAVE_EFER BIT(20)
#define EXITCTL_LOAD_EFER BIT(21)
#define EXITCTL_SAVE_PREEMPTION_TIMER BIT(22)
#define EXITCTL_CLEAR_BNDCFGS BIT(23)
#define EXITCTL_CONCEAL_VMX_FROM_PT BIT(24)
#define EXITCTL_CLEAR_RTIT_CTL BIT(25)
#define EXITCTL_CLEAR_LBR_CTL BIT(26)
#define EXITCTL_CLEAR_UINV BIT(27)
#define EXITCTL_LOAD_CET BIT(28)
#define EXITCTL_LOAD_PKRS BIT(29)
#define EXITCTL_SAVE_PERF_GLOBAL_CTRL BIT(30)
#define EXITCTL_ACTIVATE_SECONDARY BIT(31)

/* --- secondary VM-exit controls -------------------------------------------- */
#define EXITCTL2_LOAD_SPEC_CTRL BIT(2)
#define EXITCTL2_PREMATURELY_BUSY_SHADOW_STACK BIT(3)

/* --- VM-entry controls ----------------------------------------------------- */
#define ENTRYCTL_LOAD_DEBUG_CONTROLS BIT(2)
#define ENTRYCTL_IA32E_GUEST BIT(9)
#define ENTRYCTL_TO_SMM BIT(10)
#define ENTRYCTL_DEACTIVATE_DUAL_MONITOR BIT(11)
#define ENTRYCTL_LOAD_PERF_GLOBAL_CTRL BIT(13)
#define ENTRYCTL_LOAD_PAT BIT(14)
#define ENTRYCTL_LOAD_EFER BIT(15)
#define ENTRYCTL_LOAD_BNDCFGS BIT(16)
#define ENTRYCTL_CONCEAL_VMX_FROM_PT BIT(17)
#define ENTRYCTL_LOAD_RTIT_CTL BIT(18)
#define ENTRYCTL_LOAD_UINV BIT(19)
#define ENTRYCTL_LOAD_CET BIT(20)
#define ENTRYCTL_LOAD_LBR_CTL BIT(21)
#define ENTRYCTL_LOAD_PKRS BIT(22)
#define ENTRYCTL_LOAD_SPEC_CTRL BIT(24)

/* --- VM-function controls -------------------------------------------------- */
#define VMFUNC_EPTP_SWITCHING BIT(0)

/* --- EPT pointer ----------------------------------------------------------- */
#define EPTP_MEMORY_TYPE BITS(2, 0) /* 0 UC, 6 WB */
#define EPTP_WALK_LENGTH_LESS_1 BITS(5, 3)
#define EPTP_ACCESSED_DIRTY BIT(6)
#define EPTP_SUPERVISOR_SHADOW_STACK BIT(7)
#define EPTP_ADDRESS BITS(51, 12)

/* --- interruption information: VM entry, VM exit, IDT vectoring ------------- */
#define INTR_INFO_VECTOR BITS(7, 0)
#define INTR_INFO_TYPE BITS(10, 8)
#define INTR_INFO_ERROR_CODE BIT(11)     /* deliver it (entry); the error-code field holds one (exit) */
#define INTR_INFO_NMI_UNBLOCKING BIT(12) /* VM exit only: due to IRET */
#define INTR_INFO_RESERVED BITS(30, 12)  /* on VM entry */
#define INTR_INFO_VALID BIT(31)

enum intr_type {
	INTR_TYPE_EXTERNAL = 0,
	INTR_TYPE_RESERVED = 1,
	INTR_TYPE_NMI = 2,
	INTR_TYPE_HARDWARE_EXCEPTION = 3,
	INTR_TYPE_SOFTWARE_INTERRUPT = 4,
	INTR_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION = 5, /* INT1 */
	INTR_TYPE_SOFTWARE_EXCEPTION = 6,            /* INT3, INTO */
	INTR_TYPE_OTHER_EVENT = 7,                   /* pending MTF VM exit; vector 0 */
};

/* --- exit reason ----------------------------------------------------------- */
#define EXIT_REASON_BASIC BITS(15, 0)
#define EXIT_REASON_BUSY_SHADOW_STACK BIT(25)
#define EXIT_REASON_BUS_LOCK BIT(26)
#define EXIT_REASON_ENCLAVE BIT(27)
#define EXIT_REASON_PENDING_MTF BIT(28)
#define EXIT_REASON_FROM_VMX_ROOT BIT(29)
#define EXIT_REASON_ENTRY_FAILURE BIT(31)

/* Basic exit reasons: VMX_EXIT_NAME (SDM 3D, VMX Basic Exit Reasons). */
enum vmx_exit {
#define X(name, number, text) VMX_EXIT_##name = (number),
#include "x86/regs/vmx_exit.def"
#undef X
};

/* Name of a basic exit reason, as in vmx_exit.def; "unknown exit reason" if there is none. */
const char *vmx_exit_name(u32 basic_reason);

/* VM-instruction error numbers: VMX_ERROR_NAME (SDM 3C, VM-Instruction Error Numbers). */
enum vmx_error {
#define X(name, number, text) VMX_ERROR_##name = (number),
#include "x86/regs/vmx_error.def"
#undef X
};

/* The manual's words for a VM-instruction error number; "unknown VM-instruction error" if there are none. */
const char *vmx_error_text(u32 number);

/* --- exit qualifications --------------------------------------------------- */

/* #DB, and the guest's pending debug exceptions */
#define QUAL_DB_B BITS(3, 0)
#define QUAL_DB_BUS_LOCK BIT(11)
#define PENDING_DEBUG_ENABLED_BREAKPOINT BIT(12) /* pending debug exceptions only */
#define QUAL_DB_BD BIT(13)                       /* exit qualification only */
#define QUAL_DB_BS BIT(14)
#define QUAL_DB_RTM BIT(16)

/* start-up IPI, virtualised EOI */
#define QUAL_VECTOR BITS(7, 0)

/* task switch */
#define QUAL_TASK_SELECTOR BITS(15, 0)
#define QUAL_TASK_SOURCE BITS(31, 30)
enum qual_task_source { TASK_BY_CALL, TASK_BY_IRET, TASK_BY_JMP, TASK_BY_IDT_GATE };

/* MOV CR, CLTS, LMSW */
#define QUAL_CR_NUMBER BITS(3, 0)
#define QUAL_CR_ACCESS BITS(5, 4)
#define QUAL_CR_LMSW_MEMORY BIT(6)
#define QUAL_CR_GPR BITS(11, 8)
#define QUAL_CR_LMSW_SOURCE BITS(31, 16)
enum qual_cr_access { CR_MOV_TO, CR_MOV_FROM, CR_CLTS, CR_LMSW };

/* MOV DR */
#define QUAL_DR_NUMBER BITS(2, 0)
#define QUAL_DR_READ BIT(4) /* MOV from DR */
#define QUAL_DR_GPR BITS(11, 8)

/* IN, OUT, INS, OUTS */
#define QUAL_IO_SIZE_LESS_1 BITS(2, 0) /* 0, 1 or 3 */
#define QUAL_IO_IN BIT(3)
#define QUAL_IO_STRING BIT(4)
#define QUAL_IO_REP BIT(5)
#define QUAL_IO_IMMEDIATE BIT(6)
#define QUAL_IO_PORT BITS(31, 16)

/* MWAIT */
#define QUAL_MWAIT_ARMED BIT(0)

/* APIC access, APIC write (the offset only) */
#define QUAL_APIC_OFFSET BITS(11, 0)
#define QUAL_APIC_ACCESS BITS(15, 12)
#define QUAL_APIC_ASYNCHRONOUS BIT(16)
enum qual_apic_access {
	APIC_LINEAR_READ = 0,
	APIC_LINEAR_WRITE = 1,
	APIC_LINEAR_FETCH = 2,
	APIC_LINEAR_EVENT_DELIVERY = 3,
	APIC_PHYSICAL_EVENT_DELIVERY = 10,
	APIC_PHYSICAL_INSTRUCTION = 15,
};

/* EPT violation; bits 9 to 11 only with EPT_CAP_ADVANCED_VIOLATION_INFO and valid when bits 7 and 8 are */
#define QUAL_EPT_READ BIT(0)
#define QUAL_EPT_WRITE BIT(1)
#define QUAL_EPT_FETCH BIT(2)
#define QUAL_EPT_ENTRY_READABLE BIT(3)
#define QUAL_EPT_ENTRY_WRITABLE BIT(4)
#define QUAL_EPT_ENTRY_EXECUTABLE BIT(5)
#define QUAL_EPT_ENTRY_USER_EXECUTABLE BIT(6)
#define QUAL_EPT_LINEAR_VALID BIT(7)
#define QUAL_EPT_FINAL_ACCESS BIT(8) /* not to a paging-structure entry; valid with bit 7 */
#define QUAL_EPT_LINEAR_USER BIT(9)
#define QUAL_EPT_LINEAR_WRITABLE BIT(10)
#define QUAL_EPT_LINEAR_EXECUTE_DISABLE BIT(11)
#define QUAL_EPT_NMI_UNBLOCKING BIT(12)
#define QUAL_EPT_SHADOW_STACK BIT(13)
#define QUAL_EPT_ENTRY_SUPERVISOR_SHADOW_STACK BIT(14)
#define QUAL_EPT_GUEST_PAGING_VERIFICATION BIT(15)
#define QUAL_EPT_ASYNCHRONOUS BIT(16)

/* VM-entry failure due to invalid guest state; for MSR loading it is the number of the entry, from 1 */
enum qual_entry_failure { ENTRY_FAILURE_PDPTE = 2, ENTRY_FAILURE_NMI = 3, ENTRY_FAILURE_LINK_POINTER = 4 };

/* --- VM-exit instruction information --------------------------------------- */
#define INSN_INFO_SCALING BITS(1, 0)
#define INSN_INFO_REG1 BITS(6, 3)
#define INSN_INFO_ADDRESS_SIZE BITS(9, 7) /* 0: 16 bits, 1: 32, 2: 64 */
#define INSN_INFO_IS_REGISTER BIT(10)
#define INSN_INFO_OPERAND_SIZE BITS(12, 11) /* 0: 16 bits, 1: 32, 2: 64; GDTR and IDTR access: bit 11 alone */
#define INSN_INFO_SEGMENT BITS(17, 15)
#define INSN_INFO_INDEX BITS(21, 18)
#define INSN_INFO_INDEX_INVALID BIT(22)
#define INSN_INFO_BASE BITS(26, 23)
#define INSN_INFO_BASE_INVALID BIT(27)
#define INSN_INFO_IDENTITY BITS(29, 28)
#define INSN_INFO_REG2 BITS(31, 28)
enum insn_info_table { INSN_SGDT, INSN_SIDT, INSN_LGDT, INSN_LIDT };
enum insn_info_system { INSN_SLDT, INSN_STR, INSN_LLDT, INSN_LTR };

/* --- guest non-register state ---------------------------------------------- */

/* Interruptibility: bits 0, 1 and 3 are the BLOCKING_ bits of x86/cpu_state.h. */
#define INTERRUPTIBILITY_STI BIT(0)
#define INTERRUPTIBILITY_MOV_SS BIT(1)
#define INTERRUPTIBILITY_SMI BIT(2)
#define INTERRUPTIBILITY_NMI BIT(3)
#define INTERRUPTIBILITY_ENCLAVE BIT(4)

/* Activity: the values of enum activity of x86/cpu_state.h. */
enum vmcs_activity { VMCS_ACTIVITY_ACTIVE, VMCS_ACTIVITY_HLT, VMCS_ACTIVITY_SHUTDOWN, VMCS_ACTIVITY_WAIT_SIPI };

#define INTERRUPT_STATUS_RVI BITS(7, 0)
#define INTERRUPT_STATUS_SVI BITS(15, 8)

/* --- the VMCS region in memory --------------------------------------------- */
#define VMCS_REGION_REVISION BITS(30, 0) /* of its first 32 bits */
#define VMCS_REGION_SHADOW BIT(31)

/* A VMCS link pointer that points nowhere. */
#define VMCS_LINK_NONE (~0ull)

#endif
