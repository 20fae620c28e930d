// SPDX-License-Identifier: Apache-2.0
// Translation, construct by construct: what C stands for it, or that it is left to a person with the reason.
#include "translate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"

static struct arena arena;
static struct syntax syntax;
static struct translation made;

static int teardown(void **state)
{
	(void)state;
	syntax_fini(&syntax);
	arena_fini(&arena);
	return 0;
}

static const char *port(const char *rust)
{
	syntax_fini(&syntax);
	assert_true(syntax_parse(&syntax, &arena, rust, strlen(rust)));
	made = translate(&arena, &syntax, "test.rs", NULL, NULL, NULL);
	return made.text;
}

/* The port of `rust` holds `c`, and nothing is left to do. */
static void becomes(const char *rust, const char *c)
{
	const char *text = port(rust);

	if (!strstr(text, c) || made.todo_count)
		fail_msg("%s\nlacks %s", text, c);
}

/* ... is left to a person, and the reason says `why`. */
static void left(const char *rust, const char *why)
{
	const char *text = port(rust);

	if (made.todo_count < 1 || !strstr(made.todos->reason, why))
		fail_msg("%s\nreason: %s", text, made.todo_count ? made.todos->reason : "none");
	assert_non_null(strstr(text, "PORT_TODO("));
}

static void test_items(void **state)
{
	(void)state;
	becomes("const A: u32 = 1 << 31;", "#define A ((u32)(u32)((u32)1 << 31))");
	becomes("const M: u64 = 1 << 40;", "#define M ((u64)BIT(40))");
	becomes("pub type T = [u8; 4]; pub struct S { a: T }", "\tu8 a[4];\n");
	becomes("pub struct S<'a> { bytes: &'a [u8] }", "\tconst u8 *bytes;\n\tsize_t bytes_count;\n");
	becomes("enum E { A = 3, B }", "\tE_A = 3,\n\tE_B,\n");
	becomes("enum E { A(u32), B { x: u8 }, C }", "enum e_tag {\n\tE_A,\n\tE_B,\n\tE_C,\n};");
	becomes("#[repr(C, packed)] struct P { a: u8, b: u32 }", "} PACKED;");
	becomes("static mut COUNT: u64 = 7;", "static u64 count = 7;");
	becomes("bitflags! { struct F: u8 { const A = 1; const B = 1 << 3; } }", "#define F_B");
	left("struct S { v: Vec<u8> }", "Vec");
	left("struct S<T> { v: T }", "generic");
	left("trait T { fn f(&self); }", "trait");
	left("macro_rules! m { () => {} }", "macro");
	left("static F: f64 = 1.0;", "floating point");
}

static void test_results(void **state)
{
	(void)state;
	becomes("pub fn f(a: u32) -> Result<u32, E> { if a > 3 { return Err(E::NotFound); } Ok(a) }",
		"err_t f(u32 a, u32 *out)\n{\n\tif (a > 3) {\n\t\treturn ERR_NOENT;\n\t}\n\t*out = a;\n\treturn "
		"OK;\n}");
	becomes("fn g() -> Result<(), E> { Ok(()) } fn f() -> Result<(), E> { g()?; g() }",
		"\terr_t err_1 = g();\n\tif (err_1)\n\t\treturn err_1;\n\treturn g();\n");
	becomes("fn f(p: Option<&u32>) -> Option<u32> { Some(*p?) }", "\tif (!p)\n\t\treturn ERR_NOENT;\n");
	becomes("fn f(o: Option<u8>) -> u8 { match o { Some(x) => x, None => 0 } }",
		"if (o.is_some) {\n\t\tu8 x = o.value;");
	left("fn f() -> Result<(), E> { Err(E::Strange) }", "no error code says Strange");
	left("fn f() -> Result<u8, E> { g()? }", "g() is declared elsewhere");
}

static void test_numbers(void **state)
{
	(void)state;
	becomes("fn f(a: u8, b: u8) -> u8 { a - b }", "return (u8)(a - b);");
	becomes("fn f(a: i32) -> i32 { a * 3 }", "return (s32)((u32)a * (u32)3);");
	becomes("fn f(a: u32, n: u32) -> u32 { a >> n }", "return a >> (n & 31);");
	becomes("fn f(a: u32, b: u32) -> u32 { a / b }", "ASSERT(b);");
	becomes("fn f(a: &[u8], i: usize) -> u8 { a[i] }", "ASSERT(i < a_count);");
	becomes("fn f(x: bool) -> bool { !x }", "return !x;");
	left("fn f() -> u32 { let x = 3; 4 }", "type is not written");
}

static void test_control(void **state)
{
	(void)state;
	becomes("fn f(n: u32) -> u32 { match n { 0 | 1 => 5, 2..=9 => 6, _ => 7 } }",
		"\tcase 2 ... 9:\n\t\treturn 6;\n");
	becomes("fn f() { let mut i: u32 = 0; loop { match i { 3 => break, _ => i += 1 } } }", "goto done_");
	becomes("fn f(n: u32) -> u32 { let a = if n > 1 { n } else { 2 }; a }",
		"\tu32 a;\n\tif (n > 1) {\n\t\ta = n;\n");
	becomes("fn g(a: u32) -> bool { a > 1 } fn f(a: u32) -> bool { a > 0 && g(a) }", "return a > 0 && g(a);");
	left("fn f() { let c = |x: u32| x; }", "closure");
	left("async fn f() {}", "async");
}

static void test_asm(void **state)
{
	(void)state;
	becomes("fn f() { unsafe { asm!(\"msr daifset, #2\", \"isb\"); } }",
		"\tcli();\n\t__atomic_signal_fence(__ATOMIC_SEQ_CST);\n");
	becomes("fn f() -> u64 { let t: u64; unsafe { asm!(\"mrs {t}, cntvct_el0\", t = out(reg) t) }; t }",
		"t = (rdtsc() + vmread(VMCS_tsc_offset));");
	becomes("fn f(v: u64) { unsafe { asm!(\"msr CNTVOFF_EL2, {}\", in(reg) v) } }",
		"vmwrite(VMCS_tsc_offset, 0 - (v));");
	becomes("fn f() { unsafe { asm!(\"dc civac, x0\") } }", "x86 caches are coherent");
	left("fn f(v: u64) { unsafe { asm!(\"msr HCR_EL2, {}\", in(reg) v) } }", "HCR_EL2");
	left("fn f() { unsafe { asm!(\"mov x0, x1\") } }", "mov has no counterpart");
	left("fn f() { unsafe { asm!(\"mrs x0, S3_1_C2_C3_4\", out(\"x0\") _) } }", "not in the table");
}

/* The text between PORT_TODO's quotes and its comment cannot end them. */
static void test_text_stays_inside(void **state)
{
	struct check check;

	(void)state;
	port("fn f() { g(\"*/ int evil; /*\\\"\"); h!(\"\\\\\"); }\nconst S: &str = \"a\\\"b\";\n");
	assert_null(strstr(made.text, "*/ int evil"));
	check = check_run(&arena, ETERNA_TREE, made.text);
	assert_true(check.ran);
	assert_int_equal(check.count, 0);
}

static void test_deep_nesting(void **state)
{
	enum { DEPTH = 5000 };
	struct text t = {.arena = &arena};

	(void)state;
	text_put(&t, "fn f() -> bool { ");
	for (u32 i = 0; i < DEPTH; i++)
		text_put(&t, "!(");
	text_put(&t, "true");
	for (u32 i = 0; i < DEPTH; i++)
		text_put(&t, ")");
	text_put(&t, " }");
	left(text_get(&t), "nested too deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_items, teardown),
		cmocka_unit_test_teardown(test_results, teardown),
		cmocka_unit_test_teardown(test_numbers, teardown),
		cmocka_unit_test_teardown(test_control, teardown),
		cmocka_unit_test_teardown(test_asm, teardown),
		cmocka_unit_test_teardown(test_text_stays_inside, teardown),
		cmocka_unit_test_teardown(test_deep_nesting, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
