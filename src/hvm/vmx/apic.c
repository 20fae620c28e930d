// SPDX-License-Identifier: Apache-2.0
// The local APIC worked by the processor: controls by mode, vectors, posted interrupts (SDM 3C, APIC Virtualization and
// Virtual Interrupts).
#include "host/memory.h"
#include "host/trap.h"
#include "hvm/vmx/vmx.h"

u32 vmx_apic_offers(void)
{
	u32 offers = (vmx_caps.apic_proc2[HVM_APIC_XAPIC] ? (u32)HVM_APIC_HAS_XAPIC : 0) |
		     (vmx_caps.apic_proc2[HVM_APIC_X2APIC] ? (u32)HVM_APIC_HAS_X2APIC : 0);

	if (!offers || !vmx_caps.apic_pin)
		return offers;
	return offers | HVM_APIC_HAS_POSTED | (vmx_caps.apic_proc3 ? (u32)HVM_APIC_HAS_IPI : 0);
}

/* Entries of the table are addresses of descriptors, valid if bit 0 is set (SDM 3C, IPI Virtualization). */
#define PID_POINTER_VALID 1u

static void ipi_init(struct hvm_vcpu *v)
{
	if (!v->vm->ipi_table)
		return;
	v->ipi_entry = pool_hpa(memory_pool(), &v->posted).v | PID_POINTER_VALID;
	vmwrite(VMCS_pid_pointer_table_address, pool_hpa(memory_pool(), v->vm->ipi_table).v);
	vmwrite(VMCS_last_pid_pointer_index, HVM_IPI_IDS - 1);
}

/* Addresses and vectors of a new VMCS; they are looked at only with the controls set below. */
void vmx_apic_init(struct hvm_vcpu *v)
{
	if (!vmx_apic_offers())
		return;
	vmwrite(VMCS_apic_access_address, v->vm->apic_access.v);
	vmwrite(VMCS_guest_interrupt_status, 0);
	if (!vmx_caps.apic_pin)
		return;
	vmwrite(VMCS_posted_interrupt_vector, HOST_VECTOR_POSTED);
	vmwrite(VMCS_posted_interrupt_descriptor_address, pool_hpa(memory_pool(), &v->posted).v);
	ipi_init(v);
}

void vmx_apic_mode_set(struct hvm_vcpu *v, enum hvm_apic mode)
{
	u64 msr_map = pool_hpa(memory_pool(), v->vm->msr_map).v;

	v->apic_mode = mode;
	vmwrite(VMCS_proc2_controls, vmx_caps.controls[CONTROLS_PROC2] | vmx_caps.apic_proc2[mode]);
	if (vmx_caps.apic_proc3)
		vmwrite(VMCS_proc3_controls, mode ? vmx_caps.apic_proc3 : 0);
	vmwrite(VMCS_pin_controls, vmx_caps.controls[CONTROLS_PIN] | (mode ? vmx_caps.apic_pin : 0));
	vmwrite(VMCS_msr_bitmap, mode == HVM_APIC_X2APIC ? msr_map + PAGE_BYTES : msr_map);
	if (vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW))
		vmwrite(VMCS_tpr_threshold, 0);
	v->tpr_threshold = 0;
}

void vmx_apic_vectors_set(struct hvm_vcpu *v, u8 requested, u8 in_service)
{
	(void)v;
	vmwrite(VMCS_guest_interrupt_status,
		PUT(INTERRUPT_STATUS_RVI, requested) | PUT(INTERRUPT_STATUS_SVI, in_service));
}

void vmx_apic_notification_set(struct hvm_vcpu *v, u8 vector)
{
	const struct hvm_posted *posted = vector == HOST_VECTOR_POSTED ? &v->posted : &v->ahead;

	vmwrite(VMCS_posted_interrupt_vector, vector);
	if (v->vm->ipi_table)
		vmwrite(VMCS_posted_interrupt_descriptor_address, pool_hpa(memory_pool(), posted).v);
}

void vmx_apic_level_set(struct hvm_vcpu *v, const u64 vectors[4])
{
	(void)v;
	for (u32 i = 0; i < 4; i++)
		vmwrite(VMCS_eoi_exit_bitmap_0 + 2 * i, vectors[i]);
}
