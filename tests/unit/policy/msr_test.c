// SPDX-License-Identifier: Apache-2.0
// The MSR policy: the rows are in order, each does what it says, and writes are checked as the manual says.
#include "policy/msr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/cpuid.h"

static struct policy_msr_env env;
static struct cpu_state cpu;
static struct policy_msrs msrs;

static int set_up(void **state)
{
	struct policy_host host = {
		.cpuid = fake_cpuid_full,
		.backend = FAKE_BACKEND_ALL,
		.xfeatures = FAKE_XFEATURES_ALL,
		.arch_capabilities = ~0ull,
	};

	(void)state;
	policy_msr_env_init(&env, &host, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 2100000});
	memset(&cpu, 0, sizeof(cpu));
	policy_msrs_reset(&msrs);
	return 0;
}

static u64 read_ok(u32 msr)
{
	u64 value = 0xdead;

	if (policy_msr_read(&env, &cpu, &msrs, msr, &value) != POLICY_MSR_OK)
		fail_msg("RDMSR 0x%x", msr);
	return value;
}

static enum policy_msr_result try_read(u32 msr)
{
	u64 value;

	return policy_msr_read(&env, &cpu, &msrs, msr, &value);
}

static enum policy_msr_result write(u32 msr, u64 value)
{
	return policy_msr_write(&env, &cpu, &msrs, msr, value);
}

static void rows_ascend_and_have_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_msr_row_count; i++) {
		const struct policy_msr_row *row = &policy_msr_rows[i];

		assert_true(row->first <= row->last);
		assert_true(strlen(row->reason) > 4);
		if (i)
			assert_true(row->first > policy_msr_rows[i - 1].last);
		assert_ptr_equal(policy_msr_find(&env, row->first), row);
		assert_ptr_equal(policy_msr_find(&env, row->last), row);
		/* The members fit the range: the last MSR's is inside its struct. */
		if (row->read == POLICY_MSR_DO_CPU)
			assert_true(row->offset + 8 * (row->last - row->first + 1) <= sizeof(struct cpu_state));
		if (row->read == POLICY_MSR_DO_KEPT)
			assert_true(row->offset + 8 * (row->last - row->first + 1) <= sizeof(struct policy_msrs));
		/* A member written is the member read. */
		if (row->write == POLICY_MSR_DO_CPU || row->write == POLICY_MSR_DO_KEPT)
			assert_int_equal(row->read, row->write);
	}
}

static void unknown_msrs_fault_and_count(void **state)
{
	static const u32 unknown[] = {0x2,        0x480,      0x48b,      0x7ff, 0x900,
				      0x40000000, 0xc0000104, 0xffffffff, 0x606, 0x38f};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(unknown); i++) {
		assert_int_equal(try_read(unknown[i]), POLICY_MSR_UNKNOWN);
		assert_int_equal(write(unknown[i], 0), POLICY_MSR_UNKNOWN);
	}
}

static void devices_are_left_to_the_caller(void **state)
{
	static const u32 device[] = {MSR_TSC, MSR_APIC_BASE, MSR_TSC_ADJUST, MSR_TSC_DEADLINE, MSR_EFER, 0x800,
				     0x80b,   0x830,         0x8ff,          MSR_SPEC_CTRL};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(device); i++) {
		assert_int_equal(try_read(device[i]), POLICY_MSR_DEVICE);
		assert_int_equal(write(device[i], 1), POLICY_MSR_DEVICE);
	}
	assert_int_equal(try_read(MSR_PRED_CMD), POLICY_MSR_FAULT);
	assert_int_equal(write(MSR_PRED_CMD, 1), POLICY_MSR_DEVICE);
}

static void constants_are_what_guests_expect(void **state)
{
	(void)state;
	assert_true(read_ok(MSR_MISC_ENABLE) & BIT(0));    /* fast strings */
	assert_int_equal(read_ok(MSR_FEATURE_CONTROL), 1); /* locked, VMX off */
	assert_int_equal(write(MSR_FEATURE_CONTROL, 5), POLICY_MSR_FAULT);
	assert_int_equal(read_ok(MSR_MTRRCAP), 0x508);
	assert_int_equal(read_ok(MSR_MCG_CAP), 0);
	assert_int_equal(read_ok(MSR_PLATFORM_INFO), 21ull << 8 | 21ull << 40);
	assert_true(read_ok(MSR_BIOS_SIGN_ID) >> 32 != 0);
	assert_int_equal(write(MSR_BIOS_SIGN_ID, 0), POLICY_MSR_OK); /* how a revision is asked for */
	assert_int_equal(read_ok(MSR_BIOS_SIGN_ID), BIT(32));
	assert_int_equal(write(MSR_PLATFORM_INFO, 0), POLICY_MSR_FAULT);
	assert_int_equal(write(MSR_MISC_FEATURES_ENABLES, 0), POLICY_MSR_OK);
	assert_int_equal(write(MSR_MISC_FEATURES_ENABLES, 1), POLICY_MSR_FAULT);
	assert_int_equal(write(MSR_DEBUGCTL, 3), POLICY_MSR_OK);
	assert_int_equal(read_ok(MSR_DEBUGCTL), 0);
	assert_int_equal(write(MSR_DEBUGCTL, BIT(6)), POLICY_MSR_FAULT);
	assert_int_equal(write(MSR_XSS, 0), POLICY_MSR_OK);
	assert_int_equal(write(MSR_XSS, BIT(11)), POLICY_MSR_FAULT);
}

static void cpu_members_are_reached(void **state)
{
	static const struct {
		u32 msr;
		const u64 *member;
	} members[] = {
		{MSR_SYSENTER_CS, &cpu.sysenter_cs},
		{MSR_SYSENTER_ESP, &cpu.sysenter_esp},
		{MSR_SYSENTER_EIP, &cpu.sysenter_eip},
		{MSR_STAR, &cpu.star},
		{MSR_LSTAR, &cpu.lstar},
		{MSR_CSTAR, &cpu.cstar},
		{MSR_FMASK, &cpu.sfmask},
		{MSR_FS_BASE, &cpu.seg[SEG_FS].base},
		{MSR_GS_BASE, &cpu.seg[SEG_GS].base},
		{MSR_KERNEL_GS_BASE, &cpu.kernel_gs_base},
		{MSR_TSC_AUX, &cpu.tsc_aux},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		assert_int_equal(write(members[i].msr, 0x1000 + i), POLICY_MSR_OK);
		assert_int_equal(*members[i].member, 0x1000 + i);
		assert_int_equal(read_ok(members[i].msr), 0x1000 + i);
		assert_true(policy_msr_is_cpu(policy_msr_find(&env, members[i].msr)));
	}
	assert_int_equal(write(MSR_PAT, 0x0007040600070406), POLICY_MSR_OK);
	assert_int_equal(cpu.pat, 0x0007040600070406);
	assert_false(policy_msr_is_cpu(policy_msr_find(&env, MSR_EFER)));
	assert_false(policy_msr_is_cpu(policy_msr_find(&env, MSR_MTRR_DEF_TYPE)));
}

static void bad_values_fault_and_change_nothing(void **state)
{
	static const struct {
		u32 msr;
		u64 value;
	} bad[] = {
		{MSR_LSTAR, 0x0000800000000000},
		{MSR_SYSENTER_EIP, BIT(63)},
		{MSR_GS_BASE, 0xffff000000000000},
		{MSR_FMASK, BIT(32)},
		{MSR_TSC_AUX, BIT(32)},
		{MSR_PAT, 2},
		{MSR_PAT, 0x0800000000000000},
		{MSR_MTRR_PHYSBASE0, 7},
		{MSR_MTRR_PHYSBASE0, 2},
		{MSR_MTRR_PHYSBASE0, BIT(8)},
		{MSR_MTRR_PHYSBASE0, BIT(46)},
		{MSR_MTRR_PHYSMASK0, 1},
		{MSR_MTRR_PHYSMASK7, BIT(46)},
		{MSR_MTRR_FIX64K_00000, 7},
		{MSR_MTRR_FIX4K_F8000, 0x0300000000000000},
		{MSR_MTRR_DEF_TYPE, 7},
		{MSR_MTRR_DEF_TYPE, BIT(9)},
		{MSR_MTRR_DEF_TYPE, BIT(12)},
		{MSR_MTRR_DEF_TYPE, 0x106},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		u64 before = read_ok(bad[i].msr);

		if (write(bad[i].msr, bad[i].value) != POLICY_MSR_FAULT)
			fail_msg("WRMSR 0x%x of 0x%llx", bad[i].msr, (unsigned long long)bad[i].value);
		assert_int_equal(read_ok(bad[i].msr), before);
	}
}

static void mtrrs_are_kept(void **state)
{
	(void)state;
	assert_int_equal(read_ok(MSR_MTRR_DEF_TYPE), 0x806);
	for (u32 msr = MSR_MTRR_PHYSBASE0; msr <= MSR_MTRR_PHYSMASK7; msr++)
		assert_int_equal(write(msr, msr & 1 ? 0x3fff00000800 : (u64)msr << 20 | 6), POLICY_MSR_OK);
	for (u32 msr = MSR_MTRR_PHYSBASE0; msr <= MSR_MTRR_PHYSMASK7; msr++)
		assert_int_equal(read_ok(msr), msr & 1 ? 0x3fff00000800 : (u64)msr << 20 | 6);
	for (u32 msr = MSR_MTRR_FIX4K_C0000; msr <= MSR_MTRR_FIX4K_F8000; msr++)
		assert_int_equal(write(msr, 0x0606060606060600 | (msr & 1)), POLICY_MSR_OK);
	for (u32 msr = MSR_MTRR_FIX4K_C0000; msr <= MSR_MTRR_FIX4K_F8000; msr++)
		assert_int_equal(read_ok(msr), 0x0606060606060600 | (msr & 1));
	assert_int_equal(write(MSR_MTRR_FIX16K_A0000, 0x0505), POLICY_MSR_OK);
	assert_int_equal(read_ok(MSR_MTRR_FIX16K_80000), 0);
	assert_int_equal(write(MSR_MTRR_DEF_TYPE, 0xc00), POLICY_MSR_OK);
	assert_int_equal(read_ok(MSR_MTRR_DEF_TYPE), 0xc00);
	assert_int_equal(policy_msrs_desc.size, sizeof(msrs));
}

static void rows_need_their_features(void **state)
{
	struct policy_host bare = {.cpuid = fake_cpuid_full};

	(void)state;
	assert_int_equal(read_ok(MSR_ARCH_CAPABILITIES) & (ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_TSX_CTRL),
			 ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL);
	policy_msr_env_init(&env, &bare, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 50000});
	assert_int_equal(try_read(MSR_ARCH_CAPABILITIES), POLICY_MSR_UNKNOWN);
	assert_int_equal(try_read(MSR_SPEC_CTRL), POLICY_MSR_UNKNOWN);
	assert_int_equal(write(MSR_PRED_CMD, 1), POLICY_MSR_UNKNOWN);
	assert_int_equal(try_read(MSR_TSC_AUX), POLICY_MSR_UNKNOWN);
	assert_int_equal(write(MSR_XSS, 0), POLICY_MSR_UNKNOWN);
	bare.arch_capabilities = ARCH_CAP_IBRS_ALL | ARCH_CAP_MDS_NO;
	policy_msr_env_init(&env, &bare, &(struct policy_vm){.vcpu_count = 1, .tsc_khz = 50000});
	assert_int_equal(read_ok(MSR_ARCH_CAPABILITIES), ARCH_CAP_MDS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rows_ascend_and_have_reasons, set_up),
		cmocka_unit_test_setup(unknown_msrs_fault_and_count, set_up),
		cmocka_unit_test_setup(devices_are_left_to_the_caller, set_up),
		cmocka_unit_test_setup(constants_are_what_guests_expect, set_up),
		cmocka_unit_test_setup(cpu_members_are_reached, set_up),
		cmocka_unit_test_setup(bad_values_fault_and_change_nothing, set_up),
		cmocka_unit_test_setup(mtrrs_are_kept, set_up),
		cmocka_unit_test_setup(rows_need_their_features, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
