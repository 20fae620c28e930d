// SPDX-License-Identifier: Apache-2.0
// Tables of real machines: what their kernels printed, written down for iasl (machines/*.asl) and read here.
#include "unit/boot/info/numa_tables.h"

#include <stdio.h>
#include <unistd.h>

/* Put what iasl makes of a source where the RSDP leads to for this signature. */
static void table_load(u64 hpa, const char *source)
{
	char folder[] = "/tmp/eterna-numa-XXXXXX";
	char command[200];
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "iasl -p %s/t tests/unit/boot/info/machines/%s >%s/log 2>&1 && cat %s/t.aml",
		 folder, source, folder, folder);
	f = popen(command, "r");
	assert_non_null(f);
	assert_true(fread(at(hpa), 1, 0x6000, f) > 48);
	assert_int_equal(pclose(f), 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void four_nodes_with_memory_on_both_sides(void **state)
{
	bool is_hole;
	u8 node;

	(void)state;
	table_load(SRAT, "four_nodes.asl");
	parse_as_is();
	assert_int_equal(numa.reason, NUMA_BY_SRAT);
	assert_int_equal(numa.node_count, 4);
	assert_int_equal(numa.range_count, 10);
	assert_int_equal(numa_node_bytes(&numa, 1), 0x3840000000);
	assert_int_equal(numa.defect[NUMA_NODE_SCATTERED].count, 1);
	assert_int_equal(numa.defect[NUMA_NODE_SCATTERED].a, 0);
	assert_int_equal(numa.defect[NUMA_NODE_CPULESS].count, 4); /* the kernel's lines were of memory alone */
	assert_int_equal(numa.defect[NUMA_SLIT_MISSING].count, 1);
	assert_int_equal(defects_in_all(), 6);
	assert_int_equal(numa_piece(&numa, 0x1a000000000, 0x30000000000, &node, &is_hole), 0x1a980000000);
	assert_true(node == 2 && !is_hole);
	assert_int_equal(numa_piece(&numa, 0xfe0000000, 0x30000000000, &node, &is_hole), 0x10fe0000000);
	assert_true(node == 0 && is_hole);
	assert_int_equal(numa_piece(&numa, 0x1e1c0000000, 0x30000000000, &node, &is_hole), 0x1e950000000);
	assert_true(node == 0 && !is_hole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(four_nodes_with_memory_on_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
