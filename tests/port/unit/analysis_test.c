// SPDX-License-Identifier: Apache-2.0
// What `analyze` counts and finds: code apart from comments and strings, asm taken apart, each construct with its line.
#include "analysis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct syntax syntax;
static struct analysis analysis;

static void analyze(const char *rust)
{
	assert_true(syntax_parse(&syntax, &arena, rust, strlen(rust)));
	analysis_make(&analysis, &syntax);
}

static int teardown(void **state)
{
	(void)state;
	syntax_fini(&syntax);
	arena_fini(&arena);
	return 0;
}

static const struct construct *construct(const char *name)
{
	for (u32 i = 0; i < analysis.constructs.count; i++)
		if (!strcmp(analysis.constructs.at[i].name, name))
			return &analysis.constructs.at[i];
	return NULL;
}

static void test_counts(void **state)
{
	(void)state;
	analyze("//! head\n\nuse a::{\n  B,\n};\n/* block\n comment */\npub struct S { x: u64 }\ntrait T { fn "
		"a(&self); }\n"
		"impl T for S {\n fn a(&self) {\n  // no code\n  unsafe { f() }\n }\n}\nconst S: &str = \"fn b() "
		"{}\n\";\n");
	assert_int_equal(analysis.lines, 17);
	assert_int_equal(analysis.code_lines, 12);
	assert_int_equal(analysis.functions, 2);
	assert_int_equal(analysis.structs, 1);
	assert_int_equal(analysis.traits, 1);
	assert_int_equal(analysis.unsafe_blocks, 1);
	assert_int_equal(analysis.asm_blocks, 0);
	assert_int_equal(analysis.syntax_errors, 0);
}

static void test_comments_and_strings_hold_no_constructs(void **state)
{
	(void)state;
	analyze("// mrs x0, HCR_EL2\n/* GICD_CTLR */ fn f() { g(\"msr VTTBR_EL2, x0\"); }\nuse x::ESR_EL2;\n");
	assert_int_equal(analysis.constructs.count, 0);
}

static void test_asm_lines(void **state)
{
	(void)state;
	analyze("fn f(v: u64) { unsafe {\n asm!(\n  \"msr VTTBR_EL2, {0}\",\n  \"isb // done\",\n  \"tlbi alle1; dsb "
		"ish\",\n"
		"  in(reg) v, options(nostack));\n} }\n");
	assert_int_equal(analysis.asm_blocks, 1);
	assert_int_equal(analysis.constructs.count, 4);
	assert_int_equal(construct("VTTBR_EL2")->line, 3);
	assert_int_equal(construct("VTTBR_EL2")->access, ACCESS_WRITE);
	assert_int_equal(construct("ISB")->line, 4);
	assert_int_equal(construct("TLBI_ALLE1")->line, 5);
	assert_int_equal(construct("DSB_ISH")->row->kind, MAP_BARRIER);
}

static void test_asm_in_a_macro_rule(void **state)
{
	(void)state;
	analyze("macro_rules! r { ($x:ident) => { unsafe { asm!(\"mrs {}, MPIDR_EL1\", out(reg) $x) } } }\n");
	assert_int_equal(analysis.asm_blocks, 1);
	assert_int_equal(construct("MPIDR_EL1")->access, ACCESS_READ);
}

static void test_names_and_numbers(void **state)
{
	(void)state;
	analyze("fn f() {\n HCR_EL2.write(1);\n let a = read_esr_el2();\n if x == 0x8400_0003u32 {}\n wfi();\n let wfi "
		"= 1;\n"
		" s.gicd_isenabler[3] = 1;\n let t: Stage2Table;\n}\n");
	assert_int_equal(construct("HCR_EL2")->access, ACCESS_WRITE);
	assert_int_equal(construct("read_esr_el2")->access, ACCESS_READ);
	assert_int_equal(construct("0x84000003")->row->kind, MAP_PSCI);
	assert_int_equal(construct("wfi")->line, 5);
	assert_int_equal(construct("gicd_isenabler")->row->kind, MAP_GIC);
	assert_int_equal(construct("Stage2Table")->row->kind, MAP_STAGE2);
	assert_int_equal(analysis.constructs.count, 6);
}

static void test_unknown_register(void **state)
{
	(void)state;
	analyze("fn f() { unsafe { asm!(\"mrs {}, S3_4_C1_C1_7\", out(reg) x) } }");
	assert_int_equal(analysis.constructs.count, 1);
	assert_null(analysis.constructs.at[0].row);
}

static void test_judgement(void **state)
{
	(void)state;
	analyze("pub struct A { pub b: u64 }\n");
	assert_int_equal(analysis.complexity, COMPLEXITY_LOW);
	assert_false(analysis.needs_planner);
	assert_true(analysis.reason_count > 0);
}

static void test_broken_source(void **state)
{
	(void)state;
	analyze("fn f( { ]] struct\n");
	assert_true(analysis.syntax_errors > 0);
	assert_int_equal(analysis.first_error_line, 1);
}

static void test_deep_nesting(void **state)
{
	enum { DEPTH = 100000 };
	char *deep = arena_alloc(&arena, 2 * DEPTH + 32);

	(void)state;
	strcpy(deep, "const A: u64 = ");
	memset(deep + 15, '(', DEPTH);
	deep[15 + DEPTH] = '1';
	memset(deep + 16 + DEPTH, ')', DEPTH);
	strcpy(deep + 16 + 2 * DEPTH, ";");
	analyze(deep);
	assert_int_equal(analysis.lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_counts, teardown),
		cmocka_unit_test_teardown(test_comments_and_strings_hold_no_constructs, teardown),
		cmocka_unit_test_teardown(test_asm_lines, teardown),
		cmocka_unit_test_teardown(test_asm_in_a_macro_rule, teardown),
		cmocka_unit_test_teardown(test_names_and_numbers, teardown),
		cmocka_unit_test_teardown(test_unknown_register, teardown),
		cmocka_unit_test_teardown(test_judgement, teardown),
		cmocka_unit_test_teardown(test_broken_source, teardown),
		cmocka_unit_test_teardown(test_deep_nesting, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
