// SPDX-License-Identifier: Apache-2.0
// SRAT and SLIT: sound ones, and what firmware gets wrong.
#include "unit/boot/info/numa_tables.h"

static void two_nodes_are_read(void **state)
{
	(void)state;
	two_nodes();
	parse();
	assert_int_equal(numa.reason, NUMA_BY_SRAT);
	assert_int_equal(numa.node_count, 2);
	assert_int_equal(numa.cpu_count, 4);
	for (u32 id = 0; id < 4; id++)
		assert_int_equal(numa_node_of_cpu(&numa, id), id / 2);
	assert_int_equal(numa_node_of_cpu(&numa, 4), NUMA_NO_NODE);
	assert_int_equal(numa.node[1].cpu_count, 2);
	assert_int_equal(numa_node_bytes(&numa, 0), GIB - MIB + 640 * KIB);
	assert_int_equal(numa_node_bytes(&numa, 1), GIB);
	assert_int_equal(numa.distance[0][0], 10);
	assert_int_equal(numa.distance[0][1], 21);
	assert_int_equal(numa.distance[1][0], 31); /* a direction each */
	assert_true(numa.has_slit);
	assert_int_equal(defects_in_all(), 0);
}

static void domains_are_numbered_in_order(void **state)
{
	static u8 matrix[8 * 8];

	(void)state;
	memset(matrix, 40, sizeof(matrix));
	for (u32 i = 0; i < 8; i++)
		matrix[9 * i] = 10;
	matrix[2 * 8 + 7] = 17;
	add_memory(7, GIB, GIB, ENABLED);
	add_cpu(7, 1, ENABLED);
	add_memory(2, 0, GIB, ENABLED);
	add_cpu(2, 0, ENABLED);
	set_slit(8, matrix);
	parse();
	assert_int_equal(numa.node_count, 2);
	assert_int_equal(numa.node[0].domain, 2);
	assert_int_equal(numa.node[1].domain, 7);
	assert_int_equal(numa_node_of_cpu(&numa, 1), 1);
	assert_int_equal(numa.distance[0][1], 17);
	assert_int_equal(numa.distance[1][0], 40);
}

static void domains_have_32_bits_since_revision_2(void **state)
{
	(void)state;
	add_cpu(0x01020304, 0, ENABLED);
	add_memory(0x01020304, 0, GIB, ENABLED);
	parse();
	assert_int_equal(numa.node_count, 1);
	assert_int_equal(numa.node[0].domain, 0x01020304);
	at(SRAT)[8] = 1; /* before it: 8, and garbage in the others */
	add_memory(0xff04, GIB, GIB, ENABLED);
	parse();
	assert_int_equal(numa.node_count, 1);
	assert_int_equal(numa.node[0].domain, 4);
	assert_int_equal(numa_node_bytes(&numa, 0), 2 * GIB);
}

static void what_is_not_enabled_is_not_there(void **state)
{
	(void)state;
	two_nodes();
	add_cpu(5, 9, 0);
	add_memory(6, 4 * GIB, GIB, 2); /* hot-pluggable, nothing plugged */
	parse();
	assert_int_equal(numa.node_count, 2);
	assert_int_equal(numa.cpu_count, 4);
	assert_int_equal(defects_in_all(), 0);
}

static void no_srat_is_one_node(void **state)
{
	(void)state;
	parses_as_one_node(NUMA_NO_SRAT);
	assert_int_equal(defects_in_all(), 0);
	memset(at(RSDP), 0, 8);
	parses_as_one_node(NUMA_NO_SRAT);
}

static void a_damaged_srat_is_one_node(void **state)
{
	(void)state;
	two_nodes();
	close_tables();
	at(SRAT)[50]++;
	parses_as_one_node(NUMA_SRAT_DAMAGED);
	has_only(NUMA_SRAT_SUM, 1);
	finish(SRAT, "SRAT", 47);
	parses_as_one_node(NUMA_SRAT_DAMAGED);
	has_only(NUMA_SRAT_LENGTH, 1);
	store_u32(at(SRAT) + 4, 35);
	parses_as_one_node(NUMA_SRAT_DAMAGED);
	has_only(NUMA_SRAT_LENGTH, 1);
	store_u32(at(SRAT) + 4, MIB);
	parses_as_one_node(NUMA_SRAT_DAMAGED);
	has_only(NUMA_SRAT_LENGTH, 1);
}

static void a_second_srat_serves_where_the_first_is_damaged(void **state)
{
	(void)state;
	two_nodes();
	close_tables();
	memcpy(at(0x1e000), at(SRAT), srat_length);
	at(SRAT)[50]++;
	store_u64(at(XSDT) + 60, 0x1e000);
	finish(XSDT, "XSDT", 68);
	parse_as_is();
	assert_int_equal(numa.node_count, 2);
}

static void an_entry_of_length_0_ends_the_walk(void **state)
{
	(void)state;
	two_nodes();
	at(SRAT)[srat_length] = 1;
	srat_length += 2;
	add_cpu(2, 7, ENABLED);
	parse();
	assert_int_equal(numa.node_count, 2);
	has_only(NUMA_SRAT_ENTRY_LENGTH, 1);
	assert_int_equal(numa.defect[NUMA_SRAT_ENTRY_LENGTH].a, 1);
	assert_int_equal(numa.defect[NUMA_SRAT_ENTRY_LENGTH].b, 0);
}

static void an_entry_past_the_end_is_not_read(void **state)
{
	(void)state;
	two_nodes();
	add_memory(2, 8 * GIB, GIB, ENABLED);
	srat_length -= 12; /* the flags of the last one are outside */
	parse();
	assert_int_equal(numa.node_count, 2);
	has_only(NUMA_SRAT_ENTRY_LENGTH, 1);
	srat_length -= 40 - 12 - 1; /* a type without a length */
	parse();
	assert_int_equal(numa.node_count, 2);
	assert_int_equal(defects_in_all(), 0);
}

static void entries_too_short_are_stepped_over(void **state)
{
	(void)state;
	for (u8 type = 0; type < 3; type++, srat_length += 8) {
		at(SRAT)[srat_length] = type;
		at(SRAT)[srat_length + 1] = 8;
	}
	two_nodes();
	parse();
	assert_int_equal(numa.node_count, 2);
	has_only(NUMA_SRAT_ENTRY_LENGTH, 3);
}

static void other_entries_are_named(void **state)
{
	(void)state;
	two_nodes();
	at(SRAT)[srat_length] = 5;
	at(SRAT)[srat_length + 1] = 32;
	store_u32(at(SRAT) + srat_length + 4, 9);
	srat_length += 32;
	at(SRAT)[srat_length] = 3; /* an ARM processor's: passed over */
	at(SRAT)[srat_length + 1] = 18;
	srat_length += 18;
	at(SRAT)[srat_length] = 77;
	at(SRAT)[srat_length + 1] = 4;
	srat_length += 4;
	parse();
	assert_int_equal(numa.node_count, 2);
	assert_int_equal(defects(NUMA_GENERIC_INITIATOR), 1);
	assert_int_equal(numa.defect[NUMA_GENERIC_INITIATOR].a, 9);
	assert_int_equal(defects(NUMA_SRAT_ENTRY_UNKNOWN), 1);
	assert_int_equal(numa.defect[NUMA_SRAT_ENTRY_UNKNOWN].a, 77);
	assert_int_equal(defects_in_all(), 2);
}

static void absurd_ranges_are_dropped(void **state)
{
	(void)state;
	two_nodes();
	add_memory(3, 4 * GIB, 0, ENABLED);
	add_memory(3, 4 * GIB, ~0ull - GIB, ENABLED);
	add_memory(3, 4 * GIB, GIB, ENABLED | 4);
	parse();
	assert_int_equal(numa.node_count, 2); /* domain 3 has nothing that counts */
	assert_int_equal(defects(NUMA_RANGE_EMPTY), 1);
	assert_int_equal(defects(NUMA_RANGE_WRAPS), 1);
	assert_int_equal(defects(NUMA_RANGE_NOT_VOLATILE), 1);
	assert_int_equal(numa.range_count, 3);
}

static void of_overlaps_the_first_one_counts(void **state)
{
	(void)state;
	two_nodes();
	add_memory(1, GIB / 2, 3 * GIB, ENABLED); /* half a GiB of node 0, all of node 1, and 1.5 GiB more */
	parse();
	assert_int_equal(numa_node_bytes(&numa, 0), GIB - MIB + 640 * KIB);
	assert_int_equal(numa_node_bytes(&numa, 1), 2 * GIB + GIB / 2);
	assert_int_equal(numa.range_count, 3);
	assert_int_equal(defects(NUMA_RANGE_OVERLAP), 1);
	assert_int_equal(numa.defect[NUMA_RANGE_OVERLAP].a, GIB / 2);
	assert_int_equal(numa.defect[NUMA_RANGE_OVERLAP].b, GIB / 2);
	assert_int_equal(defects(NUMA_RANGE_TWICE), 1);
}

static void a_range_fills_the_gaps_around_others(void **state)
{
	(void)state;
	add_memory(0, 2 * GIB, GIB, ENABLED);
	add_memory(0, 4 * GIB, GIB, ENABLED);
	add_memory(0, GIB, 5 * GIB, ENABLED);
	parse();
	assert_int_equal(numa.range_count, 1);
	assert_int_equal(numa.range[0].base, GIB);
	assert_int_equal(numa.range[0].end, 6 * GIB);
	assert_int_equal(defects(NUMA_RANGE_TWICE), 2);
}

static void ranges_have_an_end(void **state)
{
	(void)state;
	for (u32 i = 0; i < NUMA_RANGES_MAX + 2; i++)
		add_memory(i & 1, i * GIB, GIB, ENABLED);
	parse();
	assert_int_equal(numa.range_count, NUMA_RANGES_MAX);
	assert_int_equal(defects(NUMA_RANGE_TOO_MANY), 2);
	assert_int_equal(defects(NUMA_NODE_SCATTERED), 2);
}

static void nodes_may_lack_memory_or_processors(void **state)
{
	(void)state;
	two_nodes();
	add_cpu(2, 8, ENABLED);
	add_memory(3, 4 * GIB, GIB, ENABLED);
	slit_length = 0;
	parse();
	assert_int_equal(numa.node_count, 4);
	assert_int_equal(defects(NUMA_NODE_MEMORYLESS), 1);
	assert_int_equal(numa.defect[NUMA_NODE_MEMORYLESS].a, 2);
	assert_int_equal(defects(NUMA_NODE_CPULESS), 1);
	assert_int_equal(numa.defect[NUMA_NODE_CPULESS].a, 3);
	assert_true(numa_defect_is_harmless(NUMA_NODE_CPULESS));
}

static void without_any_memory_it_is_one_node(void **state)
{
	(void)state;
	add_cpu(0, 0, ENABLED);
	add_cpu(1, 1, ENABLED);
	close_tables();
	parses_as_one_node(NUMA_NO_MEMORY);
}

static void nodes_have_an_end(void **state)
{
	(void)state;
	for (u32 i = 0; i < NUMA_NODES_MAX; i++)
		add_memory(i * 3, i * GIB, GIB, ENABLED);
	parse();
	assert_int_equal(numa.node_count, NUMA_NODES_MAX);
	add_cpu(1000, 0, ENABLED);
	close_tables();
	parses_as_one_node(NUMA_TOO_MANY_NODES);
}

static void processors_are_listed_once(void **state)
{
	(void)state;
	two_nodes();
	add_cpu(1, 0, ENABLED);
	parse();
	assert_int_equal(numa_node_of_cpu(&numa, 0), 0);
	has_only(NUMA_CPU_TWICE, 1);
	for (u32 i = 0; i < NUMA_CPUS_MAX; i++)
		add_x2apic(1, 1000 + i, ENABLED);
	parse();
	assert_int_equal(numa.cpu_count, NUMA_CPUS_MAX);
	assert_int_equal(defects(NUMA_CPU_TOO_MANY), 4);
}

static void processors_are_matched_with_the_madt(void **state)
{
	struct acpi_info acpi = {.cpu_count = 3, .cpu_apic_id = {0, 1, 77}};

	(void)state;
	two_nodes();
	parse();
	numa_match_cpus(&numa, &acpi);
	assert_true(numa_valid(&numa));
	assert_int_equal(numa.cpu_count, 3);
	assert_int_equal(numa_node_of_cpu(&numa, 1), 0);
	assert_int_equal(numa_node_of_cpu(&numa, 77), 0);
	assert_int_equal(numa_node_of_cpu(&numa, 2), NUMA_NO_NODE); /* the MADT has not got it */
	assert_int_equal(defects(NUMA_CPU_UNPLACED), 1);
	assert_int_equal(numa.defect[NUMA_CPU_UNPLACED].a, 77);
	assert_int_equal(defects(NUMA_NODE_CPULESS), 1); /* node 1 is without, then */
}

static void one_node_has_all_processors(void **state)
{
	struct acpi_info acpi = {.cpu_count = 2, .cpu_apic_id = {0, 1}};

	(void)state;
	parse_as_is();
	numa_match_cpus(&numa, &acpi);
	assert_int_equal(numa.node[0].cpu_count, 2);
	assert_int_equal(defects_in_all(), 0);
}

static void a_missing_slit_is_told(void **state)
{
	(void)state;
	two_nodes();
	slit_length = 0;
	parse();
	assert_int_equal(numa.distance[0][1], 20);
	assert_false(numa.has_slit);
	has_only(NUMA_SLIT_MISSING, 1);
}

static void a_damaged_slit_is_not_read(void **state)
{
	(void)state;
	two_nodes();
	close_tables();
	at(SLIT)[46]++;
	parse_as_is();
	assert_int_equal(numa.distance[0][1], 20);
	has_only(NUMA_SLIT_SUM, 1);
	finish(SLIT, "SLIT", slit_length - 1); /* one byte short of its matrix */
	parse_as_is();
	assert_int_equal(numa.distance[0][1], 20);
	has_only(NUMA_SLIT_LENGTH, 1);
	finish(SLIT, "SLIT", 43);
	parse_as_is();
	has_only(NUMA_SLIT_LENGTH, 1);
	store_u64(at(SLIT) + 36, 1ull << 32); /* its square is 0 in 64 bits */
	finish(SLIT, "SLIT", slit_length);
	parse_as_is();
	has_only(NUMA_SLIT_LENGTH, 1);
	store_u64(at(SLIT) + 36, 0);
	finish(SLIT, "SLIT", slit_length);
	parse_as_is();
	has_only(NUMA_SLIT_LENGTH, 1);
}

static void impossible_distances_are_mended(void **state)
{
	static const u8 all_local[] = {10, 10, 10, 10};
	static const u8 one_way[] = {10, 9, 25, 10};
	static const u8 no_diagonal[] = {0, 30, 40, 12};

	(void)state;
	two_nodes();
	set_slit(2, all_local);
	parse();
	assert_int_equal(numa.distance[0][1], 20);
	assert_int_equal(numa.distance[1][0], 20);
	has_only(NUMA_SLIT_BELOW, 2);
	set_slit(2, one_way); /* the way back says more */
	parse();
	assert_int_equal(numa.distance[0][1], 25);
	assert_int_equal(numa.distance[1][0], 25);
	has_only(NUMA_SLIT_BELOW, 1);
	assert_int_equal(numa.defect[NUMA_SLIT_BELOW].a, 1);
	assert_int_equal(numa.defect[NUMA_SLIT_BELOW].b, 9);
	set_slit(2, no_diagonal);
	parse();
	assert_int_equal(numa.distance[0][0], 10);
	assert_int_equal(numa.distance[1][1], 10);
	assert_int_equal(numa.distance[1][0], 40);
	has_only(NUMA_SLIT_LOCAL, 2);
}

static void a_slit_without_a_domains_row_leaves_guesses(void **state)
{
	static const u8 matrix[] = {10, 17, 17, 10};

	(void)state;
	two_nodes();
	add_memory(2, 8 * GIB, GIB, ENABLED);
	set_slit(2, matrix);
	parse();
	assert_int_equal(numa.distance[0][1], 17);
	assert_int_equal(numa.distance[0][2], 20);
	assert_int_equal(numa.distance[2][0], 20);
	assert_int_equal(defects(NUMA_SLIT_SMALL), 1);
	assert_int_equal(numa.defect[NUMA_SLIT_SMALL].a, 2);
}

static void memory_is_cut_at_nodes(void **state)
{
	bool is_hole;
	u8 node;

	(void)state;
	two_nodes();
	parse();
	assert_int_equal(numa_piece(&numa, 512 * MIB, 3 * GIB, &node, &is_hole), GIB);
	assert_true(node == 0 && !is_hole);
	assert_int_equal(numa_piece(&numa, GIB, 3 * GIB, &node, &is_hole), 2 * GIB);
	assert_true(node == 1 && !is_hole);
	assert_int_equal(numa_piece(&numa, 2 * GIB, 3 * GIB, &node, &is_hole), 3 * GIB);
	assert_true(node == 1 && is_hole);
	assert_int_equal(numa_piece(&numa, 700 * KIB, 3 * GIB, &node, &is_hole), MIB);
	assert_true(node == 0 && is_hole);
	numa_one_node(&numa, NUMA_NO_SRAT);
	assert_int_equal(numa_piece(&numa, 5, 3 * GIB, &node, &is_hole), 3 * GIB);
	assert_true(node == 0 && is_hole);
}

static void runs_join_what_follows(void **state)
{
	u64 hole_bytes;
	u8 node;

	(void)state;
	two_nodes();
	parse();
	assert_int_equal(numa_run(&numa, 512 * KIB, 3 * GIB, &node, &hole_bytes), GIB);
	assert_true(node == 0 && hole_bytes == 384 * KIB);
	assert_int_equal(numa_run(&numa, GIB, 3 * GIB, &node, &hole_bytes), 3 * GIB);
	assert_true(node == 1 && hole_bytes == GIB);
	assert_int_equal(numa_run(&numa, GIB - 5, GIB, &node, &hole_bytes), GIB);
	assert_true(node == 0 && hole_bytes == 0);
}

static void nodes_are_ordered_by_distance(void **state)
{
	static const u8 matrix[] = {10, 30, 20, 30, 21, 10, 22, 22, 20, 30, 10, 30, 40, 30, 20, 10};
	static const u8 of_0[] = {0, 2, 1, 3}, of_1[] = {1, 0, 2, 3}, of_3[] = {3, 2, 1, 0};
	u8 order[NUMA_NODES_MAX];

	(void)state;
	for (u32 i = 0; i < 4; i++)
		add_memory(i, i * GIB, GIB, ENABLED);
	set_slit(4, matrix);
	parse();
	assert_int_equal(numa_order(&numa, 0, order), 4);
	assert_memory_equal(order, of_0, 4);
	numa_order(&numa, 1, order);
	assert_memory_equal(order, of_1, 4);
	numa_order(&numa, 3, order);
	assert_memory_equal(order, of_3, 4);
}

static void memory_below_the_first_range_is_the_first_ones(void **state)
{
	bool is_hole;
	u8 node;

	(void)state;
	add_memory(1, GIB, GIB, ENABLED);
	add_cpu(0, 0, ENABLED);
	parse();
	assert_int_equal(numa_piece(&numa, 0, 3 * GIB, &node, &is_hole), GIB);
	assert_true(node == 1 && is_hole);
}

static void every_kind_has_words(void **state)
{
	char text[160];

	(void)state;
	memset(&numa, 0, sizeof(numa));
	for (u32 kind = 0; kind < NUMA_DEFECT_KINDS; kind++) {
		numa_note(&numa, kind, 1, 2);
		assert_true(numa_defect_text(&numa, kind, text, sizeof(text)) > 10);
		assert_null(strstr(text, "more"));
	}
	for (u32 reason = 0; reason <= NUMA_NO_MEMORY; reason++)
		assert_true(strlen(numa_reason_text(reason)) > 5);
	numa_note(&numa, NUMA_SLIT_BELOW, 0, 0);
	numa.defect[NUMA_SLIT_BELOW].a = 3ull << 32 | 4;
	numa_defect_text(&numa, NUMA_SLIT_BELOW, text, sizeof(text));
	assert_string_equal(text, "SLIT: the distance from node 3 to node 4 is 2, not above 10 (and 1 more like it)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_nodes_are_read),
		TEST(domains_are_numbered_in_order),
		TEST(domains_have_32_bits_since_revision_2),
		TEST(what_is_not_enabled_is_not_there),
		TEST(no_srat_is_one_node),
		TEST(a_damaged_srat_is_one_node),
		TEST(a_second_srat_serves_where_the_first_is_damaged),
		TEST(an_entry_of_length_0_ends_the_walk),
		TEST(an_entry_past_the_end_is_not_read),
		TEST(entries_too_short_are_stepped_over),
		TEST(other_entries_are_named),
		TEST(absurd_ranges_are_dropped),
		TEST(of_overlaps_the_first_one_counts),
		TEST(a_range_fills_the_gaps_around_others),
		TEST(ranges_have_an_end),
		TEST(nodes_may_lack_memory_or_processors),
		TEST(without_any_memory_it_is_one_node),
		TEST(nodes_have_an_end),
		TEST(processors_are_listed_once),
		TEST(processors_are_matched_with_the_madt),
		TEST(one_node_has_all_processors),
		TEST(a_missing_slit_is_told),
		TEST(a_damaged_slit_is_not_read),
		TEST(impossible_distances_are_mended),
		TEST(a_slit_without_a_domains_row_leaves_guesses),
		TEST(memory_is_cut_at_nodes),
		TEST(runs_join_what_follows),
		TEST(nodes_are_ordered_by_distance),
		TEST(memory_below_the_first_range_is_the_first_ones),
		TEST(every_kind_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
