// SPDX-License-Identifier: Apache-2.0
// Which vcpu this CPU holds: the current VMCS, and the registers that VM entries and exits do not switch.
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

#define CPUID1_ECX_XSAVE BIT(26)
#define CPUID80000001_EDX_RDTSCP BIT(27)
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_XSAVE 0xd
#define CPUID_FEATURES 7
#define CPUID7_EDX_IBRS BIT(26)

u64 vmx_xfeatures(void)
{
	static u64 features = NEVER;
	struct cpuid_regs r;

	if (features == NEVER) {
		r = cpuid(CPUID_XSAVE, 0);
		features = cpuid(1, 0).ecx & CPUID1_ECX_XSAVE ? (u64)r.edx << 32 | r.eax : 0;
	}
	return features;
}

bool vmx_has_spec_ctrl(void)
{
	static bool is_known, has;

	if (!is_known) {
		has = cpuid(0, 0).eax >= CPUID_FEATURES && cpuid(CPUID_FEATURES, 0).edx & CPUID7_EDX_IBRS;
		is_known = true;
	}
	return has;
}

/* The host uses none of these: what is in them is the loaded vcpu's. */
void vmx_msrs_load(const struct cpu_state *s)
{
	wrmsr(MSR_STAR, s->star);
	wrmsr(MSR_LSTAR, s->lstar);
	wrmsr(MSR_CSTAR, s->cstar);
	wrmsr(MSR_FMASK, s->sfmask);
	wrmsr(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
	if (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_RDTSCP))
		wrmsr(MSR_TSC_AUX, s->tsc_aux);
	if (vmx_has_spec_ctrl())
		wrmsr(MSR_SPEC_CTRL, s->spec_ctrl);
}

void vmx_msrs_save(struct cpu_state *s)
{
	s->star = rdmsr(MSR_STAR);
	s->lstar = rdmsr(MSR_LSTAR);
	s->cstar = rdmsr(MSR_CSTAR);
	s->sfmask = rdmsr(MSR_FMASK);
	s->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	if (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_RDTSCP))
		s->tsc_aux = rdmsr(MSR_TSC_AUX);
	if (vmx_has_spec_ctrl())
		s->spec_ctrl = rdmsr(MSR_SPEC_CTRL);
}

void vmx_debug_load(const struct cpu_state *s)
{
	write_dr0(s->dr[0]);
	write_dr1(s->dr[1]);
	write_dr2(s->dr[2]);
	write_dr3(s->dr[3]);
	write_dr6(s->dr6);
}

void vmx_debug_save(struct cpu_state *s)
{
	s->dr[0] = read_dr0();
	s->dr[1] = read_dr1();
	s->dr[2] = read_dr2();
	s->dr[3] = read_dr3();
	s->dr6 = read_dr6();
}

/* All features are switched, enabled by the guest or not: it may have disabled one with state in it. */
static void fpu_load(const struct hvm_vcpu *v)
{
	if (!vmx_xfeatures()) {
		fxrstor(v->xsave);
		return;
	}
	xsetbv(0, vmx_xfeatures());
	xrstor(v->xsave, vmx_xfeatures());
	xsetbv(0, v->state.xcr0);
}

static void fpu_save(struct hvm_vcpu *v)
{
	if (!vmx_xfeatures()) {
		fxsave(v->xsave);
		return;
	}
	v->state.xcr0 = xgetbv(0);
	xsetbv(0, vmx_xfeatures());
	xsave(v->xsave, vmx_xfeatures());
}

void vmx_vcpu_load(struct hvm_vcpu *v)
{
	if (vmptrld(v->control_hpa.v) != VMX_OK)
		vmx_insn_failed("VMPTRLD", 0, v->control_hpa.v);
	vmx_msrs_load(&v->state);
	vmx_debug_load(&v->state);
	fpu_load(v);
	write_cr2(v->state.cr2);
}

void vmx_vcpu_put(struct hvm_vcpu *v)
{
	v->state.cr2 = read_cr2();
	fpu_save(v);
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
