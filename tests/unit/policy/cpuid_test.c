// SPDX-License-Identifier: Apache-2.0
// The CPUID policy: rows do what they say, leaves agree with one another, and an operating system finds what it needs.
#include "policy/cpuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/cpuid.h"

static const struct policy_host full = {
	.cpuid = fake_cpuid_full,
	.backend = FAKE_BACKEND_ALL,
	.xfeatures = FAKE_XFEATURES_ALL,
	.arch_capabilities = 1,
};
static const struct policy_host full_bare = {.cpuid = fake_cpuid_full};
static const struct policy_host empty = {.cpuid = fake_cpuid_empty};
static const struct policy_host skylake = {
	.cpuid = fake_cpuid_skylake,
	.backend = POLICY_RDTSCP | POLICY_INVPCID,
	.xfeatures = FAKE_XFEATURES_ALL & ~XFEATURE_AMX,
};
static const struct policy_host epyc = {.cpuid = fake_cpuid_epyc};
static const struct policy_vm two = {.vcpu_count = 2, .tsc_khz = 50000};

static struct policy_cpuid table;

static void build(const struct policy_host *host, const struct policy_vm *vm)
{
	assert_int_equal(policy_cpuid_init(&table, host, vm), OK);
	assert_true(table.slot_count <= POLICY_CPUID_SLOTS);
}

struct result {
	u32 eax, ebx, ecx, edx;
};

static struct result ask_on(struct policy_cpuid_vcpu vcpu, u32 leaf, u32 subleaf)
{
	u32 r[4];

	policy_cpuid(&table, &vcpu, leaf, subleaf, r);
	if (policy_cpuid_constant(&table, leaf))
		assert_memory_equal(policy_cpuid_constant(&table, leaf)->reg, r, sizeof(r));
	return (struct result){r[CPUID_EAX], r[CPUID_EBX], r[CPUID_ECX], r[CPUID_EDX]};
}

static struct result ask(u32 leaf, u32 subleaf)
{
	return ask_on((struct policy_cpuid_vcpu){.is_apic_enabled = true, .xcr0 = 1}, leaf, subleaf);
}

static u32 reg_of(struct result r, unsigned reg)
{
	return ((const u32[]){r.eax, r.ebx, r.ecx, r.edx})[reg];
}

static void assert_zero(u32 leaf, u32 subleaf)
{
	struct result r = ask(leaf, subleaf);

	if (r.eax || r.ebx || r.ecx || r.edx)
		fail_msg("leaf 0x%x.%u is not zero", leaf, subleaf);
}

static void rows_are_unique_and_reasoned(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_cpuid_bit_count; i++) {
		const struct policy_cpuid_bit *a = &policy_cpuid_bits[i];

		assert_true(a->bit < 32);
		assert_true(strlen(a->reason) > 4);
		for (size_t k = 0; k < i; k++) {
			const struct policy_cpuid_bit *b = &policy_cpuid_bits[k];

			if (a->leaf == b->leaf && a->subleaf == b->subleaf && a->reg == b->reg)
				assert_int_not_equal(a->bit, b->bit);
		}
	}
}

/* What a row makes of a host bit that is 1 or 0, with or without the backend's features. */
static bool expected_bit(const struct policy_cpuid_bit *row, bool host, bool has_features)
{
	if (row->action == POLICY_PASS)
		return host && (!row->needs || has_features);
	return row->action == POLICY_ON;
}

static void check_rows(bool host, bool has_features)
{
	for (size_t i = 0; i < policy_cpuid_bit_count; i++) {
		const struct policy_cpuid_bit *row = &policy_cpuid_bits[i];
		struct result r = ask_on((struct policy_cpuid_vcpu){.is_apic_enabled = false, .xcr0 = 1}, row->leaf,
					 row->subleaf);
		bool is_set = reg_of(r, row->reg) >> row->bit & 1;

		if (row->leaf == 1 && row->reg == CPUID_EDX && row->bit == 28)
			continue; /* HTT: by number of vcpus */
		if (is_set != expected_bit(row, host, has_features))
			fail_msg("%s is %d, host %d, features %d", row->name, is_set, host, has_features);
	}
}

static void rows_do_what_they_say(void **state)
{
	(void)state;
	build(&full, &two);
	check_rows(true, true);
	build(&full_bare, &two);
	check_rows(true, false);
	build(&empty, &two);
	check_rows(false, false);
}

/* On a host of ones, feature registers show no bit but those of rows. */
static void bits_without_a_row_are_hidden(void **state)
{
	static const struct {
		u32 leaf, subleaf;
		unsigned reg;
	} registers[] = {
		{0x1, 0, CPUID_ECX},        {0x1, 0, CPUID_EDX},        {0x6, 0, CPUID_EAX},
		{0x6, 0, CPUID_EBX},        {0x6, 0, CPUID_ECX},        {0x6, 0, CPUID_EDX},
		{0x7, 0, CPUID_EBX},        {0x7, 0, CPUID_ECX},        {0x7, 0, CPUID_EDX},
		{0x7, 1, CPUID_EAX},        {0x7, 1, CPUID_EBX},        {0x7, 1, CPUID_ECX},
		{0x7, 1, CPUID_EDX},        {0x7, 2, CPUID_EAX},        {0x7, 2, CPUID_EDX},
		{0xd, 1, CPUID_EAX},        {0xd, 1, CPUID_ECX},        {0xd, 1, CPUID_EDX},
		{0x80000001, 0, CPUID_ECX}, {0x80000007, 0, CPUID_EDX}, {0x80000007, 0, CPUID_EAX},
		{0x80000008, 0, CPUID_EBX},
	};

	(void)state;
	build(&full, &two);
	for (size_t i = 0; i < ARRAY_COUNT(registers); i++) {
		u32 rows = 0;

		for (size_t k = 0; k < policy_cpuid_bit_count; k++) {
			const struct policy_cpuid_bit *row = &policy_cpuid_bits[k];

			if (row->leaf == registers[i].leaf && row->subleaf == registers[i].subleaf &&
			    row->reg == registers[i].reg)
				rows |= (u32)BIT(row->bit);
		}
		assert_int_equal(reg_of(ask(registers[i].leaf, registers[i].subleaf), registers[i].reg) & ~rows, 0);
	}
}

/* What must never shine through, in words independent of the rows. */
static void dangerous_features_are_hidden(void **state)
{
	struct result r;

	(void)state;
	build(&full, &two);
	r = ask(1, 0);
	assert_false(r.ecx &
		     (BIT(5) | BIT(6) | BIT(3) | BIT(2) | BIT(7) | BIT(15))); /* VMX SMX MWAIT DTES64 EIST PDCM */
	assert_false(r.edx & (BIT(18) | BIT(21) | BIT(22) | BIT(29)));        /* PSN DS ACPI TM */
	r = ask(7, 0);
	assert_false(r.ebx & (BIT(2) | BIT(14) | BIT(25)));           /* SGX MPX PT */
	assert_false(r.ecx & (BIT(7) | BIT(16) | BIT(23) | BIT(31))); /* CET LA57 KL PKS */
	assert_false(r.edx & (BIT(5) | BIT(18) | BIT(19) | BIT(20))); /* UINTR PCONFIG LBR IBT */
	assert_false(ask(7, 1).eax & (BIT(17) | BIT(22) | BIT(26)));  /* FRED HRESET LAM */
	assert_false(ask(0x80000001, 0).ecx & BIT(2));                /* SVM */
	for (u32 leaf = 0; leaf < 0x20; leaf++)
		if (leaf == 3 || leaf == 5 || (leaf >= 8 && leaf <= 0xa) || leaf == 0xc ||
		    (leaf >= 0xe && leaf <= 0x14) || (leaf >= 0x17 && leaf <= 0x1c))
			assert_zero(leaf, 0);

	build(&full_bare, &two);
	r = ask(7, 0);
	assert_false(r.edx & (BIT(26) | BIT(27) | BIT(31) | BIT(29))); /* IBRS STIBP SSBD ARCH_CAPABILITIES */
	assert_false(ask(1, 0).ecx & (BIT(26) | BIT(28)));             /* XSAVE AVX */
	assert_zero(0xd, 0);
	assert_zero(0xd, 1);
	assert_zero(0x1d, 1);
}

static void identity_is_the_hosts(void **state)
{
	struct result r;
	char name[13] = "";

	(void)state;
	build(&skylake, &two);
	r = ask(0, 0);
	assert_int_equal(r.eax, 0x16);
	assert_int_equal(r.ebx, 0x756e6547);
	assert_int_equal(ask(1, 0).eax, 0x50654);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000008);
	assert_int_equal(ask(0x80000002, 0).ebx, 0x2952286c);
	assert_int_equal(ask(0x80000008, 0).eax, 0x302e);
	r = ask(0x40000000, 0);
	assert_int_equal(r.eax, 0x40000010);
	memcpy(name, &r.ebx, 12);
	assert_string_equal(name, "EternaEterna");
	for (u32 leaf = 0x40000001; leaf < 0x40000010; leaf++)
		assert_zero(leaf, 0);
	assert_zero(0x40000011, 0);
	assert_zero(0x400000ff, 0);

	build(&empty, &two);
	assert_int_equal(ask(0, 0).eax, 0x16);
	assert_int_equal(ask(0x80000008, 0).eax & 0xff, 36);
	build(&full, &two);
	assert_int_equal(ask(0, 0).eax, 0x1f);
	assert_int_equal(ask(0x80000008, 0).eax, 0x302e); /* 57 bits are not offered */
	build(&full, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 1, .phys_bits = 39});
	assert_int_equal(ask(0x80000008, 0).eax, 0x3027);
}

static void amd_has_no_frequency_leaves(void **state)
{
	(void)state;
	build(&epyc, &two);
	assert_int_equal(ask(0, 0).eax, 0x10);
	assert_int_equal(ask(0x40000010, 0).eax, two.tsc_khz);
}

static void leaves_out_of_range_give_the_highest(void **state)
{
	struct result highest, r;

	(void)state;
	build(&skylake, &two);
	highest = ask(0x16, 0);
	r = ask(0x17, 0);
	assert_memory_equal(&r, &highest, sizeof(r));
	r = ask(0x80000009, 0);
	assert_memory_equal(&r, &highest, sizeof(r));
	r = ask(UINT32_MAX, 7);
	assert_memory_equal(&r, &highest, sizeof(r));
	assert_zero(7, 1); /* sub-leaves that the host does not have */
	assert_zero(7, 3);
	assert_zero(0xd, 40);
	assert_zero(4, 4);
	assert_zero(4, 99);
}

static void tsc_frequency_is_exact(void **state)
{
	static const u32 khz[] = {50000, 2100000, 3499997, 1, UINT32_MAX};
	struct result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(khz); i++) {
		build(&skylake, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = khz[i]});
		r = ask(0x15, 0);
		assert_int_equal((u64)r.ecx * r.ebx / r.eax, (u64)khz[i] * 1000);
		assert_int_equal(r.ecx, POLICY_CRYSTAL_HZ);
		r = ask(0x40000010, 0);
		assert_int_equal(r.eax, khz[i]);
		assert_int_equal(r.ebx, POLICY_CRYSTAL_HZ / 1000);
	}
	build(&skylake, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 2099700});
	r = ask(0x16, 0);
	assert_int_equal(r.eax, 2100);
	assert_int_equal(r.ebx, 2100);
	assert_int_equal(r.ecx, 100);
	assert_true(ask(0x80000007, 0).edx & BIT(8));
}

static void topology_agrees_in_all_leaves(void **state)
{
	static const struct {
		u32 vcpus, shift;
	} cases[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {8, 3}, {9, 4}, {255, 8}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		u32 n = cases[i].vcpus, shift = cases[i].shift;
		struct policy_cpuid_vcpu last = {.apic_id = n - 1};
		struct result r;

		build(&skylake, &(struct policy_vm){.vcpu_count = n, .tsc_khz = 50000});
		r = ask_on(last, 0xb, 0);
		assert_int_equal(r.eax, 0);
		assert_int_equal(r.ebx, 1);
		assert_int_equal(r.ecx, 0x100);
		assert_int_equal(r.edx, n - 1);
		r = ask_on(last, 0xb, 1);
		assert_int_equal(r.eax, shift);
		assert_int_equal(r.ebx, n);
		assert_int_equal(r.ecx, 0x201);
		r = ask_on(last, 0xb, 2);
		assert_int_equal(r.ebx, 0);
		assert_int_equal(r.ecx, 2);
		assert_int_equal(r.edx, n - 1);

		r = ask_on(last, 1, 0);
		assert_int_equal(r.ebx >> 24, n - 1);
		assert_int_equal(r.ebx >> 8 & 0xff, 8);
		assert_int_equal(r.ebx >> 16 & 0xff, shift == 8 ? 255 : 1 << shift);
		assert_int_equal(!!(r.edx & BIT(28)), n > 1);

		r = ask_on(last, 4, 0);
		assert_int_equal(r.eax >> 14 & 0xfff, 0);
		assert_int_equal(r.eax >> 26, MIN((1u << shift) - 1, 63u));
		assert_int_equal(r.ebx, 0x01c0003f);
		r = ask_on(last, 4, 3);
		assert_int_equal(r.eax >> 14 & 0xfff, (1u << shift) - 1);
		assert_int_equal(r.eax & 0xff, 0x63);
	}
}

/* Two packages of three and one vcpus: three bits of APIC id, the least, below the package's number. */
static void a_node_is_a_package(void **state)
{
	static const struct vnuma numa = {.node_count = 2, .node = {{0xb, GIB, 0}, {0x4, GIB, 1}}};
	static const struct {
		const struct policy_host *host;
		u32 leaf;
	} cases[] = {{&skylake, 0xb}, {&full, 0xb}, {&full, 0x1f}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		u32 leaf = cases[i].leaf;

		build(cases[i].host, &(struct policy_vm){.vcpu_count = 4, .numa = &numa, .tsc_khz = 50000});
		for (u32 vcpu = 0; vcpu < 4; vcpu++) {
			struct policy_cpuid_vcpu v = {.apic_id = vnuma_apic_id(&numa, vcpu)};

			assert_int_equal(ask_on(v, leaf, 0).ebx, 1);
			assert_int_equal(ask_on(v, leaf, 1).eax, 3);
			assert_int_equal(ask_on(v, leaf, 1).ebx, vcpu == 2 ? 1 : 3);
			assert_int_equal(ask_on(v, leaf, 1).edx >> 3, vcpu == 2);
			assert_int_equal(ask_on(v, 1, 0).ebx >> 24, v.apic_id);
			assert_int_equal(ask_on(v, 1, 0).ebx >> 16 & 0xff, 8);
		}
	}
	build(&skylake, &(struct policy_vm){.vcpu_count = 4, .numa = &numa, .tsc_khz = 50000});
	assert_int_equal(ask(4, 0).eax >> 26, 7);         /* ids of cores in a package */
	assert_int_equal(ask(4, 3).eax >> 14 & 0xfff, 7); /* which share the outer cache */
}

/* Given ids: the low 8 bits in leaf 1 (SDM 3A, Consistency of APIC IDs and CPUID), all of them in leaf 0xb. */
static void given_ids_show_in_all_leaves(void **state)
{
	static const struct {
		struct vnuma numa;
		u32 shift, caches;
		bool is_wide;
	} cases[] = {
		{{.node_count = 1, .node = {{0xf, GIB, 0}}, .has_apic_ids = true, .apic_id = {0, 1, 256, 257}},
		 9,
		 511,
		 true},
		{{.node_count = 1, .node = {{0xf, GIB, 0}}, .has_apic_ids = true, .apic_id = {4, 0x7fff, 5, 6}},
		 15,
		 4095,
		 true},
		{{.node_count = 1, .node = {{0xf, GIB, 0}}, .has_apic_ids = true, .apic_id = {4, 6, 5, 7}},
		 2,
		 3,
		 false},
		{{.node_count = 1, .node = {{0x1, GIB, 0}}, .has_apic_ids = true, .apic_id = {9}}, 0, 0, false},
		{{.node_count = 2,
		  .node = {{0x5, GIB, 0}, {0xa, GIB, 1}},
		  .has_apic_ids = true,
		  .apic_id = {8, 0x7ff0, 9, 0x7ff7}},
		 3,
		 7,
		 true},
		{{.node_count = 2,
		  .node = {{0x3, GIB, 0}, {0xc, GIB, 1}},
		  .has_apic_ids = true,
		  .apic_id = {8, 16, 256, 257}},
		 5,
		 31,
		 true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct vnuma *numa = &cases[i].numa;
		u32 vcpus = vnuma_count(numa->node[0].vcpus | numa->node[1].vcpus);

		build(&skylake, &(struct policy_vm){.vcpu_count = vcpus, .numa = numa, .tsc_khz = 50000});
		assert_int_equal(vnuma_package_shift(numa), cases[i].shift);
		for (u32 vcpu = 0; vcpu < vcpus; vcpu++) {
			struct policy_cpuid_vcpu v = {.apic_id = vnuma_apic_id(numa, vcpu)};
			struct result r = ask_on(v, 0xb, 1);

			assert_int_equal(v.apic_id, numa->apic_id[vcpu]);
			assert_int_equal(r.eax, cases[i].shift);
			assert_int_equal(r.ebx, vcpus / numa->node_count);
			assert_int_equal(r.edx, v.apic_id);
			assert_int_equal(ask_on(v, 0xb, 7).edx, v.apic_id);
			r = ask_on(v, 1, 0);
			assert_int_equal(r.ebx >> 24, v.apic_id & 0xff);
			assert_int_equal(r.ebx >> 16 & 0xff, MIN(1u << cases[i].shift, 255u));
			r = ask_on(v, 4, 3);
			assert_int_equal(r.eax >> 14 & 0xfff, cases[i].caches);
			assert_int_equal(r.eax >> 26, MIN(cases[i].caches, 63u));
		}
		assert_int_equal(vnuma_has_wide_ids(numa), cases[i].is_wide);
	}
	build(&epyc, &(struct policy_vm){.vcpu_count = 4, .numa = &cases[1].numa, .tsc_khz = 50000});
	assert_int_equal(ask(0x80000008, 0).ecx, 15 << 12 | 3);
	assert_int_equal(ask_on((struct policy_cpuid_vcpu){.apic_id = 0x7fff}, 0x8000001e, 0).eax, 0x7fff);
}

/* KVM's signature where Linux looks for it, of its features none but extended destination ids; only with wide ids. */
static void kvm_is_named_for_wide_ids_alone(void **state)
{
	struct vnuma numa = vnuma_one(2, GIB);
	struct result r;

	(void)state;
	numa.has_apic_ids = true;
	numa.apic_id[1] = 256;
	build(&skylake, &(struct policy_vm){.vcpu_count = 2, .numa = &numa, .tsc_khz = 50000});
	r = ask(0x40000000, 0);
	assert_memory_equal(&r.ebx, "Eter", 4);
	r = ask(0x40000100, 0);
	assert_int_equal(r.eax, 0x40000101);
	assert_memory_equal(&r.ebx, "KVMKVMKVM\0\0\0", 12);
	r = ask(0x40000101, 0);
	assert_int_equal(r.eax, 1u << 15);
	assert_true(!r.ebx && !r.ecx && !r.edx);
	numa.apic_id[1] = 254;
	build(&skylake, &(struct policy_vm){.vcpu_count = 2, .numa = &numa, .tsc_khz = 50000});
	r = ask(0x40000100, 0);
	assert_memory_not_equal(&r.ebx, "KVMK", 4);
	build(&skylake, &two);
	r = ask(0x40000100, 0);
	assert_memory_not_equal(&r.ebx, "KVMK", 4);
}

/* AMD's own leaves say the same (APM 3, CPUID Fn8000_0008_ECX, Fn8000_001D, Fn8000_001E, Legacy Method). */
static void amd_leaves_say_the_packages(void **state)
{
	static const struct vnuma numa = {.node_count = 2, .node = {{0xb, GIB, 0}, {0x4, GIB, 1}}};

	(void)state;
	build(&epyc, &(struct policy_vm){.vcpu_count = 4, .numa = &numa, .tsc_khz = 50000});
	assert_int_equal(ask(0x80000000, 0).eax, 0x8000001e);
	assert_int_equal(ask(0x80000001, 0).ecx & (BIT(1) | BIT(2) | BIT(22)), BIT(1) | BIT(22));
	for (u32 vcpu = 0; vcpu < 4; vcpu++) {
		struct policy_cpuid_vcpu v = {.apic_id = vnuma_apic_id(&numa, vcpu)};
		u32 shift = ask_on(v, 0xb, 1).eax;
		struct result r = ask_on(v, 0x80000008, 0);

		assert_int_equal(r.ecx >> 12 & 0xf, shift);
		assert_int_equal(r.ecx & 0xff, vcpu == 2 ? 0 : 2);
		r = ask_on(v, 0x8000001e, 0);
		assert_int_equal(r.eax, v.apic_id);
		assert_int_equal(r.ebx & 0xff, v.apic_id & ((1u << shift) - 1));
		assert_int_equal(r.ebx >> 8 & 0xff, 0); /* one thread in a core */
		assert_int_equal(r.ecx & 0xff, vcpu == 2);
		assert_int_equal(r.ecx >> 8 & 7, 0); /* one node in a package */
		for (u32 i = 0; i < 3; i++)
			assert_int_equal(ask_on(v, 0x8000001d, i).eax >> 14, 0); /* nobody shares it */
		r = ask_on(v, 0x8000001d, 3);
		assert_int_equal(r.eax, 0x163 | ((1u << shift) - 1) << 14); /* the package does */
		assert_int_equal(r.ecx, 0x3fff);
	}
	assert_zero(0x8000001d, 4);
	assert_zero(0x8000001c, 0);
	assert_zero(0x8000000a, 0);

	/* One vcpu: no package of several, and on others than AMD none of it. */
	build(&epyc, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 50000});
	assert_false(ask(0x80000001, 0).ecx & BIT(1));
	assert_int_equal(ask(0x80000008, 0).ecx, 0);
	assert_int_equal(ask(0x8000001d, 3).eax, 0x163);
	build(&skylake, &two);
	assert_false(ask(0x80000001, 0).ecx & (BIT(1) | BIT(22)));
	assert_int_equal(ask(0x80000008, 0).ecx, 0);
}

static void live_bits_follow_the_vcpu(void **state)
{
	struct policy_cpuid_vcpu vcpu = {.apic_id = 1};

	(void)state;
	build(&full, &two);
	assert_false(ask_on(vcpu, 1, 0).ecx & BIT(27));
	assert_false(ask_on(vcpu, 1, 0).edx & BIT(9));
	assert_false(ask_on(vcpu, 7, 0).ecx & BIT(4));
	vcpu = (struct policy_cpuid_vcpu){.is_apic_enabled = true, .cr4 = CR4_OSXSAVE | CR4_PKE};
	assert_true(ask_on(vcpu, 1, 0).ecx & BIT(27));
	assert_true(ask_on(vcpu, 1, 0).edx & BIT(9));
	assert_true(ask_on(vcpu, 7, 0).ecx & BIT(4));
	assert_false(ask_on(vcpu, 7, 1).ecx & BIT(4));
}

static void xsave_sizes_follow_the_features(void **state)
{
	struct policy_cpuid_vcpu vcpu = {.xcr0 = XFEATURE_X87};
	struct result r;

	(void)state;
	build(&full, &two);
	r = ask_on(vcpu, 0xd, 0);
	assert_int_equal(r.eax, FAKE_XFEATURES_ALL);
	assert_int_equal(r.edx, 0);
	assert_int_equal(r.ebx, 576);
	assert_int_equal(r.ecx, 2816 + 8192);
	vcpu.xcr0 = XFEATURE_X87 | XFEATURE_SSE | XFEATURE_AVX;
	assert_int_equal(ask_on(vcpu, 0xd, 0).ebx, 832);
	assert_int_equal(ask_on(vcpu, 0xd, 1).ebx, 832);
	vcpu.xcr0 |= XFEATURE_AVX512 | XFEATURE_PKRU;
	assert_int_equal(ask_on(vcpu, 0xd, 0).ebx, 2696);
	assert_int_equal(ask_on(vcpu, 0xd, 1).ebx, 576 + 256 + 64 + 512 + 1024 + 8);
	vcpu.xcr0 |= XFEATURE_AMX;
	assert_int_equal(ask_on(vcpu, 0xd, 0).ebx, 11008);
	assert_int_equal(ask_on(vcpu, 0xd, 1).ebx, 2496 + 64 + 8192); /* tiles start at multiples of 64 */

	r = ask(0xd, 2);
	assert_int_equal(r.eax, 256);
	assert_int_equal(r.ebx, 576);
	assert_int_equal(ask(0xd, 18).ecx, 2); /* aligned; XFD is not offered */
	assert_zero(0xd, 3);                   /* MPX */
	assert_zero(0xd, 8);
	assert_zero(0xd, 19);
	assert_false(ask(0xd, 1).eax & BIT(4));
}

/* Each part ends where the area ends at the latest, and no part covers another. */
static void xsave_parts_do_not_overlap(void **state)
{
	u32 total;

	(void)state;
	build(&full, &two);
	total = ask(0xd, 0).ecx;
	for (u32 i = 2; i < 32; i++) {
		struct result a = ask(0xd, i);

		if (!a.eax)
			continue;
		assert_true(a.ebx >= 576 && a.ebx + a.eax <= total);
		for (u32 k = 2; k < i; k++) {
			struct result b = ask(0xd, k);

			assert_true(!b.eax || a.ebx >= b.ebx + b.eax || b.ebx >= a.ebx + a.eax);
		}
	}
}

static void features_come_in_whole_groups(void **state)
{
	struct policy_host host = full;

	(void)state;
	host.xfeatures = FAKE_XFEATURES_ALL & ~XFEATURE_OPMASK & ~XFEATURE_TILECFG;
	assert_int_equal(policy_xfeatures(&host), XFEATURE_X87 | XFEATURE_SSE | XFEATURE_AVX | XFEATURE_PKRU);
	host.xfeatures = FAKE_XFEATURES_ALL & ~XFEATURE_AVX;
	assert_int_equal(policy_xfeatures(&host), XFEATURE_X87 | XFEATURE_SSE | XFEATURE_PKRU | XFEATURE_AMX);
	host.xfeatures = XFEATURE_X87;
	assert_int_equal(policy_xfeatures(&host), 0);
	assert_int_equal(policy_features(&host) & (POLICY_XSAVE | POLICY_XSAVES | POLICY_AVX), 0);
	host.xfeatures = FAKE_XFEATURES_ALL | XFEATURE_BNDREGS | XFEATURE_BNDCSR;
	assert_int_equal(policy_xfeatures(&host), FAKE_XFEATURES_ALL);
}

static void xcr0_follows_the_manual(void **state)
{
	u64 all = FAKE_XFEATURES_ALL, sse = XFEATURE_X87 | XFEATURE_SSE;

	(void)state;
	assert_true(policy_xcr0_valid(all, 1));
	assert_true(policy_xcr0_valid(all, sse));
	assert_true(policy_xcr0_valid(all, all));
	assert_true(policy_xcr0_valid(all, sse | XFEATURE_PKRU));
	assert_false(policy_xcr0_valid(all, 0));
	assert_false(policy_xcr0_valid(all, XFEATURE_SSE));
	assert_false(policy_xcr0_valid(all, XFEATURE_X87 | XFEATURE_AVX));
	assert_false(policy_xcr0_valid(all, sse | XFEATURE_AVX512));
	assert_false(policy_xcr0_valid(all, sse | XFEATURE_AVX | XFEATURE_OPMASK));
	assert_false(policy_xcr0_valid(all, sse | XFEATURE_TILEDATA));
	assert_false(policy_xcr0_valid(sse, sse | XFEATURE_AVX));
	assert_false(policy_xcr0_valid(all, all | BIT(62)));
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	assert_int_equal(policy_cpuid_init(&table, &full, &(struct policy_vm){.vcpu_count = 0, .tsc_khz = 1}),
			 ERR_RANGE);
	assert_int_equal(policy_cpuid_init(&table, &full, &(struct policy_vm){.vcpu_count = 256, .tsc_khz = 1}),
			 ERR_RANGE);
	assert_int_equal(policy_cpuid_init(&table, &full, &(struct policy_vm){.vcpu_count = 1}), ERR_RANGE);
	assert_int_equal(
		policy_cpuid_init(&table, &full, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 1, .phys_bits = 53}),
		ERR_RANGE);
}

static void host_with_absurd_xsave(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	fake_cpuid_full(ctx, leaf, subleaf, out);
	if (leaf == 0xd && subleaf == 2)
		out[CPUID_EBX] = 0xfffffff0;
}

static void absurd_hosts_are_refused(void **state)
{
	struct policy_host host = full;

	(void)state;
	host.cpuid = host_with_absurd_xsave;
	assert_int_equal(policy_cpuid_init(&table, &host, &two), ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_unique_and_reasoned),  cmocka_unit_test(rows_do_what_they_say),
		cmocka_unit_test(bits_without_a_row_are_hidden), cmocka_unit_test(dangerous_features_are_hidden),
		cmocka_unit_test(identity_is_the_hosts),         cmocka_unit_test(leaves_out_of_range_give_the_highest),
		cmocka_unit_test(tsc_frequency_is_exact),        cmocka_unit_test(topology_agrees_in_all_leaves),
		cmocka_unit_test(given_ids_show_in_all_leaves),  cmocka_unit_test(kvm_is_named_for_wide_ids_alone),
		cmocka_unit_test(a_node_is_a_package),           cmocka_unit_test(amd_leaves_say_the_packages),
		cmocka_unit_test(live_bits_follow_the_vcpu),     cmocka_unit_test(xsave_sizes_follow_the_features),
		cmocka_unit_test(xsave_parts_do_not_overlap),    cmocka_unit_test(features_come_in_whole_groups),
		cmocka_unit_test(xcr0_follows_the_manual),       cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(absurd_hosts_are_refused),      cmocka_unit_test(amd_has_no_frequency_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
