// SPDX-License-Identifier: Apache-2.0
// Spot checks of the VMX lists against the manual's tables, and of the name functions.
#include "x86/regs/vmcs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "x86/regs/msr.h"

static const u32 fields[] = {
#define F(name, encoding, width, type) encoding,
#include "x86/regs/vmcs.def"
#undef F
};

static void encodings_match_the_manual(void **state)
{
	(void)state;
	assert_int_equal(VMCS_vpid, 0);
	assert_int_equal(VMCS_guest_tr_selector, 0x80e);
	assert_int_equal(VMCS_host_tr_selector, 0xc0c);
	assert_int_equal(VMCS_ept_pointer, 0x201a);
	assert_int_equal(VMCS_guest_pdpte3, 0x2810);
	assert_int_equal(VMCS_exit_reason, 0x4402);
	assert_int_equal(VMCS_guest_linear_address, 0x640a);
	assert_int_equal(VMCS_host_rip, 0x6c16);
}

static void encodings_rise_within_a_type(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_COUNT(fields); i++)
		if ((fields[i] & 0x6c00) == (fields[i - 1] & 0x6c00))
			assert_true(fields[i] > fields[i - 1]);
}

static void every_field_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		assert_string_not_equal(vmcs_field_name(fields[i]), "unknown field");
	assert_string_equal(vmcs_field_name(VMCS_guest_rip), "guest_rip");
	assert_string_equal(vmcs_field_name(0x7fff), "unknown field");
}

static void numbers_have_words(void **state)
{
	(void)state;
	assert_string_equal(vmx_exit_name(48), "EPT violation");
	assert_string_equal(vmx_exit_name(35), "unknown exit reason");
	assert_string_equal(vmx_error_text(7), "VM entry with invalid control field(s)");
	assert_string_equal(vmx_error_text(14), "unknown VM-instruction error");
	assert_string_equal(msr_name(0xc0000080), "IA32_EFER");
	assert_string_equal(msr_name(0x12345), "unknown MSR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings_match_the_manual),
		cmocka_unit_test(encodings_rise_within_a_type),
		cmocka_unit_test(every_field_has_a_name),
		cmocka_unit_test(numbers_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
