// SPDX-License-Identifier: Apache-2.0
// Sets of CPUs and their text form.
#include "base/cpu_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void members_come_and_go(void **state)
{
	struct cpu_set set = {{0}};

	(void)state;
	assert_true(cpu_set_is_empty(&set));
	cpu_set_add(&set, 0);
	cpu_set_add(&set, 63);
	cpu_set_add(&set, 64);
	cpu_set_add(&set, 255);
	assert_int_equal(cpu_set_count(&set), 4);
	assert_true(cpu_set_has(&set, 64) && !cpu_set_has(&set, 65) && !cpu_set_has(&set, 256));
	assert_int_equal(cpu_set_next(&set, 1), 63);
	assert_int_equal(cpu_set_next(&set, 65), 255);
	assert_int_equal(cpu_set_next(&set, 256), CPU_SET_NONE);
	cpu_set_remove(&set, 255);
	assert_int_equal(cpu_set_next(&set, 65), CPU_SET_NONE);
}

static void sets_combine(void **state)
{
	struct cpu_set all = cpu_set_first(256);
	struct cpu_set some = cpu_set_first(70);
	struct cpu_set rest = cpu_set_without(&all, &some);
	struct cpu_set none = cpu_set_and(&some, &rest);

	(void)state;
	assert_int_equal(cpu_set_count(&all), 256);
	assert_int_equal(cpu_set_count(&rest), 186);
	assert_int_equal(cpu_set_next(&rest, 0), 70);
	assert_true(cpu_set_is_empty(&none));
}

static void text_round_trips(void **state)
{
	static const char *const texts[] = {"0", "2-3", "0-3,8", "1,3,5,7", "0-255", "255", "63-64,128"};
	char text[CPU_SET_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct cpu_set set;

		assert_int_equal(cpu_set_read(texts[i], &set), OK);
		assert_int_equal(cpu_set_text(&set, text, sizeof(text)), strlen(texts[i]));
		assert_string_equal(text, texts[i]);
	}
}

static void text_is_free_in_form(void **state)
{
	struct cpu_set set;
	char text[CPU_SET_TEXT_BYTES];

	(void)state;
	assert_int_equal(cpu_set_read(" 8 , 2 - 3,3\t", &set), OK);
	cpu_set_text(&set, text, sizeof(text));
	assert_string_equal(text, "2-3,8");
}

static void bad_text_changes_nothing(void **state)
{
	static const char *const bad[] = {"", " ", "a", "1,", ",1", "1-", "3-2", "1;2", "-1", "1 2", "1-2-3"};
	struct cpu_set set = cpu_set_first(5);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(cpu_set_read(bad[i], &set), ERR_FORMAT);
	assert_int_equal(cpu_set_read("256", &set), ERR_RANGE);
	assert_int_equal(cpu_set_read("0-99999999999", &set), ERR_RANGE);
	assert_int_equal(cpu_set_count(&set), 5);
}

static void long_text_is_cut(void **state)
{
	struct cpu_set set = {{0}};
	char text[CPU_SET_TEXT_BYTES];
	char tiny[3];

	(void)state;
	assert_int_equal(cpu_set_text(&set, text, sizeof(text)), 4);
	assert_string_equal(text, "none");
	for (u32 cpu = 0; cpu < 256; cpu += 2)
		cpu_set_add(&set, cpu);
	assert_true(cpu_set_text(&set, text, sizeof(text)) < sizeof(text));
	assert_string_equal(text + strlen(text) - 3, "...");
	assert_int_equal(cpu_set_text(&set, tiny, sizeof(tiny)), 2);
	assert_string_equal(tiny, "..");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_and_go),      cmocka_unit_test(sets_combine),
		cmocka_unit_test(text_round_trips),         cmocka_unit_test(text_is_free_in_form),
		cmocka_unit_test(bad_text_changes_nothing), cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
