// SPDX-License-Identifier: Apache-2.0
// Paths of requests stay inside the source tree, whatever they are made of; text is UTF-8.
#include "source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/eterna-port-source-XXXXXX";
static struct source source;
static struct arena arena;

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder) || mkdir("tree", 0700) || mkdir("tree/a", 0700))
		return -1;
	write_file("secret", "secret");
	write_file("tree/a/b.rs", "fn b() {}");
	write_file("tree/latin", "\xe9");
	if (symlink("../secret", "tree/out") || symlink("/etc", "tree/etc") || symlink("loop", "tree/loop") ||
	    symlink("a/b.rs", "tree/in.rs") || mkfifo("tree/pipe", 0600))
		return -1;
	return source_open(&source, "tree") ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	source_close(&source);
	arena_fini(&arena);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static enum source_result got(const char *path)
{
	const char *text;
	size_t length;

	return source_read(&source, &arena, path, &text, &length);
}

static void test_inside(void **state)
{
	const char *text;
	size_t length;

	(void)state;
	assert_int_equal(source_read(&source, &arena, "a/b.rs", &text, &length), SOURCE_OK);
	assert_int_equal(length, 9);
	assert_string_equal(text, "fn b() {}");
	assert_int_equal(got("in.rs"), SOURCE_OK);
}

static void test_escapes(void **state)
{
	static const char *const paths[] = {
		"",     "/etc/passwd", "../secret",  "a/../../secret", "a/..",   "./a/b.rs",      "a//b.rs",
		"a/",   "out",         "etc/passwd", "..\\secret",     "a%2f..", "%2e%2e/secret", "a\nb.rs",
		"loop", "..",          "/"};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(paths); i++)
		assert_int_equal(got(paths[i]), SOURCE_BAD_PATH);
}

static void test_not_found(void **state)
{
	(void)state;
	assert_int_equal(got("none.rs"), SOURCE_NOT_FOUND);
	assert_int_equal(got("a"), SOURCE_NOT_FOUND);
	assert_int_equal(got("pipe"), SOURCE_NOT_FOUND);
	assert_int_equal(got("a/b.rs/c"), SOURCE_NOT_FOUND);
	assert_int_equal(got("latin"), SOURCE_BAD_TEXT);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(source_text_valid("a\xc3\xa9\xe2\x86\x92\xf0\x9f\xa6\x80", 10));
	assert_false(source_text_valid("\xc0\x80", 2));
	assert_false(source_text_valid("\xed\xa0\x80", 3));
	assert_false(source_text_valid("\xf4\x90\x80\x80", 4));
	assert_false(source_text_valid("\xe2\x86", 2));
	assert_false(source_text_valid("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
