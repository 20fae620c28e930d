// SPDX-License-Identifier: Apache-2.0
// Which vcpu this CPU holds: the current VMCS, and the registers that VM entries and exits do not switch.
#include "hvm/switch.h"
#include "host/cpu.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The host uses none of these: what is in them is the loaded vcpu's. */
void vmx_msrs_load(const struct cpu_state *s)
{
	wrmsr(MSR_STAR, s->star);
	wrmsr(MSR_LSTAR, s->lstar);
	wrmsr(MSR_CSTAR, s->cstar);
	wrmsr(MSR_FMASK, s->sfmask);
	wrmsr(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
	switch_msrs_load(s);
}

void vmx_msrs_save(struct cpu_state *s)
{
	s->star = rdmsr(MSR_STAR);
	s->lstar = rdmsr(MSR_LSTAR);
	s->cstar = rdmsr(MSR_CSTAR);
	s->sfmask = rdmsr(MSR_FMASK);
	s->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	switch_msrs_save(s);
}

/*
 * A tag for the vcpu on this CPU, and the flushes that are due. Done when the vcpu is loaded and when a flush is asked
 * for, and not at each entry: who removes mappings sees the vcpu as entered for as long as it is loaded, and asks it to
 * flush (tags_flush_needs_wait(), hvm->vcpu_flush()).
 */
static void translations_renew(struct hvm_vcpu *v)
{
	struct vmx_cpu *cpu = this_cpu()->vendor;
	struct tag_entry entry = tags_enter(&cpu->tags, &v->vm->tags, &v->tags);

	if (entry.is_behind)
		vmx_eptp_write(v);
	if (entry.is_new && entry.tag)
		vmwrite(VMCS_vpid, entry.tag);
	if (entry.flush_all && entry.tag)
		invvpid(INVVPID_ALL, 0, 0);
	else if (entry.flush_tag)
		invvpid(INVVPID_SINGLE, (u16)entry.tag, 0);
	if (!entry.flush_second_level)
		return;
	if (vmx_caps.ept_vpid & EPT_CAP_INVEPT_SINGLE)
		invept(INVEPT_SINGLE, vmx_eptp(v->vm));
	else
		invept(INVEPT_ALL, 0);
}

void vmx_vcpu_load(struct hvm_vcpu *v)
{
	bool has_moved = v->tags.cpu != this_cpu()->index;

	if (vmptrld(v->control_hpa.v) != VMX_OK)
		vmx_insn_failed("VMPTRLD", 0, v->control_hpa.v);
	if (has_moved)
		vmx_host_state_write(v);
	translations_renew(v);
	vmx_msrs_load(&v->state);
	vmx_debug_write(v, STATE_DEBUG);
	switch_fpu_load(v);
	write_cr2(v->state.cr2);
}

void vmx_vcpu_put(struct hvm_vcpu *v)
{
	switch_fpu_save(v);
	hvm_fetch(v, STATE_ALL);
	vmx_write_back(v);
	/* VMCLEAR writes the VMCS to memory, so that any CPU may load it next; it must be launched again then. */
	if (vmclear(v->control_hpa.v) != VMX_OK)
		vmx_insn_failed("VMCLEAR", 0, v->control_hpa.v);
	v->is_launched = false;
	tags_leave(&v->tags);
}

void vmx_vcpu_flush(struct hvm_vcpu *v)
{
	tags_vcpu_flush(&v->tags);
	translations_renew(v);
}
