// SPDX-License-Identifier: Apache-2.0
// Checks on VMX controls (SDM 3C, VM Entries: Checks on VMX Controls): execution, exit and entry control fields.
#include "hvm/vmx/entry_check_priv.h"

#include "base/mem.h"

/* Offset of the task-priority register in the virtual-APIC page. */
#define VIRTUAL_APIC_VTPR 0x80u

static void require_allowed(struct entry_walk *w, enum entry_rule rule, u32 field, u64 capability)
{
	walk_require_bits(w, rule, field, GET(VMX_ALLOWED_0, capability), ~GET(VMX_ALLOWED_1, capability));
}

static void check_control_words(struct entry_walk *w)
{
	const struct entry_check_caps *caps = w->caps;

	w->pin = walk_read(w, VMCS_pin_controls);
	require_allowed(w, ENTRY_RULE_PIN_CONTROLS, VMCS_pin_controls, caps->pin);
	w->proc = walk_read(w, VMCS_proc_controls);
	require_allowed(w, ENTRY_RULE_PROC_CONTROLS, VMCS_proc_controls, caps->proc);
	if (w->proc & PROC_ACTIVATE_SECONDARY) {
		w->proc2 = walk_read(w, VMCS_proc2_controls);
		require_allowed(w, ENTRY_RULE_PROC2_CONTROLS, VMCS_proc2_controls, caps->proc2);
	}
	if (w->proc & PROC_ACTIVATE_TERTIARY) {
		w->proc3 = walk_read(w, VMCS_proc3_controls);
		walk_require_bits(w, ENTRY_RULE_PROC3_CONTROLS, VMCS_proc3_controls, 0, ~caps->proc3);
	}
	w->exit = walk_read(w, VMCS_exit_controls);
	if (w->exit & EXITCTL_ACTIVATE_SECONDARY)
		w->exit2 = walk_read(w, VMCS_exit2_controls);
	w->entry = walk_read(w, VMCS_entry_controls);
	w->event = walk_read(w, VMCS_entry_interruption_info);
	if (!(w->event & INTR_INFO_VALID))
		w->event = 0;
	w->cr0 = walk_read(w, VMCS_guest_cr0);
}

/* A table at the physical address in a field, there only while some control is 1. */
static const struct {
	enum entry_rule rule;
	u32 field;
	bool is_proc2;
	u64 control;
} control_pages[] = {
	{ENTRY_RULE_IO_BITMAP, VMCS_io_bitmap_a, false, PROC_USE_IO_BITMAPS},
	{ENTRY_RULE_IO_BITMAP, VMCS_io_bitmap_b, false, PROC_USE_IO_BITMAPS},
	{ENTRY_RULE_MSR_BITMAP, VMCS_msr_bitmap, false, PROC_USE_MSR_BITMAPS},
	{ENTRY_RULE_VIRTUAL_APIC, VMCS_virtual_apic_address, false, PROC_USE_TPR_SHADOW},
	{ENTRY_RULE_APIC_ACCESS, VMCS_apic_access_address, true, PROC2_VIRTUALIZE_APIC_ACCESSES},
	{ENTRY_RULE_PML_ADDRESS, VMCS_pml_address, true, PROC2_ENABLE_PML},
	{ENTRY_RULE_SPP_POINTER, VMCS_spp_table_pointer, true, PROC2_SUB_PAGE_WRITE_PERMISSIONS},
	{ENTRY_RULE_SHADOW_BITMAP, VMCS_vmread_bitmap, true, PROC2_VMCS_SHADOWING},
	{ENTRY_RULE_SHADOW_BITMAP, VMCS_vmwrite_bitmap, true, PROC2_VMCS_SHADOWING},
	{ENTRY_RULE_VE_INFORMATION, VMCS_ve_information_address, true, PROC2_EPT_VIOLATION_VE},
	{ENTRY_RULE_PASID_DIRECTORY, VMCS_low_pasid_directory_address, true, PROC2_PASID_TRANSLATION},
	{ENTRY_RULE_PASID_DIRECTORY, VMCS_high_pasid_directory_address, true, PROC2_PASID_TRANSLATION},
};

static void check_control_pages(struct entry_walk *w)
{
	for (size_t i = 0; i < ARRAY_COUNT(control_pages); i++)
		if ((control_pages[i].is_proc2 ? w->proc2 : w->proc) & control_pages[i].control)
			walk_require_page(w, control_pages[i].rule, control_pages[i].field);
}

static void check_tpr(struct entry_walk *w)
{
	u64 threshold;
	u8 vtpr;

	if (!(w->proc & PROC_USE_TPR_SHADOW)) {
		WALK_REQUIRE(w, APIC_WITHOUT_SHADOW,
			     !(w->proc2 & (PROC2_VIRTUALIZE_X2APIC_MODE | PROC2_APIC_REGISTER_VIRTUALIZATION |
					   PROC2_VIRTUAL_INTERRUPT_DELIVERY)),
			     VMCS_proc2_controls, VMCS_proc_controls);
		WALK_REQUIRE(w, IPI_WITHOUT_SHADOW, !(w->proc3 & PROC3_IPI_VIRTUALIZATION), VMCS_proc3_controls,
			     VMCS_proc_controls);
		return;
	}
	if (w->proc2 & PROC2_VIRTUAL_INTERRUPT_DELIVERY)
		return;
	threshold = walk_read(w, VMCS_tpr_threshold);
	WALK_REQUIRE(w, TPR_THRESHOLD, threshold <= 15, VMCS_tpr_threshold);
	if (w->proc2 & PROC2_VIRTUALIZE_APIC_ACCESSES || !w->source->read_memory)
		return;
	if (w->source->read_memory(w->source->ctx, walk_read(w, VMCS_virtual_apic_address) + VIRTUAL_APIC_VTPR, &vtpr,
				   sizeof(vtpr)))
		WALK_REQUIRE(w, TPR_ABOVE_VTPR, (threshold & 15) <= vtpr >> 4, VMCS_tpr_threshold,
			     VMCS_virtual_apic_address);
}

static void check_interrupt_controls(struct entry_walk *w)
{
	WALK_REQUIRE(w, VIRTUAL_NMI, !(w->pin & PIN_VIRTUAL_NMIS) || w->pin & PIN_NMI_EXITING, VMCS_pin_controls);
	WALK_REQUIRE(w, NMI_WINDOW, !(w->proc & PROC_NMI_WINDOW_EXITING) || w->pin & PIN_VIRTUAL_NMIS,
		     VMCS_proc_controls, VMCS_pin_controls);
	if (w->proc2 & PROC2_VIRTUALIZE_X2APIC_MODE)
		WALK_REQUIRE(w, X2APIC_AND_ACCESSES, !(w->proc2 & PROC2_VIRTUALIZE_APIC_ACCESSES), VMCS_proc2_controls);
	if (w->proc2 & PROC2_VIRTUAL_INTERRUPT_DELIVERY)
		WALK_REQUIRE(w, DELIVERY_NEEDS_EXITING, w->pin & PIN_EXTERNAL_INTERRUPT_EXITING, VMCS_proc2_controls,
			     VMCS_pin_controls);
}

static void check_posted_interrupts(struct entry_walk *w)
{
	u64 descriptor;

	if (!(w->pin & PIN_PROCESS_POSTED_INTERRUPTS))
		return;
	descriptor = walk_read(w, VMCS_posted_interrupt_descriptor_address);
	WALK_REQUIRE(w, POSTED_NEEDS_DELIVERY, w->proc2 & PROC2_VIRTUAL_INTERRUPT_DELIVERY, VMCS_pin_controls,
		     VMCS_proc2_controls);
	WALK_REQUIRE(w, POSTED_NEEDS_ACKNOWLEDGE, w->exit & EXITCTL_ACKNOWLEDGE_INTERRUPT, VMCS_pin_controls,
		     VMCS_exit_controls);
	WALK_REQUIRE(w, POSTED_VECTOR, walk_read(w, VMCS_posted_interrupt_vector) <= 255, VMCS_posted_interrupt_vector);
	WALK_REQUIRE(w, POSTED_DESCRIPTOR, IS_ALIGNED(descriptor, 64) && walk_is_vmx_physical(w, descriptor),
		     VMCS_posted_interrupt_descriptor_address);
}

static void check_eptp(struct entry_walk *w)
{
	u64 eptp = walk_read(w, VMCS_ept_pointer);
	u64 cap = w->caps->ept_vpid;
	u64 type = GET(EPTP_MEMORY_TYPE, eptp);
	u64 levels = GET(EPTP_WALK_LENGTH_LESS_1, eptp) + 1;

	WALK_REQUIRE(w, EPTP_MEMORY_TYPE,
		     (type == MEMORY_TYPE_UC && cap & EPT_CAP_UC) || (type == MEMORY_TYPE_WB && cap & EPT_CAP_WB),
		     VMCS_ept_pointer);
	WALK_REQUIRE(w, EPTP_WALK_LENGTH,
		     (levels == 4 && cap & EPT_CAP_WALK_4) || (levels == 5 && cap & EPT_CAP_WALK_5), VMCS_ept_pointer);
	WALK_REQUIRE(w, EPTP_ACCESSED_DIRTY, !(eptp & EPTP_ACCESSED_DIRTY) || cap & EPT_CAP_ACCESSED_DIRTY,
		     VMCS_ept_pointer);
	WALK_REQUIRE(w, EPTP_SHADOW_STACK,
		     !(eptp & EPTP_SUPERVISOR_SHADOW_STACK) || cap & EPT_CAP_SUPERVISOR_SHADOW_STACK, VMCS_ept_pointer);
	WALK_REQUIRE(w, EPTP_RESERVED, !(eptp & BITS(11, 8)) && walk_is_physical(w, eptp), VMCS_ept_pointer);
}

static void check_ept_controls(struct entry_walk *w)
{
	if (w->proc2 & PROC2_ENABLE_EPT) {
		check_eptp(w);
	} else {
		WALK_REQUIRE(w, PML_NEEDS_EPT, !(w->proc2 & PROC2_ENABLE_PML), VMCS_proc2_controls);
		WALK_REQUIRE(w, UNRESTRICTED_NEEDS_EPT, !(w->proc2 & PROC2_UNRESTRICTED_GUEST), VMCS_proc2_controls);
		WALK_REQUIRE(w, MODE_BASED_NEEDS_EPT, !(w->proc2 & PROC2_MODE_BASED_EXECUTE_CONTROL),
			     VMCS_proc2_controls);
		WALK_REQUIRE(w, SPP_NEEDS_EPT, !(w->proc2 & PROC2_SUB_PAGE_WRITE_PERMISSIONS), VMCS_proc2_controls);
	}
	if (w->proc2 & PROC2_PT_USES_GUEST_PHYSICAL)
		WALK_REQUIRE(w, PT_NEEDS,
			     w->proc2 & PROC2_ENABLE_EPT && w->entry & ENTRYCTL_LOAD_RTIT_CTL &&
				     w->exit & EXITCTL_CLEAR_RTIT_CTL,
			     VMCS_proc2_controls, VMCS_entry_controls, VMCS_exit_controls);
	if (w->proc2 & PROC2_ENABLE_VPID)
		WALK_REQUIRE(w, VPID_ZERO, walk_read(w, VMCS_vpid) != 0, VMCS_vpid);
	if (w->proc2 & PROC2_USE_TSC_SCALING)
		WALK_REQUIRE(w, TSC_MULTIPLIER, walk_read(w, VMCS_tsc_multiplier) != 0, VMCS_tsc_multiplier);
}

static void check_vm_functions(struct entry_walk *w)
{
	if (!(w->proc2 & PROC2_ENABLE_VM_FUNCTIONS))
		return;
	walk_require_bits(w, ENTRY_RULE_VM_FUNCTIONS, VMCS_vm_function_controls, 0, ~w->caps->vmfunc);
	if (!(walk_read(w, VMCS_vm_function_controls) & VMFUNC_EPTP_SWITCHING))
		return;
	WALK_REQUIRE(w, EPTP_SWITCHING_NEEDS_EPT, w->proc2 & PROC2_ENABLE_EPT, VMCS_vm_function_controls,
		     VMCS_proc2_controls);
	walk_require_page(w, ENTRY_RULE_EPTP_LIST, VMCS_eptp_list_address);
}

static void check_tertiary(struct entry_walk *w)
{
	u64 pointer, last;

	if (w->proc3 & PROC3_ENABLE_HLAT) {
		pointer = walk_read(w, VMCS_hlat_pointer);
		WALK_REQUIRE(w, HLAT_POINTER, !(pointer & (BITS(11, 5) | BITS(2, 0))) && walk_is_physical(w, pointer),
			     VMCS_hlat_pointer);
	}
	if (w->proc3 & PROC3_IPI_VIRTUALIZATION) {
		pointer = walk_read(w, VMCS_pid_pointer_table_address);
		last = pointer + 8 * walk_read(w, VMCS_last_pid_pointer_index);
		WALK_REQUIRE(w, PID_TABLE,
			     IS_ALIGNED(pointer, 8) && walk_is_vmx_physical(w, pointer) &&
				     walk_is_vmx_physical(w, last),
			     VMCS_pid_pointer_table_address, VMCS_last_pid_pointer_index);
	}
}

/* An area of MSRs to load or store: entries of 16 bytes (SDM 3C, VM-Exit Controls for MSRs). */
static void check_msr_area(struct entry_walk *w, enum entry_rule rule, u32 count_field, u32 address_field)
{
	u64 count = walk_read(w, count_field);
	u64 address, last;

	if (!count)
		return;
	address = walk_read(w, address_field);
	last = address + 16 * count - 1;
	walk_require_2(w, rule,
		       IS_ALIGNED(address, 16) && walk_is_vmx_physical(w, address) && walk_is_vmx_physical(w, last),
		       address_field, count_field);
}

static void check_exit_controls(struct entry_walk *w)
{
	require_allowed(w, ENTRY_RULE_EXIT_CONTROLS, VMCS_exit_controls, w->caps->exit);
	if (w->exit & EXITCTL_ACTIVATE_SECONDARY)
		walk_require_bits(w, ENTRY_RULE_EXIT2_CONTROLS, VMCS_exit2_controls, 0, ~w->caps->exit2);
	WALK_REQUIRE(w, SAVE_TIMER, !(w->exit & EXITCTL_SAVE_PREEMPTION_TIMER) || w->pin & PIN_PREEMPTION_TIMER,
		     VMCS_exit_controls, VMCS_pin_controls);
	check_msr_area(w, ENTRY_RULE_EXIT_MSR_STORE, VMCS_exit_msr_store_count, VMCS_exit_msr_store_address);
	check_msr_area(w, ENTRY_RULE_EXIT_MSR_LOAD, VMCS_exit_msr_load_count, VMCS_exit_msr_load_address);
}

/* Vectors of exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
#define ERROR_CODE_VECTORS                                                                                             \
	(BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) | BIT(VECTOR_SS) | BIT(VECTOR_GP) | BIT(VECTOR_PF) |         \
	 BIT(VECTOR_AC))

static void check_event_error_code(struct entry_walk *w)
{
	u64 vector = GET(INTR_INFO_VECTOR, w->event);
	bool has_code = w->event & INTR_INFO_ERROR_CODE;
	bool is_possible = walk_is_event(w, INTR_TYPE_HARDWARE_EXCEPTION) &&
			   (w->cr0 & CR0_PE || !(w->proc2 & PROC2_UNRESTRICTED_GUEST));
	bool is_usual = vector < 32 && ERROR_CODE_VECTORS >> vector & 1;
	bool is_free = w->caps->basic & VMX_BASIC_ANY_ERROR_CODE;

	if (has_code) {
		WALK_REQUIRE(w, EVENT_ERROR_CODE_ALIEN, is_possible && (is_usual || is_free),
			     VMCS_entry_interruption_info, VMCS_guest_cr0);
		WALK_REQUIRE(w, EVENT_ERROR_CODE_HIGH, !(walk_read(w, VMCS_entry_exception_error_code) & BITS(31, 16)),
			     VMCS_entry_exception_error_code);
	} else {
		WALK_REQUIRE(w, EVENT_ERROR_CODE_DUE, !(is_possible && is_usual) || is_free,
			     VMCS_entry_interruption_info);
	}
}

static void check_event(struct entry_walk *w)
{
	u64 vector = GET(INTR_INFO_VECTOR, w->event);
	u64 type = GET(INTR_INFO_TYPE, w->event);
	u64 length;

	if (!w->event)
		return;
	WALK_REQUIRE(w, EVENT_TYPE,
		     type != INTR_TYPE_RESERVED && (type != INTR_TYPE_OTHER_EVENT ||
						    GET(VMX_ALLOWED_1, w->caps->proc) & PROC_MONITOR_TRAP_FLAG),
		     VMCS_entry_interruption_info);
	WALK_REQUIRE(w, EVENT_VECTOR,
		     !(type == INTR_TYPE_NMI && vector != VECTOR_NMI) &&
			     !(type == INTR_TYPE_HARDWARE_EXCEPTION && vector > 31) &&
			     !(type == INTR_TYPE_OTHER_EVENT && vector),
		     VMCS_entry_interruption_info);
	check_event_error_code(w);
	WALK_REQUIRE(w, EVENT_RESERVED, !(w->event & INTR_INFO_RESERVED), VMCS_entry_interruption_info);
	if (type < INTR_TYPE_SOFTWARE_INTERRUPT || type > INTR_TYPE_SOFTWARE_EXCEPTION)
		return;
	length = walk_read(w, VMCS_entry_instruction_length);
	WALK_REQUIRE(w, EVENT_INSTRUCTION_LENGTH, length <= 15 && (length || w->caps->misc & VMX_MISC_INJECT_LENGTH_0),
		     VMCS_entry_instruction_length, VMCS_entry_interruption_info);
}

static void check_entry_controls(struct entry_walk *w)
{
	require_allowed(w, ENTRY_RULE_ENTRY_CONTROLS, VMCS_entry_controls, w->caps->entry);
	check_event(w);
	check_msr_area(w, ENTRY_RULE_ENTRY_MSR_LOAD, VMCS_entry_msr_load_count, VMCS_entry_msr_load_address);
	WALK_REQUIRE(w, ENTRY_OUTSIDE_SMM, !(w->entry & (ENTRYCTL_TO_SMM | ENTRYCTL_DEACTIVATE_DUAL_MONITOR)),
		     VMCS_entry_controls);
	WALK_REQUIRE(w, ENTRY_PT_ACTIVE, !(w->entry & ENTRYCTL_LOAD_RTIT_CTL) || !w->caps->is_pt_tracing,
		     VMCS_entry_controls);
}

void entry_check_controls(struct entry_walk *w)
{
	check_control_words(w);
	WALK_REQUIRE(w, CR3_TARGETS,
		     walk_read(w, VMCS_cr3_target_count) <= GET(VMX_MISC_CR3_TARGET_COUNT, w->caps->misc),
		     VMCS_cr3_target_count);
	check_control_pages(w);
	check_tpr(w);
	check_interrupt_controls(w);
	check_posted_interrupts(w);
	check_ept_controls(w);
	check_vm_functions(w);
	check_tertiary(w);
	check_exit_controls(w);
	check_entry_controls(w);
}
