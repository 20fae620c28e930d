// SPDX-License-Identifier: Apache-2.0
// Multiboot 2 information, built tag by tag as the specification lays it out.
#include "boot/info/multiboot2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static u8 image[8192];
static u32 used;
static struct boot_info info;

static void put(const void *bytes, size_t count)
{
	memcpy(&image[used], bytes, count);
	used += (u32)count;
}

static void put32(u32 v)
{
	put(&v, 4);
}

static void put64(u64 v)
{
	put(&v, 8);
}

static int begin(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	used = 0;
	put32(0);
	put32(0);
	return 0;
}

static void tag(u32 type, u32 body_bytes)
{
	used = (used + 7) & ~7u;
	put32(type);
	put32(body_bytes + 8);
}

static void tag_text(u32 type, const char *text)
{
	tag(type, (u32)strlen(text) + 1);
	put(text, strlen(text) + 1);
}

static void tag_module(u32 start, u32 end, const char *text)
{
	tag(3, 8 + (u32)strlen(text) + 1);
	put32(start);
	put32(end);
	put(text, strlen(text) + 1);
}

static void memory_entry(u64 base, u64 bytes, u32 type)
{
	put64(base);
	put64(bytes);
	put32(type);
	put32(0);
}

static void efi_entry(u32 type, u64 base, u64 pages)
{
	put32(type);
	put32(0);
	put64(base);
	put64(0);
	put64(pages);
	put64(0xf);
	put64(0); /* this firmware's descriptors are 48 bytes */
}

static err_t parse(void)
{
	tag(0, 0);
	store_u32(image, used);
	/* an exact copy on the heap, so that the sanitizer sees a read past its end */
	u8 *copy = malloc(used);
	memcpy(copy, image, used);
	err_t err = multiboot2_parse(copy, used, &info);
	free(copy);
	assert_true(boot_info_valid(&info));
	return err;
}

static void a_loader_like_grub_is_understood(void **state)
{
	u8 rsdp[36] = "RSD PTR ";

	(void)state;
	tag_text(1, "log=debug");
	tag_text(2, "GRUB 2.06");
	tag_module(0x200000, 0x300000, "vmlinuz console=ttyS0");
	tag_module(0x300000, 0x300010, "initrd");
	tag(4, 8);
	put32(639);
	put32(1000);
	tag(6, 8 + 4 * 24);
	put32(24);
	put32(0);
	memory_entry(0, 0x9fc00, 1);
	memory_entry(0x9fc00, 0x400, 2);
	memory_entry(0x100000, 0x7ee0000, 1);
	memory_entry(0x7fe0000, 0x20000, 77);
	rsdp[15] = 2;
	tag(15, 36);
	put(rsdp, 36);
	tag(14, 20); /* the old table after the new one must not replace it */
	put("RSD PTR old old old ", 20);
	tag(12, 8);
	put64(0x123456789a);
	tag(42, 3); /* unknown: skipped */
	put("abc", 3);
	assert_int_equal(parse(), OK);

	assert_string_equal(info.protocol, "Multiboot 2");
	assert_string_equal(info.command_line, "log=debug");
	assert_string_equal(info.loader, "GRUB 2.06");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].start.v, 0x200000);
	assert_int_equal(info.modules[0].bytes, 0x100000);
	assert_string_equal(boot_module_name(&info, 0), "vmlinuz");
	assert_string_equal(boot_module_arguments(&info, 0), "console=ttyS0");
	assert_string_equal(boot_module_name(&info, 1), "initrd");
	assert_int_equal(info.range_count, 4);
	assert_int_equal(info.ranges[2].base, 0x100000);
	assert_int_equal(info.ranges[2].bytes, 0x7ee0000);
	assert_int_equal(info.ranges[3].kind, MEMORY_RESERVED);
	assert_int_equal(info.rsdp_bytes, 36);
	assert_memory_equal(info.rsdp, rsdp, 36);
	assert_true(info.efi_is_64 && info.efi_system_table.v == 0x123456789a);
	assert_string_equal(info.memory_source, "the Multiboot 2 memory map");
}

static void efi_memory_map_serves_without_mmap(void **state)
{
	(void)state;
	tag(17, 8 + 8 * 48);
	put32(48);
	put32(1);
	efi_entry(7, 0, 0x10);
	efi_entry(3, 0x10000, 0x10);
	efi_entry(2, 0x20000, 0x10);
	efi_entry(9, 0x30000, 1);
	efi_entry(10, 0x31000, 1);
	efi_entry(11, 0x32000, 1);
	efi_entry(8, 0x33000, 1);
	efi_entry(7, 0x40000, UINT64_MAX);
	tag(4, 8);
	put32(639);
	put32(1000);
	assert_int_equal(parse(), OK);
	assert_int_equal(info.range_count, 6);
	assert_int_equal(info.ranges[0].bytes, 0x30000);
	assert_int_equal(info.ranges[0].kind, MEMORY_USABLE);
	assert_int_equal(info.ranges[1].kind, MEMORY_ACPI_RECLAIM);
	assert_int_equal(info.ranges[2].kind, MEMORY_ACPI_NVS);
	assert_int_equal(info.ranges[3].kind, MEMORY_RESERVED);
	assert_int_equal(info.ranges[4].kind, MEMORY_BAD);
	assert_int_equal(info.ranges[5].bytes, UINT64_MAX);
	assert_string_equal(info.memory_source, "the EFI memory map");
}

static void memory_of_running_boot_services_is_not_usable(void **state)
{
	(void)state;
	tag(17, 8 + 48);
	put32(48);
	put32(1);
	efi_entry(4, 0x10000, 0x10);
	tag(18, 0);
	tag(11, 4);
	put32(0x7000);
	assert_int_equal(parse(), OK);
	assert_true(info.efi_boot_services);
	assert_int_equal(info.ranges[0].kind, MEMORY_RESERVED);
	assert_false(info.efi_is_64);
	assert_int_equal(info.efi_system_table.v, 0x7000);
}

static void basic_memory_is_the_last_resort(void **state)
{
	(void)state;
	tag(4, 8);
	put32(639);
	put32(1024);
	assert_int_equal(parse(), OK);
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[0].bytes, 639 * 1024);
	assert_int_equal(info.ranges[1].base, 0x100000);
	assert_int_equal(info.ranges[1].bytes, 0x100000);
}

static void old_rsdp_alone_is_taken(void **state)
{
	(void)state;
	tag(14, 20);
	put("RSD PTR 12345678901", 20);
	assert_int_equal(parse(), OK);
	assert_int_equal(info.rsdp_bytes, 20);
}

static void tags_that_are_too_small_are_refused(void **state)
{
	static const struct {
		u32 type, bytes;
	} rows[] = {{1, 0}, {2, 0}, {3, 7}, {4, 7}, {6, 7}, {11, 3}, {12, 7}, {14, 19}, {15, 35}, {17, 7}};

	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		begin(state);
		tag(rows[i].type, rows[i].bytes);
		used += rows[i].bytes;
		assert_int_equal(parse(), ERR_FORMAT);
	}
}

static void absurd_fields_are_refused(void **state)
{
	begin(state); /* a module that ends before it starts */
	tag_module(0x2000, 0x1000, "m");
	assert_int_equal(parse(), ERR_FORMAT);

	begin(state); /* entries smaller than the specification's */
	tag(6, 8);
	put32(16);
	put32(0);
	assert_int_equal(parse(), ERR_FORMAT);

	begin(state);
	tag(17, 8);
	put32(39);
	put32(0);
	assert_int_equal(parse(), ERR_FORMAT);

	begin(state); /* a tag of 4 bytes would never end */
	tag(1, 0);
	store_u32(&image[used - 4], 4);
	assert_int_equal(parse(), ERR_FORMAT);

	begin(state); /* a tag longer than the information */
	tag(1, 4096);
	assert_int_equal(parse(), ERR_TRUNCATED);

	begin(state);
	tag(1, 0xfffffff7);
	assert_int_equal(parse(), ERR_TRUNCATED);
}

static void sizes_of_the_whole_are_checked(void **state)
{
	(void)state;
	assert_int_equal(multiboot2_parse(image, 7, &info), ERR_TRUNCATED);
	store_u32(image, 7);
	assert_int_equal(multiboot2_parse(image, 64, &info), ERR_FORMAT);
	store_u32(image, 0x80000000);
	assert_int_equal(multiboot2_parse(image, 64, &info), ERR_FORMAT);
	store_u32(image, 65);
	assert_int_equal(multiboot2_parse(image, 64, &info), ERR_TRUNCATED);
	store_u32(image, 8); /* no end tag: the size ends it */
	assert_int_equal(multiboot2_parse(image, 64, &info), OK);
	assert_int_equal(multiboot2_bytes(image), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_loader_like_grub_is_understood, begin),
		cmocka_unit_test_setup(efi_memory_map_serves_without_mmap, begin),
		cmocka_unit_test_setup(memory_of_running_boot_services_is_not_usable, begin),
		cmocka_unit_test_setup(basic_memory_is_the_last_resort, begin),
		cmocka_unit_test_setup(old_rsdp_alone_is_taken, begin),
		cmocka_unit_test(tags_that_are_too_small_are_refused),
		cmocka_unit_test(absurd_fields_are_refused),
		cmocka_unit_test_setup(sizes_of_the_whole_are_checked, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
