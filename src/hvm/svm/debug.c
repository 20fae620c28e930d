// SPDX-License-Identifier: Apache-2.0
// What a debugger needs of SVM: #BP exits, and debug registers that are not the guest's (APM 2, Debug Registers; State
// Saved in the VMCB: DR6 and DR7 are there, DR0-3 are the processor's own). How it steps is in step.c.
#include "hvm/svm/svm.h"
#include "hvm/switch.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

#define ALL_REGISTERS UINT16_MAX

/*
 * QEMU's TCG takes no notice of a DR7 that VMRUN loads: a breakpoint is one for it when MOV has written DR7, whoever
 * did that. So the host's DR7 has the guest's breakpoints there while the vcpu is loaded; at addresses that the host
 * has code at, too, trap_handle() passes over them. Data are left out: TCG does not bear that those go away before it
 * has told of them.
 */
static void armed_set(u64 dr7)
{
	u64 armed = DR7_FIXED;

	for (unsigned n = 0; n < 4; n++)
		if (!(dr7 & DR7_RW(n)))
			armed |= dr7 & DR7_ENABLE(n);
	if (svm_is_tcg())
		write_dr7(armed);
}

/* DR6 in the VMCB only collects what the processor adds to it: the guest's is in v->state. */
static void debugger_load(const struct hvm_vcpu *v)
{
	armed_set(DR7_FIXED);
	write_dr0(v->debug.dr[0]);
	write_dr1(v->debug.dr[1]);
	write_dr2(v->debug.dr[2]);
	write_dr3(v->debug.dr[3]);
	vmcb_dr7_set(v->control, v->debug.dr7);
	vmcb_dr6_set(v->control, DR6_FIXED);
	armed_set(v->debug.dr7);
}

void svm_debug_fetch(struct hvm_vcpu *v, u32 groups)
{
	struct cpu_state *s = &v->state;
	const struct vmcb *b = v->control;

	if (v->debug.what & HVM_DEBUG_REGISTERS)
		return;
	if (groups & STATE_DEBUG) {
		switch_breakpoints_save(s);
		s->dr6 = vmcb_dr6(b);
	}
	if (groups & STATE_DR7)
		s->dr7 = vmcb_dr7(b);
}

void svm_debug_write(struct hvm_vcpu *v, u32 groups)
{
	const struct cpu_state *s = &v->state;
	struct vmcb *b = v->control;

	if (v->debug.what & HVM_DEBUG_REGISTERS) {
		debugger_load(v);
		return;
	}
	if (groups & STATE_DEBUG) {
		switch_breakpoints_load(s);
		vmcb_dr6_set(b, s->dr6);
	}
	if (groups & STATE_DR7)
		vmcb_dr7_set(b, s->dr7);
}

void svm_debug_load(const struct hvm_vcpu *v)
{
	if (v->debug.what & HVM_DEBUG_REGISTERS)
		debugger_load(v);
	else
		switch_breakpoints_load(&v->state);
}

void svm_debug_put(const struct hvm_vcpu *v)
{
	if (v->debug.what & HVM_DEBUG_REGISTERS)
		armed_set(DR7_FIXED);
}

static u64 linear_rip(const struct vmcb *b)
{
	if (vmcb_efer(b) & EFER_LMA && vmcb_cs_attributes(b) & VMCB_SEG_L)
		return vmcb_rip(b);
	return (u32)(vmcb_cs(b).base + vmcb_rip(b));
}

/* Breakpoints of DR7 for instructions there, or for data anywhere. */
static u64 breakpoints(const struct hvm_vcpu *v, bool is_data)
{
	const u64 address[] = {read_dr0(), read_dr1(), read_dr2(), read_dr3()};
	const struct vmcb *b = v->control;
	u64 dr7 = vmcb_dr7(b), found = 0;

	for (unsigned n = 0; n < ARRAY_COUNT(address); n++) {
		if (!(dr7 & DR7_ENABLE(n)) || is_data != !!(dr7 & DR7_RW(n)))
			continue;
		if (is_data || address[n] == linear_rip(b))
			found |= BIT(n);
	}
	return found;
}

/*
 * DR6 has what led to the #DB (APM 2, #DB intercept), and so it is on QEMU. Bochs 3.0 leaves it alone: what can be told
 * there comes from where the guest is.
 */
static u64 cause_guess(const struct hvm_vcpu *v)
{
	u64 found = breakpoints(v, false);

	if (!found && vmcb_rflags(v->control) & RFLAGS_TF)
		found = DR6_BS;
	return found ? found : breakpoints(v, true);
}

/* B bits may also be set of breakpoints that are not enabled (APM 2, Debug-Status Register): those are no hits. */
static u64 cause_told(const struct vmcb *b)
{
	u64 cause = vmcb_dr6(b) & (DR6_BD | DR6_BS);

	for (unsigned n = 0; n < 4; n++)
		if (vmcb_dr7(b) & DR7_ENABLE(n))
			cause |= vmcb_dr6(b) & BIT(n);
	return cause;
}

u64 svm_debug_exception(struct hvm_vcpu *v)
{
	struct vmcb *b = v->control;
	u64 cause;

	/* The guest's own: it may also have old bits, which are to stay. */
	if (!v->debug.what)
		return vmcb_dr6(b) & (DR6_B | DR6_BD | DR6_BS);
	cause = cause_told(b);
	if (v->debug.what & HVM_DEBUG_REGISTERS)
		vmcb_dr6_set(b, DR6_FIXED);
	return cause ? cause : cause_guess(v);
}

#define CR3_INTERCEPT BIT(3)

/* Writes of CR4, and of CR0 but for what does not matter here, exit anyway. */
static void spaces_intercept(struct hvm_vcpu *v)
{
	u64 others = vmcb_cr_write_intercepts(v->control) & ~CR3_INTERCEPT;

	vmcb_cr_write_intercepts_set(v->control,
				     (u16)(others | (v->debug.what & HVM_DEBUG_SPACES ? CR3_INTERCEPT : 0)));
}

static void intercepts_set(struct hvm_vcpu *v)
{
	u16 registers = v->debug.what & HVM_DEBUG_REGISTERS ? ALL_REGISTERS : 0;

	vmcb_dr_read_intercepts_set(v->control, registers);
	vmcb_dr_write_intercepts_set(v->control, registers);
	vmcb_exception_intercepts_set(v->control, svm_exceptions_always(v));
}

#define CPUID_HYPERVISOR 0x40000000
#define CPUID1_ECX_HYPERVISOR BIT(31)

bool svm_is_tcg(void)
{
	static bool is_known, is;
	struct cpuid_regs r;

	if (!is_known && cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR) {
		r = cpuid(CPUID_HYPERVISOR, 0);
		is = r.ebx == 0x54474354 && r.ecx == 0x43544743 && r.edx == 0x47435447; /* "TCGTCGTCGTCG" */
	}
	is_known = true;
	return is;
}

/* TCG tells of data that were hit some time before, too. */
bool svm_debug_can(u32 what)
{
	return !(what & HVM_DEBUG_WALKS) && (!(what & HVM_DEBUG_DATA) || !svm_is_tcg());
}

err_t svm_debug_set(struct hvm_vcpu *v, u32 what)
{
	u32 changed = what ^ v->debug.what;

	if (!svm_debug_can(what))
		return ERR_UNSUPPORTED;
	/* While they still count as the guest's. */
	if (changed & what & HVM_DEBUG_REGISTERS)
		hvm_fetch(v, STATE_DEBUG | STATE_DR7);
	v->debug.what = what;
	if (changed & ~what & HVM_DEBUG_REGISTERS) {
		armed_set(DR7_FIXED);
		hvm_mark_dirty(v, STATE_DEBUG | STATE_DR7);
	}
	if (what & HVM_DEBUG_REGISTERS)
		debugger_load(v);
	spaces_intercept(v);
	/* A step over IRET that ends blocking by NMI has intercepts of its own, till it is done. */
	if (svm_vcpu(v)->nmi != NMI_IN_IRET)
		intercepts_set(v);
	return OK;
}
