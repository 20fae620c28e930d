// SPDX-License-Identifier: Apache-2.0
// The boot record: modules' names, joined ranges, and what happens when something does not fit.
#include "boot/info/boot_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct boot_info info;

static int setup(void **state)
{
	(void)state;
	boot_info_init(&info, "test");
	return 0;
}

static void add(const char *string)
{
	boot_info_add_module(&info, 0x1000, 0x10, string, strlen(string));
}

static void module_strings_are_split(void **state)
{
	static const struct {
		const char *string, *name, *arguments;
	} rows[] = {
		{"kernel console=ttyS0 quiet", "kernel", "console=ttyS0 quiet"},
		{"kernel", "kernel", ""},
		{"/boot/vmlinuz  root=/dev/sda ", "vmlinuz", "root=/dev/sda"},
		{"\teterna.conf", "eterna.conf", ""},
		{"", "module5", ""},
		{"dir/ x", "module6", "x"},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		add(rows[i].string);
		assert_string_equal(boot_module_name(&info, i), rows[i].name);
		assert_string_equal(boot_module_arguments(&info, i), rows[i].arguments);
	}
	assert_int_equal(boot_module_find(&info, "eterna.conf"), 3);
	assert_int_equal(boot_module_find(&info, "kernel"), 0);
	assert_int_equal(boot_module_find(&info, "none"), info.module_count);
	assert_true(boot_info_valid(&info));
}

static void module_string_need_not_end(void **state)
{
	const char bytes[4] = {'a', 'b', ' ', 'c'};

	(void)state;
	boot_info_add_module(&info, 0, 0, bytes, sizeof(bytes));
	assert_string_equal(boot_module_name(&info, 0), "ab");
	assert_string_equal(boot_module_arguments(&info, 0), "c");
}

static void too_many_modules_are_counted(void **state)
{
	(void)state;
	for (int i = 0; i < BOOT_MODULES_MAX + 3; i++)
		add("m");
	assert_int_equal(info.module_count, BOOT_MODULES_MAX);
	assert_int_equal(info.lost.modules, 3);
	assert_true(boot_info_valid(&info));
}

static void long_module_strings_are_cut(void **state)
{
	static char big[BOOT_TEXT_BYTES];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[1] = ' ';
	boot_info_add_module(&info, 0, 0, big, sizeof(big));
	boot_info_add_module(&info, 0, 0, "late one", 8);
	assert_string_equal(boot_module_name(&info, 0), "x");
	assert_int_equal(strlen(boot_module_arguments(&info, 0)), BOOT_TEXT_BYTES - 1 - 2 - 1);
	assert_string_equal(boot_module_name(&info, 1), "");
	assert_int_equal(info.lost.texts, 3);
	assert_true(boot_info_valid(&info));
}

static void ranges_that_continue_are_joined(void **state)
{
	(void)state;
	boot_info_add_range(&info, 0, 0x1000, MEMORY_USABLE);
	boot_info_add_range(&info, 0x1000, 0x2000, MEMORY_USABLE);
	boot_info_add_range(&info, 0x3000, 0x1000, MEMORY_RESERVED);
	boot_info_add_range(&info, 0x5000, 0x1000, MEMORY_RESERVED);
	boot_info_add_range(&info, 0x6000, UINT64_MAX, MEMORY_RESERVED); /* wraps: stays apart to be reported */
	assert_int_equal(info.range_count, 4);
	assert_int_equal(info.ranges[0].bytes, 0x3000);
	assert_int_equal(info.ranges[3].base, 0x6000);
}

static void too_many_ranges_are_counted(void **state)
{
	(void)state;
	for (u64 i = 0; i < BOOT_RANGES_MAX + 2; i++)
		boot_info_add_range(&info, i * 0x2000, 0x1000, MEMORY_USABLE);
	assert_int_equal(info.range_count, BOOT_RANGES_MAX);
	assert_int_equal(info.lost.ranges, 2);
}

static void texts_are_cut_to_their_field(void **state)
{
	char field[4];

	(void)state;
	boot_info_copy_text(&info, field, sizeof(field), "abc", 10);
	assert_string_equal(field, "abc");
	assert_int_equal(info.lost.texts, 0);
	boot_info_copy_text(&info, field, sizeof(field), "abcd", 10);
	assert_string_equal(field, "abc");
	assert_int_equal(info.lost.texts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(module_strings_are_split, setup),
		cmocka_unit_test_setup(module_string_need_not_end, setup),
		cmocka_unit_test_setup(too_many_modules_are_counted, setup),
		cmocka_unit_test_setup(long_module_strings_are_cut, setup),
		cmocka_unit_test_setup(ranges_that_continue_are_joined, setup),
		cmocka_unit_test_setup(too_many_ranges_are_counted, setup),
		cmocka_unit_test_setup(texts_are_cut_to_their_field, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
