// SPDX-License-Identifier: Apache-2.0
// The guest's SRAT and SLIT, read back by the reader of the machine's own, and by ACPICA's disassembler.
#include "boot/info/numa.h"
#include "dev/acpi/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/mem.h"

#define BASE 0xf0000u
#define LOW_RAM (3 * GIB)

static u8 blob[0x10000];
static struct numa seen;
static struct acpi_info madt;

static const void *map(struct acpi_memory *memory, u64 hpa, u64 bytes)
{
	(void)memory;
	return hpa >= BASE && range_is_inside(hpa - BASE, bytes, sizeof(blob)) ? blob + (hpa - BASE) : NULL;
}

static struct acpi_memory memory = {map};

static void build(const struct vnuma *v, u32 vcpus)
{
	struct acpi_config c = {.base = BASE, .vcpu_count = vcpus, .numa = v, .low_ram_bytes = LOW_RAM};

	memset(blob, 0, sizeof(blob));
	assert_int_equal(acpi_tables_build(&c, blob, sizeof(blob)), OK);
	numa_parse(&memory, blob, 36, &seen);
	assert_int_equal(acpi_parse(&memory, blob, 36, &madt), OK);
}

/* Three nodes: 3 + 1 vcpus, and 5 GiB of which the second node's lies on both sides of the devices. */
static const struct vnuma three = {
	.node_count = 3,
	.node = {{0xd, 2 * GIB, 0}, {0, 2 * GIB, 5}, {0x2, GIB, 3}},
	.distance = {{10, 21, 31}, {21, 10, 17}, {30, 17, 10}},
};

static void what_is_configured_is_read_back(void **state)
{
	static const struct numa_range ranges[] = {
		{0, 2 * GIB, 0}, {2 * GIB, 3 * GIB, 1}, {4 * GIB, 5 * GIB, 1}, {5 * GIB, 6 * GIB, 2}};

	(void)state;
	build(&three, 4);
	assert_int_equal(seen.reason, NUMA_BY_SRAT);
	assert_int_equal(seen.node_count, 3);
	assert_int_equal(seen.range_count, 4);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(seen.range[i].base, ranges[i].base);
		assert_int_equal(seen.range[i].end, ranges[i].end);
		assert_int_equal(seen.range[i].node, ranges[i].node);
	}
	for (u32 i = 0; i < 3; i++)
		assert_memory_equal(seen.distance[i], three.distance[i], 3);
	for (u32 kind = 0; kind < NUMA_DEFECT_KINDS; kind++)
		assert_int_equal(seen.defect[kind].count, kind == NUMA_NODE_CPULESS);
}

static void madt_and_srat_agree(void **state)
{
	static const u32 ids[] = {0, 16, 1, 2}; /* at least three bits for the vcpus of a node: node 2 begins at 16 */

	(void)state;
	build(&three, 4);
	assert_int_equal(madt.cpu_count, 4); /* in the order of the vcpus: Linux numbers them so */
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(madt.cpu_apic_id[i], ids[i]);
		assert_int_equal(vnuma_apic_id(&three, i), ids[i]);
		assert_int_equal(numa_node_of_cpu(&seen, ids[i]), vnuma_node_of_vcpu(&three, i));
	}
}

static void one_node_has_no_tables(void **state)
{
	struct vnuma one = vnuma_one(4, 5 * GIB);

	(void)state;
	build(&one, 4);
	assert_int_equal(seen.reason, NUMA_NO_SRAT);
	build(NULL, 200);
	assert_int_equal(seen.reason, NUMA_NO_SRAT);
	assert_int_equal(madt.cpu_count, 200);
	assert_int_equal(madt.cpu_apic_id[199], 199);
}

/* As many and as large as they get: 8 nodes, ids up to 8 bits, and the room that acpi_tables_size() promises. */
static void the_largest_fits(void **state)
{
	struct vnuma v = {.node_count = VNUMA_NODES_MAX};
	struct acpi_config c = {.base = BASE, .vcpu_count = 32, .numa = &v, .low_ram_bytes = LOW_RAM};
	u32 bytes = acpi_tables_size(32);
	u8 *exact = malloc(bytes);

	(void)state;
	for (u32 i = 0; i < VNUMA_NODES_MAX; i++)
		v.node[i] = (struct vnuma_node){.vcpus = 1ull << i, .memory_bytes = 4 * GIB};
	v.node[7].vcpus |= 0xffffff00; /* 25 of them: ids from 7 << 5 on */
	assert_int_equal(acpi_tables_build(&c, exact, bytes), OK);
	assert_int_equal(vnuma_apic_id(&v, 31), 7 << 5 | 24);
	c.vcpu_count = 65;
	assert_int_equal(acpi_tables_build(&c, blob, sizeof(blob)), ERR_RANGE);
	free(exact);
}

/* Given ids: those of 255 and above are in entries of another kind, of MADT and SRAT, and LINT1 is said for them, too.
 */
static void wide_ids_have_x2apic_entries(void **state)
{
	static const u32 ids[] = {0, 0x1201, 256, 0x1200, 254};
	struct vnuma v = {.node_count = 2,
			  .node = {{0x15, GIB, 0}, {0xa, GIB, 1}},
			  .distance = {{10, 20}, {20, 10}},
			  .has_apic_ids = true,
			  .apic_id = {0, 0x1201, 256, 0x1200, 254}};
	enum acpi_search search;
	u32 length, kinds[12] = {0};
	const u8 *table;

	(void)state;
	build(&v, 5);
	assert_int_equal(madt.cpu_count, 5);
	assert_int_equal(seen.reason, NUMA_BY_SRAT);
	for (u32 i = 0; i < 5; i++) {
		assert_int_equal(madt.cpu_apic_id[i], ids[i]);
		assert_int_equal(numa_node_of_cpu(&seen, ids[i]), vnuma_node_of_vcpu(&v, i));
	}
	table = acpi_table_find(&memory, blob, 36, "APIC", &length, &search);
	for (u32 at = 44; at < length; at += table[at + 1])
		kinds[table[at]]++;
	assert_int_equal(kinds[0], 2);
	assert_int_equal(kinds[9], 3);
	assert_int_equal(kinds[4], 1);
	assert_int_equal(kinds[10], 1);
	table = acpi_table_find(&memory, blob, 36, "SRAT", &length, &search);
	memset(kinds, 0, sizeof(kinds));
	for (u32 at = 48; at < length; at += table[at + 1])
		kinds[table[at]]++;
	assert_int_equal(kinds[0], 2);
	assert_int_equal(kinds[2], 3);
	v.node_count = 1;
	v.node[0].vcpus = 3;
	v.apic_id[1] = 254;
	build(&v, 2);
	assert_int_equal(madt.cpu_apic_id[1], 254);
	table = acpi_table_find(&memory, blob, 36, "APIC", &length, &search);
	for (u32 at = 44; at < length; at += table[at + 1])
		assert_true(table[at] != 9 && table[at] != 10);
}

static void acpica_has(const char *signature, const char *const *texts)
{
	enum acpi_search search;
	static char text[65536];
	char folder[] = "/tmp/eterna-srat-XXXXXX";
	char command[160];
	u32 length;
	const u8 *table = acpi_table_find(&memory, blob, 36, signature, &length, &search);
	FILE *f;

	assert_non_null(table);
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "%s/t.dat", folder);
	f = fopen(command, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(table, 1, length, f), length);
	assert_int_equal(fclose(f), 0);
	snprintf(command, sizeof(command), "cd %s && iasl -d t.dat 2>&1 && cat t.dsl; rm -r %s", folder, folder);
	f = popen(command, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	pclose(f);
	for (; *texts; texts++)
		if (!strstr(text, *texts))
			fail_msg("no \"%s\" in %s", *texts, text);
	assert_null(strstr(text, "rror"));
	assert_null(strstr(text, "nvalid"));
	assert_null(strstr(text, "ncorrect"));
}

static void acpica_reads_the_same(void **state)
{
	static const char *const srat[] = {"Proximity Domain : 00000002",
					   "Base Address : 0000000140000000",
					   "Address Length : 0000000040000000",
					   "Apic ID : 10",
					   "Revision : 03",
					   NULL};
	static const char *const slit[] = {"Localities : 0000000000000003", "Locality   0 : 0A 15 1F",
					   "Locality   1 : 15 0A 11", "Locality   2 : 1E 11 0A", NULL};

	(void)state;
	build(&three, 4);
	acpica_has("SRAT", srat);
	acpica_has("SLIT", slit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_configured_is_read_back), cmocka_unit_test(madt_and_srat_agree),
		cmocka_unit_test(one_node_has_no_tables),          cmocka_unit_test(the_largest_fits),
		cmocka_unit_test(acpica_reads_the_same),           cmocka_unit_test(wide_ids_have_x2apic_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
