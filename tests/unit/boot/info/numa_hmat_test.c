// SPDX-License-Identifier: Apache-2.0
// HMAT: initiators, latencies as distances, and what firmware gets wrong.
#include "unit/boot/info/numa_tables.h"

static void hmat_says_who_is_near(void **state)
{
	static const u16 latency[] = {5, 10, 8, 10, 5, 0xffff};
	static const u16 bandwidth[] = {40, 20, 10, 20, 40, 5};

	(void)state;
	two_nodes();
	add_memory(2, 8 * GIB, GIB, ENABLED); /* memory without processors, attached to node 0 */
	slit_length = 0;
	add_attributes(0, 0, 1);
	add_attributes(0, 2, 1);
	add_attributes(1, 1, 0); /* initiator not valid */
	add_locality(0, 0, 2, 3, 10000, latency);
	add_locality(0, 3, 2, 3, 1000, bandwidth);
	add_locality(1, 0, 2, 3, 1, latency);   /* a cache's */
	add_locality(0, 2, 2, 3, 1, latency);   /* of writes */
	add_locality(0, 5, 2, 3, 1, bandwidth); /* of writes */
	parse();
	assert_int_equal(numa.node[0].initiator, 0);
	assert_int_equal(numa.node[1].initiator, NUMA_NO_NODE);
	assert_int_equal(numa.node[2].initiator, 0);
	assert_int_equal(numa.node[0].latency_ns, 50);
	assert_int_equal(numa.node[1].latency_ns, 50);
	assert_int_equal(numa.node[2].latency_ns, 80);
	assert_int_equal(numa.node[2].bandwidth_mibs, 10000);
	assert_true(numa.has_hmat); /* no SLIT: latencies in tenths of the local one */
	assert_int_equal(numa.distance[0][1], 20);
	assert_int_equal(numa.distance[0][2], 16);
	assert_int_equal(numa.distance[2][0], 16); /* nobody runs there: as the way back */
	assert_int_equal(numa.distance[1][2], 20); /* not said */
}

static void hmat_gives_way_to_the_slit(void **state)
{
	static const u16 latency[] = {5, 45, 45, 5};

	(void)state;
	two_nodes();
	add_locality(0, 1, 2, 2, 1000, latency);
	parse();
	assert_int_equal(numa.distance[0][1], 21);
	assert_false(numa.has_hmat);
	assert_int_equal(numa.node[0].latency_ns, 5);
	at(HMAT)[8] = 1; /* units that nobody agreed on */
	parse();
	assert_int_equal(numa.node[0].latency_ns, 0);
}

static void latencies_are_bounded(void **state)
{
	static const u16 latency[] = {1, 60000, 1, 1};
	static const u16 absurd[] = {2, 3, 3, 2};

	(void)state;
	two_nodes();
	slit_length = 0;
	add_locality(0, 0, 2, 2, 1, latency);
	parse();
	assert_int_equal(numa.distance[0][1], 254);
	assert_int_equal(numa.distance[1][0], 11); /* as near as local: no distance is below that */
	hmat_length = 40;
	add_locality(0, 0, 2, 2, ~0ull, absurd); /* passes 2^64 */
	parse();
	assert_int_equal(numa.distance[0][1], 20);
	assert_false(numa.has_hmat);
}

static void damaged_hmats_are_left(void **state)
{
	static const u16 latency[] = {5, 45, 45, 5};
	u32 first;

	(void)state;
	two_nodes();
	add_attributes(0, 0, 1);
	first = hmat_length;
	add_locality(0, 0, 2, 2, 1000, latency);
	store_u32(at(HMAT) + first + 12, 3); /* more initiators than it has room for */
	parse();
	has_only(NUMA_HMAT_ENTRY_LENGTH, 1);
	store_u32(at(HMAT) + first + 12, 0x80000000); /* 4 times that is 0 in 32 bits */
	parse();
	has_only(NUMA_HMAT_ENTRY_LENGTH, 1);
	store_u32(at(HMAT) + first + 4, 0); /* would never end */
	parse();
	has_only(NUMA_HMAT_ENTRY_LENGTH, 1);
	assert_int_equal(numa.node[0].initiator, 0);
	store_u32(at(HMAT) + 44, 39);
	parse();
	assert_int_equal(numa.node[0].initiator, NUMA_NO_NODE);
	close_tables();
	at(HMAT)[42]++;
	parse_as_is();
	has_only(NUMA_HMAT_SUM, 1);
	finish(HMAT, "HMAT", 39);
	parse_as_is();
	has_only(NUMA_HMAT_LENGTH, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hmat_says_who_is_near),
		TEST(hmat_gives_way_to_the_slit),
		TEST(latencies_are_bounded),
		TEST(damaged_hmats_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
