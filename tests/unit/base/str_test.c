// SPDX-License-Identifier: Apache-2.0
// Strings and numbers with size suffixes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

#include <cmocka.h>

static void lengths(void **state)
{
	const char no_end[3] = {'a', 'b', 'c'};

	(void)state;
	assert_int_equal(strlen(""), 0);
	assert_int_equal(strlen("abc"), 3);
	assert_int_equal(str_length_within("abc", 2), 2);
	assert_int_equal(str_length_within("abc", 9), 3);
	assert_int_equal(str_length_within(no_end, sizeof(no_end)), 3);
	assert_int_equal(str_length_within("abc", 0), 0);
}

static void comparisons(void **state)
{
	(void)state;
	assert_int_equal(strcmp("abc", "abc"), 0);
	assert_true(strcmp("abc", "abd") < 0);
	assert_true(strcmp("abc", "ab") > 0);
	assert_true(strcmp("ab", "abc") < 0);
	assert_true(strcmp("\x80", "\x7f") > 0); /* as unsigned char */
	assert_int_equal(strncmp("abcX", "abcY", 3), 0);
	assert_true(strncmp("abcX", "abcY", 4) < 0);
	assert_int_equal(strncmp("a", "b", 0), 0);
	assert_int_equal(strncmp("a", "a", 100), 0); /* stops at the end */
	assert_true(str_starts_with("console=ttyS0", "console="));
	assert_true(str_starts_with("x", ""));
	assert_false(str_starts_with("con", "console"));
}

static void strchr_finds_the_first_and_the_end(void **state)
{
	const char *s = "a=b=c";

	(void)state;
	assert_ptr_equal(strchr(s, '='), s + 1);
	assert_ptr_equal(strchr(s, '\0'), s + 5);
	assert_null(strchr(s, 'z'));
}

static void str_copy_ends_its_text_always(void **state)
{
	char dst[5];

	(void)state;
	assert_int_equal(str_copy(dst, sizeof(dst), "abcd"), OK);
	assert_string_equal(dst, "abcd");
	assert_int_equal(str_copy(dst, sizeof(dst), "abcde"), ERR_SPACE);
	assert_string_equal(dst, "abcd");
	assert_int_equal(str_copy(dst, 1, "x"), ERR_SPACE);
	assert_string_equal(dst, "");
	assert_int_equal(str_copy(dst, 1, ""), OK);
}

struct number {
	const char *text;
	err_t err;
	u64 value;
};

static void numbers(void **state)
{
	static const struct number rows[] = {
		{"0", OK, 0},
		{"007", OK, 7},
		{"18446744073709551615", OK, UINT64_MAX},
		{"18446744073709551616", ERR_RANGE, 0},
		{"99999999999999999999999", ERR_RANGE, 0},
		{"0x1aF", OK, 0x1af},
		{"0XfFfFfFfFfFfFfFfF", OK, UINT64_MAX},
		{"0x10000000000000000", ERR_RANGE, 0},
		{"", ERR_FORMAT, 0},
		{"0x", ERR_FORMAT, 0},
		{"0xg", ERR_FORMAT, 0},
		{"1a", ERR_FORMAT, 0},
		{"-1", ERR_FORMAT, 0},
		{"+1", ERR_FORMAT, 0},
		{" 1", ERR_FORMAT, 0},
		{"1 ", ERR_FORMAT, 0},
		{"1K", ERR_FORMAT, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		u64 v = 12345;

		if (str_to_u64(rows[i].text, &v) != rows[i].err)
			fail_msg("\"%s\"", rows[i].text);
		assert_true(v == (rows[i].err ? 12345 : rows[i].value));
	}
}

static void sizes(void **state)
{
	static const struct number rows[] = {
		{"512", OK, 512},
		{"512B", OK, 512},
		{"1K", OK, 1024},
		{"1k", OK, 1024},
		{"3M", OK, 3 * MIB},
		{"3MB", OK, 3 * MIB},
		{"3MiB", OK, 3 * MIB},
		{"4g", OK, 4 * GIB},
		{"2T", OK, 2048 * GIB},
		{"0x10M", OK, 16 * MIB},
		{"16777215T", OK, 16777215ull << 40},
		{"16777216T", ERR_RANGE, 0},
		{"", ERR_FORMAT, 0},
		{"M", ERR_FORMAT, 0},
		{"1Q", ERR_FORMAT, 0},
		{"1Mi", ERR_FORMAT, 0},
		{"1MiBB", ERR_FORMAT, 0},
		{"1MBB", ERR_FORMAT, 0},
		{"1BM", ERR_FORMAT, 0},
		{"1iB", ERR_FORMAT, 0},
		{"1 M", ERR_FORMAT, 0},
		{"1MM", ERR_FORMAT, 0},
		{"1.5G", ERR_FORMAT, 0},
		{"99999999999999999999K", ERR_RANGE, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		u64 v = 12345;

		if (str_to_bytes(rows[i].text, &v) != rows[i].err)
			fail_msg("\"%s\"", rows[i].text);
		assert_true(v == (rows[i].err ? 12345 : rows[i].value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(strchr_finds_the_first_and_the_end),
		cmocka_unit_test(str_copy_ends_its_text_always),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
