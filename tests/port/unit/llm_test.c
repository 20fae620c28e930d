// SPDX-License-Identifier: Apache-2.0
// What of a model's answer may stand in a port: text of statements, nothing that reaches out of them.
#include "llm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_acceptable(void **state)
{
	(void)state;
	assert_true(llm_text_acceptable("x = 1;"));
	assert_true(llm_text_acceptable("if (a) {\n\tb();\n}\n"));
	assert_true(llm_text_acceptable("x = a # b; is refused by the compiler, not here"));
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"",
					    "#include \"/etc/passwd\"",
					    "x = 1;\n  #define y",
					    "%:include <a>",
					    "} void evil(void) {",
					    "if (a) {",
					    "asm(\"hlt\");",
					    "/* x",
					    "x = 1; */",
					    "a\x01 b",
					    "_Pragma(\"x\")"};
	char long_text[20000];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(texts); i++)
		assert_false(llm_text_acceptable(texts[i]));
	memset(long_text, ';', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	assert_false(llm_text_acceptable(long_text));
}

static void test_fences(void **state)
{
	struct arena a = {0};

	(void)state;
	assert_string_equal(llm_unfenced(&a, "x = 1;"), "x = 1;");
	assert_string_equal(llm_unfenced(&a, "Here:\n```c\nx = 1;\n```\nthat is it"), "x = 1;\n");
	assert_string_equal(llm_unfenced(&a, "```c\nnever closed"), "");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acceptable),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
