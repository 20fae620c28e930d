/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the CPUID policy: what fill functions get. */
#ifndef ETERNA_POLICY_CPUID_PRIV_H
#define ETERNA_POLICY_CPUID_PRIV_H

#include "policy/cpuid.h"

#define CPUID_SIGNATURE "EternaEterna"
#define CPUID_OURS_BASE 0x40000000u
#define CPUID_KVMS_BASE 0x40000100u
#define CPUID_EXTENDED_BASE 0x80000000u

/* The evaluation of one VM's table. */
struct cpuid_build {
	struct policy_cpuid *table;
	const struct policy_host *host;
	const struct policy_vm *vm;
	u32 features; /* policy_features() */
	u32 host_max; /* highest basic leaf of the host */
};

/* What computes a leaf beyond its feature bits: called for each sub-leaf with what the action left in the slot. */
typedef void cpuid_fill_fn(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot);

cpuid_fill_fn cpuid_fill_none, cpuid_fill_vendor, cpuid_fill_version, cpuid_fill_caches, cpuid_fill_feature_count,
	cpuid_fill_topology, cpuid_fill_xsave, cpuid_fill_tsc, cpuid_fill_frequency, cpuid_fill_amx,
	cpuid_fill_hypervisor, cpuid_fill_timing, cpuid_fill_extended, cpuid_fill_signature, cpuid_fill_addresses,
	cpuid_fill_amd_caches, cpuid_fill_amd_core, cpuid_fill_kvm, cpuid_fill_kvm_features;

/* Is it by leaf 0 one of the vendors who follow the APM? */
bool cpuid_is_amd(const u32 leaf_0[4]);

/* The host's CPUID; zeros for leaves that it does not have. */
void cpuid_host(const struct cpuid_build *b, u32 leaf, u32 subleaf, u32 out[4]);

#endif
