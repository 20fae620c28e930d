// SPDX-License-Identifier: Apache-2.0
// AVIC's tables are as the manual has them (APM 2, Physical APIC ID Table Entry; Logical APIC ID Table Entry).
#include "hvm/svm/avic_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void an_entry_is_a_page_first(void **state)
{
	u64 entry = UINT64_MAX;

	(void)state;
	avic_entry_init(&entry, HPA(0x123456789000));
	assert_int_equal(entry, 0x123456789000);
	avic_entry_accepts_set(&entry, true);
	assert_int_equal(entry, 0x8000123456789000);
	avic_entry_accepts_set(&entry, false);
	assert_int_equal(entry, 0x123456789000);
}

static void an_entry_says_where_it_runs(void **state)
{
	u64 entry;

	(void)state;
	avic_entry_init(&entry, HPA(0xfff000));
	avic_entry_accepts_set(&entry, true);
	avic_entry_runs_on(&entry, 0x85);
	assert_int_equal(entry, 0xc000000000fff085);
	avic_entry_runs_on(&entry, 0x12); /* moved: nothing of the old CPU stays */
	assert_int_equal(entry, 0xc000000000fff012);
	avic_entry_accepts_set(&entry, false);
	assert_int_equal(entry, 0x4000000000fff012);
	avic_entry_runs_no_more(&entry);
	assert_int_equal(entry, 0xfff000);
}

static void only_clear_slots_are_valid(void **state)
{
	struct lapic_slots slots;
	u32 table[LAPIC_SLOTS] = {[7] = 0x80000099};

	(void)state;
	lapic_slots_clear(&slots);
	slots.id[0] = 3;
	slots.id[1] = LAPIC_SLOT_SHARED;
	slots.id[59] = 254;
	avic_logical_fill(table, &slots);
	for (u32 i = 0; i < LAPIC_SLOTS; i++)
		assert_int_equal(table[i], i == 0 ? 0x80000003 : i == 59 ? 0x800000fe : 0);
	slots.is_mixed = true;
	avic_logical_fill(table, &slots);
	assert_int_equal(table[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_a_page_first),
		cmocka_unit_test(an_entry_says_where_it_runs),
		cmocka_unit_test(only_clear_slots_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
