// SPDX-License-Identifier: Apache-2.0
// Every error code has words of its own, and any number gets some.
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void words_differ(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ERR_COUNT; i++) {
		assert_non_null(err_text((err_t)i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(err_text((err_t)i), err_text((err_t)j));
	}
	assert_int_equal(OK, 0);
	assert_string_equal(err_text(OK), "ok");
	assert_string_equal(err_text(ERR_TRUNCATED), "data ends too early");
}

static void foreign_numbers_have_words(void **state)
{
	(void)state;
	assert_string_equal(err_text(ERR_COUNT), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_differ),
		cmocka_unit_test(foreign_numbers_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
