// SPDX-License-Identifier: Apache-2.0
// Placement: what each mode does on machines made by hand, and what holds on a hundred thousand machines made at
// random.
#include "policy/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static u8 distance[PLACEMENT_NODES_MAX][PLACEMENT_NODES_MAX];
static struct placement_host host;
static struct vnuma placed;
static char why[PLACEMENT_WHY_BYTES];

static int setup(void **state)
{
	(void)state;
	memset(distance, 20, sizeof(distance));
	for (u32 i = 0; i < PLACEMENT_NODES_MAX; i++)
		distance[i][i] = 10;
	host = (struct placement_host){.distance = distance};
	memset(why, 0, sizeof(why));
	return 0;
}

static void add_node(u64 free_mib, u32 cpus)
{
	host.free_bytes[host.node_count] = free_mib * MIB;
	host.cpu_count[host.node_count++] = cpus;
}

static err_t place(u32 mode, u32 vcpus, u64 mib, bool is_strict)
{
	struct placement_wish wish = {
		.mode = mode, .vcpu_count = vcpus, .memory_bytes = mib * MIB, .is_strict = is_strict};

	return placement_make(&host, &wish, &placed, why);
}

static err_t place_on(u32 node, u64 mib, bool is_strict)
{
	struct placement_wish wish = {.mode = PLACEMENT_NODE,
				      .node = node,
				      .vcpu_count = 2,
				      .memory_bytes = mib * MIB,
				      .is_strict = is_strict};

	return placement_make(&host, &wish, &placed, why);
}

static void has_node(u32 i, u32 host_node, u64 vcpus, u64 mib)
{
	assert_int_equal(placed.node[i].host_node, host_node);
	assert_int_equal(placed.node[i].vcpus, vcpus);
	assert_int_equal(placed.node[i].memory_bytes, mib * MIB);
}

static void what_fits_is_packed_where_most_room_is(void **state)
{
	(void)state;
	add_node(500, 2);
	add_node(900, 2);
	add_node(2000, 0); /* no processors: only where it must be */
	assert_int_equal(place(PLACEMENT_AUTO, 3, 400, false), OK);
	assert_int_equal(placed.node_count, 1);
	has_node(0, 1, 7, 400);
	assert_int_equal(place(PLACEMENT_AUTO, 3, 1000, false), OK);
	has_node(0, 2, 7, 1000);
}

static void what_does_not_fit_is_divided_among_near_nodes(void **state)
{
	(void)state;
	add_node(600, 2);
	add_node(800, 2);
	add_node(1000, 2);
	add_node(800, 2);
	distance[2][0] = distance[0][2] = 12;
	assert_int_equal(place(PLACEMENT_AUTO, 4, 1200, true), OK);
	assert_int_equal(placed.node_count, 2); /* not the larger ones: node 0 is nearer */
	assert_int_equal(placed.node[0].host_node, 2);
	assert_int_equal(placed.node[1].host_node, 0);
	has_node(0, 2, 3, 750); /* by their room */
	has_node(1, 0, 12, 450);
	assert_int_equal(placed.distance[0][0], 10);
	assert_int_equal(placed.distance[0][1], 12);
}

static void a_machine_of_one_node_is_as_before(void **state)
{
	(void)state;
	add_node(1024, 1);
	assert_int_equal(place(PLACEMENT_AUTO, 64, 1024, false), OK);
	assert_int_equal(placed.node_count, 1);
	has_node(0, 0, ~0ull, 1024);
	for (u32 i = 0; i < 64; i++)
		assert_int_equal(vnuma_apic_id(&placed, i), i);
}

static void a_node_can_be_named(void **state)
{
	(void)state;
	add_node(1000, 2);
	add_node(300, 2);
	assert_int_equal(place_on(1, 200, true), OK);
	has_node(0, 1, 3, 200);
	assert_int_equal(place_on(1, 512, false), OK); /* preferred: some of it will lie elsewhere */
	has_node(0, 1, 3, 512);
	assert_int_equal(place_on(1, 512, true), ERR_NOMEM);
	assert_string_equal(why, "512 MiB are wanted of node 1, which has 300 MiB free");
	assert_int_equal(place_on(2, 200, false), ERR_RANGE);
	assert_string_equal(why, "there is no node 2: the machine has 0 to 1");
	assert_int_equal(place_on(0, 1302, false), ERR_NOMEM);
	assert_string_equal(why, "1302 MiB are wanted, all nodes together have 1300 MiB free");
}

static void spread_goes_over_all_nodes_with_room(void **state)
{
	(void)state;
	add_node(1000, 2);
	add_node(0, 2);
	add_node(1000, 2);
	add_node(100, 0);
	assert_int_equal(place(PLACEMENT_SPREAD, 3, 200, false), OK);
	assert_int_equal(placed.node_count, 3);
	has_node(0, 0, 3, 68);
	has_node(1, 2, 4, 66);
	has_node(2, 3, 0, 66); /* no processors there */
	assert_int_equal(place(PLACEMENT_SPREAD, 1, 2, false), OK);
	assert_int_equal(placed.node_count, 1);
	assert_int_equal(place(PLACEMENT_SPREAD, 3, 400, true), ERR_NOMEM);
	assert_string_equal(why, "132 MiB are wanted of node 3, which has 100 MiB free");
}

static void given_nodes_are_kept(void **state)
{
	struct vnuma_node vnode[] = {{0x9, 100 * MIB, 1}, {0, 50 * MIB, 0}, {0x6, 0, 0}};
	struct placement_wish wish = {.mode = PLACEMENT_VNODES,
				      .is_strict = true,
				      .vcpu_count = 4,
				      .memory_bytes = 150 * MIB,
				      .vnode_count = 3,
				      .vnode = vnode};

	(void)state;
	add_node(100, 1);
	add_node(100, 1);
	assert_int_equal(placement_make(&host, &wish, &placed, why), OK);
	assert_memory_equal(placed.node, vnode, sizeof(vnode));
	assert_int_equal(placed.distance[0][1], 20);
	assert_int_equal(placed.distance[1][2], 11); /* both on node 0: nearer than this no table may say */
	assert_int_equal(vnuma_apic_id(&placed, 0), 0);
	assert_int_equal(vnuma_apic_id(&placed, 3), 1);
	assert_int_equal(vnuma_apic_id(&placed, 1), 16);
	assert_int_equal(vnuma_apic_id(&placed, 2), 17);
	assert_int_equal(vnuma_node_of_ram(&placed, 100 * MIB - 1), 0);
	assert_int_equal(vnuma_node_of_ram(&placed, 100 * MIB), 1);
	vnode[1].host_node = 1;
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_NOMEM);
	assert_string_equal(why, "150 MiB are wanted of node 1, which has 100 MiB free");
	vnode[1].host_node = 2;
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_RANGE);
	vnode[1] = (struct vnuma_node){1, 50 * MIB, 0}; /* vcpu 0 twice */
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_RANGE);
}

static void apic_ids_have_an_end(void **state)
{
	struct vnuma_node vnode[8] = {{BITS(56, 0), 2 * MIB, 0}};
	struct placement_wish wish = {
		.mode = PLACEMENT_VNODES, .vcpu_count = 64, .memory_bytes = 2 * MIB, .vnode_count = 8, .vnode = vnode};

	(void)state;
	add_node(100, 1);
	for (u32 i = 1; i < 8; i++)
		vnode[i].vcpus = BIT(56 + i);
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_SPACE);
	assert_string_equal(why, "the APIC ids of 8 nodes of up to 57 vcpus pass 254");
}

/* --- at random -----------------------------------------------------------------------------------------------------
 */

static u64 seed = 0x2545f4914f6cdd1d;

static u64 random_below(u64 limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % limit;
}

static void machine_at_random(void)
{
	u32 nodes = (u32)(1 + random_below(random_below(4) ? 4 : 24));

	setup(NULL);
	for (u32 i = 0; i < nodes; i++)
		add_node(random_below(4) ? random_below(3000) : 0, random_below(4) ? (u32)random_below(9) : 0);
	for (u32 i = 0; i < nodes; i++)
		for (u32 j = 0; j < i; j++)
			distance[i][j] = distance[j][i] = (u8)(11 + random_below(40));
}

static u64 free_in_all(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < host.node_count; i++)
		sum += host.free_bytes[i];
	return sum;
}

static u64 free_most(void)
{
	u64 most = 0;

	for (u32 i = 0; i < host.node_count; i++)
		most = MAX(most, host.free_bytes[i]);
	return most;
}

/* Every node exists; each vcpu and each byte is in one; APIC ids differ, are below 255 and name the package. */
static void is_sound(const struct placement_wish *wish)
{
	bool used[256] = {false};

	assert_in_range(placed.node_count, 1, VNUMA_NODES_MAX);
	assert_true(placement_is_partition(placed.node, placed.node_count, wish->vcpu_count, wish->memory_bytes));
	for (u32 i = 0; i < placed.node_count; i++) {
		assert_true(placed.node[i].host_node < host.node_count);
		assert_int_equal(placed.distance[i][i], 10);
		for (u32 j = 0; j < placed.node_count; j++)
			assert_true(i == j || placed.distance[i][j] > 10);
	}
	for (u32 c = 0; c < wish->vcpu_count; c++) {
		u32 id = vnuma_apic_id(&placed, c);

		assert_true(id < 255 && !used[id]);
		used[id] = true;
		assert_true(placed.node[vnuma_node_of_vcpu(&placed, c)].vcpus >> c & 1);
		if (placed.node_count > 1)
			assert_int_equal(id >> vnuma_package_shift(&placed), vnuma_node_of_vcpu(&placed, c));
	}
}

static void keeps_its_promise(const struct placement_wish *wish)
{
	u64 taken[PLACEMENT_NODES_MAX] = {0};

	for (u32 i = 0; i < placed.node_count; i++)
		taken[placed.node[i].host_node] += placed.node[i].memory_bytes;
	for (u32 i = 0; i < host.node_count && (wish->is_strict || wish->mode == PLACEMENT_AUTO); i++)
		assert_true(taken[i] <= host.free_bytes[i]); /* auto never has to go elsewhere */
	if (wish->mode == PLACEMENT_AUTO && free_most() >= wish->memory_bytes)
		assert_int_equal(placed.node_count, 1);
	for (u32 i = 0; i < placed.node_count; i++)
		for (u32 j = 0; j < i; j++)
			assert_int_not_equal(placed.node[i].host_node, placed.node[j].host_node);
}

static void any_machine_and_wish(void **state)
{
	u32 made = 0, refused = 0;

	(void)state;
	for (u32 round = 0; round < 100000; round++) {
		struct placement_wish wish = {.mode = (u32)random_below(3), .is_strict = random_below(2)};
		err_t err;

		machine_at_random();
		wish.node = (u32)random_below(host.node_count);
		wish.vcpu_count = (u32)(1 + random_below(16));
		wish.memory_bytes = (1 + random_below(1500)) * 2 * MIB;
		err = placement_make(&host, &wish, &placed, why);
		if (err) {
			assert_true(strlen(why) > 20 && strlen(why) < sizeof(why) - 1);
			/* what is never refused: a wish that bends, where there is room in as many nodes as a VM has */
			assert_true(wish.is_strict || free_in_all() < wish.memory_bytes ||
				    host.node_count > VNUMA_NODES_MAX || free_in_all() - wish.memory_bytes < 48 * MIB);
			refused++;
			continue;
		}
		is_sound(&wish);
		keeps_its_promise(&wish);
		made++;
	}
	assert_true(made > 20000 && refused > 5000);
}

static void given_apic_ids_are_taken_or_refused(void **state)
{
	u16 ids[] = {0, 1, 256, 257};
	struct placement_wish wish = {.mode = PLACEMENT_SPREAD,
				      .vcpu_count = 4,
				      .memory_bytes = 64 * MIB,
				      .apic_id_count = 4,
				      .apic_id = ids};

	(void)state;
	add_node(1000, 4);
	assert_int_equal(placement_make(&host, &wish, &placed, why), OK);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(vnuma_apic_id(&placed, i), ids[i]);
	assert_int_equal(vnuma_package_shift(&placed), 9);
	add_node(1000, 4);
	assert_int_equal(placement_make(&host, &wish, &placed, why), OK);
	assert_int_equal(placed.node_count, 2);
	assert_int_equal(vnuma_package_shift(&placed), 3);
	ids[1] = 2; /* still together, and vcpus 1 and 2 apart */
	assert_int_equal(placement_make(&host, &wish, &placed, why), OK);
	ids[1] = 258; /* with those of the other node */
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_SPACE);
	assert_string_equal(why, "apic_ids: no bits of them tell its 2 nodes apart");
	ids[1] = 1, ids[2] = 2, ids[3] = 3; /* of one group of eight */
	assert_int_equal(placement_make(&host, &wish, &placed, why), ERR_SPACE);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(given_apic_ids_are_taken_or_refused),
		TEST(what_fits_is_packed_where_most_room_is),
		TEST(what_does_not_fit_is_divided_among_near_nodes),
		TEST(a_machine_of_one_node_is_as_before),
		TEST(a_node_can_be_named),
		TEST(spread_goes_over_all_nodes_with_room),
		TEST(given_nodes_are_kept),
		TEST(apic_ids_have_an_end),
		TEST(any_machine_and_wish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
