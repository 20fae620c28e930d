// SPDX-License-Identifier: Apache-2.0
// Registers that software switches with the vcpu (SDM 1, Managing State Using the XSAVE Feature Set; APM 2, VMRUN).
#include "hvm/switch.h"

#include "base/mem.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

#define CPUID1_ECX_XSAVE BIT(26)
#define CPUID_XSAVE 0xd
#define CPUID_FEATURES 7
#define CPUID7_EDX_IBRS BIT(26)
#define CPUID_EXT_MAX 0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID80000001_EDX_RDTSCP BIT(27)

#define FXSAVE_BYTES 512

u64 switch_xfeatures(void)
{
	static u64 features = NEVER;
	struct cpuid_regs r;

	if (features == NEVER) {
		r = cpuid(CPUID_XSAVE, 0);
		features = cpuid(1, 0).ecx & CPUID1_ECX_XSAVE ? (u64)r.edx << 32 | r.eax : 0;
	}
	return features;
}

bool switch_has_spec_ctrl(void)
{
	static bool is_known, has;

	if (!is_known) {
		has = cpuid(0, 0).eax >= CPUID_FEATURES && cpuid(CPUID_FEATURES, 0).edx & CPUID7_EDX_IBRS;
		is_known = true;
	}
	return has;
}

bool switch_has_rdtscp(void)
{
	static bool is_known, has;

	if (!is_known) {
		has = cpuid(CPUID_EXT_MAX, 0).eax >= CPUID_EXT_FEATURES &&
		      cpuid(CPUID_EXT_FEATURES, 0).edx & CPUID80000001_EDX_RDTSCP;
		is_known = true;
	}
	return has;
}

/* What XSAVE writes for all features of this CPU: leaf 0xD's ECX; FXSAVE's without it. */
u32 switch_area_pages(void)
{
	return pool_pages(switch_xfeatures() ? cpuid(CPUID_XSAVE, 0).ecx : FXSAVE_BYTES);
}

/* FCW and MXCSR after reset (SDM 1, FINIT; MXCSR): what XRSTOR finds in legacy form. */
void switch_area_reset(void *area)
{
	store_u16(area, 0x37f);
	store_u32((u8 *)area + 24, 0x1f80);
	if (switch_xfeatures())
		store_u64((u8 *)area + FXSAVE_BYTES, XFEATURE_X87 | XFEATURE_SSE);
}

/* All features are switched, enabled by the guest or not: it may have disabled one with state in it. */
void switch_fpu_load(const struct hvm_vcpu *v)
{
	if (!switch_xfeatures()) {
		fxrstor(v->xsave);
		return;
	}
	xsetbv(0, switch_xfeatures());
	xrstor(v->xsave, switch_xfeatures());
	xsetbv(0, v->state.xcr0);
}

void switch_fpu_save(struct hvm_vcpu *v)
{
	if (!switch_xfeatures()) {
		fxsave(v->xsave);
		return;
	}
	v->state.xcr0 = xgetbv(0);
	xsetbv(0, switch_xfeatures());
	xsave(v->xsave, switch_xfeatures());
}

void switch_msrs_load(const struct cpu_state *s)
{
	if (switch_has_rdtscp())
		wrmsr(MSR_TSC_AUX, s->tsc_aux);
	if (switch_has_spec_ctrl())
		wrmsr(MSR_SPEC_CTRL, s->spec_ctrl);
}

void switch_msrs_save(struct cpu_state *s)
{
	if (switch_has_rdtscp())
		s->tsc_aux = rdmsr(MSR_TSC_AUX);
	if (switch_has_spec_ctrl())
		s->spec_ctrl = rdmsr(MSR_SPEC_CTRL);
}

void switch_breakpoints_load(const struct cpu_state *s)
{
	write_dr0(s->dr[0]);
	write_dr1(s->dr[1]);
	write_dr2(s->dr[2]);
	write_dr3(s->dr[3]);
}

void switch_breakpoints_save(struct cpu_state *s)
{
	s->dr[0] = read_dr0();
	s->dr[1] = read_dr1();
	s->dr[2] = read_dr2();
	s->dr[3] = read_dr3();
}
