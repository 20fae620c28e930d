// SPDX-License-Identifier: Apache-2.0
// Memory maps: order, overlaps, absurd ranges, carving; and random maps against a page-by-page model.
#include "boot/info/memory_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct memory_map map;

static void expect_range(u32 i, u64 base, u64 bytes, u32 kind)
{
	assert_true(i < map.count);
	assert_int_equal(map.ranges[i].base, base);
	assert_int_equal(map.ranges[i].bytes, bytes);
	assert_int_equal(map.ranges[i].kind, kind);
}

static void expect_finding(u32 i, const char *text)
{
	char buf[256];

	assert_true(i < map.finding_count);
	memory_finding_text(&map.findings[i], buf, sizeof(buf));
	assert_string_equal(buf, text);
}

#define NORMALISE(in, bits) assert_int_equal(memory_map_normalise(in, ARRAY_COUNT(in), bits, &map), OK)

static void a_plain_map_is_sorted(void **state)
{
	const struct memory_range in[] = {
		{0x100000, 0x7f00000, MEMORY_USABLE},
		{0, 0x9f000, MEMORY_USABLE},
		{0x9f000, 0x61000, MEMORY_RESERVED},
		{0x8000000, 0x1000, MEMORY_USABLE}, /* continues the first */
	};

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(map.count, 3);
	expect_range(0, 0, 0x9f000, MEMORY_USABLE);
	expect_range(1, 0x9f000, 0x61000, MEMORY_RESERVED);
	expect_range(2, 0x100000, 0x7f01000, MEMORY_USABLE);
	assert_int_equal(map.finding_count, 0);
	assert_int_equal(memory_map_bytes(&map, MEMORY_USABLE), 0x9f000 + 0x7f01000);
	assert_true(memory_map_valid(&map));
}

static void overlaps_go_to_the_less_usable(void **state)
{
	const struct memory_range in[] = {
		{0, 0x10000, MEMORY_USABLE},
		{0x4000, 0x2000, MEMORY_RESERVED},
		{0x5000, 0x2000, MEMORY_ACPI_RECLAIM},
	};

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(map.count, 4);
	expect_range(0, 0, 0x4000, MEMORY_USABLE);
	expect_range(1, 0x4000, 0x2000, MEMORY_RESERVED);
	expect_range(2, 0x6000, 0x1000, MEMORY_ACPI_RECLAIM);
	expect_range(3, 0x7000, 0x9000, MEMORY_USABLE);
	assert_int_equal(map.finding_count, 3);
	expect_finding(0, "[0x0-0xffff] usable and [0x4000-0x5fff] reserved overlap: "
			  "the less usable kind wins");
}

static void absurd_ranges_are_dropped_or_cut(void **state)
{
	const struct memory_range in[] = {
		{0x1000, 0, MEMORY_USABLE},
		{0x2000, UINT64_MAX, MEMORY_USABLE},
		{0xffff0000, UINT64_MAX, MEMORY_RESERVED},
		{0xfff0000000, 0x20000000, MEMORY_RESERVED},
		{0x20000000000, 0x1000, MEMORY_USABLE},
		{0, 0x1000, MEMORY_USABLE},
		{UINT64_MAX - 0xfff, 0x1000, MEMORY_RESERVED}, /* ends at 2^64: too high, but does not wrap */
	};

	(void)state;
	NORMALISE(in, 40);
	assert_int_equal(map.count, 2);
	expect_range(0, 0, 0x1000, MEMORY_USABLE);
	expect_range(1, 0xffff0000, 0x10000000000 - 0xffff0000, MEMORY_RESERVED);
	assert_int_equal(map.finding_count, 7);
	expect_finding(0, "0x1000 usable has no bytes: dropped");
	expect_finding(1, "0x2000 usable of 0xffffffffffffffff bytes passes the end of all addresses: "
			  "dropped");
	expect_finding(2, "0xffff0000 reserved of 0xffffffffffffffff bytes passes the end of all "
			  "addresses: cut");
	expect_finding(3, "[0xfff0000000-0x1000fffffff] reserved is beyond what this CPU can address: cut");
	expect_finding(6, "[0xfffffffffffff000-0xffffffffffffffff] reserved is beyond what this CPU can "
			  "address: cut");
}

static void holes_are_found(void **state)
{
	const struct memory_range in[] = {
		{0x1000, 0x1000, MEMORY_USABLE},
		{0x4000, 0x1000, MEMORY_BAD},
		{0x5000, 0x1000, MEMORY_USABLE},
		{0x9000, 0x1000, MEMORY_ACPI_NVS}, /* above all usable memory: no matter */
	};

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(map.finding_count, 2);
	expect_finding(0, "[0x0-0xfff] hole, not described by the firmware: not used");
	expect_finding(1, "[0x2000-0x3fff] hole, not described by the firmware: not used");
}

static void findings_beyond_the_list_are_counted(void **state)
{
	struct memory_range in[40] = {0};

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(map.finding_count, 40);
	assert_int_equal(map.count, 0);
}

static void too_many_ranges_are_refused(void **state)
{
	static struct memory_range in[MEMORY_MAP_RANGES_MAX + 1];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(in); i++)
		in[i] = (struct memory_range){i * 0x2000ull, 0x1000, MEMORY_USABLE};
	assert_int_equal(memory_map_normalise(in, ARRAY_COUNT(in), 36, &map), ERR_SPACE);
	assert_int_equal(map.count, MEMORY_MAP_RANGES_MAX);
	assert_true(memory_map_valid(&map));
}

static void free_memory_leaves_out_what_is_in_use(void **state)
{
	const struct memory_range in[] = {
		{0, 0x9fc00, MEMORY_USABLE},
		{0x100000, 0xf00000, MEMORY_USABLE},
		{0x1000000, 0x1000, MEMORY_ACPI_RECLAIM},
	};
	const struct memory_range in_use[] = {
		{0x200000, 0x1234, 0},     {0, 0x1000, 0}, {0x201000, 0x1000, 0}, /* overlaps the first */
		{0xfff800, UINT64_MAX, 0},                                        /* wraps: reaches to the end */
		{0x300000, 0, 0},                                                 /* empty: uses nothing */
	};
	struct memory_range out[8];
	u32 count;

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(memory_map_free(&map, in_use, ARRAY_COUNT(in_use), out, 8, &count), OK);
	assert_int_equal(count, 3);
	assert_int_equal(out[0].base, 0x1000);
	assert_int_equal(out[0].bytes, 0x9e000);
	assert_int_equal(out[1].base, 0x100000);
	assert_int_equal(out[1].bytes, 0x100000);
	assert_int_equal(out[2].base, 0x202000);
	assert_int_equal(out[2].bytes, 0xfff000 - 0x202000);
	assert_int_equal(memory_map_free(&map, in_use, ARRAY_COUNT(in_use), out, 2, &count), ERR_SPACE);
	assert_int_equal(count, 2);
}

static void a_used_range_may_end_at_the_end_of_addresses(void **state)
{
	const struct memory_range in[] = {{0, 0x10000, MEMORY_USABLE}};
	const struct memory_range in_use[] = {{0x8000, 0 - 0x8000ull, 0}};
	struct memory_range out[2];
	u32 count;

	(void)state;
	NORMALISE(in, 36);
	assert_int_equal(memory_map_free(&map, in_use, 1, out, 2, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(out[0].bytes, 0x8000);
}

#define MODEL_PAGES 64

static u32 weight(u32 kind)
{
	static const u32 order[] = {MEMORY_NONE,     MEMORY_USABLE,   MEMORY_ACPI_RECLAIM,
				    MEMORY_ACPI_NVS, MEMORY_RESERVED, MEMORY_BAD};
	u32 i = 0;

	while (order[i] != kind)
		i++;
	return i;
}

static void check_against_model(const struct memory_range *in, u32 count, const struct memory_range *in_use)
{
	u32 model[MODEL_PAGES] = {0};
	struct memory_range out[MODEL_PAGES];
	bool is_free[MODEL_PAGES] = {0};
	u32 out_count;

	for (u32 i = 0; i < count; i++)
		for (u64 p = in[i].base / 4096; p < (in[i].base + in[i].bytes) / 4096; p++)
			if (weight(in[i].kind) > weight(model[p]))
				model[p] = in[i].kind;
	assert_int_equal(memory_map_normalise(in, count, 36, &map), OK);
	assert_true(memory_map_valid(&map));
	for (u32 i = 0; i < map.count; i++)
		for (u64 p = map.ranges[i].base / 4096; p < (map.ranges[i].base + map.ranges[i].bytes) / 4096; p++) {
			assert_int_equal(model[p], map.ranges[i].kind);
			model[p] |= 0x100;
		}
	for (u32 p = 0; p < MODEL_PAGES; p++)
		assert_true(model[p] == 0 || model[p] & 0x100);

	assert_int_equal(memory_map_free(&map, in_use, 2, out, MODEL_PAGES, &out_count), OK);
	for (u32 i = 0; i < out_count; i++)
		for (u64 p = out[i].base / 4096; p < (out[i].base + out[i].bytes) / 4096; p++)
			is_free[p] = true;
	for (u64 p = 0; p < MODEL_PAGES; p++) {
		bool used = p - in_use[0].base / 4096 < in_use[0].bytes / 4096 ||
			    p - in_use[1].base / 4096 < in_use[1].bytes / 4096;

		assert_int_equal(is_free[p], (model[p] & 0xff) == MEMORY_USABLE && !used);
	}
}

static struct memory_range random_range(void)
{
	u64 page = (u64)rand() % MODEL_PAGES;
	u64 pages = (u64)rand() % (MODEL_PAGES - page);

	return (struct memory_range){page * 4096, pages * 4096, 1 + (u32)rand() % 5};
}

static void random_maps_match_the_model(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 3000; round++) {
		struct memory_range in[12];
		struct memory_range in_use[2] = {random_range(), random_range()};
		u32 count = (u32)rand() % 13;

		for (u32 i = 0; i < count; i++)
			in[i] = random_range();
		check_against_model(in, count, in_use);
	}
}

static void invalid_maps_are_told(void **state)
{
	(void)state;
	map = (struct memory_map){.count = 2, .ranges = {{0, 0x1000, 1}, {0x1000, 0x1000, 1}}};
	assert_false(memory_map_valid(&map)); /* should be one */
	map.ranges[1].kind = 2;
	assert_true(memory_map_valid(&map));
	map.ranges[1].base = 0xfff;
	assert_false(memory_map_valid(&map));
	map.count = MEMORY_MAP_RANGES_MAX + 1;
	assert_false(memory_map_valid(&map));
	assert_string_equal(memory_kind_text(99), "reserved");
	assert_string_equal(memory_kind_text(MEMORY_ACPI_NVS), "ACPI NVS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_map_is_sorted),
		cmocka_unit_test(overlaps_go_to_the_less_usable),
		cmocka_unit_test(absurd_ranges_are_dropped_or_cut),
		cmocka_unit_test(holes_are_found),
		cmocka_unit_test(findings_beyond_the_list_are_counted),
		cmocka_unit_test(too_many_ranges_are_refused),
		cmocka_unit_test(free_memory_leaves_out_what_is_in_use),
		cmocka_unit_test(a_used_range_may_end_at_the_end_of_addresses),
		cmocka_unit_test(random_maps_match_the_model),
		cmocka_unit_test(invalid_maps_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
