/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID as guests see it. The rules are rows of cpuid.def; they are evaluated once, when the VM is created, into a
 * table. An exit then costs a lookup by index and, in a few leaves, a patch from the vcpu's registers.
 */
#ifndef ETERNA_POLICY_CPUID_H
#define ETERNA_POLICY_CPUID_H

#include "base/err.h"
#include "policy/host.h"

#define POLICY_CPUID_BASIC 0x20u    /* leaves 0 to 0x1f */
#define POLICY_CPUID_EXTENDED 0x1fu /* leaves 0x80000000 to 0x8000001e */
#define POLICY_CPUID_OURS 0x11u     /* leaves 0x40000000 to 0x40000010 */
#define POLICY_CPUID_KVMS 2u        /* leaves 0x40000100 and 0x40000101, of VMs with ids of more than 8 bits */
#define POLICY_CPUID_SLOTS 96u
#define POLICY_XSAVE_COMPONENTS 32u

/* What of a leaf follows the vcpu's registers. */
enum policy_live {
	POLICY_LIVE_NONE,
	POLICY_LIVE_VERSION,  /* leaf 1 */
	POLICY_LIVE_FEATURES, /* leaf 7.0 */
	POLICY_LIVE_TOPOLOGY, /* leaves 0xb and 0x1f */
	POLICY_LIVE_CORES,    /* leaf 0x80000008 of AMD */
	POLICY_LIVE_CORE,     /* leaf 0x8000001e */
	POLICY_LIVE_XSAVE,    /* leaf 0xd.0 */
	POLICY_LIVE_COMPACT,  /* leaf 0xd.1 */
};

struct policy_cpuid_slot {
	u32 reg[4]; /* enum cpuid_reg */
	u8 live;    /* enum policy_live */
};

/* The sub-leaves of a leaf: slots [first, first + count). */
struct policy_cpuid_leaf {
	u8 first;
	u8 count;
	bool is_indexed; /* by ECX; else the one slot is for each value of it */
};

struct policy_xsave_component {
	u32 bytes;
	u32 offset;      /* in the standard format */
	bool is_aligned; /* to 64 bytes in the compacted format */
};

/* Read-only after policy_cpuid_init(). */
struct policy_cpuid {
	u32 basic_count; /* highest basic leaf + 1 */
	u32 extended_count;
	u32 slot_count;
	struct policy_cpuid_leaf basic[POLICY_CPUID_BASIC];
	struct policy_cpuid_leaf extended[POLICY_CPUID_EXTENDED];
	struct policy_cpuid_leaf ours[POLICY_CPUID_OURS];
	struct policy_cpuid_leaf kvms[POLICY_CPUID_KVMS];
	struct policy_cpuid_slot slot[POLICY_CPUID_SLOTS];
	u8 constant[POLICY_CPUID_BASIC]; /* slot + 1 of a leaf that has one and nothing live in it; else 0 */

	u8 package_shift; /* an APIC id shifted by it is the number of the vcpu's package */
	u8 package_count;
	bool has_wide_ids;            /* more than 8 bits */
	bool is_amd;                  /* by the vendor's name: its own leaves about topology count */
	u16 package[VNUMA_NODES_MAX]; /* its number */
	u8 package_vcpus[VNUMA_NODES_MAX];

	u64 xfeatures; /* as policy_xfeatures() */
	struct policy_xsave_component component[POLICY_XSAVE_COMPONENTS];
};

/* The registers of a vcpu that CPUID shows. */
struct policy_cpuid_vcpu {
	u32 apic_id;
	bool is_apic_enabled; /* IA32_APIC_BASE.EN */
	u64 cr4;              /* as the guest sees it */
	u64 xcr0;
};

/*
 * Evaluate the policy.
 *
 * @return OK; ERR_RANGE when a member of `vm` is out of range, or the host's XSAVE components lie outside any sane area
 */
err_t policy_cpuid_init(struct policy_cpuid *table, const struct policy_host *host, const struct policy_vm *vm)
	MUST_CHECK;

/* CPUID with EAX `leaf` and ECX `subleaf` on that vcpu; out[] by enum cpuid_reg. Any input has an answer. */
void policy_cpuid(const struct policy_cpuid *table, const struct policy_cpuid_vcpu *vcpu, u32 leaf, u32 subleaf,
		  u32 out[4]);

/* The registers of a basic leaf that are the same whatever the vcpu does; NULL: ask policy_cpuid(). */
static inline const struct policy_cpuid_slot *policy_cpuid_constant(const struct policy_cpuid *table, u32 leaf)
{
	if (leaf >= POLICY_CPUID_BASIC || !table->constant[leaf])
		return NULL;
	return table->slot + table->constant[leaf] - 1;
}

/* Bytes of an XSAVE area of the standard and of the compacted format with these features (SDM 1, XSAVE Area). */
u32 policy_xsave_bytes(const struct policy_cpuid *table, u64 features);
u32 policy_xsave_compact_bytes(const struct policy_cpuid *table, u64 features);

/* A row about a feature bit, for listings. */
struct policy_cpuid_bit {
	u32 leaf;
	u8 subleaf;
	u8 reg; /* enum cpuid_reg */
	u8 bit;
	u8 action; /* enum policy_action */
	u32 needs; /* enum policy_feature, for POLICY_PASS; 0 for none */
	const char *name;
	const char *reason;
};
enum policy_action { POLICY_HIDE, POLICY_PASS, POLICY_ON, POLICY_LIVE };

extern const struct policy_cpuid_bit policy_cpuid_bits[];
extern const size_t policy_cpuid_bit_count;

#endif
