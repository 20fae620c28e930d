// SPDX-License-Identifier: Apache-2.0
// The policies' evaluation for a VM: CPUID, MSRs, and the CR4 bits that follow from CPUID.
#include "vm/features.h"

#include "host/clock.h"
#include "host/memory.h"
#include "vm/vm.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

#define CPUID7_EDX_ARCH_CAPABILITIES BIT(29)
#define CPUID_XSAVE 0xd

/* Features of XCR0 whose state vcpu_load() and vcpu_put() switch and whose other registers guests can do without. */
#define XFEATURES_SWITCHED (XFEATURE_X87 | XFEATURE_SSE | XFEATURE_AVX | XFEATURE_AVX512)

static void host_cpuid(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	struct cpuid_regs r = cpuid(leaf, subleaf);

	(void)ctx;
	out[CPUID_EAX] = r.eax;
	out[CPUID_EBX] = r.ebx;
	out[CPUID_ECX] = r.ecx;
	out[CPUID_EDX] = r.edx;
}

static struct policy_host host_describe(void)
{
	struct policy_host host = {.cpuid = host_cpuid, .backend = hvm->features()};

	host.xfeatures = read_cr4() & CR4_OSXSAVE ? cpuid(CPUID_XSAVE, 0).eax & XFEATURES_SWITCHED : 0;
	if (cpuid(7, 0).edx & CPUID7_EDX_ARCH_CAPABILITIES)
		host.arch_capabilities = rdmsr(MSR_ARCH_CAPABILITIES);
	return host;
}

/* MSRs that are switched with the vcpu need no exit; the TSC is read through its offset, EFER as it is. */
static void msrs_open(struct vm *vm)
{
	for (size_t i = 0; i < policy_msr_row_count; i++) {
		const struct policy_msr_row *row = &policy_msr_rows[i];

		if (policy_msr_is_cpu(row) && policy_msr_find(&vm->msr_env, row->first) == row)
			for (u32 msr = row->first; msr <= row->last; msr++)
				hvm->msr_map_set(&vm->hvm, msr, 0);
	}
	/* What a guest sets there holds in its exits, too: ETERNA sets nothing of its own. A barrier harms nobody. */
	if (vm->msr_env.features & POLICY_SPEC_CTRL) {
		hvm->msr_map_set(&vm->hvm, MSR_SPEC_CTRL, 0);
		hvm->msr_map_set(&vm->hvm, MSR_PRED_CMD, MSR_EXIT_READ);
	}
	hvm->msr_map_set(&vm->hvm, MSR_TSC, MSR_EXIT_WRITE);
	hvm->msr_map_set(&vm->hvm, MSR_EFER, MSR_EXIT_WRITE);
}

/* CR4 bits that guests may have, if CPUID offers them. */
static const struct {
	u64 cr4;
	u8 leaf;
	u8 reg; /* enum cpuid_reg */
	u8 bit;
} cr4_rows[] = {
#define X(bits, leaf, reg, bit) {bits, leaf, CPUID_##reg, bit},
#include "x86/regs/cr4.def"
#undef X
};

static u64 cr4_offered(const struct policy_cpuid *table)
{
	const struct policy_cpuid_vcpu vcpu = {.is_apic_enabled = true, .xcr0 = XFEATURE_X87};
	u64 offered = CR4_PCE; /* has no CPUID bit */

	for (unsigned i = 0; i < ARRAY_COUNT(cr4_rows); i++) {
		u32 out[4];

		policy_cpuid(table, &vcpu, cr4_rows[i].leaf, 0, out);
		if (out[cr4_rows[i].reg] & BIT(cr4_rows[i].bit))
			offered |= cr4_rows[i].cr4;
	}
	return offered;
}

err_t vm_features_init(struct vm *vm, u32 vcpu_count)
{
	struct policy_host host = host_describe();
	struct policy_vm guest = {.vcpu_count = vcpu_count, .numa = &vm->numa, .tsc_khz = (u32)clock_tsc_khz()};
	err_t err = policy_cpuid_init(&vm->cpuid, &host, &guest);

	if (err)
		return err;
	policy_msr_env_init(&vm->msr_env, &host, &guest);
	msrs_open(vm);
	vm->hvm.cr4_allowed = cr4_offered(&vm->cpuid);
	return OK;
}
