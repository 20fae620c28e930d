// SPDX-License-Identifier: Apache-2.0
// Archives of boot modules: one that GNU cpio wrote, and every way in which one can be wrong.
#include "boot/info/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cpio 2.13 of Debian 12, `cpio --reproducible -o -H newc -R 0:0`, up to its padding; ~ stands for NUL. */
static const char by_cpio[] =
	"07070100000000000041ED0000000000000000000000026592008000000000000000000000000000000000000000000000000500000000"
	"boot~~"
	"07070100000001000081A40000000000000000000000016592008000000007000000000000000000000000000000000000000C00000000"
	"eterna.conf~~~"
	"[vm a]\n~"
	"070701000000020000A1FF0000000000000000000000016B03685500000007000000000000000000000000000000000000000A00000000"
	"boot/link~"
	"vmlinuz~"
	"07070100000003000081A40000000000000000000000016592008000000003000000000000000000000000000000000000000D00000000"
	"boot/vmlinuz~~"
	"abc~"
	"07070100000004000081A40000000000000000000000016592008000000000000000000000000000000000000000000000000B00000000"
	"boot/empty~~~~"
	"07070100000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000B00000000"
	"TRAILER!!!~~~~";

#define MODULE_AT 0x123000ull
#define WHOLE (sizeof(by_cpio) - 1)
/* The second entry, the first file. */
#define FILE_AT (110 + 6)
#define FILE_MODE (FILE_AT + 6 + 8)
#define FILE_BYTES (FILE_AT + 6 + 6 * 8)
#define FILE_NAME_BYTES (FILE_AT + 6 + 11 * 8)
#define FILE_CONTENT (FILE_AT + 110 + 14)

static struct boot_info info;
static u8 *archive; /* of exactly its size, so that the sanitizer sees a step over its end */

static void make(size_t bytes)
{
	free(archive);
	archive = malloc(bytes ? bytes : 1);
	for (size_t i = 0; i < bytes; i++)
		archive[i] = by_cpio[i] == '~' ? 0 : (u8)by_cpio[i];
	boot_info_init(&info, "test");
	boot_info_add_module(&info, MODULE_AT, bytes, "", 0);
}

static int setup(void **state)
{
	(void)state;
	make(WHOLE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(archive);
	archive = NULL;
	return 0;
}

static void put(size_t at, const char *text)
{
	memcpy(archive + at, text, strlen(text));
}

static err_t unpack(void)
{
	err_t err = archive_unpack(&info, archive);

	assert_true(boot_info_valid(&info));
	return err;
}

static bool begins_with(const char *name)
{
	return archive_begins_with(archive, info.modules[0].bytes, name);
}

static void files_of_cpio_become_modules(void **state)
{
	(void)state;
	assert_true(begins_with("eterna.conf"));
	assert_int_equal(unpack(), OK);
	assert_int_equal(info.module_count, 3);
	assert_string_equal(boot_module_name(&info, 0), "eterna.conf");
	assert_int_equal(info.modules[0].start.v, MODULE_AT + FILE_CONTENT);
	assert_int_equal(info.modules[0].bytes, 7);
	assert_memory_equal(archive + FILE_CONTENT, "[vm a]\n", 7);
	assert_string_equal(boot_module_name(&info, 1), "vmlinuz");
	assert_int_equal(info.modules[1].bytes, 3);
	assert_memory_equal(archive + (info.modules[1].start.v - MODULE_AT), "abc", 3);
	assert_string_equal(boot_module_name(&info, 2), "empty");
	assert_int_equal(info.modules[2].bytes, 0);
}

static void entries_are_told_one_by_one(void **state)
{
	struct archive reader = {archive, WHOLE, 0};
	struct archive_entry entry;

	(void)state;
	assert_int_equal(archive_next(&reader, &entry), OK);
	assert_string_equal(entry.name, "boot");
	assert_int_equal(entry.name_length, 4);
	assert_false(entry.is_file);
	assert_int_equal(reader.at, FILE_AT);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(archive_next(&reader, &entry), OK);
	assert_string_equal(entry.name, "boot/empty");
	assert_int_equal(archive_next(&reader, &entry), ERR_NOENT);
	assert_int_equal(reader.at, WHOLE);
	assert_int_equal(archive_next(&reader, &entry), ERR_TRUNCATED);
}

static void the_first_file_decides(void **state)
{
	(void)state;
	assert_false(begins_with("vmlinuz"));
	assert_false(begins_with("boot"));
	assert_false(begins_with("terna.conf"));
	put(FILE_CONTENT - 14, "etc/e.conf");
	archive[FILE_CONTENT - 4] = 0;
	assert_true(begins_with("e.conf"));
	assert_false(begins_with(".conf"));
	assert_false(begins_with("etc/e.conf.and.more"));
	put(0, "070702");
	assert_false(begins_with("e.conf"));
}

/* What follows a file's path after a blank is the module's arguments, as in a loader's string. */
static void path_is_the_modules_string(void **state)
{
	(void)state;
	put(FILE_CONTENT - 14, "a/b  c d");
	archive[FILE_CONTENT - 6] = 0;
	assert_int_equal(unpack(), OK);
	assert_string_equal(boot_module_name(&info, 0), "b");
	assert_string_equal(boot_module_arguments(&info, 0), "c d");
}

static void every_shorter_archive_is_refused(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < WHOLE; bytes++) {
		make(bytes);
		assert_int_equal(unpack(), ERR_TRUNCATED);
	}
}

static void sizes_beyond_the_archive_are_refused(void **state)
{
	static const size_t fields[] = {FILE_BYTES, FILE_NAME_BYTES};

	for (u32 i = 0; i < ARRAY_COUNT(fields); i++) {
		setup(state);
		put(fields[i], "FFFFFFFF");
		assert_int_equal(unpack(), ERR_TRUNCATED);
		assert_int_equal(info.module_count, 0);
		make(WHOLE);
		put(fields[i], "00001000");
		assert_int_equal(unpack(), ERR_TRUNCATED);
	}
}

static void malformed_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		const char *text;
	} rows[] = {
		{FILE_AT, "070702"},                /* another format of cpio */
		{FILE_AT, "170701"},                /* none at all */
		{FILE_MODE, "0000 1A4"},            /* no digit */
		{FILE_MODE, "0000G1A4"},            /* beyond F */
		{FILE_MODE, "0000g1A4"},            /* beyond f */
		{FILE_MODE, "0000@1A4"},            /* before A */
		{FILE_MODE, "0000/1A4"},            /* before 0 */
		{FILE_AT + 6 + 12 * 8, "0000000-"}, /* the last field */
		{FILE_NAME_BYTES, "00000000"},      /* a name has at least its NUL */
		{FILE_NAME_BYTES, "0000000B"},      /* a name without its NUL */
	};

	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		setup(state);
		put(rows[i].at, rows[i].text);
		assert_int_equal(unpack(), ERR_FORMAT);
		assert_int_equal(info.module_count, 0);
		assert_false(begins_with("eterna.conf"));
	}
}

static void small_digits_are_digits(void **state)
{
	(void)state;
	put(FILE_MODE, "000081a4");
	put(FILE_NAME_BYTES, "0000000c");
	assert_int_equal(unpack(), OK);
	assert_int_equal(info.module_count, 3);
}

static void files_that_do_not_fit_are_counted(void **state)
{
	static const char header[] = "070701"
				     "00000000"
				     "00008000"
				     "00000000"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000001"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000000"
				     "00000002"
				     "00000000"
				     "f";
	const size_t entry = sizeof(header) + 4; /* header, name, one byte, filled up */
	const size_t end = 124;
	const size_t files = BOOT_MODULES_MAX + 3;

	(void)state;
	free(archive);
	archive = calloc(1, files * entry + end);
	for (size_t i = 0; i < files; i++)
		memcpy(archive + i * entry, header, sizeof(header));
	for (size_t i = 0; i < end; i++)
		archive[files * entry + i] = by_cpio[WHOLE - end + i] == '~' ? 0 : (u8)by_cpio[WHOLE - end + i];
	info.modules[0].bytes = files * entry + end;
	assert_int_equal(unpack(), OK);
	assert_int_equal(info.module_count, BOOT_MODULES_MAX);
	assert_int_equal(info.lost.modules, 3);
	assert_int_equal(info.modules[1].start.v - info.modules[0].start.v, entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_of_cpio_become_modules, setup, teardown),
		cmocka_unit_test_setup_teardown(entries_are_told_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_file_decides, setup, teardown),
		cmocka_unit_test_setup_teardown(path_is_the_modules_string, setup, teardown),
		cmocka_unit_test_setup_teardown(every_shorter_archive_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_beyond_the_archive_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_headers_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(small_digits_are_digits, setup, teardown),
		cmocka_unit_test_setup_teardown(files_that_do_not_fit_are_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
