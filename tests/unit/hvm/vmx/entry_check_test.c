// SPDX-License-Identifier: Apache-2.0
// The VM-entry checker: valid VMCSs pass, and for each rule a VMCS that breaks only that rule is found out.
#include "hvm/vmx/entry_check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fmt.h"
#include "base/str.h"
#include "fake/vmcs.h"

#define CHANGE_COUNT 8
#define NO_CANONICAL 0x0000800000000000ull
#define BEYOND BIT(46)
#define EVENT(type, vector) (INTR_INFO_VALID | PUT(INTR_INFO_TYPE, type) | (vector))

/* One change of a field: the bits `clear` go, the bits `set` come. */
struct change {
	u32 field;
	u64 clear, set;
};

struct mutation {
	enum entry_rule rule;
	enum fake_guest guest;
	struct change change[CHANGE_COUNT];
};

#define ALL (~0ull)
#define SET(field, bits)                                                                                               \
	{                                                                                                              \
		VMCS_##field, 0, bits                                                                                  \
	}
#define CLEAR(field, bits)                                                                                             \
	{                                                                                                              \
		VMCS_##field, bits, 0                                                                                  \
	}
#define VALUE(field, value)                                                                                            \
	{                                                                                                              \
		VMCS_##field, ALL, value                                                                               \
	}
#define BREAKS(rule, guest, ...)                                                                                       \
	{                                                                                                              \
		ENTRY_RULE_##rule, FAKE_##guest,                                                                       \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}
#define SECONDARY(bits) SET(proc2_controls, bits)
#define TERTIARY(bits) SET(proc_controls, PROC_ACTIVATE_TERTIARY), SET(proc3_controls, bits)
#define POSTED                                                                                                         \
	SET(pin_controls, PIN_PROCESS_POSTED_INTERRUPTS), SET(proc_controls, PROC_USE_TPR_SHADOW),                     \
		SECONDARY(PROC2_VIRTUAL_INTERRUPT_DELIVERY)

/* clang-format off */
static const struct mutation mutations[] = {
	BREAKS(PIN_CONTROLS, LONG, SET(pin_controls, BIT(20))),
	BREAKS(PIN_CONTROLS, LONG, CLEAR(pin_controls, BIT(1))),
	BREAKS(PROC_CONTROLS, LONG, SET(proc_controls, BIT(0))),
	BREAKS(PROC_CONTROLS, LONG, CLEAR(proc_controls, BIT(8))),
	BREAKS(PROC2_CONTROLS, LONG, SECONDARY(BIT(29))),
	BREAKS(PROC3_CONTROLS, LONG, TERTIARY(BIT(40))),
	BREAKS(CR3_TARGETS, LONG, VALUE(cr3_target_count, 5)),
	BREAKS(IO_BITMAP, LONG, SET(io_bitmap_a, 8)),
	BREAKS(IO_BITMAP, LONG, SET(io_bitmap_b, BEYOND)),
	BREAKS(MSR_BITMAP, LONG, SET(msr_bitmap, BEYOND)),
	BREAKS(VIRTUAL_APIC, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW), VALUE(virtual_apic_address, 0x800)),
	BREAKS(TPR_THRESHOLD, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW), VALUE(tpr_threshold, 0x10)),
	BREAKS(TPR_ABOVE_VTPR, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW), VALUE(tpr_threshold, 1)),
	BREAKS(VIRTUAL_NMI, LONG, SET(pin_controls, PIN_VIRTUAL_NMIS), CLEAR(pin_controls, PIN_NMI_EXITING)),
	BREAKS(NMI_WINDOW, LONG, SET(proc_controls, PROC_NMI_WINDOW_EXITING)),
	BREAKS(APIC_ACCESS, LONG, SECONDARY(PROC2_VIRTUALIZE_APIC_ACCESSES), VALUE(apic_access_address, BEYOND)),
	BREAKS(APIC_WITHOUT_SHADOW, LONG, SECONDARY(PROC2_VIRTUALIZE_X2APIC_MODE)),
	BREAKS(APIC_WITHOUT_SHADOW, LONG, SECONDARY(PROC2_APIC_REGISTER_VIRTUALIZATION)),
	BREAKS(APIC_WITHOUT_SHADOW, LONG, SECONDARY(PROC2_VIRTUAL_INTERRUPT_DELIVERY)),
	BREAKS(IPI_WITHOUT_SHADOW, LONG, TERTIARY(PROC3_IPI_VIRTUALIZATION)),
	BREAKS(X2APIC_AND_ACCESSES, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW),
	       SECONDARY(PROC2_VIRTUALIZE_X2APIC_MODE | PROC2_VIRTUALIZE_APIC_ACCESSES)),
	BREAKS(DELIVERY_NEEDS_EXITING, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW),
	       SECONDARY(PROC2_VIRTUAL_INTERRUPT_DELIVERY), CLEAR(pin_controls, PIN_EXTERNAL_INTERRUPT_EXITING)),
	BREAKS(POSTED_NEEDS_DELIVERY, LONG, SET(pin_controls, PIN_PROCESS_POSTED_INTERRUPTS)),
	BREAKS(POSTED_NEEDS_ACKNOWLEDGE, LONG, POSTED, CLEAR(exit_controls, EXITCTL_ACKNOWLEDGE_INTERRUPT)),
	BREAKS(POSTED_VECTOR, LONG, POSTED, VALUE(posted_interrupt_vector, 256)),
	BREAKS(POSTED_DESCRIPTOR, LONG, POSTED, VALUE(posted_interrupt_descriptor_address, 0x20)),
	BREAKS(VPID_ZERO, LONG, VALUE(vpid, 0)),
	BREAKS(EPTP_MEMORY_TYPE, LONG, CLEAR(ept_pointer, EPTP_MEMORY_TYPE), SET(ept_pointer, MEMORY_TYPE_WC)),
	BREAKS(EPTP_WALK_LENGTH, LONG, SET(ept_pointer, PUT(EPTP_WALK_LENGTH_LESS_1, 4))),
	BREAKS(EPTP_ACCESSED_DIRTY, LONG, SET(ept_pointer, EPTP_ACCESSED_DIRTY)),
	BREAKS(EPTP_SHADOW_STACK, LONG, SET(ept_pointer, EPTP_SUPERVISOR_SHADOW_STACK)),
	BREAKS(EPTP_RESERVED, LONG, SET(ept_pointer, BIT(9))),
	BREAKS(EPTP_RESERVED, LONG, SET(ept_pointer, BEYOND)),
	BREAKS(PML_NEEDS_EPT, LONG, CLEAR(proc2_controls, PROC2_ENABLE_EPT), SECONDARY(PROC2_ENABLE_PML)),
	BREAKS(PML_ADDRESS, LONG, SECONDARY(PROC2_ENABLE_PML), VALUE(pml_address, 16)),
	BREAKS(UNRESTRICTED_NEEDS_EPT, LONG, CLEAR(proc2_controls, PROC2_ENABLE_EPT), SECONDARY(PROC2_UNRESTRICTED_GUEST)),
	BREAKS(MODE_BASED_NEEDS_EPT, LONG, CLEAR(proc2_controls, PROC2_ENABLE_EPT),
	       SECONDARY(PROC2_MODE_BASED_EXECUTE_CONTROL)),
	BREAKS(SPP_NEEDS_EPT, LONG, CLEAR(proc2_controls, PROC2_ENABLE_EPT), SECONDARY(PROC2_SUB_PAGE_WRITE_PERMISSIONS)),
	BREAKS(SPP_POINTER, LONG, SECONDARY(PROC2_SUB_PAGE_WRITE_PERMISSIONS), VALUE(spp_table_pointer, 1)),
	BREAKS(PT_NEEDS, LONG, SECONDARY(PROC2_PT_USES_GUEST_PHYSICAL)),
	BREAKS(VM_FUNCTIONS, LONG, SECONDARY(PROC2_ENABLE_VM_FUNCTIONS), VALUE(vm_function_controls, 2)),
	BREAKS(EPTP_SWITCHING_NEEDS_EPT, LONG, CLEAR(proc2_controls, PROC2_ENABLE_EPT),
	       SECONDARY(PROC2_ENABLE_VM_FUNCTIONS), VALUE(vm_function_controls, 1)),
	BREAKS(EPTP_LIST, LONG, SECONDARY(PROC2_ENABLE_VM_FUNCTIONS), VALUE(vm_function_controls, 1),
	       VALUE(eptp_list_address, 8)),
	BREAKS(SHADOW_BITMAP, LONG, SECONDARY(PROC2_VMCS_SHADOWING), VALUE(vmread_bitmap, 8)),
	BREAKS(SHADOW_BITMAP, LONG, SECONDARY(PROC2_VMCS_SHADOWING), VALUE(vmwrite_bitmap, BEYOND)),
	BREAKS(VE_INFORMATION, LONG, SECONDARY(PROC2_EPT_VIOLATION_VE), VALUE(ve_information_address, 64)),
	BREAKS(TSC_MULTIPLIER, LONG, SECONDARY(PROC2_USE_TSC_SCALING)),
	BREAKS(HLAT_POINTER, LONG, TERTIARY(PROC3_ENABLE_HLAT), VALUE(hlat_pointer, BIT(5))),
	BREAKS(PID_TABLE, LONG, SET(proc_controls, PROC_USE_TPR_SHADOW), TERTIARY(PROC3_IPI_VIRTUALIZATION),
	       VALUE(pid_pointer_table_address, BEYOND - 8), VALUE(last_pid_pointer_index, 1)),
	BREAKS(PASID_DIRECTORY, LONG, SECONDARY(PROC2_PASID_TRANSLATION), VALUE(high_pasid_directory_address, 8)),

	BREAKS(EXIT_CONTROLS, LONG, CLEAR(exit_controls, BIT(8))),
	BREAKS(EXIT2_CONTROLS, LONG, SET(exit_controls, EXITCTL_ACTIVATE_SECONDARY), VALUE(exit2_controls, 1)),
	BREAKS(SAVE_TIMER, LONG, SET(exit_controls, EXITCTL_SAVE_PREEMPTION_TIMER)),
	BREAKS(EXIT_MSR_STORE, LONG, VALUE(exit_msr_store_count, 1), VALUE(exit_msr_store_address, 8)),
	BREAKS(EXIT_MSR_LOAD, LONG, VALUE(exit_msr_load_count, 2), VALUE(exit_msr_load_address, BEYOND - 16)),

	BREAKS(ENTRY_CONTROLS, LONG, SET(entry_controls, BIT(31))),
	BREAKS(EVENT_TYPE, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_RESERVED, 32))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_NMI, 3))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, 32))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_OTHER_EVENT, 1))),
	BREAKS(EVENT_ERROR_CODE_DUE, LONG,
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_GP))),
	BREAKS(EVENT_ERROR_CODE_ALIEN, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_EXTERNAL, 32) | BIT(11))),
	BREAKS(EVENT_ERROR_CODE_ALIEN, LONG,
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_UD) | BIT(11))),
	BREAKS(EVENT_ERROR_CODE_ALIEN, REAL,
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_GP) | BIT(11))),
	BREAKS(EVENT_RESERVED, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_EXTERNAL, 32) | BIT(12))),
	BREAKS(EVENT_ERROR_CODE_HIGH, LONG, VALUE(entry_exception_error_code, BIT(16)),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_PF) | BIT(11))),
	BREAKS(EVENT_INSTRUCTION_LENGTH, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_SOFTWARE_INTERRUPT, 0x80))),
	BREAKS(EVENT_INSTRUCTION_LENGTH, LONG, VALUE(entry_instruction_length, 16),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_SOFTWARE_EXCEPTION, VECTOR_BP))),
	BREAKS(ENTRY_MSR_LOAD, LONG, VALUE(entry_msr_load_count, 1), VALUE(entry_msr_load_address, BEYOND)),
	BREAKS(ENTRY_OUTSIDE_SMM, LONG, SET(entry_controls, ENTRYCTL_TO_SMM)),
	BREAKS(ENTRY_OUTSIDE_SMM, LONG, SET(entry_controls, ENTRYCTL_DEACTIVATE_DUAL_MONITOR)),
	BREAKS(ENTRY_PT_ACTIVE, LONG, SET(entry_controls, ENTRYCTL_LOAD_RTIT_CTL)),

	BREAKS(HOST_CR0, LONG, CLEAR(host_cr0, CR0_NE)),
	BREAKS(HOST_CR0, LONG, SET(host_cr0, BIT(32))),
	BREAKS(HOST_CR4, LONG, CLEAR(host_cr4, CR4_VMXE)),
	BREAKS(HOST_CR4, LONG, SET(host_cr4, BIT(15))),
	BREAKS(HOST_CET_NEEDS_WP, LONG, SET(host_cr4, CR4_CET), CLEAR(host_cr0, CR0_WP)),
	BREAKS(HOST_CR3, LONG, SET(host_cr3, BEYOND)),
	BREAKS(HOST_SYSENTER, LONG, VALUE(host_sysenter_esp, NO_CANONICAL)),
	BREAKS(HOST_SYSENTER, LONG, VALUE(host_sysenter_eip, NO_CANONICAL)),
	BREAKS(HOST_PERF_GLOBAL_CTRL, LONG, SET(exit_controls, EXITCTL_LOAD_PERF_GLOBAL_CTRL),
	       VALUE(host_perf_global_ctrl, BIT(40))),
	BREAKS(HOST_PAT, LONG, VALUE(host_pat, 2)),
	BREAKS(HOST_EFER_RESERVED, LONG, SET(host_efer, BIT(1))),
	BREAKS(HOST_EFER_LONG, LONG, CLEAR(host_efer, EFER_LMA)),
	BREAKS(HOST_S_CET, LONG, SET(exit_controls, EXITCTL_LOAD_CET), VALUE(host_s_cet, BIT(6))),
	BREAKS(HOST_S_CET, LONG, SET(exit_controls, EXITCTL_LOAD_CET), VALUE(host_s_cet, BITS(11, 10))),
	BREAKS(HOST_SSP, LONG, SET(exit_controls, EXITCTL_LOAD_CET), VALUE(host_ssp, 2)),
	BREAKS(HOST_SSP_TABLE, LONG, SET(exit_controls, EXITCTL_LOAD_CET), VALUE(host_interrupt_ssp_table, NO_CANONICAL)),
	BREAKS(HOST_PKRS, LONG, SET(exit_controls, EXITCTL_LOAD_PKRS), VALUE(host_pkrs, BIT(32))),
	BREAKS(HOST_SPEC_CTRL, LONG, SET(exit_controls, EXITCTL_ACTIVATE_SECONDARY),
	       VALUE(exit2_controls, EXITCTL2_LOAD_SPEC_CTRL), VALUE(host_spec_ctrl, BIT(9))),
	BREAKS(HOST_SELECTOR_BITS, LONG, VALUE(host_gs_selector, 3)),
	BREAKS(HOST_SELECTOR_BITS, LONG, SET(host_tr_selector, 4)),
	BREAKS(HOST_SELECTOR_NULL, LONG, VALUE(host_cs_selector, 0)),
	BREAKS(HOST_SELECTOR_NULL, LONG, VALUE(host_tr_selector, 0)),
	BREAKS(HOST_SS_NULL, LEGACY, VALUE(host_ss_selector, 0)),
	BREAKS(HOST_BASE, LONG, VALUE(host_idtr_base, NO_CANONICAL)),
	BREAKS(HOST_BASE, LONG, VALUE(host_fs_base, NO_CANONICAL)),
	BREAKS(HOST_SIZE_LONG, PAE, CLEAR(exit_controls, EXITCTL_HOST_64BIT | EXITCTL_LOAD_EFER),
	       VALUE(host_ss_selector, 16), VALUE(host_rip, 0x1000)),
	BREAKS(HOST_SIZE_LEGACY, LEGACY, SET(exit_controls, EXITCTL_HOST_64BIT)),
	BREAKS(HOST_LONG_PAE, LONG, CLEAR(host_cr4, CR4_PAE)),
	BREAKS(HOST_LONG_RIP, LONG, VALUE(host_rip, NO_CANONICAL)),
	BREAKS(HOST_LEGACY_PCIDE, LEGACY, SET(host_cr4, CR4_PCIDE)),
	BREAKS(HOST_LEGACY_RIP, LEGACY, SET(host_rip, BIT(32))),

	BREAKS(GUEST_CR0, LONG, CLEAR(guest_cr0, CR0_NE)),
	BREAKS(GUEST_CR0, LONG, SET(guest_cr0, BIT(40))),
	BREAKS(GUEST_CR0, REAL, CLEAR(guest_cr0, CR0_NE)),
	BREAKS(GUEST_PG_NEEDS_PE, REAL, SET(guest_cr0, CR0_PG)),
	BREAKS(GUEST_CR4, LONG, CLEAR(guest_cr4, CR4_VMXE)),
	BREAKS(GUEST_CR4, LONG, SET(guest_cr4, BIT(15))),
	BREAKS(GUEST_CET_NEEDS_WP, LONG, SET(guest_cr4, CR4_CET), CLEAR(guest_cr0, CR0_WP)),
	BREAKS(GUEST_DEBUGCTL, LONG, VALUE(guest_debugctl, BIT(3))),
	BREAKS(GUEST_LONG_PG, LONG, SECONDARY(PROC2_UNRESTRICTED_GUEST), CLEAR(guest_cr0, CR0_PG)),
	BREAKS(GUEST_LONG_PAE, LONG, CLEAR(guest_cr4, CR4_PAE)),
	BREAKS(GUEST_LEGACY_PCIDE, PAE, SET(guest_cr4, CR4_PCIDE)),
	BREAKS(GUEST_CR3, LONG, SET(guest_cr3, BEYOND)),
	BREAKS(GUEST_DR7, LONG, SET(guest_dr7, BIT(32))),
	BREAKS(GUEST_SYSENTER, LONG, VALUE(guest_sysenter_esp, NO_CANONICAL)),
	BREAKS(GUEST_SYSENTER, LONG, VALUE(guest_sysenter_eip, NO_CANONICAL)),
	BREAKS(GUEST_PERF_GLOBAL_CTRL, LONG, SET(entry_controls, ENTRYCTL_LOAD_PERF_GLOBAL_CTRL),
	       VALUE(guest_perf_global_ctrl, BIT(40))),
	BREAKS(GUEST_PAT, LONG, VALUE(guest_pat, 0x0300000000000000)),
	BREAKS(GUEST_EFER_RESERVED, LONG, SET(guest_efer, BIT(9))),
	BREAKS(GUEST_EFER_LMA, REAL, SET(guest_efer, EFER_LMA)),
	BREAKS(GUEST_EFER_LME, LONG, CLEAR(guest_efer, EFER_LME)),
	BREAKS(GUEST_BNDCFGS, LONG, SET(entry_controls, ENTRYCTL_LOAD_BNDCFGS), VALUE(guest_bndcfgs, 4)),
	BREAKS(GUEST_RTIT_CTL, PAE, SET(entry_controls, ENTRYCTL_LOAD_RTIT_CTL), VALUE(guest_rtit_ctl, BIT(60))),
	BREAKS(GUEST_S_CET, LONG, SET(entry_controls, ENTRYCTL_LOAD_CET), VALUE(guest_s_cet, NO_CANONICAL)),
	BREAKS(GUEST_SSP_TABLE, LONG, SET(entry_controls, ENTRYCTL_LOAD_CET),
	       VALUE(guest_interrupt_ssp_table, NO_CANONICAL)),
	BREAKS(GUEST_LBR_CTL, LONG, SET(entry_controls, ENTRYCTL_LOAD_LBR_CTL), VALUE(guest_lbr_ctl, BIT(10))),
	BREAKS(GUEST_PKRS, LONG, SET(entry_controls, ENTRYCTL_LOAD_PKRS), VALUE(guest_pkrs, BIT(32))),
	BREAKS(GUEST_UINV, LONG, SET(entry_controls, ENTRYCTL_LOAD_UINV), VALUE(guest_uinv, BIT(8))),
	BREAKS(GUEST_SPEC_CTRL, LONG, SET(entry_controls, ENTRYCTL_LOAD_SPEC_CTRL), VALUE(guest_spec_ctrl, BIT(9))),

	BREAKS(TR_TI, LONG, SET(guest_tr_selector, 4)),
	BREAKS(LDTR_TI, LONG, SET(guest_ldtr_selector, 4)),
	BREAKS(SS_RPL, LONG, SET(guest_ss_selector, 1), SET(guest_ss_access_rights, 0x20),
	       SET(guest_cs_access_rights, 0x04)),
	BREAKS(V86_BASE, V86, VALUE(guest_fs_base, 0x20000)),
	BREAKS(BASE_CANONICAL, LONG, VALUE(guest_fs_base, NO_CANONICAL)),
	BREAKS(BASE_CANONICAL, LONG, VALUE(guest_tr_base, NO_CANONICAL)),
	BREAKS(BASE_CANONICAL, LONG, VALUE(guest_ldtr_base, NO_CANONICAL)),
	BREAKS(BASE_32, LONG, VALUE(guest_cs_base, BIT(32))),
	BREAKS(BASE_32, LONG, VALUE(guest_ds_base, BIT(32))),
	BREAKS(V86_LIMIT, V86, VALUE(guest_cs_limit, 0xfffff)),
	BREAKS(V86_ACCESS, V86, VALUE(guest_ss_access_rights, 0x93)),
	BREAKS(CS_TYPE, LONG, CLEAR(guest_cs_access_rights, 1)),
	BREAKS(CS_TYPE, PAE, VALUE(guest_cs_access_rights, 0xc093)),
	BREAKS(SS_TYPE, LONG, CLEAR(guest_ss_access_rights, 2)),
	BREAKS(DATA_ACCESSED, LONG, CLEAR(guest_es_access_rights, 1)),
	BREAKS(DATA_READABLE, LONG, CLEAR(guest_gs_access_rights, 2), SET(guest_gs_access_rights, 8)),
	BREAKS(SEGMENT_S, LONG, CLEAR(guest_cs_access_rights, SEG_S)),
	BREAKS(SEGMENT_S, LONG, CLEAR(guest_ds_access_rights, SEG_S)),
	BREAKS(CS_TYPE3_DPL, REAL, VALUE(guest_cs_access_rights, 0xf3)),
	BREAKS(CS_DPL_EQUAL, LONG, SET(guest_cs_access_rights, 0x60)),
	BREAKS(CS_DPL_CONFORMING, LONG, SET(guest_cs_access_rights, 0x64)),
	BREAKS(SS_DPL, LONG, SET(guest_ss_access_rights, 0x20), SET(guest_cs_access_rights, 4)),
	BREAKS(SS_DPL_REAL, REAL, SET(guest_ss_access_rights, 0x20), VALUE(guest_cs_access_rights, 0x9f)),
	BREAKS(DATA_DPL, LONG, SET(guest_ds_selector, 3)),
	BREAKS(SEGMENT_P, LONG, CLEAR(guest_cs_access_rights, SEG_P)),
	BREAKS(SEGMENT_P, LONG, CLEAR(guest_fs_access_rights, SEG_P)),
	BREAKS(SEGMENT_RESERVED, LONG, SET(guest_cs_access_rights, BIT(8))),
	BREAKS(SEGMENT_RESERVED, LONG, SET(guest_ss_access_rights, BIT(17))),
	BREAKS(CS_L_AND_DB, LONG, SET(guest_cs_access_rights, SEG_DB)),
	BREAKS(LIMIT_LOW, LONG, CLEAR(guest_ds_limit, 1)),
	BREAKS(LIMIT_HIGH, LONG, CLEAR(guest_ds_access_rights, SEG_G)),
	BREAKS(LIMIT_HIGH, LONG, VALUE(guest_tr_limit, 0x1fffff)),
	BREAKS(TR_USABLE, LONG, SET(guest_tr_access_rights, SEG_UNUSABLE)),
	BREAKS(TR_TYPE, LONG, CLEAR(guest_tr_access_rights, 2)),
	BREAKS(TR_TYPE, LONG, CLEAR(guest_tr_access_rights, 8)),
	BREAKS(LDTR_TYPE, LONG, SET(guest_ldtr_access_rights, 1)),
	BREAKS(SYSTEM_S, LONG, SET(guest_tr_access_rights, SEG_S)),
	BREAKS(SYSTEM_P, LONG, CLEAR(guest_ldtr_access_rights, SEG_P)),
	BREAKS(SYSTEM_RESERVED, LONG, SET(guest_tr_access_rights, BIT(11))),
	BREAKS(TABLE_BASE, LONG, VALUE(guest_gdtr_base, NO_CANONICAL)),
	BREAKS(TABLE_BASE, LONG, VALUE(guest_idtr_base, NO_CANONICAL)),
	BREAKS(TABLE_LIMIT, LONG, VALUE(guest_gdtr_limit, 0x10000)),
	BREAKS(TABLE_LIMIT, LONG, VALUE(guest_idtr_limit, 0x10000)),

	BREAKS(RIP_32, PAE, VALUE(guest_rip, BIT(32))),
	BREAKS(RIP_32, LONG, VALUE(guest_rip, BIT(32)), CLEAR(guest_cs_access_rights, SEG_L)),
	BREAKS(RIP_64, LONG, VALUE(guest_rip, BIT(48))),
	BREAKS(RFLAGS_RESERVED, LONG, SET(guest_rflags, BIT(22))),
	BREAKS(RFLAGS_RESERVED, LONG, CLEAR(guest_rflags, RFLAGS_FIXED)),
	BREAKS(RFLAGS_VM, V86, SECONDARY(PROC2_UNRESTRICTED_GUEST), CLEAR(guest_cr0, CR0_PE | CR0_PG)),
	BREAKS(RFLAGS_IF, LONG, CLEAR(guest_rflags, RFLAGS_IF),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_EXTERNAL, 32))),
	BREAKS(SSP_ALIGNED, LONG, SET(entry_controls, ENTRYCTL_LOAD_CET), VALUE(guest_ssp, 1)),
	BREAKS(SSP_32, PAE, SET(entry_controls, ENTRYCTL_LOAD_CET), VALUE(guest_ssp, BIT(32))),
	BREAKS(SSP_64, LONG, SET(entry_controls, ENTRYCTL_LOAD_CET), VALUE(guest_ssp, BIT(50))),

	BREAKS(ACTIVITY, LONG, VALUE(guest_activity_state, 4)),
	BREAKS(ACTIVITY_HLT_DPL, LONG, VALUE(guest_activity_state, VMCS_ACTIVITY_HLT), SET(guest_ss_selector, 3),
	       SET(guest_cs_selector, 3), SET(guest_ss_access_rights, 0x60), SET(guest_cs_access_rights, 0x60)),
	BREAKS(ACTIVITY_BLOCKING, LONG, VALUE(guest_activity_state, VMCS_ACTIVITY_HLT),
	       VALUE(guest_interruptibility_state, INTERRUPTIBILITY_STI)),
	BREAKS(ACTIVITY_HLT_EVENT, LONG, VALUE(guest_activity_state, VMCS_ACTIVITY_HLT),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_UD))),
	BREAKS(ACTIVITY_SHUTDOWN_EVENT, LONG, VALUE(guest_activity_state, VMCS_ACTIVITY_SHUTDOWN),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_EXTERNAL, 32))),
	BREAKS(ACTIVITY_SIPI_EVENT, LONG, VALUE(guest_activity_state, VMCS_ACTIVITY_WAIT_SIPI),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_NMI, VECTOR_NMI))),
	BREAKS(BLOCKING_RESERVED, LONG, VALUE(guest_interruptibility_state, BIT(5))),
	BREAKS(BLOCKING_BOTH, LONG, VALUE(guest_interruptibility_state, 3)),
	BREAKS(BLOCKING_STI_IF, LONG, CLEAR(guest_rflags, RFLAGS_IF), VALUE(guest_interruptibility_state, 1)),
	BREAKS(BLOCKING_EXTERNAL, LONG, VALUE(guest_interruptibility_state, 2),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_EXTERNAL, 32))),
	BREAKS(BLOCKING_NMI_EVENT, LONG, VALUE(guest_interruptibility_state, 2),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_NMI, VECTOR_NMI))),
	BREAKS(BLOCKING_SMI, LONG, VALUE(guest_interruptibility_state, INTERRUPTIBILITY_SMI)),
	BREAKS(BLOCKING_VIRTUAL_NMI, LONG, SET(pin_controls, PIN_VIRTUAL_NMIS), VALUE(guest_interruptibility_state, 8),
	       VALUE(entry_interruption_info, EVENT(INTR_TYPE_NMI, VECTOR_NMI))),
	BREAKS(BLOCKING_ENCLAVE, LONG, VALUE(guest_interruptibility_state, BIT(4) | BIT(1))),
	BREAKS(PENDING_RESERVED, LONG, VALUE(guest_pending_debug_exceptions, BIT(4))),
	BREAKS(PENDING_BS_DUE, LONG, SET(guest_rflags, RFLAGS_TF), VALUE(guest_interruptibility_state, 1)),
	BREAKS(PENDING_BS_ALIEN, LONG, VALUE(guest_pending_debug_exceptions, BIT(14)),
	       VALUE(guest_interruptibility_state, 1)),
	BREAKS(PENDING_BS_ALIEN, LONG, SET(guest_rflags, RFLAGS_TF), VALUE(guest_debugctl, DEBUGCTL_BTF),
	       VALUE(guest_pending_debug_exceptions, BIT(14)), VALUE(guest_interruptibility_state, 1)),
	BREAKS(PENDING_RTM, LONG, VALUE(guest_pending_debug_exceptions, BIT(16))),
	BREAKS(LINK_ADDRESS, LONG, VALUE(vmcs_link_pointer, BEYOND)),
	BREAKS(LINK_REVISION, LONG, VALUE(vmcs_link_pointer, FAKE_ALIEN_VMCS)),
	BREAKS(LINK_SHADOW, LONG, VALUE(vmcs_link_pointer, FAKE_SHADOW_VMCS)),
	BREAKS(LINK_SHADOW, LONG, VALUE(vmcs_link_pointer, FAKE_PLAIN_VMCS), SECONDARY(PROC2_VMCS_SHADOWING)),
	BREAKS(LINK_CURRENT, LONG, VALUE(vmcs_link_pointer, FAKE_CURRENT_VMCS)),
	BREAKS(PDPTE_FIELD, PAE, VALUE(guest_pdpte2, 0x1003)),
	BREAKS(PDPTE_FIELD, PAE, VALUE(guest_pdpte0, BEYOND | 1)),
	BREAKS(PDPTE_MEMORY, PAE, CLEAR(proc2_controls, PROC2_ENABLE_EPT), VALUE(guest_cr3, FAKE_BAD_PDPTES)),
};

/* What no rule forbids, though it comes close. */
static const struct mutation allowed[] = {
	BREAKS(COUNT, LONG, VALUE(guest_rip, NO_CANONICAL)), /* only bits 63:48 must be identical */
	BREAKS(COUNT, LONG, VALUE(guest_cs_access_rights, 0xa09f), SET(guest_ss_selector, 3), SET(guest_cs_selector, 3),
	       SET(guest_ss_access_rights, 0x60)), /* conforming code at CPL 3 */
	BREAKS(COUNT, LONG, VALUE(guest_ss_access_rights, SEG_UNUSABLE), VALUE(guest_ds_access_rights, SEG_UNUSABLE),
	       VALUE(guest_ds_base, ALL), VALUE(guest_ldtr_access_rights, SEG_UNUSABLE), VALUE(guest_ldtr_base, ALL >> 2)),
	BREAKS(COUNT, LONG, VALUE(guest_bndcfgs, 4), VALUE(guest_s_cet, BIT(6)), VALUE(pml_address, 3)), /* not loaded */
	BREAKS(COUNT, REAL, VALUE(guest_cs_access_rights, 0x93)), /* CS of type 3 in an unrestricted guest */
	BREAKS(COUNT, REAL, SET(guest_ds_selector, 3)),
	BREAKS(COUNT, REAL, VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_GP))),
	BREAKS(COUNT, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_GP) | BIT(11)),
	       VALUE(entry_exception_error_code, 0xffff)),
	BREAKS(COUNT, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_DB)),
	       VALUE(guest_activity_state, VMCS_ACTIVITY_HLT)),
	BREAKS(COUNT, LONG, VALUE(entry_interruption_info, EVENT(INTR_TYPE_SOFTWARE_INTERRUPT, 0x80)),
	       VALUE(entry_instruction_length, 2)),
	BREAKS(COUNT, LONG, VALUE(entry_interruption_info, 0x7fffffff)), /* not valid, so not looked at */
	BREAKS(COUNT, LONG, VALUE(exit_msr_load_count, 1), VALUE(exit_msr_load_address, BEYOND - 16)),
	BREAKS(COUNT, LONG, SET(guest_rflags, RFLAGS_TF), VALUE(guest_interruptibility_state, 1),
	       VALUE(guest_pending_debug_exceptions, BIT(14))),
	BREAKS(COUNT, LONG, VALUE(vmcs_link_pointer, FAKE_SHADOW_VMCS), SECONDARY(PROC2_VMCS_SHADOWING)),
	BREAKS(COUNT, LONG, POSTED, VALUE(posted_interrupt_descriptor_address, 0x40)),
	BREAKS(COUNT, LONG, CLEAR(guest_cr0, CR0_ET), SET(guest_cr0, CR0_NW)),
	BREAKS(COUNT, PAE, VALUE(guest_pdpte1, 0xfffffffffffffffe)),
	BREAKS(COUNT, PAE, CLEAR(guest_tr_access_rights, 8)), /* busy 16-bit TSS */
};
/* clang-format on */

/* What a walk found. */
struct findings {
	unsigned count;
	struct entry_finding first;
};

static void note(void *ctx, const struct entry_finding *finding)
{
	struct findings *findings = ctx;

	if (!findings->count++)
		findings->first = *finding;
}

static struct fake_vmcs vmcs;

static struct findings run(const struct mutation *m)
{
	struct entry_check_caps caps = fake_caps(m->guest);
	struct entry_check_source source = fake_source(&vmcs);
	struct findings findings = {0};
	unsigned total;

	fake_vmcs_init(&vmcs, m->guest);
	for (unsigned i = 0; i < CHANGE_COUNT; i++) {
		const struct change *c = &m->change[i];

		if (c->field || c->clear || c->set)
			vmcs.field[c->field] = (vmcs.field[c->field] & ~c->clear) | c->set;
	}
	caps.is_pt_tracing = m->rule == ENTRY_RULE_ENTRY_PT_ACTIVE;
	total = entry_check(&source, &caps, note, &findings);
	assert_int_equal(total, findings.count);
	return findings;
}

static void expect(const struct mutation *m, unsigned index)
{
	struct findings found = run(m);
	unsigned expected = m->rule == ENTRY_RULE_COUNT ? 0 : 1;
	char line[320];

	if (found.count == expected && (!expected || found.first.rule == m->rule))
		return;
	if (found.count)
		entry_finding_format(line, sizeof(line), &found.first);
	else
		line[0] = '\0';
	fail_msg("row %u, rule \"%s\": %u findings, first: %s", index, entry_rule_text(m->rule), found.count, line);
}

static void valid_vmcs_passes(void **state)
{
	(void)state;
	for (enum fake_guest guest = 0; guest < FAKE_GUEST_COUNT; guest++)
		expect(&(struct mutation){ENTRY_RULE_COUNT, guest, {{0}}}, guest);
	for (unsigned i = 0; i < ARRAY_COUNT(allowed); i++)
		expect(&allowed[i], i);
}

static void each_mutation_breaks_its_rule_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(mutations); i++)
		expect(&mutations[i], i);
}

static void every_rule_has_a_mutation(void **state)
{
	bool is_covered[ENTRY_RULE_COUNT] = {false};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(mutations); i++)
		is_covered[mutations[i].rule] = true;
	for (unsigned i = 0; i < ENTRY_RULE_COUNT; i++)
		if (!is_covered[i])
			fail_msg("no mutation breaks rule %u: %s", i, entry_rule_text(i));
}

static void capabilities_widen_what_is_allowed(void **state)
{
	struct entry_check_caps caps = fake_caps(FAKE_LONG);
	struct entry_check_source source = fake_source(&vmcs);
	struct findings findings = {0};

	(void)state;
	fake_vmcs_init(&vmcs, FAKE_LONG);
	caps.basic |= VMX_BASIC_ANY_ERROR_CODE;
	caps.misc |= VMX_MISC_INJECT_LENGTH_0;
	caps.ept_vpid |= EPT_CAP_ACCESSED_DIRTY | EPT_CAP_WALK_5;
	vmcs.field[VMCS_ept_pointer] |= EPTP_ACCESSED_DIRTY | PUT(EPTP_WALK_LENGTH_LESS_1, 4);
	vmcs.field[VMCS_ept_pointer] &= ~PUT(EPTP_WALK_LENGTH_LESS_1, 3);
	vmcs.field[VMCS_entry_interruption_info] = EVENT(INTR_TYPE_HARDWARE_EXCEPTION, VECTOR_GP);
	assert_int_equal(entry_check(&source, &caps, note, &findings), 0);
	vmcs.field[VMCS_entry_interruption_info] = EVENT(INTR_TYPE_SOFTWARE_EXCEPTION, VECTOR_BP);
	assert_int_equal(entry_check(&source, &caps, note, &findings), 0);

	caps.basic |= VMX_BASIC_32BIT_ADDRESSES;
	vmcs.field[VMCS_msr_bitmap] = BIT(32);
	assert_int_equal(entry_check(&source, &caps, note, &findings), 1);
	assert_int_equal(findings.first.rule, ENTRY_RULE_MSR_BITMAP);
}

static void works_without_memory(void **state)
{
	struct entry_check_caps caps = fake_caps(FAKE_PAE);
	struct entry_check_source source = fake_source(&vmcs);
	struct findings findings = {0};

	(void)state;
	fake_vmcs_init(&vmcs, FAKE_PAE);
	source.read_memory = NULL;
	vmcs.field[VMCS_proc2_controls] &= ~PROC2_ENABLE_EPT;
	vmcs.field[VMCS_guest_cr3] = FAKE_BAD_PDPTES;
	vmcs.field[VMCS_vmcs_link_pointer] = FAKE_ALIEN_VMCS;
	vmcs.field[VMCS_proc_controls] |= PROC_USE_TPR_SHADOW;
	vmcs.field[VMCS_tpr_threshold] = 1;
	assert_int_equal(entry_check(&source, &caps, note, &findings), 0);
}

static void findings_read_well(void **state)
{
	char line[320];
	struct findings found;

	(void)state;
	found = run(&(struct mutation){
		ENTRY_RULE_SS_DPL, FAKE_LONG, {SET(guest_ss_access_rights, 0x20), SET(guest_cs_access_rights, 4)}});
	entry_finding_format(line, sizeof(line), &found.first);
	assert_string_equal(line, "guest ss access rights 0xc0b3: DPL must equal the RPL of SS.selector; "
				  "guest ss selector 0x10 (Checks on Guest Segment Registers)");

	found = run(&(struct mutation){ENTRY_RULE_PIN_CONTROLS, FAKE_LONG, {VALUE(pin_controls, BIT(20) | 6)}});
	entry_finding_format(line, sizeof(line), &found.first);
	assert_string_equal(line, "pin controls 0x100006: reserved bits must be as IA32_VMX_(TRUE_)PINBASED_CTLS says; "
				  "0x10 must be 1; 0x100000 must be 0 (VM-Execution Control Fields)");
}

/* The longest line fits, and a short buffer is never overrun (the sanitizer watches). */
static void lines_fit(void **state)
{
	(void)state;
	for (unsigned rule = 0; rule < ENTRY_RULE_COUNT; rule++) {
		struct entry_finding finding = {
			.rule = rule,
			.field_count = ENTRY_FINDING_FIELDS,
			.field = {VMCS_posted_interrupt_descriptor_address, VMCS_entry_interruption_info,
				  VMCS_guest_pending_debug_exceptions},
			.value = {ALL, ALL, ALL},
		};
		char line[320], shorter[40];

		assert_true(entry_finding_format(line, sizeof(line), &finding) < sizeof(line));
		assert_true(entry_finding_format(shorter, sizeof(shorter), &finding) > sizeof(shorter));
		assert_int_equal(strlen(shorter), sizeof(shorter) - 1);
		assert_int_equal(strncmp(line, shorter, sizeof(shorter) - 1), 0);
		entry_finding_format(NULL, 0, &finding);
	}
	assert_string_equal(entry_rule_section(ENTRY_RULE_PIN_CONTROLS), "VM-Execution Control Fields");
	assert_string_equal(entry_rule_section(ENTRY_RULE_EXIT_CONTROLS), "VM-Exit Control Fields");
	assert_string_equal(entry_rule_section(ENTRY_RULE_PDPTE_MEMORY),
			    "Checks on Guest Page-Directory-Pointer-Table Entries");
	assert_string_equal(entry_rule_text(ENTRY_RULE_COUNT), "unknown rule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_vmcs_passes),
		cmocka_unit_test(each_mutation_breaks_its_rule_only),
		cmocka_unit_test(every_rule_has_a_mutation),
		cmocka_unit_test(capabilities_widen_what_is_allowed),
		cmocka_unit_test(works_without_memory),
		cmocka_unit_test(findings_read_well),
		cmocka_unit_test(lines_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
