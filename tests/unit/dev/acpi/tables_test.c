// SPDX-License-Identifier: Apache-2.0
// The guest's ACPI tables: found as a guest finds them, read by offset as the specification numbers them, and given to
// ACPICA's disassembler and interpreter, which is the one that Linux has.
#include "dev/acpi/tables.h"

#include "dev/acpi_pm.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/dev/restored.h"

#define BASE 0xe0000u

static u8 *blob;
static u32 blob_bytes;
static u64 blob_base;
static u32 coms; /* the mask to be built with */
static bool wants_physical;

static void build_at(u64 base, u32 vcpus)
{
	struct acpi_config c = {.base = base,
				.vcpu_count = vcpus,
				.com_mask = coms,
				.ioapic_id = 7,
				.pm_timer_32bit = true,
				.wants_physical = wants_physical};

	free(blob);
	blob_bytes = acpi_tables_size(vcpus);
	blob_base = base;
	blob = malloc(blob_bytes); /* exactly: a byte too far is seen */
	assert_int_equal(acpi_tables_build(&c, blob, blob_bytes), OK);
}

static const u8 *at(u64 address)
{
	assert_true(address >= blob_base && address < blob_base + blob_bytes);
	return blob + (address - blob_base);
}

static u8 sum(const u8 *p, u32 n)
{
	u8 s = 0;

	while (n--)
		s = (u8)(s + *p++);
	return s;
}

/* The n-th table of the XSDT, with its checksum verified; NULL behind the last. */
static const u8 *nth_table(u32 n)
{
	const u8 *xsdt = at(load_u64(blob + 24));
	const u8 *table;

	if (n >= (load_u32(xsdt + 4) - 36) / 8)
		return NULL;
	table = at(load_u64(xsdt + 36 + 8 * n));
	assert_true(table + load_u32(table + 4) <= blob + blob_bytes);
	assert_int_equal(sum(table, load_u32(table + 4)), 0);
	return table;
}

static const u8 *find(const char *signature)
{
	const u8 *table;

	for (u32 n = 0; (table = nth_table(n)); n++) {
		if (!memcmp(table, signature, 4))
			return table;
	}
	fail_msg("no %s", signature);
	return NULL;
}

static void roots_lead_to_the_same_tables(void **state)
{
	const u8 *rsdt, *xsdt;

	(void)state;
	build_at(BASE, 4);
	assert_memory_equal(blob, "RSD PTR ", 8);
	assert_int_equal(sum(blob, 20), 0);
	assert_int_equal(sum(blob, 36), 0);
	assert_int_equal(blob[15], 2);
	assert_int_equal(load_u32(blob + 20), 36);
	rsdt = at(load_u32(blob + 16));
	xsdt = at(load_u64(blob + 24));
	assert_memory_equal(rsdt, "RSDT", 4);
	assert_memory_equal(xsdt, "XSDT", 4);
	assert_int_equal(sum(rsdt, load_u32(rsdt + 4)), 0);
	assert_int_equal(sum(xsdt, load_u32(xsdt + 4)), 0);
	assert_int_equal(load_u32(rsdt + 4), 36 + 4 * 4);
	for (u32 n = 0; n < 4; n++)
		assert_int_equal(load_u32(rsdt + 36 + 4 * n), load_u64(xsdt + 36 + 8 * n));
}

static void fadt_fields(void **state)
{
	const u8 *f, *facs;

	(void)state;
	build_at(BASE, 1);
	f = find("FACP");
	assert_int_equal(load_u32(f + 4), 268);
	assert_int_equal(f[8], 5);
	facs = at(load_u32(f + 36));
	assert_memory_equal(facs, "FACS", 4);
	assert_int_equal(load_u32(facs + 4), 64);
	assert_int_equal((u64)(facs - blob) % 64, 0);
	assert_memory_equal(at(load_u32(f + 40)), "DSDT", 4);
	assert_true(load_u64(f + 140) == load_u32(f + 40)); /* X_DSDT */
	assert_int_equal(load_u16(f + 46), 9);              /* SCI_INT */
	assert_int_equal(load_u32(f + 48), 0);              /* SMI_CMD */
	assert_int_equal(load_u32(f + 56), 0x600);          /* PM1a_EVT_BLK */
	assert_int_equal(load_u32(f + 64), 0x604);          /* PM1a_CNT_BLK */
	assert_int_equal(load_u32(f + 76), 0x608);          /* PM_TMR_BLK */
	assert_int_equal(load_u32(f + 88), 0x04000204);     /* their lengths */
	assert_int_equal(load_u16(f + 96), 101);            /* P_LVL2_LAT: none */
	assert_int_equal(f[108], 0x32);                     /* CENTURY */
	assert_int_equal(load_u16(f + 109), 0x0005);        /* legacy devices, no 8042, no VGA */
	assert_int_equal(load_u32(f + 112), 0x1565);
	assert_int_equal(f[116], 1);
	assert_int_equal(load_u64(f + 120), 0xcf9);
	assert_int_equal(f[128], 6); /* RESET_VALUE */
	assert_int_equal(load_u64(f + 132), 0);
	assert_int_equal(load_u32(f + 148), 0x02002001); /* X_PM1a_EVT_BLK: ports, 32 bits by words */
	assert_int_equal(load_u64(f + 152), 0x600);
	assert_int_equal(load_u32(f + 172), 0x02001001);
	wants_physical = true;
	build_at(BASE, 1);
	assert_int_equal(load_u32(find("FACP") + 112), 0x81565); /* FORCE_APIC_PHYSICAL_DESTINATION_MODE */
	wants_physical = false;
	build_at(BASE, 1);
	f = find("FACP");
	assert_int_equal(load_u64(f + 176), 0x604);
	assert_int_equal(load_u32(f + 208), 0x03002001);
	assert_int_equal(load_u64(f + 212), 0x608);
}

static void check_madt(u32 vcpus)
{
	const u8 *m, *e;
	u32 cpus = 0, overrides = 0, ioapics = 0, nmis = 0;

	build_at(BASE, vcpus);
	m = find("APIC");
	assert_int_equal(load_u32(m + 36), 0xfee00000);
	assert_int_equal(load_u32(m + 40), 1);
	for (e = m + 44; e < m + load_u32(m + 4); e += e[1]) {
		assert_true(e[1] >= 2);
		switch (e[0]) {
		case 0:
			assert_true(cpus < 255);
			assert_int_equal(e[2], cpus);
			assert_int_equal(e[3], cpus);
			assert_int_equal(load_u32(e + 4), 1);
			cpus++;
			break;
		case 1:
			assert_int_equal(e[2], 7);
			assert_int_equal(load_u32(e + 4), 0xfec00000);
			assert_int_equal(load_u32(e + 8), 0);
			ioapics++;
			break;
		case 2:
			assert_int_equal(load_u32(e + 4), e[3] == 0 ? 2 : 9);
			assert_int_equal(load_u16(e + 8), e[3] == 0 ? 0 : 0xd);
			overrides++;
			break;
		case 4:
			assert_int_equal(e[5], 1);
			nmis++;
			break;
		case 9:
			assert_true(cpus >= 255);
			assert_int_equal(load_u32(e + 4), cpus);
			assert_int_equal(load_u32(e + 8), 1);
			assert_int_equal(load_u32(e + 12), cpus);
			cpus++;
			break;
		case 10:
			assert_int_equal(load_u32(e + 4), 0xffffffff);
			nmis++;
			break;
		default:
			fail_msg("entry of type %u", e[0]);
		}
	}
	assert_ptr_equal(e, m + load_u32(m + 4));
	assert_int_equal(cpus, vcpus);
	assert_int_equal(ioapics, 1);
	assert_int_equal(overrides, 2);
	assert_int_equal(nmis, vcpus > 255 ? 2 : 1);
}

static void madt_names_every_vcpu(void **state)
{
	(void)state;
	for (u32 vcpus = 1; vcpus < 300; vcpus++)
		check_madt(vcpus);
	check_madt(ACPI_VCPUS_MAX);
}

static void hpet_table(void **state)
{
	const u8 *h;

	(void)state;
	build_at(BASE, 1);
	h = find("HPET");
	assert_int_equal(load_u32(h + 4), 56);
	assert_int_equal(load_u32(h + 36), 0x8086a201);
	assert_int_equal(h[40], 0);
	assert_true(load_u64(h + 44) == 0xfed00000);
	assert_int_equal(load_u16(h + 53), 1000);
}

static void bad_arguments(void **state)
{
	struct acpi_config c = {.base = BASE, .vcpu_count = 1};
	static u8 room[65536];

	(void)state;
	c.vcpu_count = 0;
	assert_int_equal(acpi_tables_build(&c, room, sizeof(room)), ERR_RANGE);
	c.vcpu_count = ACPI_VCPUS_MAX + 1;
	assert_int_equal(acpi_tables_build(&c, room, sizeof(room)), ERR_RANGE);
	c.vcpu_count = 1;
	c.base = BASE + 16;
	assert_int_equal(acpi_tables_build(&c, room, sizeof(room)), ERR_ALIGN);
	c.base = 4 * GIB - 64;
	assert_int_equal(acpi_tables_build(&c, room, sizeof(room)), ERR_RANGE);
	c.base = BASE;
	assert_int_equal(acpi_tables_build(&c, room, acpi_tables_size(1) - 1), ERR_SPACE);
	for (u32 i = 0; i < sizeof(room); i++)
		assert_int_equal(room[i], 0);
}

/* --- ACPICA as the oracle --- */

static char folder[64];

static void write_table(const u8 *table)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%.4s.dat", folder, (const char *)table);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(table, 1, load_u32(table + 4), f), load_u32(table + 4));
	assert_int_equal(fclose(f), 0);
}

/* What a command prints, both streams, at most `size` - 1 bytes. */
static void run(const char *command, char *text, size_t size)
{
	char line[512];
	size_t used;
	FILE *f;

	snprintf(line, sizeof(line), "cd %s && { %s; } 2>&1", folder, command);
	f = popen(line, "r");
	assert_non_null(f);
	used = fread(text, 1, size - 1, f);
	text[used] = 0;
	while (fgetc(f) != EOF)
		;
	pclose(f);
}

static void has(const char *text, const char *what)
{
	if (strstr(text, what))
		return;
	fputs(text, stderr);
	fail_msg("no \"%s\"", what);
}

static void has_not(const char *text, const char *what)
{
	if (!strstr(text, what))
		return;
	fputs(text, stderr);
	fail_msg("\"%s\"", what);
}

static void write_all(u32 vcpus)
{
	const u8 *table;

	strcpy(folder, "/tmp/eterna-acpi-XXXXXX");
	assert_non_null(mkdtemp(folder));
	build_at(BASE, vcpus);
	for (u32 n = 0; (table = nth_table(n)); n++)
		write_table(table);
	write_table(at(load_u32(find("FACP") + 36)));
	write_table(at(load_u32(find("FACP") + 40)));
	write_table(at(load_u32(blob + 16)));
	write_table(at(load_u64(blob + 24)));
}

static int remove_all(void **state)
{
	char text[64];

	(void)state;
	run("rm -f ./*.dat ./*.dsl", text, sizeof(text));
	return rmdir(folder);
}

static void acpica_reads_every_table(void **state)
{
	static const char *const names[] = {"FACP", "FACS", "APIC", "HPET", "RSDT", "XSDT", "DSDT", "SSDT"};
	static char text[65536];

	(void)state;
	write_all(300);
	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		char command[128];

		snprintf(command, sizeof(command), "iasl -d %s.dat && cat %s.dsl", names[i], names[i]);
		run(command, text, sizeof(text));
		has(text, "utput: ");
		has_not(text, "nvalid");
		has_not(text, "rror");
		has_not(text, "arning");
		has_not(text, "ncorrect");
		has_not(text, "nknown");
	}
}

static void acpica_runs_the_aml(void **state)
{
	static char text[65536];

	(void)state;
	write_all(64);
	run("acpiexec -b 'evaluate \\_S5; evaluate \\_SB.C03F._UID; evaluate \\_SB.C03F._HID; "
	    "evaluate \\_SB.PCI0._CRS; evaluate \\_SB.COM1._CRS' DSDT.dat SSDT.dat",
	    text, sizeof(text));
	has_not(text, "ACPI Error");
	has_not(text, "ACPI Warning");
	has_not(text, "ACPI BIOS");
	has_not(text, "AE_NOT_FOUND");
	has(text, "000000000000003F");
	has(text, "\"ACPI0007\"");
	has(text, "47 01 F8 03 F8 03 01 08");
	run("acpiexec -b 'evaluate \\_SB.C040._UID' DSDT.dat SSDT.dat", text, sizeof(text));
	has(text, "AE_NOT_FOUND");
}

/* Those that are there, with their resources, and no other. */
static void serial_ports_are_those_asked_for(void **state)
{
	static char text[65536];

	(void)state;
	coms = 1 | 1 << 1 | 1 << 3;
	write_all(64);
	run("iasl -d SSDT.dat", text, sizeof(text));
	has_not(text, "rror");
	run("acpiexec -b 'evaluate \\_SB.COM2._CRS; evaluate \\_SB.COM2._HID; evaluate \\_SB.COM4._CRS; "
	    "evaluate \\_SB.COM4._UID; evaluate \\_SB.C03F._UID' DSDT.dat SSDT.dat",
	    text, sizeof(text));
	has_not(text, "ACPI Error");
	has_not(text, "ACPI Warning");
	has_not(text, "AE_NOT_FOUND");
	has(text, "47 01 F8 02 F8 02 01 08 23 08 00 11 79");
	has(text, "47 01 E8 02 E8 02 01 08 23 08 00 11 79");
	has(text, "000000000105D041");
	has(text, "0000000000000004");
	run("acpiexec -b 'evaluate \\_SB.COM3._UID' DSDT.dat SSDT.dat", text, sizeof(text));
	has(text, "AE_NOT_FOUND");
	coms = 1 | 1 << 2;
	write_all(1);
	run("acpiexec -b 'evaluate \\_SB.COM3._CRS; evaluate \\_SB.COM2._CRS' DSDT.dat SSDT.dat", text, sizeof(text));
	has(text, "47 01 E8 03 E8 03 01 08 23 10 00 11 79");
	has(text, "AE_NOT_FOUND");
	coms = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_lead_to_the_same_tables),
		cmocka_unit_test(fadt_fields),
		cmocka_unit_test(madt_names_every_vcpu),
		cmocka_unit_test(hpet_table),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test_teardown(acpica_reads_every_table, remove_all),
		cmocka_unit_test_teardown(acpica_runs_the_aml, remove_all),
		cmocka_unit_test_teardown(serial_ports_are_those_asked_for, remove_all),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(blob);
	return failed;
}
