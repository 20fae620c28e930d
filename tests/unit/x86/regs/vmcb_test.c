// SPDX-License-Identifier: Apache-2.0
// The VMCB's list of fields: nothing overlaps, writes stay in their field and say so by their clean bit.
#include "x86/regs/vmcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name;
	u32 offset;
	u32 bytes;
} fields[] = {
#define F(type, name, offset, group) {#name, (offset), sizeof(type)},
#define S(name, offset, group) {#name, (offset), sizeof(struct vmcb_segment)},
#include "x86/regs/vmcb.def"
#undef F
#undef S
};

static void fields_do_not_overlap(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_COUNT(fields); i++)
		if (fields[i].offset < fields[i - 1].offset + fields[i - 1].bytes)
			fail_msg("%s overlaps %s", fields[i].name, fields[i - 1].name);
}

static struct vmcb b;

/* Where two images differ, in bytes from the first to the last difference. */
static void assert_changed(const struct vmcb *before, u32 offset, u32 bytes)
{
	for (u32 i = 0; i < VMCB_BYTES; i++) {
		bool is_inside = i >= offset && i < offset + bytes;
		bool is_clean = i >= VMCB_AT_clean && i < VMCB_AT_clean + 4;

		if (!is_clean)
			assert_int_equal(b.bytes[i] != before->bytes[i], is_inside);
	}
}

static void writes_stay_in_their_field(void **state)
{
	struct vmcb before;

	(void)state;
#define F(type, name, offset, group)                                                                                   \
	if ((offset) != VMCB_AT_clean) {                                                                               \
		memset(&b, 0, sizeof(b));                                                                              \
		vmcb_clean_set(&b, UINT32_MAX);                                                                        \
		before = b;                                                                                            \
		vmcb_##name##_set(&b, (type) ~(type)0);                                                                \
		assert_changed(&before, (offset), sizeof(type));                                                       \
		assert_true(vmcb_##name(&b) == (type) ~(type)0);                                                       \
		assert_int_equal(vmcb_clean(&b), UINT32_MAX & ~(u32)(group));                                          \
	}
#define S(name, offset, group)                                                                                         \
	{                                                                                                              \
		const struct vmcb_segment v = {0x1111, 0x2222, 0x33333333, 0x4444444444444444};                        \
                                                                                                                       \
		memset(&b, 0, sizeof(b));                                                                              \
		vmcb_clean_set(&b, UINT32_MAX);                                                                        \
		before = b;                                                                                            \
		vmcb_##name##_set(&b, v);                                                                              \
		assert_changed(&before, (offset), sizeof(v));                                                          \
		assert_int_equal(vmcb_##name(&b).base, v.base);                                                        \
		assert_int_equal(vmcb_##name##_attributes(&b), v.attributes);                                          \
		assert_int_equal(vmcb_clean(&b), UINT32_MAX & ~(u32)(group));                                          \
	}
#include "x86/regs/vmcb.def"
#undef F
#undef S
}

static void names_fields_and_exits(void **state)
{
	const char *name;
	unsigned rip_count = 0;
	u64 value;

	(void)state;
	memset(&b, 0, sizeof(b));
	vmcb_rip_set(&b, 0x1234);
	for (unsigned i = 0; (name = vmcb_field(&b, i, &value)); i++)
		if (value) {
			assert_string_equal(name, "rip");
			assert_int_equal(value, 0x1234);
			rip_count++;
		}
	assert_int_equal(rip_count, 1);
	assert_string_equal(vmcb_field_at(&b, VMCB_AT_rip, &value), "rip");
	assert_int_equal(value, 0x1234);
	assert_string_equal(vmcb_field_at(&b, VMCB_AT_cs + 2, &value), "cs.attributes");
	assert_null(vmcb_field_at(&b, VMCB_AT_rip + 1, &value));
	assert_string_equal(svm_exit_name(SVM_EXIT_CPUID), "CPUID");
	assert_string_equal(svm_exit_name(~0ull), "invalid guest state in the VMCB");
	assert_string_equal(svm_exit_name(0xffffffff), "invalid guest state in the VMCB");
	assert_string_equal(svm_exit_name(0x3ff), "unknown exit code");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_do_not_overlap),
		cmocka_unit_test(writes_stay_in_their_field),
		cmocka_unit_test(names_fields_and_exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
