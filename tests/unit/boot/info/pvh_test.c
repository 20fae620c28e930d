// SPDX-License-Identifier: Apache-2.0
// PVH start info over a small physical memory, built at the offsets of Xen's public header.
#include "boot/info/pvh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/mem.h"

#define MEMORY_START 0x1000ull
static u8 memory[0x8000];
static struct boot_info info;

static bool read_memory(void *context, u64 address, void *dst, u64 bytes)
{
	(void)context;
	if (address < MEMORY_START || !range_is_inside(address - MEMORY_START, bytes, sizeof(memory)))
		return false;
	memcpy(dst, memory + (address - MEMORY_START), bytes);
	return true;
}

static const struct pvh_memory access = {.read = read_memory};

static u8 *at(u64 address)
{
	return memory + (address - MEMORY_START);
}

static int build(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	store_u32(at(0x1000), 0x336ec578);
	store_u32(at(0x1004), 1);
	store_u32(at(0x100c), 2);
	store_u64(at(0x1010), 0x2000);
	store_u64(at(0x1018), 0x3000);
	store_u64(at(0x1020), 0xf5aa0);
	store_u64(at(0x1028), 0x4000);
	store_u32(at(0x1030), 3);
	store_u64(at(0x2000), 0x200000);
	store_u64(at(0x2008), 0x1234);
	store_u64(at(0x2010), 0x3100);
	store_u64(at(0x2020), 0x300000);
	store_u64(at(0x2028), 0x10);
	strcpy((char *)at(0x3000), "log=info");
	strcpy((char *)at(0x3100), "kernel quiet");
	store_u64(at(0x4000), 0);
	store_u64(at(0x4008), 0xa0000);
	store_u32(at(0x4010), 1);
	store_u64(at(0x4018), 0xf0000);
	store_u64(at(0x4020), 0x10000);
	store_u32(at(0x4028), 2);
	store_u64(at(0x4030), 0x200000);
	store_u64(at(0x4038), 0x100000);
	store_u32(at(0x4040), 7); /* persistent memory: not ours to use */
	return 0;
}

static err_t parse(u64 address)
{
	err_t err = pvh_parse(&access, address, &info);

	assert_true(boot_info_valid(&info));
	return err;
}

static void version1_is_understood(void **state)
{
	(void)state;
	assert_int_equal(parse(0x1000), OK);
	assert_string_equal(info.protocol, "PVH");
	assert_string_equal(info.command_line, "log=info");
	assert_int_equal(info.rsdp_address.v, 0xf5aa0);
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].start.v, 0x200000);
	assert_int_equal(info.modules[0].bytes, 0x1234);
	assert_string_equal(boot_module_name(&info, 0), "kernel");
	assert_string_equal(boot_module_arguments(&info, 0), "quiet");
	assert_string_equal(boot_module_name(&info, 1), "module2");
	assert_int_equal(info.range_count, 3);
	assert_int_equal(info.ranges[1].kind, MEMORY_RESERVED);
	assert_int_equal(info.ranges[2].kind, MEMORY_RESERVED);
	assert_int_equal(info.ranges[2].base, 0x200000);
}

static void version0_has_no_memory_map(void **state)
{
	(void)state;
	store_u32(at(0x1004), 0);
	assert_int_equal(parse(0x1000), OK);
	assert_int_equal(info.range_count, 0);
	assert_int_equal(info.module_count, 2);

	/* 40 bytes at the very end of memory are a whole version 0, and too little for version 1 */
	memcpy(at(0x9000 - 40), at(0x1000), 40);
	assert_int_equal(parse(0x9000 - 40), OK);
	store_u32(at(0x9000 - 36), 1);
	assert_int_equal(parse(0x9000 - 40), ERR_FAULT);
}

static void wrong_magic_is_refused(void **state)
{
	(void)state;
	store_u32(at(0x1000), 0x336ec579);
	assert_int_equal(parse(0x1000), ERR_FORMAT);
}

static void addresses_outside_memory_are_refused(void **state)
{
	assert_int_equal(parse(0x10), ERR_FAULT);
	store_u64(at(0x1010), 0x9000 - 63); /* the second module passes the end */
	assert_int_equal(parse(0x1000), ERR_FAULT);
	build(state);
	store_u64(at(0x1028), UINT64_MAX - 30); /* the second entry would wrap */
	assert_int_equal(parse(0x1000), ERR_FAULT);
}

static void texts_end_with_memory_or_the_buffer(void **state)
{
	memset(at(0x8000), 'y', 0x1000);
	store_u64(at(0x1018), 0x8ffe);
	assert_int_equal(parse(0x1000), OK);
	assert_string_equal(info.command_line, "yy");
	assert_int_equal(info.lost.texts, 0);

	store_u64(at(0x1018), 0x7fff);
	*at(0x7fff) = 'y';
	assert_int_equal(parse(0x1000), OK);
	assert_int_equal(strlen(info.command_line), BOOT_COMMAND_LINE_BYTES - 1);
	assert_int_equal(info.lost.texts, 1);

	build(state);
	store_u64(at(0x1018), 0);
	memset(at(0x5000), 'z', 0x2000);
	store_u64(at(0x2010), 0x5000);
	assert_int_equal(parse(0x1000), OK);
	assert_string_equal(info.command_line, "");
	assert_int_equal(strlen(boot_module_name(&info, 0)), 2048);
	assert_int_equal(info.lost.texts, 1);
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	store_u32(at(0x100c), 0xffffffff);
	store_u64(at(0x1010), 0x5000);
	store_u64(at(0x1028), 0x8000);
	store_u32(at(0x1030), 0xffffffff);
	assert_int_equal(parse(0x1000), ERR_FAULT); /* the map ends with memory before the record is full */
	assert_int_equal(info.lost.modules, 0xffffffff - BOOT_MODULES_MAX);

	for (u32 i = 0; i < 257; i++) {
		store_u64(at(0x6000 + i * 24), i * 0x2000);
		store_u64(at(0x6008 + i * 24), 0x1000);
	}
	store_u64(at(0x1028), 0x6000);
	assert_int_equal(parse(0x1000), OK);
	assert_int_equal(info.range_count, BOOT_RANGES_MAX);
	assert_int_equal(info.lost.ranges, 0xffffffff - BOOT_RANGES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(version1_is_understood, build),
		cmocka_unit_test_setup(version0_has_no_memory_map, build),
		cmocka_unit_test_setup(wrong_magic_is_refused, build),
		cmocka_unit_test_setup(addresses_outside_memory_are_refused, build),
		cmocka_unit_test_setup(texts_end_with_memory_or_the_buffer, build),
		cmocka_unit_test_setup(what_does_not_fit_is_counted, build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
