// SPDX-License-Identifier: Apache-2.0
// The key `numa`: its forms, every error's text, and whether the nodes fit their VM.
#include "config/numa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_numa numa;
static char why[200];

static void reads(const char *value)
{
	memset(&numa, 0xa5, sizeof(numa));
	assert_int_equal(config_numa_read(value, &numa, why, sizeof(why)), OK);
	assert_true(config_numa_valid(&numa));
}

static void refuses(const char *value, const char *expected)
{
	struct config_numa before;

	memset(&numa, 0x5a, sizeof(numa));
	before = numa;
	assert_true(config_numa_read(value, &numa, why, sizeof(why)));
	assert_string_equal(why, expected);
	assert_memory_equal(&numa, &before, sizeof(numa));
}

static void modes_are_read(void **state)
{
	(void)state;
	reads("auto");
	assert_int_equal(numa.mode, CONFIG_NUMA_AUTO);
	reads("spread");
	assert_int_equal(numa.mode, CONFIG_NUMA_SPREAD);
	reads("node 31");
	assert_int_equal(numa.mode, CONFIG_NUMA_NODE);
	assert_int_equal(numa.node, 31);
	assert_int_equal(numa.vnode_count, 0);
}

static void nodes_are_read(void **state)
{
	(void)state;
	reads("node 1 cpus 0-1+4 memory 512M,node 0 memory 1G , node 1\tcpus 3");
	assert_int_equal(numa.mode, CONFIG_NUMA_VNODES);
	assert_int_equal(numa.vnode_count, 3);
	assert_int_equal(numa.vnode[0].host_node, 1);
	assert_int_equal(numa.vnode[0].vcpus, 0x13);
	assert_int_equal(numa.vnode[0].memory_bytes, 512 * MIB);
	assert_int_equal(numa.vnode[1].host_node, 0);
	assert_int_equal(numa.vnode[1].vcpus, 0);
	assert_int_equal(numa.vnode[1].memory_bytes, GIB);
	assert_int_equal(numa.vnode[2].vcpus, 8);
	assert_int_equal(numa.vnode[2].memory_bytes, 0);
	reads("node 2 cpus 0-63 memory 2M"); /* one, but not bare */
	assert_int_equal(numa.mode, CONFIG_NUMA_VNODES);
	assert_int_equal(numa.vnode[0].vcpus, ~0ull);
}

static void errors_have_words(void **state)
{
	(void)state;
	refuses("", "\"\" is none of auto, spread, node");
	refuses("everywhere", "\"everywhere\" is none of auto, spread, node");
	refuses("auto 1", "\"1\" is one word too many");
	refuses("spread, auto", "\",\" is one word too many");
	refuses("node", "\"\" is no node's number");
	refuses("node 32", "\"32\" is no node's number");
	refuses("node x", "\"x\" is no node's number");
	refuses("node 0 cpu 1", "\"cpu\" is neither cpus nor memory");
	refuses("node 0 cpus", "\"\" is no list of vcpus such as 0-1+4");
	refuses("node 0 cpus 3-1", "\"3-1\" is no list of vcpus such as 0-1+4");
	refuses("node 0 cpus 64", "\"64\" is no list of vcpus such as 0-1+4");
	refuses("node 0 memory 3M", "\"3M\" is no multiple of 2 MiB such as 512M");
	refuses("node 0 memory 17T", "\"17T\" is no multiple of 2 MiB such as 512M");
	refuses("node 0 memory much", "\"much\" is no multiple of 2 MiB such as 512M");
	refuses("node 0,", "\"\" is none of auto, spread, node");
	refuses("node 0, 1", "\"1\" is none of auto, spread, node");
	refuses("node 0,node 1,node 2,node 3,node 4,node 5,node 6,node 7,node 8", "more than 8 nodes");
}

static void nodes_must_fit_their_vm(void **state)
{
	static struct vm_config vm = {.name = "a", .vcpus = 4, .memory_bytes = GIB};

	(void)state;
	reads("auto");
	vm.numa = numa;
	assert_true(config_numa_fits(&vm, why, sizeof(why)));
	reads("node 0 cpus 0-1 memory 512M, node 1 cpus 2-3 memory 512M");
	vm.numa = numa;
	assert_true(config_numa_fits(&vm, why, sizeof(why)));
	reads("node 0 cpus 0-1 memory 512M, node 1 cpus 3 memory 512M");
	vm.numa = numa;
	assert_false(config_numa_fits(&vm, why, sizeof(why)));
	assert_string_equal(why, "the nodes of [vm a] don't have each of its 4 vcpus once");
	reads("node 0 cpus 0-2 memory 512M, node 1 cpus 2-3 memory 512M");
	vm.numa = numa;
	assert_false(config_numa_fits(&vm, why, sizeof(why)));
	reads("node 0 cpus 0-1 memory 510M, node 1 cpus 2-3 memory 512M");
	vm.numa = numa;
	assert_false(config_numa_fits(&vm, why, sizeof(why)));
	assert_string_equal(why, "the nodes of [vm a] have 1022 MiB together, its memory is 1024 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_are_read),
		cmocka_unit_test(nodes_are_read),
		cmocka_unit_test(errors_have_words),
		cmocka_unit_test(nodes_must_fit_their_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
