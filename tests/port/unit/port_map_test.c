// SPDX-License-Identifier: Apache-2.0
// The table: how names find their rows, and that it says everything a row must.
#include "port_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *found(const char *name)
{
	const struct map_row *row = map_find_in_name(name, strlen(name));

	return row ? row->name : "";
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(found("HCR_EL2"), "HCR_EL2");
	assert_string_equal(found("hcr_el2"), "HCR_EL2");
	assert_string_equal(found("HCR_EL2_VM"), "HCR_EL2");
	assert_string_equal(found("read_ich_lr3_el2"), "ICH_LR<n>_EL2");
	assert_string_equal(found("UART_DR"), "UARTDR");
	assert_string_equal(found("Stage2PageTable"), "STAGE2");
	assert_string_equal(found("GicV3"), "GICV3");
	assert_string_equal(found("GICD_ISENABLER4"), "GICD_ISENABLER<n>");
	assert_string_equal(found("logic"), "");
	assert_string_equal(found("ipaddr"), "");
	assert_string_equal(found("wfi"), "");
	assert_string_equal(found(""), "");
	assert_string_equal(found("_"), "");
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(map_find("tlbi_vmalls12e1is")->name, "TLBI_VMALLS12E1IS");
	assert_string_equal(map_find("0xC400_0003")->name, "0xC4000003");
	assert_null(map_find("hcr_el2_vm"));
	assert_null(map_find(""));
}

static void test_rows(void **state)
{
	(void)state;
	assert_true(map_row_count >= 250);
	for (u32 i = 0; i < map_row_count; i++) {
		const struct map_row *row = &map_rows[i];

		assert_true(*row->counterpart && *row->file);
		/* What is gone is not called; its name is not found twice. */
		assert_true(row->fit != MAP_GONE || (!*row->read && !*row->write));
		for (u32 k = 0; k < i; k++)
			assert_string_not_equal(map_rows[k].name, row->name);
	}
}

/* What the issue of the table asks for by name. */
static void test_coverage(void **state)
{
	static const char *const wanted[] = {
		"ESR_EL2",      "HPFAR_EL2",   "FAR_EL2",       "HCR_EL2",   "VTTBR_EL2",  "VTCR_EL2",   "TTBR0_EL1",
		"TTBR1_EL1",    "TCR_EL1",     "MAIR_EL1",      "SCTLR_EL1", "VBAR_EL2",   "SPSR_EL2",   "ELR_EL2",
		"ICC_IAR1_EL1", "ICH_HCR_EL2", "ICH_LR0_EL2",   "GICD_CTLR", "GICR_WAKER", "CNTVCT_EL0", "CNTHCTL_EL2",
		"MPIDR_EL1",    "PAR_EL1",     "DAIF",          "CPACR_EL1", "CPTR_EL2",   "PMCR_EL0",   "MDSCR_EL1",
		"DBGBVR0_EL1",  "PSCI_CPU_ON", "SMCCC_VERSION", "UARTDR",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(wanted); i++)
		assert_non_null(map_find_in_name(wanted[i], strlen(wanted[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
