// SPDX-License-Identifier: Apache-2.0
// CPUID.
#include "host/clock.h"
#include "vm/exits.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

enum exit_next exit_cpuid(struct vcpu *v, const struct exit *x)
{
	u64 *gpr = v->hvm.state.gpr;
	u32 leaf = (u32)gpr[GPR_RAX], sub = (u32)gpr[GPR_RCX];
	struct cpuid_regs r = {0};

	(void)x;
	if (leaf < 0x20 || leaf >= 0x80000000)
		r = cpuid(leaf, sub);
	if (leaf == 0 && r.eax < 0x16)
		r.eax = 0x16;
	if (leaf == 1) {
		r.ecx &= ~(u32)(BIT(5) | BIT(3) | BIT(6) | BIT(7) | BIT(8) | BIT(15) | BIT(27) | BIT(2));
		r.ecx |= (u32)(BIT(31) | BIT(21) | BIT(24));
		hvm_fetch(&v->hvm, STATE_CONTROL);
		if (v->hvm.state.cr4 & CR4_OSXSAVE)
			r.ecx |= (u32)BIT(27);
		r.ebx = (r.ebx & 0xffff) | v->index << 24 | v->vm->vcpu_count << 16;
		r.edx &= ~(u32)(BIT(7) | BIT(14) | BIT(12) | BIT(22) | BIT(29) | BIT(21));
	}
	if (leaf == 7) {
		r.ebx &= ~(u32)(BIT(2) | BIT(12) | BIT(14) | BIT(25) | BIT(15));
		r.ecx &= (u32)BIT(2);
		r.edx = 0;
	}
	if (leaf == 5 || leaf == 0xa || leaf == 0x12 || leaf == 0x14 || leaf == 0xb || leaf == 0x1f || leaf == 6)
		r = (struct cpuid_regs){0};
	if (leaf == 6)
		r.eax = 4;
	if (leaf == 0xd && sub == 1)
		r.eax &= 7;
	if (leaf == 0xd && sub == 1)
		r.ecx = r.edx = 0;
	if (leaf == 0x15)
		r = (struct cpuid_regs){25000, (u32)clock_tsc_khz(), 25000000, 0};
	if (leaf == 0x16)
		r = (struct cpuid_regs){(u32)clock_tsc_khz() / 1000, (u32)clock_tsc_khz() / 1000, 100, 0};
	if (leaf == 0x80000007)
		r.edx = (u32)BIT(8);
	gpr[GPR_RAX] = r.eax;
	gpr[GPR_RBX] = r.ebx;
	gpr[GPR_RCX] = r.ecx;
	gpr[GPR_RDX] = r.edx;
	return NEXT_ADVANCE;
}
