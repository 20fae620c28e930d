// SPDX-License-Identifier: Apache-2.0
// The machine's ACPI tables, built here at the offsets of the ACPI specification in a small physical memory.
#include "boot/info/acpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/mem.h"

#define BASE 0x10000ull
static u8 memory_bytes[0x4000];
static struct acpi_info info;

static const void *map(struct acpi_memory *memory, u64 hpa, u64 bytes)
{
	(void)memory;
	if (hpa < BASE || !range_is_inside(hpa - BASE, bytes, sizeof(memory_bytes)))
		return NULL;
	return memory_bytes + (hpa - BASE);
}

static struct acpi_memory memory = {map};

static u8 *at(u64 hpa)
{
	return memory_bytes + (hpa - BASE);
}

static void set_sum(u8 *bytes, u32 count, u32 where)
{
	u8 sum = 0;

	bytes[where] = 0;
	for (u32 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[where] = (u8)(0 - sum);
}

static void finish(u64 hpa, const char *signature, u32 length)
{
	memcpy(at(hpa), signature, 4);
	store_u32(at(hpa) + 4, length);
	set_sum(at(hpa), length, 9);
}

#define RSDP 0x10000ull
#define XSDT 0x10100ull
#define RSDT 0x10200ull
#define MADT 0x10300ull
#define FADT 0x10800ull
#define DSDT 0x10a00ull

static void set_rsdp(u8 revision)
{
	u8 *p = at(RSDP);

	memset(p, 0, 36);
	memcpy(p, "RSD PTR ", 8);
	p[15] = revision;
	store_u32(p + 16, RSDT);
	store_u32(p + 20, 36);
	store_u64(p + 24, XSDT);
	set_sum(p, 20, 8);
	set_sum(p, 36, 32);
}

static void set_madt(void)
{
	static const u8 entries[] = {
		0, 8,  1,    0,  1, 0, 0,    0,                               /* CPU 1, APIC 0, enabled */
		0, 8,  2,    2,  1, 0, 0,    0,                               /* CPU 2, APIC 2, enabled */
		0, 8,  3,    4,  0, 0, 0,    0,                               /* CPU 3, APIC 4, not enabled */
		9, 16, 0,    0,  0, 1, 0,    0,    1,    0, 0, 0, 9, 0, 0, 0, /* x2APIC 0x100, enabled */
		1, 12, 7,    0,  0, 0, 0xc0, 0xfe, 24,   0, 0, 0,             /* I/O APIC 7 at 0xfec00000, GSI 24 on */
		2, 10, 0,    0,  2, 0, 0,    0,    0,    0,                   /* IRQ 0 is GSI 2 */
		2, 10, 0,    9,  9, 0, 0,    0,    0x0d, 0,                   /* IRQ 9 is level, high */
		2, 10, 0,    16, 5, 0, 0,    0,    0,    0,                   /* no ISA interrupt: ignored */
		4, 6,  0xff, 0,  0, 1,                                        /* NMI: of no interest */
		5, 12, 0,    0,  0, 0, 0xe0, 0xfe, 0,    0, 0, 0,             /* the local APIC is at 0xfee00000 */
		0, 4,  1,    9,                                               /* too short: ignored */
	};

	store_u32(at(MADT) + 36, 0xfee10000);
	memcpy(at(MADT) + 44, entries, sizeof(entries));
	finish(MADT, "APIC", 44 + sizeof(entries));
}

static void set_fadt(void)
{
	u8 *p = at(FADT);

	store_u32(p + 40, DSDT);
	store_u32(p + 64, 0x604);
	store_u32(p + 68, 0x608);
	store_u32(p + 76, 0x608);
	store_u32(p + 112, 1u << 8 | 1u << 10);
	p[116] = 1;
	store_u64(p + 120, 0xcf9);
	p[128] = 6;
	finish(FADT, "FACP", 244);
}

static void set_dsdt(const void *aml, u32 bytes)
{
	memset(at(DSDT), 0, 0x200);
	memcpy(at(DSDT) + 36, aml, bytes);
	finish(DSDT, "DSDT", 36 + bytes);
}

static const u8 s5[] = {0x08, '_', 'S', '5', '_', 0x12, 0x0a, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00};

static int build(void **state)
{
	(void)state;
	memset(memory_bytes, 0, sizeof(memory_bytes));
	set_rsdp(2);
	store_u64(at(XSDT) + 36, MADT);
	store_u64(at(XSDT) + 44, FADT);
	finish(XSDT, "XSDT", 52);
	store_u32(at(RSDT) + 36, FADT);
	finish(RSDT, "RSDT", 40);
	set_madt();
	set_fadt();
	set_dsdt(s5, sizeof(s5));
	return 0;
}

static void parses(u32 rsdp_bytes)
{
	assert_int_equal(acpi_parse(&memory, at(RSDP), rsdp_bytes, &info), OK);
}

static void interrupt_controllers_are_read(void **state)
{
	(void)state;
	parses(36);
	assert_int_equal(info.lapic_hpa, 0xfee00000);
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.cpu_apic_id[0], 0);
	assert_int_equal(info.cpu_apic_id[1], 2);
	assert_int_equal(info.cpu_apic_id[2], 0x100);
	assert_int_equal(info.ioapic_count, 1);
	assert_int_equal(info.ioapic[0].id, 7);
	assert_int_equal(info.ioapic[0].hpa, 0xfec00000);
	assert_int_equal(info.ioapic[0].gsi_base, 24);
	assert_int_equal(info.isa_gsi[0], 2);
	assert_int_equal(info.isa_gsi[1], 1);
	assert_int_equal(info.isa_flags[9], 0x0d);
}

static void power_management_is_read(void **state)
{
	(void)state;
	parses(36);
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_true(info.is_pm_timer_32bit);
	assert_int_equal(info.pm1a_control_port, 0x604);
	assert_int_equal(info.pm1b_control_port, 0x608);
	assert_int_equal(info.reset_port, 0xcf9);
	assert_int_equal(info.reset_value, 6);
	assert_true(info.has_s5);
	assert_int_equal(info.s5_type_a, 5);
	assert_int_equal(info.s5_type_b, 1);
}

static void acpi_1_goes_by_the_rsdt(void **state)
{
	(void)state;
	set_rsdp(0);
	parses(20);
	assert_int_equal(info.cpu_count, 0); /* the RSDT here leads to the FADT alone */
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_int_equal(info.isa_gsi[0], 0);

	set_rsdp(2); /* an XSDT that is broken: the RSDT serves */
	at(XSDT)[9]++;
	parses(36);
	assert_int_equal(info.cpu_count, 0);
	assert_int_equal(info.pm_timer_port, 0x608);
}

static void bad_roots_are_refused(void **state)
{
	(void)state;
	assert_int_equal(acpi_parse(&memory, at(RSDP), 19, &info), ERR_NOENT);
	at(RSDP)[8]++;
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
	set_rsdp(2);
	memset(at(XSDT), 0, 36);
	store_u32(at(RSDT) + 4, 35); /* shorter than its header */
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
	store_u32(at(RSDT) + 4, 16 * MIB + 1);
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
	store_u32(at(RSDT) + 4, 1 * MIB); /* reaches beyond memory */
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
	store_u32(at(RSDP) + 16, 0);
	set_sum(at(RSDP), 20, 8);
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
	store_u32(at(RSDP) + 16, 0x100);
	set_sum(at(RSDP), 20, 8);
	assert_int_equal(acpi_parse(&memory, at(RSDP), 36, &info), ERR_NOENT);
}

static void damaged_tables_are_left_out(void **state)
{
	(void)state;
	at(MADT)[60]++;
	parses(36);
	assert_int_equal(info.cpu_count, 0);
	assert_int_equal(info.pm_timer_port, 0x608);
	finish(MADT, "APIC", 43);
	finish(FADT, "FACP", 115);
	parses(36);
	assert_int_equal(info.lapic_hpa, 0);
	assert_int_equal(info.pm_timer_port, 0);
}

static void madt_entries_are_bounded(void **state)
{
	(void)state;
	finish(MADT, "APIC", 44 + 12); /* ends inside the second entry */
	parses(36);
	assert_int_equal(info.cpu_count, 1);
	at(MADT)[44 + 9] = 0; /* an entry without a length would never end */
	finish(MADT, "APIC", 44 + 16);
	parses(36);
	assert_int_equal(info.cpu_count, 1);
}

static void more_than_fits_is_counted(void **state)
{
	const u8 cpu[8] = {0, 8, 1, 5, 1, 0, 0, 0};
	const u8 ioapic[12] = {1, 12};
	u32 used = 44;

	(void)state;
	for (u32 i = 0; i < ACPI_CPUS_MAX + 2; i++, used += 8)
		memcpy(at(0x11000) + used, cpu, 8);
	for (u32 i = 0; i < ACPI_IOAPICS_MAX + 2; i++, used += 12)
		memcpy(at(0x11000) + used, ioapic, 12);
	finish(0x11000, "APIC", used);
	store_u64(at(XSDT) + 36, 0x11000);
	finish(XSDT, "XSDT", 52);
	parses(36);
	assert_int_equal(info.cpu_count, ACPI_CPUS_MAX + 2);
	assert_int_equal(info.ioapic_count, ACPI_IOAPICS_MAX);
}

static void reset_needs_its_flag_and_ports(void **state)
{
	(void)state;
	store_u32(at(FADT) + 112, 0);
	finish(FADT, "FACP", 244);
	parses(36);
	assert_int_equal(info.reset_port, 0);
	assert_false(info.is_pm_timer_32bit);
	store_u32(at(FADT) + 112, 1u << 10);
	at(FADT)[116] = 0; /* in memory */
	finish(FADT, "FACP", 244);
	parses(36);
	assert_int_equal(info.reset_port, 0);
	at(FADT)[116] = 1;
	finish(FADT, "FACP", 128); /* of ACPI 1.0: the value is not there */
	parses(36);
	assert_int_equal(info.reset_port, 0);
	assert_int_equal(info.pm1a_control_port, 0x604);
}

static void s5_is_found_only_where_it_is_whole(void **state)
{
	static const u8 zero_one[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00};
	static const u8 long_length[] = {0x08, '_', 'S', '5', '_', 0x12, 0x4a, 0x00, 0x02, 0x0a, 0x07, 0x0a, 0x07};
	static const u8 words[] = {0x08, '_', 'S', '5', '_', 0x12, 0x0a, 0x04, 0x0b, 0x05, 0x00, 0x01, 0x00};

	(void)state;
	set_dsdt(zero_one, sizeof(zero_one));
	parses(36);
	assert_true(info.has_s5 && info.s5_type_a == 0 && info.s5_type_b == 1);
	set_dsdt(long_length, sizeof(long_length));
	parses(36);
	assert_true(info.has_s5 && info.s5_type_a == 7 && info.s5_type_b == 7);
	set_dsdt(words, sizeof(words)); /* WordPrefix: not read */
	parses(36);
	assert_false(info.has_s5);
	for (u32 cut = 1; cut < sizeof(s5) - 2; cut++) { /* a DSDT that ends inside the package's first two integers */
		set_dsdt(s5, cut);
		parses(36);
		assert_int_equal(info.has_s5, cut >= 11);
	}
	set_dsdt(s5, 0);
	store_u32(at(FADT) + 40, 0);
	finish(FADT, "FACP", 244);
	parses(36);
	assert_false(info.has_s5);
}

static void rsdp_is_found_on_16_byte_borders(void **state)
{
	static u8 area[0x400];

	(void)state;
	memcpy(area + 0x108, at(RSDP), 36); /* not on a border */
	assert_int_equal(acpi_find_rsdp(area, sizeof(area)), sizeof(area));
	memcpy(area + 0x3f0, at(RSDP), 16); /* cut by the end */
	assert_int_equal(acpi_find_rsdp(area, sizeof(area)), sizeof(area));
	memcpy(area + 0x210, at(RSDP), 36);
	assert_int_equal(acpi_find_rsdp(area, sizeof(area)), 0x210);
}

#define TEST(name) cmocka_unit_test_setup(name, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interrupt_controllers_are_read),
		TEST(power_management_is_read),
		TEST(acpi_1_goes_by_the_rsdt),
		TEST(bad_roots_are_refused),
		TEST(damaged_tables_are_left_out),
		TEST(madt_entries_are_bounded),
		TEST(more_than_fits_is_counted),
		TEST(reset_needs_its_flag_and_ports),
		TEST(s5_is_found_only_where_it_is_whole),
		TEST(rsdp_is_found_on_16_byte_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
