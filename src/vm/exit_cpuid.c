// SPDX-License-Identifier: Apache-2.0
// CPUID: the policy's table, and the vcpu's registers that show through it.
#include "vm/exits.h"
#include "x86/regs/msr.h"

/* The leaves that show CR4 bits: OSXSAVE, OSPKE. */
#define LEAF_VERSION 1
#define LEAF_FEATURES 7

/* A leaf that ECX selects from, that the vcpu's registers show through, or that is not there. */
static enum exit_next __attribute__((noinline)) answer_live(struct vcpu *v)
{
	u64 *gpr = v->hvm.state.gpr;
	struct policy_cpuid_vcpu vcpu = {
		.apic_id = v->lapic.id,
		.is_apic_enabled = v->lapic.base & APIC_BASE_ENABLE,
		.xcr0 = v->hvm.state.xcr0,
	};
	u32 out[4];

	if ((u32)gpr[GPR_RAX] == LEAF_VERSION || (u32)gpr[GPR_RAX] == LEAF_FEATURES) {
		hvm_fetch(&v->hvm, STATE_CONTROL);
		vcpu.cr4 = v->hvm.state.cr4;
	}
	policy_cpuid(&v->vm->cpuid, &vcpu, (u32)gpr[GPR_RAX], (u32)gpr[GPR_RCX], out);
	gpr[GPR_RAX] = out[CPUID_EAX];
	gpr[GPR_RBX] = out[CPUID_EBX];
	gpr[GPR_RCX] = out[CPUID_ECX];
	gpr[GPR_RDX] = out[CPUID_EDX];
	return NEXT_ADVANCE;
}

enum exit_next exit_cpuid(struct vcpu *v, const struct exit *x)
{
	u64 *gpr = v->hvm.state.gpr;
	const struct policy_cpuid_slot *slot = policy_cpuid_constant(&v->vm->cpuid, (u32)gpr[GPR_RAX]);

	(void)x;
	if (!slot)
		return answer_live(v);
	gpr[GPR_RAX] = slot->reg[CPUID_EAX];
	gpr[GPR_RBX] = slot->reg[CPUID_EBX];
	gpr[GPR_RCX] = slot->reg[CPUID_ECX];
	gpr[GPR_RDX] = slot->reg[CPUID_EDX];
	return NEXT_ADVANCE;
}
