// SPDX-License-Identifier: Apache-2.0
// What guests of this host can have: features out of what the backend switches.
#include "policy/host.h"

#include "x86/regs/control.h"

#define FIRST_GROUP (POLICY_RDTSCP | POLICY_INVPCID | POLICY_XSAVES | POLICY_USER_WAIT | POLICY_SPEC_CTRL)

/* Features that are there together or not at all, each after those it builds upon. */
static const struct {
	u64 features;
	u64 needs;
} groups[] = {
	{XFEATURE_X87 | XFEATURE_SSE, 0}, {XFEATURE_AVX, XFEATURE_SSE}, {XFEATURE_AVX512, XFEATURE_AVX},
	{XFEATURE_PKRU, XFEATURE_SSE},    {XFEATURE_AMX, XFEATURE_SSE},
};

u64 policy_xfeatures(const struct policy_host *host)
{
	u64 offered = 0;

	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		if ((host->xfeatures & groups[i].features) == groups[i].features &&
		    (offered & groups[i].needs) == groups[i].needs)
			offered |= groups[i].features;
	return offered;
}

u32 policy_features(const struct policy_host *host)
{
	u64 x = policy_xfeatures(host);
	u32 features = host->backend & FIRST_GROUP;

	if (host->arch_capabilities)
		features |= POLICY_ARCH_CAPABILITIES;
	if (x)
		features |= POLICY_XSAVE;
	else
		features &= ~(u32)POLICY_XSAVES;
	if (x & XFEATURE_AVX)
		features |= POLICY_AVX;
	if (x & XFEATURE_OPMASK)
		features |= POLICY_AVX512;
	if (x & XFEATURE_PKRU)
		features |= POLICY_PKRU;
	if (x & XFEATURE_TILEDATA)
		features |= POLICY_AMX;
	return features;
}

u8 policy_phys_bits(const struct policy_host *host, const struct policy_vm *vm)
{
	u32 r[4] = {0};

	if (vm->phys_bits)
		return vm->phys_bits;
	host->cpuid(host->ctx, 0x80000000, 0, r);
	if (r[CPUID_EAX] < 0x80000008)
		return 36; /* SDM 3A, Enumeration of Paging Features by CPUID */
	host->cpuid(host->ctx, 0x80000008, 0, r);
	return (u8)r[CPUID_EAX];
}

/* SSE may be off while x87 is on: the one group that XCR0 may split. */
bool policy_xcr0_valid(u64 offered, u64 xcr0)
{
	if (xcr0 & ~offered || !(xcr0 & XFEATURE_X87))
		return false;
	if (xcr0 & XFEATURE_AVX && !(xcr0 & XFEATURE_SSE))
		return false;
	if (xcr0 & XFEATURE_AVX512 && ((xcr0 & XFEATURE_AVX512) != XFEATURE_AVX512 || !(xcr0 & XFEATURE_AVX)))
		return false;
	return !(xcr0 & XFEATURE_AMX) || (xcr0 & XFEATURE_AMX) == XFEATURE_AMX;
}
