// SPDX-License-Identifier: Apache-2.0
// Command lines: words, finding, misuse.
#include "ctl/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char said[1024];
static size_t said_length;

static void said_put(struct fmt_sink *sink, char c)
{
	(void)sink;
	if (said_length + 1 < sizeof(said))
		said[said_length++] = c;
	said[said_length] = '\0';
}

static void info_run(const struct command_call *call)
{
	fmt_print(call->out, "info of %s for %s\n", call->words[1], (const char *)call->context);
}

static const struct command commands[] = {{"info", "VM", "tell about a VM", 1, 1, info_run}};
static char who[] = "me";
static const struct command_table table = {commands, 1, who};

static const char *run(const char *line)
{
	struct fmt_sink out = {said_put};
	char copy[256];

	strcpy(copy, line);
	said_length = 0;
	said[0] = '\0';
	command_execute(&table, copy, &out);
	return said;
}

static void commands_get_their_words(void **state)
{
	(void)state;
	assert_string_equal(run("  info \t alpha  "), "info of alpha for me\n");
	assert_string_equal(run("   "), "");
}

static void misuse_is_answered(void **state)
{
	(void)state;
	assert_string_equal(run("info"), "usage: info VM\n");
	assert_string_equal(run("info a b"), "usage: info VM\n");
	assert_string_equal(run("info a b c d e f g h i j k"), "usage: info VM\n");
	assert_string_equal(run("inf a"), "no command \"inf\"; \"help\" lists them\n");
}

static void help_lists_all(void **state)
{
	(void)state;
	assert_non_null(strstr(run("help"), "info VM                tell about a VM\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_get_their_words),
		cmocka_unit_test(misuse_is_answered),
		cmocka_unit_test(help_lists_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
