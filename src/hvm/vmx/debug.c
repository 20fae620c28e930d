// SPDX-License-Identifier: Apache-2.0
// What a debugger needs of VMX: the monitor trap flag, #BP exits, and debug registers that are not the guest's (SDM 3C,
// Monitor Trap Flag; MOV-DR exiting under Processor-Based VM-Execution Controls).
#include "hvm/switch.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* #DB and #AC, whose delivery a guest can make loop for ever without an exit; #MC is the host's. */
u32 vmx_exceptions(const struct hvm_vcpu *v)
{
	return (u32)(BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC) | (v->vm->traps_undefined ? BIT(VECTOR_UD) : 0) |
		     (v->debug.what & HVM_DEBUG_BREAK ? BIT(VECTOR_BP) : 0));
}

void vmx_debug_fetch(struct hvm_vcpu *v, u32 groups)
{
	struct cpu_state *s = &v->state;

	if (v->debug.what & HVM_DEBUG_REGISTERS)
		return;
	if (groups & STATE_DEBUG) {
		switch_breakpoints_save(s);
		s->dr6 = read_dr6();
	}
	if (groups & STATE_DR7)
		s->dr7 = vmread(VMCS_guest_dr7);
}

static void debugger_load(const struct hvm_vcpu *v)
{
	write_dr0(v->debug.dr[0]);
	write_dr1(v->debug.dr[1]);
	write_dr2(v->debug.dr[2]);
	write_dr3(v->debug.dr[3]);
	vmwrite(VMCS_guest_dr7, v->debug.dr7);
}

void vmx_debug_write(struct hvm_vcpu *v, u32 groups)
{
	const struct cpu_state *s = &v->state;

	if (v->debug.what & HVM_DEBUG_REGISTERS) {
		debugger_load(v);
		return;
	}
	if (groups & STATE_DEBUG) {
		switch_breakpoints_load(s);
		write_dr6(s->dr6);
	}
	if (groups & STATE_DR7)
		vmwrite(VMCS_guest_dr7, s->dr7);
}

static u32 proc_controls_of(u32 what)
{
	return (what & HVM_DEBUG_STEP ? (u32)PROC_MONITOR_TRAP_FLAG : 0) |
	       (what & HVM_DEBUG_REGISTERS ? (u32)PROC_MOV_DR_EXITING : 0) |
	       (what & HVM_DEBUG_SPACES ? (u32)PROC_CR3_LOAD_EXITING : 0);
}

/* Masks and shadows of CR0 and CR4 are written with these. */
static void spaces_switch(struct hvm_vcpu *v)
{
	hvm_fetch(v, STATE_CONTROL);
	hvm_mark_dirty(v, STATE_CONTROL);
	vmx_eptp_write(v);
	tags_vm_invalidate(&v->vm->tags); /* both kinds of EPTP have the same translations */
	vmx_vcpu_flush(v);
}

/* On the way in the guest's registers are put aside, on the way out they are its own again. */
static void registers_switch(struct hvm_vcpu *v, bool on)
{
	if (on)
		hvm_fetch(v, STATE_DEBUG | STATE_DR7);
	else
		hvm_mark_dirty(v, STATE_DEBUG | STATE_DR7);
}

bool vmx_debug_can(u32 what)
{
	return !(proc_controls_of(what) & ~GET(VMX_ALLOWED_1, vmx_caps.allowed[CONTROLS_PROC]));
}

err_t vmx_debug_set(struct hvm_vcpu *v, u32 what)
{
	u32 controls = proc_controls_of(what);
	u32 changed = what ^ v->debug.what;

	if (!vmx_debug_can(what))
		return ERR_UNSUPPORTED;
	/* While they still count as the guest's. */
	if (changed & what & HVM_DEBUG_REGISTERS)
		registers_switch(v, true);
	v->debug.what = what;
	if (changed & ~what & HVM_DEBUG_REGISTERS)
		registers_switch(v, false);
	if (what & HVM_DEBUG_REGISTERS)
		debugger_load(v);
	if (changed & HVM_DEBUG_SPACES)
		spaces_switch(v);
	v->proc_controls = (v->proc_controls & ~proc_controls_of(UINT32_MAX)) | controls;
	vmwrite(VMCS_proc_controls, v->proc_controls);
	vmwrite(VMCS_exception_bitmap, vmx_exceptions(v));
	return OK;
}
