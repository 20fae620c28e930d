// SPDX-License-Identifier: Apache-2.0
// Which vcpu this CPU holds: the current VMCS, and the registers that VM entries and exits do not switch.
#include "hvm/switch.h"
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

void vmx_debug_load(const struct cpu_state *s)
{
	switch_breakpoints_load(s);
	write_dr6(s->dr6);
}

void vmx_debug_save(struct cpu_state *s)
{
	switch_breakpoints_save(s);
	s->dr6 = read_dr6();
}

void vmx_vcpu_load(struct hvm_vcpu *v)
{
	if (vmptrld(v->control_hpa.v) != VMX_OK)
		vmx_insn_failed("VMPTRLD", 0, v->control_hpa.v);
	vmx_msrs_load(&v->state);
	vmx_debug_load(&v->state);
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
}

void vmx_vcpu_flush(struct hvm_vcpu *v)
{
	if (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_VPID))
		invvpid(INVVPID_SINGLE, (u16)v->tag, 0);
}
