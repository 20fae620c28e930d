// SPDX-License-Identifier: Apache-2.0
// The CPUID policy: evaluation of cpuid.def into a VM's table, and the lookup that an exit makes.
#include "policy/cpuid.h"

#include "base/mem.h"
#include "policy/cpuid_priv.h"
#include "x86/regs/control.h"

/* An XSAVE area has its legacy part and header, even with nothing behind them (SDM 1, XSAVE Area). */
#define XSAVE_LEGACY_BYTES 576u
/* More than the components of any CPU take: a host that says more is not believed. */
#define XSAVE_SANE_BYTES 65536u

#define LEAF_FREQUENCIES 0x16u

enum leaf_action { LEAF_ZERO, LEAF_PASS, LEAF_BITS };

static const struct {
	u32 leaf;
	u8 subleaves;
	u8 action;
	cpuid_fill_fn *fill;
} leaves[] = {
#define L(number, count, action_name, fill_name, reason) {number, count, LEAF_##action_name, cpuid_fill_##fill_name},
#define B(number, sub, reg_name, bit_number, name, action_name, reason)
#include "policy/cpuid.def"
#undef L
#undef B
};

/* The actions of rows about bits: what to do, and the feature to have for it. */
#define ACTION_HIDE POLICY_HIDE, 0
#define ACTION_PASS POLICY_PASS, 0
#define ACTION_ON POLICY_ON, 0
#define ACTION_LIVE POLICY_LIVE, 0
#define ACTION_IF_RDTSCP POLICY_PASS, POLICY_RDTSCP
#define ACTION_IF_INVPCID POLICY_PASS, POLICY_INVPCID
#define ACTION_IF_XSAVES POLICY_PASS, POLICY_XSAVES
#define ACTION_IF_USER_WAIT POLICY_PASS, POLICY_USER_WAIT
#define ACTION_IF_SPEC_CTRL POLICY_PASS, POLICY_SPEC_CTRL
#define ACTION_IF_ARCH_CAPABILITIES POLICY_PASS, POLICY_ARCH_CAPABILITIES
#define ACTION_IF_XSAVE POLICY_PASS, POLICY_XSAVE
#define ACTION_IF_AVX POLICY_PASS, POLICY_AVX
#define ACTION_IF_AVX512 POLICY_PASS, POLICY_AVX512
#define ACTION_IF_PKRU POLICY_PASS, POLICY_PKRU
#define ACTION_IF_AMX POLICY_PASS, POLICY_AMX

const struct policy_cpuid_bit policy_cpuid_bits[] = {
#define L(number, count, action_name, fill_name, reason)
#define B(number, sub, reg_name, bit_number, name, action_name, reason)                                                \
	{number, sub, CPUID_##reg_name, bit_number, ACTION_##action_name, #name, reason},
#include "policy/cpuid.def"
#undef L
#undef B
};

const size_t policy_cpuid_bit_count = ARRAY_COUNT(policy_cpuid_bits);

void cpuid_host(const struct cpuid_build *b, u32 leaf, u32 subleaf, u32 out[4])
{
	u32 base = leaf & CPUID_EXTENDED_BASE;

	memset(out, 0, 4 * sizeof(*out));
	b->host->cpuid(b->host->ctx, base, 0, out);
	if (leaf > out[CPUID_EAX])
		memset(out, 0, 4 * sizeof(*out));
	else if (leaf != base)
		b->host->cpuid(b->host->ctx, leaf, subleaf, out);
}

static struct policy_cpuid_leaf *leaf_entry(struct policy_cpuid *t, u32 leaf)
{
	if (leaf >= CPUID_EXTENDED_BASE)
		return &t->extended[leaf - CPUID_EXTENDED_BASE];
	if (leaf >= CPUID_KVMS_BASE)
		return &t->kvms[leaf - CPUID_KVMS_BASE];
	if (leaf >= CPUID_OURS_BASE)
		return &t->ours[leaf - CPUID_OURS_BASE];
	return &t->basic[leaf];
}

/* The feature bits of a sub-leaf. */
static void apply_bits(const struct cpuid_build *b, u32 leaf, u32 subleaf, u32 reg[4])
{
	u32 host[4];

	cpuid_host(b, leaf, subleaf, host);
	for (size_t i = 0; i < policy_cpuid_bit_count; i++) {
		const struct policy_cpuid_bit *row = &policy_cpuid_bits[i];
		u32 mask = (u32)BIT(row->bit);

		if (row->leaf != leaf || row->subleaf != subleaf)
			continue;
		if (row->action == POLICY_ON)
			reg[row->reg] |= mask;
		else if (row->action == POLICY_PASS && (b->features & row->needs) == row->needs)
			reg[row->reg] |= host[row->reg] & mask;
	}
}

/* How many of the sub-leaves that the row allows the VM has: leaf 0xd ends at its last feature, 7 where the host's. */
static u32 subleaf_count(const struct cpuid_build *b, u32 leaf, u32 allowed)
{
	u32 host[4];

	if (leaf == 0xd)
		return MAX(2u, b->table->xfeatures ? bit_highest(b->table->xfeatures) + 1 : 0);
	if (leaf == 7) {
		cpuid_host(b, 7, 0, host);
		return MIN(allowed, MIN(host[CPUID_EAX], 2u) + 1);
	}
	return allowed;
}

static void add_leaf(struct cpuid_build *b, size_t row)
{
	struct policy_cpuid *t = b->table;
	u32 leaf = leaves[row].leaf;
	u32 count = subleaf_count(b, leaf, leaves[row].subleaves);

	*leaf_entry(t, leaf) = (struct policy_cpuid_leaf){
		.first = (u8)t->slot_count,
		.count = (u8)count,
		.is_indexed = leaves[row].subleaves > 1,
	};
	for (u32 subleaf = 0; subleaf < count; subleaf++) {
		struct policy_cpuid_slot *slot = &t->slot[t->slot_count++];

		if (leaves[row].action == LEAF_PASS)
			cpuid_host(b, leaf, subleaf, slot->reg);
		else if (leaves[row].action == LEAF_BITS)
			apply_bits(b, leaf, subleaf, slot->reg);
		leaves[row].fill(b, leaf, subleaf, slot);
	}
}

/* Where the host keeps each XSAVE component. */
static err_t learn_components(struct cpuid_build *b)
{
	u32 host[4];

	b->table->xfeatures = policy_xfeatures(b->host);
	for (u32 i = 2; i < POLICY_XSAVE_COMPONENTS; i++) {
		if (!(b->table->xfeatures >> i & 1))
			continue;
		cpuid_host(b, 0xd, i, host);
		if (host[CPUID_EAX] > XSAVE_SANE_BYTES || host[CPUID_EBX] > XSAVE_SANE_BYTES)
			return ERR_RANGE;
		b->table->component[i] = (struct policy_xsave_component){
			.bytes = host[CPUID_EAX],
			.offset = host[CPUID_EBX],
			.is_aligned = host[CPUID_ECX] & 2,
		};
	}
	return OK;
}

/* The short way for leaves that need no thought at an exit. */
static void find_constants(struct policy_cpuid *t)
{
	for (u32 leaf = 0; leaf < t->basic_count; leaf++) {
		const struct policy_cpuid_leaf *entry = &t->basic[leaf];

		if (entry->count == 1 && !entry->is_indexed && t->slot[entry->first].live == POLICY_LIVE_NONE)
			t->constant[leaf] = (u8)(entry->first + 1);
	}
}

/* The table's slots cannot overflow: checked here for the most that the rows can ask for. */
#define L(number, count, action_name, fill_name, reason) +(count)
#define B(number, sub, reg_name, bit_number, name, action_name, reason)
_Static_assert((0
#include "policy/cpuid.def"
		) <= POLICY_CPUID_SLOTS,
	       "room for every row");
#undef L
#undef B

/*
 * The frequencies are in leaves 0x15 and 0x16, but not on AMD's processors: nobody looks for them there, and the C
 * library asks for one more leaf at the start of each program where there seem to be so many (0x40000010 has them,
 * too).
 */
static u32 basic_count(const u32 *leaf_0)
{
	u32 least = cpuid_is_amd(leaf_0) ? 0 : LEAF_FREQUENCIES;

	return MIN(MAX(leaf_0[CPUID_EAX], least) + 1, POLICY_CPUID_BASIC);
}

err_t policy_cpuid_init(struct policy_cpuid *table, const struct policy_host *host, const struct policy_vm *vm)
{
	struct cpuid_build b = {.table = table, .host = host, .vm = vm, .features = policy_features(host)};
	u32 r[4];
	err_t err;

	if (vm->vcpu_count < 1 || vm->vcpu_count > 255 || !vm->tsc_khz)
		return ERR_RANGE;
	if (vm->phys_bits && (vm->phys_bits < 32 || vm->phys_bits > 52))
		return ERR_RANGE;
	memset(table, 0, sizeof(*table));
	cpuid_host(&b, 0, 0, r);
	b.host_max = r[CPUID_EAX];
	table->basic_count = basic_count(r);
	err = learn_components(&b);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_COUNT(leaves); i++)
		add_leaf(&b, i);
	find_constants(table);
	return OK;
}

u32 policy_xsave_bytes(const struct policy_cpuid *table, u64 features)
{
	u32 bytes = XSAVE_LEGACY_BYTES;

	for (u32 i = 2; i < POLICY_XSAVE_COMPONENTS; i++)
		if (features & table->xfeatures & BIT(i))
			bytes = MAX(bytes, table->component[i].offset + table->component[i].bytes);
	return bytes;
}

u32 policy_xsave_compact_bytes(const struct policy_cpuid *table, u64 features)
{
	u32 bytes = XSAVE_LEGACY_BYTES;

	for (u32 i = 2; i < POLICY_XSAVE_COMPONENTS; i++) {
		if (!(features & table->xfeatures & BIT(i)))
			continue;
		if (table->component[i].is_aligned)
			bytes = ALIGN_UP(bytes, 64u);
		bytes += table->component[i].bytes;
	}
	return bytes;
}

/* Bits of leaf 1 and leaf 7.0 that follow the vcpu's registers: the LIVE rows of cpuid.def. */
#define LEAF1_ECX_OSXSAVE BIT(27)
#define LEAF1_EDX_APIC BIT(9)
#define LEAF7_ECX_OSPKE BIT(4)

/* The vcpus of the package that this APIC id is in; at least 1. */
static u32 package_vcpus(const struct policy_cpuid *t, u32 apic_id)
{
	for (u32 i = 0; i < t->package_count; i++)
		if (apic_id >> t->package_shift == t->package[i])
			return MAX(t->package_vcpus[i], (u8)1);
	return 1;
}

static void patch_live(const struct policy_cpuid *t, const struct policy_cpuid_vcpu *v, u8 live, u32 out[4])
{
	switch (live) {
	case POLICY_LIVE_VERSION:
		out[CPUID_EBX] |= v->apic_id << 24;
		if (v->cr4 & CR4_OSXSAVE)
			out[CPUID_ECX] |= (u32)LEAF1_ECX_OSXSAVE;
		if (v->is_apic_enabled)
			out[CPUID_EDX] |= (u32)LEAF1_EDX_APIC;
		break;
	case POLICY_LIVE_FEATURES:
		if (v->cr4 & CR4_PKE)
			out[CPUID_ECX] |= (u32)LEAF7_ECX_OSPKE;
		break;
	case POLICY_LIVE_TOPOLOGY:
		if (GET(BITS(7, 0), out[CPUID_ECX]))
			out[CPUID_EBX] = package_vcpus(t, v->apic_id);
		out[CPUID_EDX] = v->apic_id;
		break;
	case POLICY_LIVE_CORES:
		out[CPUID_ECX] |= package_vcpus(t, v->apic_id) - 1;
		break;
	case POLICY_LIVE_CORE:
		out[CPUID_EAX] = v->apic_id;
		out[CPUID_EBX] = v->apic_id & ((1u << t->package_shift) - 1) & 0xff;
		out[CPUID_ECX] = v->apic_id >> t->package_shift & 0xff;
		break;
	case POLICY_LIVE_XSAVE:
		out[CPUID_EBX] = policy_xsave_bytes(t, v->xcr0);
		break;
	case POLICY_LIVE_COMPACT:
		out[CPUID_EBX] = policy_xsave_compact_bytes(t, v->xcr0);
		break;
	default:
		break;
	}
}

/* A leaf above the highest basic one gives the highest basic one (SDM 2, CPUID); ours, where empty, give zeros. */
static const struct policy_cpuid_leaf *leaf_find(const struct policy_cpuid *t, u32 leaf)
{
	if (leaf < t->basic_count)
		return &t->basic[leaf];
	if (leaf - CPUID_EXTENDED_BASE < t->extended_count)
		return &t->extended[leaf - CPUID_EXTENDED_BASE];
	if (leaf - CPUID_OURS_BASE < POLICY_CPUID_OURS)
		return &t->ours[leaf - CPUID_OURS_BASE];
	if (leaf - CPUID_OURS_BASE < 0x100)
		return NULL;
	if (leaf - CPUID_KVMS_BASE < POLICY_CPUID_KVMS && t->has_wide_ids)
		return &t->kvms[leaf - CPUID_KVMS_BASE];
	return &t->basic[t->basic_count - 1];
}

void policy_cpuid(const struct policy_cpuid *table, const struct policy_cpuid_vcpu *vcpu, u32 leaf, u32 subleaf,
		  u32 out[4])
{
	const struct policy_cpuid_leaf *entry = leaf_find(table, leaf);
	const struct policy_cpuid_slot *slot;

	out[0] = out[1] = out[2] = out[3] = 0;
	if (!entry || !entry->count)
		return;
	slot = &table->slot[entry->first];
	if (entry->is_indexed) {
		if (subleaf >= entry->count) {
			/* Past the last level, leaf 0xb still echoes the sub-leaf and gives the APIC id. */
			if (slot->live != POLICY_LIVE_TOPOLOGY)
				return;
			out[CPUID_ECX] = subleaf & 0xff;
			out[CPUID_EDX] = vcpu->apic_id;
			return;
		}
		slot += subleaf;
	}
	for (unsigned i = 0; i < 4; i++)
		out[i] = slot->reg[i];
	if (slot->live)
		patch_live(table, vcpu, slot->live, out);
}
