// SPDX-License-Identifier: Apache-2.0
// The prompt's line editor.
#include "ctl/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char echo[512];
static size_t echo_length;

static void echo_put(struct fmt_sink *sink, char c)
{
	(void)sink;
	if (echo_length + 1 < sizeof(echo))
		echo[echo_length++] = c;
	echo[echo_length] = '\0';
}

static struct fmt_sink out = {echo_put};

/* Type it all; how many lines were completed, the last one in l->text. */
static int type(struct line *l, const char *keys)
{
	int lines = 0;

	echo_length = 0;
	echo[0] = '\0';
	for (; *keys; keys++)
		lines += line_put(l, (u8)*keys, &out);
	return lines;
}

static void a_line_ends_once_with_each_kind_of_end(void **state)
{
	struct line l;

	(void)state;
	line_init(&l);
	assert_int_equal(type(&l, "vms\r\n"), 1);
	assert_string_equal(l.text, "vms");
	assert_string_equal(echo, "vms\n");
	assert_int_equal(type(&l, "log\n"), 1);
	assert_string_equal(l.text, "log");
	assert_int_equal(type(&l, "a\rb\r"), 2);
	assert_string_equal(l.text, "b");
	assert_int_equal(type(&l, "\n\n"), 1); /* the first belongs to the '\r' before */
	assert_string_equal(l.text, "");
}

static void editing_keys_take_back(void **state)
{
	struct line l;

	(void)state;
	line_init(&l);
	assert_int_equal(type(&l, "ab\x7f\x08\x08xy\r"), 1);
	assert_string_equal(l.text, "xy");
	assert_int_equal(type(&l, "wrong\x15right\r"), 1);
	assert_string_equal(l.text, "right");
	assert_int_equal(type(&l, "half\x03"), 1);
	assert_string_equal(l.text, "");
}

static void what_does_not_fit_is_refused(void **state)
{
	struct line l;
	char keys[2 * LINE_BYTES];

	(void)state;
	line_init(&l);
	memset(keys, 'k', sizeof(keys) - 1);
	keys[sizeof(keys) - 1] = '\0';
	assert_int_equal(type(&l, keys), 0);
	assert_int_equal(type(&l, "\x01\r"), 1);
	assert_int_equal(strlen(l.text), LINE_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_ends_once_with_each_kind_of_end),
		cmocka_unit_test(editing_keys_take_back),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
