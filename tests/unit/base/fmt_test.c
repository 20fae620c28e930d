// SPDX-License-Identifier: Apache-2.0
// Formatted text against the C library's snprintf, and the rules of our own.
#include "base/fmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The same arguments to both. */
#define SAME(...)                                                                                                      \
	do {                                                                                                           \
		char ours[200], theirs[200];                                                                           \
		size_t length = fmt_string(ours, sizeof(ours), __VA_ARGS__);                                           \
		assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__));                               \
		assert_string_equal(ours, theirs);                                                                     \
	} while (0)

static void numbers_are_as_in_c(void **state)
{
	static const int values[] = {0, 1, -1, 9, 10, -128, 255, 32767, 65535, INT32_MAX, INT32_MIN};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(values); i++) {
		int v = values[i];

		SAME("%d|%i|%u|%x|%X", v, v, (unsigned)v, (unsigned)v, (unsigned)v);
		SAME("%5d|%-5d|%05d|%20d|%020d", v, v, v, v, v);
		SAME("%hd|%hhd|%hu|%hhu|%hx|%hhx", (short)v, (signed char)v, (unsigned short)v, (unsigned char)v,
		     (unsigned short)v, (unsigned char)v);
		SAME("%8x|%-8x|%08x", (unsigned)v, (unsigned)v, (unsigned)v);
	}
	SAME("%lld %lld %llu", (long long)INT64_MIN, (long long)INT64_MAX, (unsigned long long)UINT64_MAX);
	SAME("%lx %zx %zu", ~0ul, SIZE_MAX, (size_t)0);
	SAME("%#x %#X %#10x %#010x %-#10x|", 0x1au, 0x1au, 0x1au, 0x1au, 0x1au);
	SAME("%*d|%-*d|", 7, 42, 7, 42);
	SAME("%*d|", -7, 42);
	SAME("%p", (void *)0x1234);
}

/* As an argument of a narrower type arrives: the upper bits are not part of the value. */
static void narrow_numbers_drop_the_rest(void **state)
{
	char text[32];
	const char *format = "%hhd %hd %hhu";

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fmt_string(text, sizeof(text), format, 0x1ff, 0x18000, 0x101);
#pragma GCC diagnostic pop
	assert_string_equal(text, "-1 -32768 1");
}

static void text_is_as_in_c(void **state)
{
	const char no_end[3] = {'a', 'b', 'c'};

	(void)state;
	SAME("%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|%.*s", "abc", "abc", "abc", "abc", "abc", "abc", 1, "abc");
	SAME("%.3s|%.0s|", no_end, "x");
	SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	SAME("100%% sure");
	SAME("no conversions");
	SAME("%s", "");
	SAME("%.*s|", -1, "abc");
}

static void null_text_is_said(void **state)
{
	char text[32];
	const char *volatile null = NULL;

	(void)state;
	fmt_string(text, sizeof(text), "%s|%8s", null, null);
	assert_string_equal(text, "(null)|  (null)");
}

static size_t format_foreign(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = fmt_string_args(buf, size, format, args);
	va_end(args);
	return length;
}

static void unknown_conversions_are_printed_as_they_stand(void **state)
{
	char text[64];

	(void)state;
	format_foreign(text, sizeof(text), "%y and %");
	assert_string_equal(text, "%y and ");
}

static void short_buffers_are_ended_and_the_length_is_told(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'z', sizeof(text));
	assert_int_equal(fmt_string(text, 4, "%s", "abcdef"), 6);
	assert_memory_equal(text, "abc\0zzzz", 8);
	assert_int_equal(fmt_string(text, 1, "%d", 12345), 5);
	assert_string_equal(text, "");
	text[0] = 'z';
	assert_int_equal(fmt_string(text, 0, "%d", 12345), 5);
	assert_int_equal(text[0], 'z');
	assert_int_equal(fmt_string(NULL, 0, "%d", 12345), 5);
}

static void byte_counts_read_well(void **state)
{
	static const struct {
		u64 bytes;
		const char *text;
	} rows[] = {
		{0, "0 bytes"},
		{1, "1 bytes"},
		{1023, "1023 bytes"},
		{1024, "1 KiB"},
		{1025, "1025 bytes"},
		{640 * KIB, "640 KiB"},
		{3 * MIB, "3 MiB"},
		{4 * GIB, "4 GiB"},
		{MIB + KIB, "1025 KiB"},
		{1024 * GIB, "1 TiB"},
		{4096 * GIB * KIB, "4096 TiB"},
	};
	char text[32];

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		fmt_bytes(text, sizeof(text), rows[i].bytes);
		assert_string_equal(text, rows[i].text);
	}
}

struct counting_sink {
	struct fmt_sink sink;
	unsigned count;
};

static void count_put(struct fmt_sink *sink, char c)
{
	(void)c;
	CONTAINER_OF(sink, struct counting_sink, sink)->count++;
}

static void sinks_get_every_character(void **state)
{
	struct counting_sink c = {.sink.put = count_put};

	(void)state;
	fmt_print(&c.sink, "%d%s", 100, "abc");
	assert_int_equal(c.count, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_in_c),
		cmocka_unit_test(narrow_numbers_drop_the_rest),
		cmocka_unit_test(text_is_as_in_c),
		cmocka_unit_test(null_text_is_said),
		cmocka_unit_test(unknown_conversions_are_printed_as_they_stand),
		cmocka_unit_test(short_buffers_are_ended_and_the_length_is_told),
		cmocka_unit_test(byte_counts_read_well),
		cmocka_unit_test(sinks_get_every_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
