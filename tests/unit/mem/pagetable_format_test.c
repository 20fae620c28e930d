// SPDX-License-Identifier: Apache-2.0
// Entries bit by bit as the manuals give them, and what pagetable_explain() says of bad ones.
#include "mem/pagetable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL_PAGES 64u

static u8 pool_memory[POOL_PAGES][PAGE_BYTES] ALIGNED(4096);
static struct pool pool;
static struct pagetable pt;

static const struct pagetable_caps all = {
	.levels = 4, .pa_bits = 46, .has_1g = true, .has_2m = true, .execute_only = true, .accessed_dirty = true};

static void make(const struct pagetable_format *format, struct pagetable_caps caps)
{
	assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), POOL_PAGES), OK);
	assert_int_equal(pagetable_init(&pt, format, &caps, &pool), OK);
}

/* Entry of that level on the way to va. */
static u64 *entry_at(u64 va, unsigned level)
{
	u64 *table = pt.root;

	for (unsigned l = 4; l > level; l--)
		table = pool_ptr(&pool, HPA(table[va >> (12 + 9 * (l - 1)) & 511] & 0xffffffffff000));
	return &table[va >> (12 + 9 * (level - 1)) & 511];
}

struct leaf_case {
	u64 va, pa, bytes;
	enum prot prot;
	enum memtype memtype;
	unsigned level;
	u64 entry;
};

static void check_leaves(const struct pagetable_format *format, const struct leaf_case *cases, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		const struct leaf_case *c = &cases[i];
		struct mapping m;

		make(format, all);
		assert_int_equal(pagetable_map(&pt, c->va, HPA(c->pa), c->bytes, c->prot, c->memtype), OK);
		assert_int_equal(*entry_at(c->va, c->level), c->entry);
		assert_int_equal(pagetable_lookup(&pt, c->va, &m), OK);
		assert_int_equal(m.prot, c->prot);
		assert_int_equal(m.memtype, c->memtype);
		assert_int_equal(m.pa.v, c->pa);
		assert_int_equal(m.bytes, c->bytes);
	}
}

/*
 * SDM 3C, tables "Format of an EPT ... Entry": bits 0 1 2 are read, write, execute; 5:3 the memory type (0 UC, 1 WC,
 * 4 WT, 5 WP, 6 WB); 6 ignore PAT; 7 set in a 1 GiB or 2 MiB page; 8 accessed; 9 dirty.
 */
static void ept_leaves(void **state)
{
	static const struct leaf_case cases[] = {
		{0x1000, 0x123456000, 0x1000, PROT_RWX, MEMTYPE_WB, 1, 0x123456037},
		{0x1000, 0x123456000, 0x1000, PROT_R, MEMTYPE_UC, 1, 0x123456001},
		{0x1000, 0x123456000, 0x1000, PROT_RW, MEMTYPE_WC, 1, 0x12345600b},
		{0x1000, 0x123456000, 0x1000, PROT_RX, MEMTYPE_WT, 1, 0x123456025},
		{0x1000, 0x123456000, 0x1000, PROT_X, MEMTYPE_WP, 1, 0x12345602c},
		{0x1000, 0xfee00000, 0x1000, PROT_RW, MEMTYPE_UC | MEMTYPE_IGNORE_PAT, 1, 0xfee00043},
		{0x200000, 0x3fffffe00000, 0x200000, PROT_RWX, MEMTYPE_WB, 2, 0x3fffffe000b7},
		{0x40000000, 0x3fffc0000000, 0x40000000, PROT_RWX, MEMTYPE_WB | MEMTYPE_IGNORE_PAT, 3, 0x3fffc00000f7},
	};

	(void)state;
	check_leaves(&pagetable_ept, cases, ARRAY_COUNT(cases));
}

/* Entries that lead to a table: address and access rights, bits 7:3 clear. */
static void ept_tables(void **state)
{
	(void)state;
	make(&pagetable_ept, all);
	assert_int_equal(pagetable_map(&pt, 0x1000, HPA(0), 0x1000, PROT_R, MEMTYPE_UC), OK);
	for (unsigned level = 2; level <= 4; level++)
		assert_int_equal(*entry_at(0x1000, level) & ~0xffffffffff000ull, 7);
	assert_int_equal(*entry_at(0x1000, 4), 0x7000007 + 2 * 0x1000);
}

/* SDM 3A, "Page-Table Entry ...": P 0, R/W 1, U/S 2, PWT 3, PCD 4, A 5, D 6, PS 7, G 8, XD 63. */
static void host_leaves(void **state)
{
	static const u64 top = 0xffffffff80000000;
	const struct leaf_case cases[] = {
		{0x1000, 0x123456000, 0x1000, PROT_RX, MEMTYPE_WB, 1, 0x123456061},
		{0x1000, 0x123456000, 0x1000, PROT_R, MEMTYPE_WB, 1, 0x8000000123456061},
		{0x1000, 0x123456000, 0x1000, PROT_RW, MEMTYPE_WT, 1, 0x800000012345606b},
		{top, 0xfee00000, 0x1000, PROT_RW, MEMTYPE_UC, 1, 0x80000000fee0007b},
		{top, 0xfee00000, 0x1000, PROT_RW, MEMTYPE_UC_MINUS, 1, 0x80000000fee00073},
		{top, 0x200000, 0x200000, PROT_RX, MEMTYPE_WB, 2, 0x2000e1},
		{top, 0x40000000, 0x40000000, PROT_RW, MEMTYPE_WB, 3, 0x80000000400000e3},
	};

	(void)state;
	check_leaves(&pagetable_host, cases, ARRAY_COUNT(cases));
	/* Tables: present, writable, accessed; supervisor; executable. */
	assert_int_equal(*entry_at(top, 4) & ~0xffffffffff000ull, 0x23);
}

/* APM 2, "Nested Paging": the same entries, but U/S must be set in all of them. */
static void npt_leaves(void **state)
{
	static const struct leaf_case cases[] = {
		{0x1000, 0x123456000, 0x1000, PROT_RWX, MEMTYPE_WB, 1, 0x123456007},
		{0x1000, 0x123456000, 0x1000, PROT_R, MEMTYPE_WB, 1, 0x8000000123456005},
		{0x1000, 0xfee00000, 0x1000, PROT_RW, MEMTYPE_UC, 1, 0x80000000fee0001f},
		{0x200000, 0x200000, 0x200000, PROT_RX, MEMTYPE_WB, 2, 0x200085},
		{0x40000000, 0x40000000, 0x40000000, PROT_RWX, MEMTYPE_WT, 3, 0x4000008f},
		/* A supervisor's page: nothing that a guest does is permitted there. */
		{0x1000, 0x123456000, 0x1000, PROT_NONE, MEMTYPE_WB, 1, 0x8000000123456001},
	};

	(void)state;
	check_leaves(&pagetable_npt, cases, ARRAY_COUNT(cases));
	assert_int_equal(*entry_at(0x40000000, 4) & ~0xffffffffff000ull, 0x27);
}

static err_t map_one(enum prot prot, enum memtype memtype)
{
	return pagetable_map(&pt, 0, HPA(0), 0x1000, prot, memtype);
}

static void formats_refuse_what_they_lack(void **state)
{
	struct pagetable_caps caps = all;

	(void)state;
	make(&pagetable_host, all);
	assert_int_equal(map_one(PROT_RWX, MEMTYPE_WB), ERR_PERM);
	assert_int_equal(map_one(PROT_NONE, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_W, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_X, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, MEMTYPE_WC), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, MEMTYPE_WP), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, MEMTYPE_WB | MEMTYPE_IGNORE_PAT), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, MEMTYPE_WB), OK);
	assert_int_equal(pagetable_protect(&pt, 0, 0x1000, PROT_RWX), ERR_PERM);

	make(&pagetable_npt, all);
	assert_int_equal(map_one(PROT_X, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_RW, MEMTYPE_WC), ERR_UNSUPPORTED);
	assert_false(pagetable_can(&pt, PROT_X));
	assert_true(pagetable_can(&pt, PROT_NONE));
	assert_int_equal(map_one(PROT_RWX, MEMTYPE_WB), OK);

	make(&pagetable_ept, all);
	assert_int_equal(map_one(PROT_NONE, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_W, MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one((enum prot)(PROT_W | PROT_X), MEMTYPE_WB), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, MEMTYPE_UC_MINUS), ERR_UNSUPPORTED);
	assert_int_equal(map_one(PROT_R, (enum memtype)2), ERR_UNSUPPORTED);
	caps.execute_only = false;
	make(&pagetable_ept, caps);
	assert_int_equal(map_one(PROT_X, MEMTYPE_WB), ERR_UNSUPPORTED);
}

/* Put a bad entry in and see it named. `part` is a part of the rule's text; NULL: nothing is wrong. */
static void check_explain(u64 va, unsigned level, u64 entry, const char *part)
{
	u64 *slot = entry_at(va, level), saved = *slot;
	struct entry_fault fault;

	*slot = entry;
	if (!part) {
		assert_false(pagetable_explain(&pt, va, &fault));
	} else {
		assert_true(pagetable_explain(&pt, va, &fault));
		assert_int_equal(fault.level, level);
		assert_int_equal(fault.entry, entry);
		assert_ptr_equal(pool_ptr(&pool, fault.entry_hpa), slot);
		assert_non_null(strstr(fault.rule, part));
		assert_false(pagetable_valid(&pt));
	}
	*slot = saved;
	assert_false(pagetable_explain(&pt, va, &fault));
}

/* SDM 3C, "EPT Misconfigurations": each rule broken once, at each level where it differs. */
static void ept_misconfigurations_are_named(void **state)
{
	struct pagetable_caps caps = all;
	u64 table;

	(void)state;
	caps.execute_only = false;
	caps.has_1g = false;
	make(&pagetable_ept, caps);
	assert_int_equal(pagetable_map(&pt, 0x1000, HPA(0x1000), 0x1000, PROT_RWX, MEMTYPE_WB), OK);
	assert_int_equal(pagetable_map(&pt, 0x200000, HPA(0x200000), 0x200000, PROT_RWX, MEMTYPE_WB), OK);
	table = *entry_at(0x1000, 2);
	for (unsigned level = 1; level <= 4; level++) {
		u64 good = *entry_at(0x1000, level);

		check_explain(0x1000, level, (good & ~7ull) | 2, "writable but not readable");
		check_explain(0x1000, level, (good & ~7ull) | 6, "writable but not readable");
		check_explain(0x1000, level, (good & ~7ull) | 4, "execute-only");
		check_explain(0x1000, level, good | BIT(46), "reserved address bits");
		check_explain(0x1000, level, good | BIT(51), "reserved address bits");
		check_explain(0x1000, level, good & ~7ull, NULL); /* not present: a violation, no misconfiguration */
		check_explain(0x1000, level, good | BIT(52) | BIT(62) | BIT(63) | BIT(11) | BIT(8), NULL); /* ignored */
		if (level > 1)
			check_explain(0x1000, level, good | 0x8, "reserved bits 6:3");
		if (level > 1)
			check_explain(0x1000, level, good | 0x40, "reserved bits 6:3");
	}
	check_explain(0x1000, 4, *entry_at(0x1000, 4) | 0x80, "reserved bit 7");
	check_explain(0x1000, 3, 0x400000b7, "no pages of this size");
	check_explain(0x1000, 2, 0x2010b7, "reserved address bits");
	check_explain(0x1000, 2, 0x300097 + 0x20, "reserved address bits");
	check_explain(0x1000, 1, 0x1000 | 2 << 3 | 7, "memory type");
	check_explain(0x1000, 1, 0x1000 | 3 << 3 | 7, "memory type");
	check_explain(0x1000, 1, 0x1000 | 7 << 3 | 7, "memory type");
	check_explain(0x200000, 2, 0x200087 | 7 << 3, "memory type");
	check_explain(0x1000, 3, 0x123000 | 7, "holds no table");
	check_explain(0x1000, 2, table, NULL);
	make(&pagetable_ept, all);
	assert_int_equal(pagetable_map(&pt, 0x1000, HPA(0x1000), 0x1000, PROT_RWX, MEMTYPE_WB), OK);
	check_explain(0x1000, 1, 0x1034, NULL); /* execute-only, and the processor has it */
}

static void long_mode_reserved_bits_are_named(void **state)
{
	struct pagetable_caps caps = all;

	(void)state;
	caps.has_1g = false;
	make(&pagetable_host, caps);
	assert_int_equal(pagetable_map(&pt, 0x1000, HPA(0x1000), 0x1000, PROT_RW, MEMTYPE_WB), OK);
	for (unsigned level = 1; level <= 4; level++)
		check_explain(0x1000, level, *entry_at(0x1000, level) | BIT(50), "reserved address bits");
	check_explain(0x1000, 4, *entry_at(0x1000, 4) | 0x80, "reserved at this level");
	check_explain(0x1000, 3, 0x400000a3, "no pages of this size");
	check_explain(0x1000, 2, 0x2020e3, "reserved address bits");
	check_explain(0x1000, 2, 0x2010e3, NULL); /* bit 12 of a large page is its PAT bit */
	check_explain(0x1000, 1, 0x10e3, NULL);   /* and bit 7 of a small one */

	make(&pagetable_npt, all);
	assert_int_equal(pagetable_map(&pt, 0x1000, HPA(0x1000), 0x1000, PROT_RW, MEMTYPE_WB), OK);
	for (unsigned level = 2; level <= 4; level++)
		check_explain(0x1000, level, *entry_at(0x1000, level) & ~BIT(2), "U/S");
	check_explain(0x1000, 1, *entry_at(0x1000, 1) & ~BIT(2), NULL);
	check_explain(0x1000, 3, 0x40200087, "reserved address bits");
	check_explain(0x1000, 3, 0x40000087, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ept_leaves),
		cmocka_unit_test(ept_tables),
		cmocka_unit_test(host_leaves),
		cmocka_unit_test(npt_leaves),
		cmocka_unit_test(formats_refuse_what_they_lack),
		cmocka_unit_test(ept_misconfigurations_are_named),
		cmocka_unit_test(long_mode_reserved_bits_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
