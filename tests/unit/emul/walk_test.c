// SPDX-License-Identifier: Apache-2.0
// The page walk over hand-made tables: every mode, page size, permission, reserved bit and A/D rule.
#include "emul/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define NOT_RUN 0x12345678u

static struct model m;
static gpa_t gpa;
static u32 code;

enum mode { MODE_32BIT, MODE_PAE, MODE_4LEVEL, MODE_5LEVEL, MODE_COUNT };

static void mode_init(enum mode mode)
{
	model_init(&m);
	m.cpu.cr0 |= CR0_PE | CR0_PG | CR0_WP;
	m.cpu.cr4 = CR4_PSE;
	if (mode >= MODE_PAE) {
		m.cpu.cr4 |= CR4_PAE;
		m.cpu.efer = EFER_NXE;
	}
	if (mode >= MODE_4LEVEL)
		m.cpu.efer |= EFER_LME | EFER_LMA;
	if (mode == MODE_5LEVEL)
		m.cpu.cr4 |= CR4_LA57;
}

static err_t try(u64 gva, unsigned access)
{
	gpa = GPA(NOT_RUN);
	code = NOT_RUN;
	return walk(&m.memory, &m.cpu, &m.emul.limits, GVA(gva), access, &gpa, &code);
}

static void expect_ok(u64 gva, unsigned access, u64 to)
{
	assert_int_equal(try(gva, access), OK);
	assert_int_equal(gpa.v, to);
}

static void expect_fault(u64 gva, unsigned access, u64 pf_error)
{
	assert_int_equal(try(gva, access), ERR_FAULT);
	assert_int_equal(code, pf_error);
}

static u64 entry_get(u64 gva, unsigned level)
{
	u64 value = 0;

	memcpy(&value, model_entry(&m, gva, level), m.cpu.cr4 & CR4_PAE ? 8 : 4);
	return value;
}

static void entry_put(u64 gva, unsigned level, u64 value)
{
	memcpy(model_entry(&m, gva, level), &value, m.cpu.cr4 & CR4_PAE ? 8 : 4);
}

static u64 test_address(enum mode mode)
{
	static const u64 address[MODE_COUNT] = {0xbfd23000, 0xbfd23000, 0xffff8123bfd23000, 0xff12345678123000};

	return address[mode];
}

static void maps_one_to_one_without_paging(void **state)
{
	(void)state;
	model_init(&m);
	expect_ok(0xfee00030, WALK_WRITE | WALK_USER, 0xfee00030);
	expect_ok(0xffffffff00001000, 0, 0x1000); /* linear addresses have 32 bits outside IA-32e mode */
}

static void translates_in_every_mode(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
		u64 at = test_address((enum mode)mode);

		mode_init((enum mode)mode);
		model_map(&m, at, 0x7000, MODEL_RWU);
		expect_ok(at + 0x123, 0, 0x7123);
		expect_ok(at + 0xfff, WALK_WRITE | WALK_USER, 0x7fff);
		expect_fault(at + 0x1000, 0, 0);
		expect_fault(at - 1, WALK_WRITE | WALK_USER, PF_WRITE | PF_USER);
		expect_ok(at, WALK_FETCH, 0x7000);
	}
}

static void uses_all_address_bits(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	m.emul.limits.phys_bits = 52;
	model_map(&m, 0x5000, 0xabcdef0123000, MODEL_RWU);
	expect_ok(0x5004, 0, 0xabcdef0123004);
	mode_init(MODE_PAE);
	m.emul.limits.phys_bits = 52;
	model_map(&m, 0x5000, 0xabcdef0123000, MODEL_RWU);
	expect_ok(0x5004, 0, 0xabcdef0123004);
}

static void maps_large_pages(void **state)
{
	(void)state;
	mode_init(MODE_32BIT);
	entry_put(0x40000000, 2, 0x12c00000 | MODEL_RWU | MODEL_PS | 0xabull << 13); /* PSE-36: bits 39:32 */
	expect_ok(0x403fffff, 0, 0xab12ffffff);
	m.cpu.cr4 &= ~CR4_PSE; /* bit 7 is ignored then: the entry points to a table */
	entry_put(0x40000000, 2, 0x3000 | MODEL_RWU | MODEL_PS);
	m.ram[0x3000] = 0x67;
	m.ram[0x3001] = 0x90;
	expect_ok(0x40000010, 0, 0x9010);

	mode_init(MODE_PAE);
	entry_put(0x40000000, 2, 0x12a00000 | MODEL_RWU | MODEL_PS);
	expect_ok(0x401fffff, 0, 0x12bfffff);

	mode_init(MODE_4LEVEL);
	entry_put(0x40000000, 2, 0x12a00000 | MODEL_RWU | MODEL_PS | BIT(12)); /* PAT */
	expect_ok(0x401fffff, 0, 0x12bfffff);
	entry_put(0x80000000, 3, 0x1c0000000 | MODEL_RWU | MODEL_PS);
	expect_ok(0xbfffffff, 0, 0x1ffffffff);
	m.emul.limits.has_gib_pages = false;
	expect_fault(0x80000000, 0, PF_PRESENT | PF_RSVD);
}

/* SDM 3A, tables of the formats of paging-structure entries. */
static void faults_on_reserved_bits(void **state)
{
	static const struct {
		enum mode mode;
		unsigned level;
		u64 bits;
		bool is_reserved;
	} cases[] = {
		{MODE_4LEVEL, 1, BIT(40), true},
		{MODE_4LEVEL, 1, BIT(51), true},
		{MODE_4LEVEL, 1, BIT(39), false},
		{MODE_4LEVEL, 1, BITS(58, 52), false},
		{MODE_4LEVEL, 1, MODEL_PS, false}, /* PAT there */
		{MODE_4LEVEL, 2, BIT(40), true},
		{MODE_4LEVEL, 2, MODEL_PS | BIT(13), true},
		{MODE_4LEVEL, 2, MODEL_PS | BIT(20), true},
		{MODE_4LEVEL, 3, BIT(45), true},
		{MODE_4LEVEL, 3, MODEL_PS | BIT(29), true},
		{MODE_4LEVEL, 3, MODEL_PS | BIT(13), true},
		{MODE_4LEVEL, 4, MODEL_PS, true},
		{MODE_4LEVEL, 4, BIT(40), true},
		{MODE_5LEVEL, 5, MODEL_PS, true},
		{MODE_5LEVEL, 4, MODEL_PS, true},
		{MODE_PAE, 1, BIT(40), true},
		{MODE_PAE, 1, BIT(62), true},
		{MODE_PAE, 1, BIT(52), true},
		{MODE_PAE, 2, BIT(61), true},
		{MODE_PAE, 2, MODEL_PS | BIT(17), true},
		{MODE_PAE, 3, BIT(1), true},
		{MODE_PAE, 3, BIT(2), true},
		{MODE_PAE, 3, BIT(5), true},
		{MODE_PAE, 3, BIT(8), true},
		{MODE_PAE, 3, BIT(63), true},
		{MODE_PAE, 3, BIT(40), true},
		{MODE_PAE, 3, BIT(3) | BIT(9), false},
		{MODE_32BIT, 2, MODEL_PS | BIT(21), true},
		{MODE_32BIT, 2, BIT(21) * 0, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		u64 at = test_address(cases[i].mode);

		mode_init(cases[i].mode);
		model_map(&m, at, 0x7000, MODEL_RWU);
		u64 entry = entry_get(at, cases[i].level);

		if (cases[i].bits & MODEL_PS && cases[i].level > 1)
			entry = MODEL_RWU; /* a frame that is aligned for any size */
		entry_put(at, cases[i].level, entry | cases[i].bits);
		if (cases[i].is_reserved)
			expect_fault(at, WALK_WRITE, PF_PRESENT | PF_RSVD | PF_WRITE);
		else
			expect_ok(at, WALK_WRITE, 0x7000 | (cases[i].bits & BIT(39)));
	}
}

static void reserves_address_bits_above_maxphyaddr(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	m.emul.limits.phys_bits = 36;
	model_map(&m, 0x1000, BIT(36), MODEL_RWU);
	expect_fault(0x1000, WALK_USER, PF_PRESENT | PF_RSVD | PF_USER);
	model_map(&m, 0x1000, BIT(35), MODEL_RWU);
	expect_ok(0x1000, 0, BIT(35));
	mode_init(MODE_32BIT); /* PSE-36 has MAXPHYADDR - 32 bits above 4 GiB */
	m.emul.limits.phys_bits = 36;
	entry_put(0, 2, MODEL_RWU | MODEL_PS | BIT(17));
	expect_fault(0, 0, PF_PRESENT | PF_RSVD);
	entry_put(0, 2, MODEL_RWU | MODEL_PS | BIT(16));
	expect_ok(0, 0, BIT(35));
}

static void treats_xd_as_reserved_without_nxe(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0x7000, MODEL_RWU | MODEL_XD);
	expect_ok(0x1000, WALK_WRITE, 0x7000);
	expect_fault(0x1000, WALK_FETCH, PF_PRESENT | PF_FETCH);
	m.cpu.efer &= ~EFER_NXE;
	expect_fault(0x1000, 0, PF_PRESENT | PF_RSVD);
}

/* The rights of a page are the AND over all levels. */
static void ands_the_rights_of_all_levels(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
		unsigned top = mode == MODE_32BIT || mode == MODE_PAE ? 2 : mode == MODE_4LEVEL ? 4 : 5;
		u64 at = test_address((enum mode)mode);

		for (unsigned level = 1; level <= top; level++) {
			mode_init((enum mode)mode);
			model_map(&m, at, 0x7000, MODEL_RWU);
			u64 entry = entry_get(at, level);

			entry_put(at, level, entry & ~MODEL_W);
			expect_fault(at, WALK_WRITE, PF_PRESENT | PF_WRITE);
			expect_fault(at, WALK_WRITE | WALK_USER, PF_PRESENT | PF_WRITE | PF_USER);
			expect_ok(at, WALK_USER, 0x7000);
			m.cpu.cr0 &= ~CR0_WP;
			expect_ok(at, WALK_WRITE, 0x7000);
			expect_fault(at, WALK_WRITE | WALK_USER, PF_PRESENT | PF_WRITE | PF_USER);
			entry_put(at, level, entry & ~MODEL_U);
			expect_fault(at, WALK_USER, PF_PRESENT | PF_USER);
			expect_ok(at, 0, 0x7000);
			if (mode == MODE_32BIT)
				continue;
			entry_put(at, level, entry | MODEL_XD);
			expect_fault(at, WALK_FETCH | WALK_USER, PF_PRESENT | PF_FETCH | PF_USER);
		}
	}
}

static void honours_smep_and_smap(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0x7000, MODEL_RWU);
	model_map(&m, 0x2000, 0x8000, MODEL_P | MODEL_W);
	m.cpu.cr4 |= CR4_SMEP | CR4_SMAP;
	expect_fault(0x1000, WALK_FETCH, PF_PRESENT | PF_FETCH);
	expect_ok(0x1000, WALK_FETCH | WALK_USER, 0x7000);
	expect_ok(0x2000, WALK_FETCH, 0x8000);
	expect_fault(0x1000, 0, PF_PRESENT);
	expect_fault(0x1000, WALK_WRITE, PF_PRESENT | PF_WRITE);
	expect_ok(0x2000, WALK_WRITE, 0x8000);
	m.cpu.rflags |= RFLAGS_AC;
	expect_ok(0x1000, WALK_WRITE, 0x7000);
	expect_fault(0x1000, WALK_IMPLICIT, PF_PRESENT); /* AC lifts SMAP for explicit accesses only */
	expect_ok(0x2000, WALK_IMPLICIT, 0x8000);
}

/* The fetch bit is told with SMEP or NX only. */
static void tells_fetches_where_they_can_be_told(void **state)
{
	(void)state;
	mode_init(MODE_32BIT);
	expect_fault(0x1000, WALK_FETCH, 0);
	m.cpu.cr4 |= CR4_SMEP;
	expect_fault(0x1000, WALK_FETCH, PF_FETCH);
	mode_init(MODE_4LEVEL);
	m.cpu.efer &= ~EFER_NXE;
	expect_fault(0x1000, WALK_FETCH, 0);
}

/* SDM 3A, Protection Keys. */
static void honours_protection_keys(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0x7000, MODEL_RWU | 5ull << 59);
	model_map(&m, 0x2000, 0x8000, MODEL_P | MODEL_W | 5ull << 59); /* keys don't count for supervisor pages */
	m.emul.limits.pkru = 1u << 10;                                 /* key 5: no access */
	expect_ok(0x1000, WALK_USER, 0x7000);
	m.cpu.cr4 |= CR4_PKE;
	expect_fault(0x1000, WALK_USER, PF_PRESENT | PF_USER | PF_PK);
	expect_fault(0x1000, 0, PF_PRESENT | PF_PK);
	expect_ok(0x1000, WALK_USER | WALK_FETCH, 0x7000);
	expect_ok(0x2000, 0, 0x8000);
	m.emul.limits.pkru = 2u << 10; /* key 5: no writes */
	expect_ok(0x1000, WALK_USER, 0x7000);
	expect_fault(0x1000, WALK_USER | WALK_WRITE, PF_PRESENT | PF_USER | PF_WRITE | PF_PK);
	expect_fault(0x1000, WALK_WRITE, PF_PRESENT | PF_WRITE | PF_PK);
	m.cpu.cr0 &= ~CR0_WP;
	expect_ok(0x1000, WALK_WRITE, 0x7000);
	m.emul.limits.pkru = 3u << 8; /* another key */
	expect_ok(0x1000, WALK_USER | WALK_WRITE, 0x7000);
}

static void sets_accessed_and_dirty(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
		unsigned levels = mode == MODE_32BIT ? 2 : mode == MODE_PAE ? 2 : mode == MODE_4LEVEL ? 4 : 5;
		u64 at = test_address((enum mode)mode);

		mode_init((enum mode)mode);
		model_map(&m, at, 0x7000, MODEL_RWU);
		expect_ok(at, WALK_PEEK | WALK_WRITE, 0x7000);
		for (unsigned level = 1; level <= levels; level++)
			assert_int_equal(entry_get(at, level) & (MODEL_A | MODEL_D), 0);
		expect_ok(at, 0, 0x7000);
		for (unsigned level = 1; level <= levels; level++)
			assert_int_equal(entry_get(at, level) & (MODEL_A | MODEL_D), MODEL_A);
		expect_ok(at, WALK_WRITE, 0x7000);
		assert_int_equal(entry_get(at, 1) & (MODEL_A | MODEL_D), MODEL_A | MODEL_D);
		assert_int_equal(entry_get(at, 2) & (MODEL_A | MODEL_D), MODEL_A);
		if (mode == MODE_PAE) /* a PDPTE has no A bit: it would be reserved */
			assert_int_equal(entry_get(at, 3) & MODEL_A, 0);
	}
}

static void changes_nothing_when_it_faults(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0x7000, MODEL_P);
	static u8 before[MODEL_RAM_BYTES];

	memcpy(before, m.ram, sizeof(before));
	expect_fault(0x1000, WALK_WRITE, PF_PRESENT | PF_WRITE);
	expect_fault(0x2000, 0, 0);
	assert_memory_equal(before, m.ram, sizeof(before));
}

static void starts_over_when_an_entry_changes(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0x7000, MODEL_RWU);
	m.steal_count = 3;
	expect_ok(0x1000, 0, 0x7000);
	model_map(&m, 0x2000, 0x8000, MODEL_RWU);
	m.steal_count = ~0u;
	assert_int_equal(try(0x2000, 0), ERR_BUSY);
}

/* Tables in nobody's memory read as ones; in a device the A bit is a plain write. */
static void survives_tables_outside_ram(void **state)
{
	u64 entry = 0x7000 | MODEL_RWU;

	(void)state;
	mode_init(MODE_4LEVEL);
	m.cpu.cr3 = 0xfff0000000;
	expect_fault(0x1000, 0, PF_PRESENT | PF_RSVD);
	mode_init(MODE_4LEVEL);
	model_map(&m, 0x1000, 0, MODEL_RWU);
	entry_put(0x1000, 2, MODEL_DEVICE | MODEL_RWU);
	memcpy(m.device + 8, &entry, 8);
	expect_ok(0x1000, 0, 0x7000);
	assert_int_equal(m.device[8], (u8)(MODEL_RWU | MODEL_A));
	m.fail = ERR_HARDWARE;
	assert_int_equal(try(0x1000, 0), ERR_HARDWARE);
}

static void lets_a_debugger_look_at_anything(void **state)
{
	(void)state;
	mode_init(MODE_4LEVEL);
	m.cpu.cr4 |= CR4_SMAP;
	model_map(&m, 0x1000, 0x7000, MODEL_P | MODEL_U | MODEL_XD);
	expect_ok(0x1000, WALK_PEEK | WALK_WRITE, 0x7000);
	expect_fault(0x2000, WALK_PEEK, 0);
}

static u64 entry_at(u64 gva, unsigned level)
{
	return (u64)((u8 *)model_entry(&m, gva, level) - m.ram);
}

/* The entries from the root's to that of `level`. */
static void expect_trail(u64 gva, unsigned levels, unsigned level, err_t err)
{
	struct walk_trail trail;

	gpa = GPA(NOT_RUN);
	assert_int_equal(walk_trail(&m.memory, &m.cpu, &m.emul.limits, GVA(gva), &trail, &gpa), err);
	assert_int_equal(trail.count, levels - level + 1);
	assert_int_equal(trail.entry_bytes, m.cpu.cr4 & CR4_PAE ? 8 : 4);
	for (unsigned i = 0; i < trail.count; i++)
		assert_int_equal(trail.entry[i].v, entry_at(gva, levels - i));
}

static void tells_which_entries_it_read(void **state)
{
	static const u8 levels[MODE_COUNT] = {2, 3, 4, 5};

	(void)state;
	for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
		u64 at = test_address((enum mode)mode);

		mode_init((enum mode)mode);
		model_map(&m, at, 0x7000, MODEL_RWU);
		expect_trail(at + 0x123, levels[mode], 1, OK);
		assert_int_equal(gpa.v, 0x7123);
		assert_false(entry_get(at, 1) & MODEL_A); /* nobody has been there */
		for (unsigned level = 1; level <= levels[mode]; level++) {
			u64 entry = entry_get(at, level);

			entry_put(at, level, entry & ~1ull);
			expect_trail(at, levels[mode], level, ERR_FAULT);
			assert_int_equal(gpa.v, NOT_RUN);
			entry_put(at, level, entry);
		}
	}
}

static void tells_of_the_entry_that_breaks_the_rules(void **state)
{
	u64 at = test_address(MODE_4LEVEL);

	(void)state;
	mode_init(MODE_4LEVEL);
	model_map(&m, at, 0x7000, MODEL_RWU);
	entry_put(at, 4, entry_get(at, 4) | MODEL_PS);
	expect_trail(at, 4, 4, ERR_FAULT);
}

static void reads_no_entry_without_paging(void **state)
{
	struct walk_trail trail;

	(void)state;
	model_init(&m);
	assert_int_equal(walk_trail(&m.memory, &m.cpu, &m.emul.limits, GVA(0x100001234), &trail, &gpa), OK);
	assert_int_equal(trail.count, 0);
	assert_int_equal(gpa.v, 0x1234);
}

static void knows_canonical_addresses(void **state)
{
	(void)state;
	assert_true(address_is_canonical(0, 0x7fffffffffff));
	assert_false(address_is_canonical(0, 0x800000000000));
	assert_true(address_is_canonical(0, 0xffff800000000000));
	assert_false(address_is_canonical(0, 0xfffe800000000000));
	assert_true(address_is_canonical(CR4_LA57, 0x800000000000));
	assert_true(address_is_canonical(CR4_LA57, 0xffffffffffffff));
	assert_false(address_is_canonical(CR4_LA57, 0x100000000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_one_to_one_without_paging),
		cmocka_unit_test(translates_in_every_mode),
		cmocka_unit_test(uses_all_address_bits),
		cmocka_unit_test(maps_large_pages),
		cmocka_unit_test(faults_on_reserved_bits),
		cmocka_unit_test(reserves_address_bits_above_maxphyaddr),
		cmocka_unit_test(treats_xd_as_reserved_without_nxe),
		cmocka_unit_test(ands_the_rights_of_all_levels),
		cmocka_unit_test(honours_smep_and_smap),
		cmocka_unit_test(tells_fetches_where_they_can_be_told),
		cmocka_unit_test(honours_protection_keys),
		cmocka_unit_test(sets_accessed_and_dirty),
		cmocka_unit_test(changes_nothing_when_it_faults),
		cmocka_unit_test(starts_over_when_an_entry_changes),
		cmocka_unit_test(survives_tables_outside_ram),
		cmocka_unit_test(lets_a_debugger_look_at_anything),
		cmocka_unit_test(tells_which_entries_it_read),
		cmocka_unit_test(tells_of_the_entry_that_breaks_the_rules),
		cmocka_unit_test(reads_no_entry_without_paging),
		cmocka_unit_test(knows_canonical_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
