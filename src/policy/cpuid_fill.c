// SPDX-License-Identifier: Apache-2.0
// The parts of CPUID leaves that are computed: identity, topology, sizes, frequencies. SDM 2, CPUID.
#include "base/checked.h"
#include "base/mem.h"
#include "policy/cpuid_priv.h"
#include "x86/regs/control.h"

static bool has_nodes(const struct cpuid_build *b)
{
	return b->vm->numa && b->vm->numa->node_count > 1;
}

/* Bits of APIC id that number the vcpus of a package: the smallest power of two that holds them. */
static u32 topology_shift(const struct cpuid_build *b)
{
	if (has_nodes(b) || (b->vm->numa && b->vm->numa->has_apic_ids))
		return vnuma_package_shift(b->vm->numa);
	return b->vm->vcpu_count > 1 ? bit_highest(b->vm->vcpu_count - 1) + 1 : 0;
}

void cpuid_fill_none(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)b;
	(void)leaf;
	(void)subleaf;
	(void)slot;
}

bool cpuid_is_amd(const u32 reg[4])
{
	char name[12];

	memcpy(name, &reg[CPUID_EBX], 4);
	memcpy(name + 4, &reg[CPUID_EDX], 4);
	memcpy(name + 8, &reg[CPUID_ECX], 4);
	return !memcmp(name, "AuthenticAMD", sizeof(name)) || !memcmp(name, "HygonGenuine", sizeof(name));
}

/* Vendor strings: leaf 0 of Intel; AMD repeats it in leaf 0x80000000, Intel has zeros there. */
void cpuid_fill_vendor(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	cpuid_host(b, leaf, subleaf, slot->reg);
	b->table->is_amd = cpuid_is_amd(slot->reg);
	slot->reg[CPUID_EAX] = b->table->basic_count - 1;
}

/* APM 3, CPUID Fn8000_0001_ECX: TopologyExtensions, leaves 0x8000001d and 0x8000001e. */
static bool has_topoext(const struct cpuid_build *b)
{
	u32 host[4];

	cpuid_host(b, CPUID_EXTENDED_BASE + 1, 0, host);
	return host[CPUID_ECX] & BIT(22);
}

void cpuid_fill_extended(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	cpuid_host(b, leaf, subleaf, slot->reg);
	b->table->extended_count = has_topoext(b) ? POLICY_CPUID_EXTENDED : 9;
	slot->reg[CPUID_EAX] = CPUID_EXTENDED_BASE + b->table->extended_count - 1;
}

void cpuid_fill_version(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	u32 host[4];

	cpuid_host(b, leaf, subleaf, host);
	slot->live = POLICY_LIVE_VERSION;
	slot->reg[CPUID_EAX] = host[CPUID_EAX];
	/* CLFLUSH line as the host's; brand index 0; the APIC id is live. */
	slot->reg[CPUID_EBX] = host[CPUID_EBX] & 0xff00;
	slot->reg[CPUID_EBX] |= MIN(1u << topology_shift(b), 255u) << 16;
	if (b->vm->vcpu_count > 1)
		slot->reg[CPUID_EDX] |= (u32)BIT(28); /* HTT: the count in EBX[23:16] is valid */
}

/* Level 1 and 2 belong to a vcpu, what is further out is shared by all (SDM 2, Deterministic Cache Parameters). */
void cpuid_fill_caches(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	u32 *eax = &slot->reg[CPUID_EAX];
	u32 ids = MIN((1u << topology_shift(b)) - 1, 4095u); /* has 12 bits */

	(void)leaf;
	(void)subleaf;
	if (!(*eax & 0x1f)) {
		memset(slot->reg, 0, sizeof(slot->reg));
		return;
	}
	*eax &= 0x3fff;
	if ((*eax >> 5 & 7) > 2)
		*eax |= ids << 14;
	*eax |= MIN(ids, 63u) << 26;
}

void cpuid_fill_feature_count(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	u32 host[4];

	if (subleaf)
		return;
	cpuid_host(b, leaf, 0, host);
	slot->reg[CPUID_EAX] = MIN(host[CPUID_EAX], 2u);
	slot->live = POLICY_LIVE_FEATURES;
}

static u32 package_vcpus(const struct cpuid_build *b, u32 package)
{
	return has_nodes(b) ? vnuma_count(b->vm->numa->node[package].vcpus) : b->vm->vcpu_count;
}

/* By the id of its first vcpu; one without vcpus is never asked for. */
static u32 package_number(const struct cpuid_build *b, u32 package)
{
	const struct vnuma *v = b->vm->numa;

	if (!v || !v->node[package].vcpus)
		return package;
	return vnuma_apic_id(v, bit_lowest(v->node[package].vcpus)) >> topology_shift(b);
}

/* Which package a vcpu asks from shows in its APIC id: policy_cpuid() looks the number of its vcpus up. */
static void packages_keep(const struct cpuid_build *b)
{
	struct policy_cpuid *t = b->table;

	t->package_shift = (u8)topology_shift(b);
	t->package_count = has_nodes(b) ? (u8)b->vm->numa->node_count : 1;
	for (u32 i = 0; i < t->package_count; i++) {
		t->package_vcpus[i] = (u8)package_vcpus(b, i);
		t->package[i] = (u16)package_number(b, i);
	}
	t->has_wide_ids = b->vm->numa && vnuma_has_wide_ids(b->vm->numa);
}

/* Level 0: one thread in a core; level 1: the cores of the package (SDM 2, Extended Topology Enumeration). */
void cpuid_fill_topology(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)leaf;
	packages_keep(b);
	slot->live = POLICY_LIVE_TOPOLOGY;
	slot->reg[CPUID_EAX] = subleaf ? topology_shift(b) : 0;
	slot->reg[CPUID_EBX] = subleaf ? package_vcpus(b, 0) : 1;
	slot->reg[CPUID_ECX] = (subleaf + 1) << 8 | subleaf;
}

void cpuid_fill_xsave(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	struct policy_cpuid *t = b->table;
	u32 host[4];

	if (!t->xfeatures)
		return;
	if (subleaf == 0) {
		slot->live = POLICY_LIVE_XSAVE;
		slot->reg[CPUID_EAX] = (u32)t->xfeatures;
		slot->reg[CPUID_EDX] = (u32)(t->xfeatures >> 32);
		slot->reg[CPUID_ECX] = policy_xsave_bytes(t, t->xfeatures);
	} else if (subleaf == 1) {
		slot->live = slot->reg[CPUID_EAX] & BITS(3, 1) ? POLICY_LIVE_COMPACT : POLICY_LIVE_NONE;
	} else if (t->xfeatures >> subleaf & 1) {
		cpuid_host(b, leaf, subleaf, host);
		slot->reg[CPUID_EAX] = host[CPUID_EAX];
		slot->reg[CPUID_EBX] = host[CPUID_EBX];
		slot->reg[CPUID_ECX] = host[CPUID_ECX] & 2; /* alignment; bit 0 would mean IA32_XSS, bit 2 XFD */
	}
}

/* TSC = crystal * EBX / EAX, exactly tsc_khz. */
void cpuid_fill_tsc(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = POLICY_CRYSTAL_HZ / 1000;
	slot->reg[CPUID_EBX] = b->vm->tsc_khz;
	slot->reg[CPUID_ECX] = POLICY_CRYSTAL_HZ;
}

/* Base and maximum in MHz are the TSC's, the bus has 100 MHz by convention of this leaf. */
void cpuid_fill_frequency(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	u32 mhz = (b->vm->tsc_khz + 500) / 1000;

	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = MIN(mhz, 0xffffu);
	slot->reg[CPUID_EBX] = MIN(mhz, 0xffffu);
	slot->reg[CPUID_ECX] = 100;
}

void cpuid_fill_amx(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	if (b->features & POLICY_AMX)
		cpuid_host(b, leaf, subleaf, slot->reg);
}

void cpuid_fill_hypervisor(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)b;
	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = CPUID_OURS_BASE + POLICY_CPUID_OURS - 1;
	memcpy(&slot->reg[CPUID_EBX], CPUID_SIGNATURE, 12);
}

/*
 * Linux uses x2APIC mode without interrupt remapping only where it knows the hypervisor, and takes the extended
 * destination id from it only where it is KVM (KVM, "CPUID bits": KVM_FEATURE_MSI_EXT_DEST_ID). It looks for signatures
 * at each 0x100 from 0x40000000 on, so this one stands behind ours.
 */
void cpuid_fill_kvm(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)b;
	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = CPUID_KVMS_BASE + POLICY_CPUID_KVMS - 1;
	memcpy(&slot->reg[CPUID_EBX], "KVMKVMKVM\0\0", 12);
}

void cpuid_fill_kvm_features(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)b;
	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = (u32)BIT(15);
}

void cpuid_fill_timing(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)leaf;
	(void)subleaf;
	slot->reg[CPUID_EAX] = b->vm->tsc_khz;
	slot->reg[CPUID_EBX] = POLICY_CRYSTAL_HZ / 1000;
}

/*
 * AMD has the version again in EAX, and the low feature bits of leaf 1 again in EDX, where the host repeats them. With
 * CmpLegacy the count in leaf 1 is one of cores, not of threads (APM 3, CPUID Fn8000_0001_ECX; Legacy Method).
 */
void cpuid_fill_signature(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	const u32 repeated = 0x0183f3ff; /* APM 3, CPUID Fn8000_0001_EDX: same as Fn0000_0001_EDX */
	const struct policy_cpuid_slot *version = &b->table->slot[b->table->basic[1].first];
	u32 host[4];

	cpuid_host(b, leaf, subleaf, host);
	slot->reg[CPUID_EAX] = host[CPUID_EAX];
	slot->reg[CPUID_EDX] |= host[CPUID_EDX] & version->reg[CPUID_EDX] & repeated;
	if (b->table->is_amd && b->vm->vcpu_count > 1)
		slot->reg[CPUID_ECX] |= (u32)BIT(1);
}

/*
 * Physical bits are the VM's; linear bits 48 without LA57, or 32 without long mode. AMD's ECX: how many cores the
 * package has, less 1, which is live, and how many bits of the APIC id number them (APM 3, CPUID Fn8000_0008_ECX).
 */
void cpuid_fill_addresses(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	u32 host[4];

	cpuid_host(b, leaf, subleaf, host);
	slot->reg[CPUID_EAX] = (u32)policy_phys_bits(b->host, b->vm) | MIN(host[CPUID_EAX] >> 8 & 0xff, 48u) << 8;
	if (!b->table->is_amd)
		return;
	slot->live = POLICY_LIVE_CORES;
	slot->reg[CPUID_ECX] = topology_shift(b) << 12;
}

/*
 * In the form of leaf 4 (APM 3, CPUID Fn8000_001D). What the two differ in, the number of cores in EAX[31:26], AMD has
 * not.
 */
void cpuid_fill_amd_caches(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	if (!has_topoext(b))
		return;
	cpuid_host(b, leaf, subleaf, slot->reg);
	cpuid_fill_caches(b, leaf, subleaf, slot);
	slot->reg[CPUID_EAX] &= (u32)BITS(25, 0);
}

/* One thread in a core, one node in a package (APM 3, CPUID Fn8000_001E): all but that is live. */
void cpuid_fill_amd_core(struct cpuid_build *b, u32 leaf, u32 subleaf, struct policy_cpuid_slot *slot)
{
	(void)leaf;
	(void)subleaf;
	if (has_topoext(b))
		slot->live = POLICY_LIVE_CORE;
}
