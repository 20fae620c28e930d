// SPDX-License-Identifier: Apache-2.0
// Whole steps: device moves, faults, page crossings, string bounds, and how a step ends.
#include "emul/emul.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

static struct model m;

static void expect_fault(enum emul_status status, enum vector vector, u32 code, bool has_code)
{
	assert_int_equal(status, EMUL_FAULT);
	assert_int_equal(m.result.vector, vector);
	assert_int_equal(m.result.has_error_code, has_code);
	assert_int_equal(m.result.error_code, code);
}

static void expect_page_fault(enum emul_status status, u64 cr2, u32 code)
{
	expect_fault(status, VECTOR_PF, code, true);
	assert_int_equal(m.result.cr2, cr2);
}

static void moves_to_and_from_a_device(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RAX] = MODEL_DEVICE;
	m.cpu.gpr[GPR_RCX] = 0x1122334455667788;
	assert_int_equal(STEP(&m, 0x89, 0x88, 0xb0, 0, 0, 0), EMUL_DONE); /* mov [rax+0xb0], ecx */
	assert_int_equal(m.result.insn_bytes, 6);
	assert_int_equal(m.cpu.rip, 0);
	assert_int_equal(m.log_count, 1);
	assert_true(m.log[0].is_write);
	assert_int_equal(m.log[0].gpa, MODEL_DEVICE + 0xb0);
	assert_int_equal(m.log[0].bytes, 4);
	assert_int_equal(m.log[0].value, 0x55667788);

	m.device[0x20] = 0x80;
	m.cpu.gpr[GPR_RDX] = ~0ull;
	assert_int_equal(STEP(&m, 0x8b, 0x50, 0x20), EMUL_DONE); /* mov edx, [rax+0x20] */
	assert_int_equal(m.cpu.gpr[GPR_RDX], 0x80);
	assert_int_equal(STEP(&m, 0x48, 0x0f, 0xbe, 0x50, 0x20), EMUL_DONE); /* movsx rdx, byte [rax+0x20] */
	assert_int_equal(m.cpu.gpr[GPR_RDX], 0xffffffffffffff80);
	assert_int_equal(m.log[0].bytes, 1);
}

static void reads_the_device_once_for_each_instruction(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RAX] = MODEL_DEVICE;
	assert_int_equal(STEP(&m, 0xf0, 0x83, 0x08, 0x01), EMUL_DONE); /* lock or dword [rax], 1 */
	assert_int_equal(m.log_count, 2);
	assert_false(m.log[0].is_write);
	assert_true(m.log[1].is_write);
	assert_int_equal(m.log[1].value, 1);
	assert_int_equal(STEP(&m, 0x85, 0x08), EMUL_DONE); /* test [rax], ecx */
	assert_int_equal(m.log_count, 1);
}

static void starts_over_when_another_cpu_interferes(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RAX] = 0x1000;
	m.cpu.gpr[GPR_RCX] = 5;
	m.cpu.rip = 0x2000;
	m.ram[0x1000] = 7;
	/* Settle the A/D bits first: they are set by the same door. */
	assert_int_equal(STEP(&m, 0xf0, 0x0f, 0xc1, 0x08), EMUL_DONE); /* lock xadd [rax], ecx */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 7);
	m.steal_count = 1;
	assert_int_equal(STEP(&m, 0xf0, 0x0f, 0xc1, 0x08), EMUL_AGAIN);
	assert_int_equal(m.cpu.gpr[GPR_RCX], 7);
	assert_int_equal(m.ram[0x1000], 12);
	assert_int_equal(STEP(&m, 0xf0, 0x0f, 0xc1, 0x08), EMUL_DONE);
	assert_int_equal(m.ram[0x1000], 19);
}

static void writes_nothing_when_the_second_page_faults(void **state)
{
	(void)state;
	model_init_64(&m);
	memset(m.ram + 0x5ff0, 0xaa, 32);
	model_map(&m, 0x6000, 0x6000, MODEL_P | MODEL_U); /* read-only */
	m.cpu.gpr[GPR_RBX] = 0x5ffe;
	m.cpu.gpr[GPR_RAX] = 0;
	expect_page_fault(STEP(&m, 0x89, 0x03), 0x6000, PF_PRESENT | PF_WRITE); /* mov [rbx], eax */
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(m.ram[0x5ff0 + i], 0xaa);
	assert_int_equal(STEP(&m, 0x8b, 0x03), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0xaaaaaaaa);
}

static void splits_between_ram_and_device(void **state)
{
	(void)state;
	model_init_64(&m);
	model_map(&m, 0x100000, 0x3000, MODEL_RWU);
	model_map(&m, 0x101000, MODEL_DEVICE, MODEL_RWU);
	m.cpu.gpr[GPR_RBX] = 0x100ffd;
	m.cpu.gpr[GPR_RAX] = 0x8877665544332211;
	assert_int_equal(STEP(&m, 0x48, 0x89, 0x03), EMUL_DONE); /* mov [rbx], rax */
	assert_int_equal(m.ram[0x3ffd], 0x11);
	assert_int_equal(m.ram[0x3fff], 0x33);
	assert_int_equal(m.log_count, 1);
	assert_int_equal(m.log[0].gpa, MODEL_DEVICE);
	assert_int_equal(m.log[0].bytes, 5);
	assert_int_equal(m.log[0].value, 0x8877665544);
	m.cpu.gpr[GPR_RCX] = 0;
	assert_int_equal(STEP(&m, 0x48, 0x8b, 0x0b), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0x8877665544332211);
}

static void fetches_over_the_page_end_only_when_needed(void **state)
{
	(void)state;
	model_init_64(&m);
	model_map(&m, 0x8000, 0, 0);
	m.cpu.rip = 0x7ffe;
	m.cpu.gpr[GPR_RBX] = 0x100;
	assert_int_equal(STEP(&m, 0x89, 0x03), EMUL_DONE);
	m.cpu.rip = 0x7fff;
	expect_page_fault(STEP(&m, 0x89), 0x8000, PF_FETCH);
	model_map(&m, 0x8000, 0x9000, MODEL_P | MODEL_U);
	m.ram[0x9000] = 0x03;
	assert_int_equal(STEP(&m, 0x89), EMUL_DONE);
	assert_int_equal(m.result.insn_bytes, 2);
	model_map(&m, 0x8000, 0x9000, MODEL_P | MODEL_U | MODEL_XD);
	expect_page_fault(STEP(&m, 0x89), 0x8000, PF_FETCH | PF_PRESENT);
}

static void uses_the_bytes_and_the_translation_it_is_given(void **state)
{
	static const u8 code[] = {0x89, 0x03};

	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0xdead0000; /* not mapped */
	m.cpu.gpr[GPR_RBX] = 0x7f0000000010;
	m.cpu.gpr[GPR_RAX] = 0x42;
	m.emul.hint =
		(struct emul_hint){sizeof(code), code, true, true, true, GVA(0x7f0000000010), GPA(MODEL_DEVICE + 0x10)};
	assert_int_equal(emul_step(&m.emul, &m.result), EMUL_DONE);
	assert_int_equal(m.device[0x10], 0x42);
	m.emul.hint.is_write = false;
	expect_page_fault(emul_step(&m.emul, &m.result), 0x7f0000000010, PF_WRITE);
}

/* The same bytes mean another instruction in another mode, and others by one byte only must not be mistaken. */
static void caches_decoded_instructions_by_bytes_and_mode(void **state)
{
	static struct emul_cache cache;

	(void)state;
	model_init_32(&m);
	m.emul.cache = &cache;
	for (unsigned round = 0; round < 3; round++) {
		m.cpu.gpr[GPR_RAX] = 1;
		m.cpu.seg[SEG_CS].access = MODEL_CODE32;
		assert_int_equal(STEP(&m, 0x40), EMUL_DONE); /* inc eax */
		assert_int_equal(m.cpu.gpr[GPR_RAX], 2);
		assert_int_equal(STEP(&m, 0xb8, 1, 2, 3, 4), EMUL_DONE); /* mov eax, 0x4030201 */
		assert_int_equal(m.cpu.gpr[GPR_RAX], 0x04030201);
		assert_int_equal(STEP(&m, 0xb8, 1, 2, 3, 5), EMUL_DONE);
		assert_int_equal(m.cpu.gpr[GPR_RAX], 0x05030201);
		m.cpu.seg[SEG_CS].access = MODEL_CODE32 & ~(u32)SEG_DB;
		assert_int_equal(STEP(&m, 0xb8, 7, 8, 3, 5), EMUL_DONE); /* mov ax, 0x807 */
		assert_int_equal(m.cpu.gpr[GPR_RAX], 0x05030807);
		assert_int_equal(m.result.insn_bytes, 3);
	}
}

static void checks_canonical_addresses(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RBX] = 0x800000000000;
	expect_fault(STEP(&m, 0x8b, 0x03), VECTOR_GP, 0, true);
	m.cpu.gpr[GPR_RBP] = 0x7fffffffffff;
	expect_fault(STEP(&m, 0x8b, 0x45, 0x00), VECTOR_SS, 0, true); /* mov eax, [rbp]: runs over the edge */
	m.cpu.rip = 0x800000000000;
	m.log_count = 0;
	expect_fault(emul_step(&m.emul, &m.result), VECTOR_GP, 0, true);
}

static void checks_segments_in_protected_mode(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.seg[SEG_DS].limit = 0xfff;
	m.cpu.gpr[GPR_RBX] = 0xffc;
	assert_int_equal(STEP(&m, 0x8b, 0x03), EMUL_DONE);
	m.cpu.gpr[GPR_RBX] = 0xffd;
	expect_fault(STEP(&m, 0x8b, 0x03), VECTOR_GP, 0, true);
	m.cpu.seg[SEG_SS].limit = 0xfff;
	expect_fault(STEP(&m, 0x36, 0x8b, 0x03), VECTOR_SS, 0, true);
}

static void checks_segment_types(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.gpr[GPR_RBX] = 0x800;
	m.cpu.seg[SEG_DS].access = SEG_P | SEG_S | 1 | SEG_DB; /* read-only data */
	assert_int_equal(STEP(&m, 0x8b, 0x03), EMUL_DONE);
	expect_fault(STEP(&m, 0x89, 0x03), VECTOR_GP, 0, true);
	expect_fault(STEP(&m, 0x2e, 0x89, 0x03), VECTOR_GP, 0, true); /* code is never writable */
	assert_int_equal(STEP(&m, 0x2e, 0x8b, 0x03), EMUL_DONE);
	m.cpu.seg[SEG_CS].access = (MODEL_CODE32 & ~2u); /* execute-only */
	expect_fault(STEP(&m, 0x2e, 0x8b, 0x03), VECTOR_GP, 0, true);
	m.cpu.seg[SEG_ES].access = SEG_UNUSABLE;
	expect_fault(STEP(&m, 0x26, 0x8b, 0x03), VECTOR_GP, 0, true);
	m.cpu.seg[SEG_FS].access = SEG_P | SEG_S | 7 | SEG_DB; /* expand-down: valid above the limit */
	m.cpu.seg[SEG_FS].limit = 0x800;
	expect_fault(STEP(&m, 0x64, 0x8b, 0x03), VECTOR_GP, 0, true);
	m.cpu.gpr[GPR_RBX] = 0x801;
	assert_int_equal(STEP(&m, 0x64, 0x8b, 0x03), EMUL_DONE);
	m.cpu.seg[SEG_FS].access &= ~(u32)SEG_DB; /* now up to 64 KiB only */
	m.cpu.gpr[GPR_RBX] = 0xfffd;
	expect_fault(STEP(&m, 0x64, 0x8b, 0x03), VECTOR_GP, 0, true);
}

static void runs_in_real_mode(void **state)
{
	(void)state;
	model_init(&m);
	m.cpu.seg[SEG_CS].base = 0x1000;
	m.cpu.seg[SEG_DS].base = 0x20000;
	m.cpu.gpr[GPR_RBX] = 0xfff0;
	m.cpu.gpr[GPR_RSI] = 0x20;
	m.cpu.gpr[GPR_RAX] = 0x1234;
	assert_int_equal(STEP(&m, 0x89, 0x00), EMUL_DONE); /* mov [bx+si], ax: the sum wraps to 0x10 */
	assert_int_equal(m.ram[0x20010], 0x34);
	assert_int_equal(m.ram[0x20011], 0x12);
	m.cpu.gpr[GPR_RSI] = 0xf;
	expect_fault(STEP(&m, 0x89, 0x00), VECTOR_GP, 0, false); /* a word at 0xffff; no error code in real mode */
	assert_int_equal(STEP(&m, 0x88, 0x00), EMUL_DONE);
	assert_int_equal(m.ram[0x2ffff], 0x34);
	assert_int_equal(STEP(&m, 0x66, 0xa1, 0x10, 0x00), EMUL_DONE); /* mov eax, [0x10] */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0x1234);
}

static void repeats_in_bounded_steps(void **state)
{
	(void)state;
	model_init_64(&m);
	m.emul.repeat_max = 100;
	m.cpu.gpr[GPR_RDI] = 0x10000;
	m.cpu.gpr[GPR_RCX] = 250;
	m.cpu.gpr[GPR_RAX] = 0x5a;
	assert_int_equal(STEP(&m, 0xf3, 0xaa), EMUL_AGAIN); /* rep stosb */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 150);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0x10064);
	assert_int_equal(STEP(&m, 0xf3, 0xaa), EMUL_AGAIN);
	assert_int_equal(STEP(&m, 0xf3, 0xaa), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0x100fa);
	assert_int_equal(m.ram[0x100f9], 0x5a);
	assert_int_equal(m.ram[0x100fa], 0);
	m.cpu.gpr[GPR_RCX] = 100;
	assert_int_equal(STEP(&m, 0xf3, 0xaa), EMUL_DONE);
}

static void stops_a_repeat_at_the_fault(void **state)
{
	(void)state;
	model_init_64(&m);
	model_map(&m, 0x9000, 0, 0);
	m.cpu.gpr[GPR_RSI] = 0x100;
	m.cpu.gpr[GPR_RDI] = 0x8ff0;
	m.cpu.gpr[GPR_RCX] = 8;
	expect_page_fault(STEP(&m, 0xf3, 0x48, 0xa5), 0x9000, PF_WRITE); /* rep movsq */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 6);
	assert_int_equal(m.cpu.gpr[GPR_RSI], 0x110);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0x9000);
}

static void moves_strings_over_a_device(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RSI] = MODEL_DEVICE;
	m.cpu.gpr[GPR_RDI] = 0x1000;
	m.cpu.gpr[GPR_RCX] = 3;
	memcpy(m.device, "abcdefghijkl", 12);
	assert_int_equal(STEP(&m, 0xf3, 0xa5), EMUL_DONE); /* rep movsd */
	assert_memory_equal(m.ram + 0x1000, "abcdefghijkl", 12);
	assert_int_equal(m.log_count, 3);
	m.cpu.rflags |= RFLAGS_DF;
	m.cpu.gpr[GPR_RDI] = MODEL_DEVICE + 3;
	m.cpu.gpr[GPR_RSI] = 0x1003;
	assert_int_equal(STEP(&m, 0xa4), EMUL_DONE); /* movsb, downwards */
	assert_int_equal(m.cpu.gpr[GPR_RDI], MODEL_DEVICE + 2);
	assert_int_equal(m.cpu.gpr[GPR_RSI], 0x1002);
}

static void does_string_io(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RDX] = 0x1f0;
	m.cpu.gpr[GPR_RDI] = 0x1ffe;
	m.cpu.gpr[GPR_RCX] = 3;
	m.in_value = 0x44332211;
	assert_int_equal(STEP(&m, 0xf3, 0x6d), EMUL_DONE); /* rep insd, the first element over a page end */
	assert_int_equal(m.log_count, 3);
	assert_int_equal(m.log[0].gpa, 0x1f0);
	assert_memory_equal(m.ram + 0x1ffe, "\x11\x22\x33\x44\x12\x23\x34\x45", 8);
	m.cpu.gpr[GPR_RSI] = 0x1ffe;
	m.cpu.gpr[GPR_RCX] = 2;
	assert_int_equal(STEP(&m, 0xf3, 0x66, 0x6f), EMUL_DONE); /* rep outsw */
	assert_int_equal(m.log[0].value, 0x2211);
	assert_int_equal(m.log[1].value, 0x4433);
	assert_true(m.log[1].is_write);
	/* A fault is found before the port is read. */
	model_map(&m, 0x2000, 0x2000, MODEL_P);
	m.cpu.gpr[GPR_RDI] = 0x2000;
	expect_page_fault(STEP(&m, 0x6c), 0x2000, PF_PRESENT | PF_WRITE);
	assert_int_equal(m.log_count, 0);
}

static void does_plain_io(void **state)
{
	(void)state;
	model_init_64(&m);
	m.in_value = 0xaabbccdd;
	m.cpu.gpr[GPR_RAX] = ~0ull;
	assert_int_equal(STEP(&m, 0xe4, 0x60), EMUL_DONE); /* in al, 0x60 */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0xffffffffffffffdd);
	assert_int_equal(STEP(&m, 0xe5, 0xf4), EMUL_DONE); /* in eax, 0xf4 */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0xabbccdde);
	assert_int_equal(m.log[0].gpa, 0xf4);
	m.cpu.gpr[GPR_RDX] = 0x100604;
	m.cpu.gpr[GPR_RAX] = 0x12345678;
	assert_int_equal(STEP(&m, 0x66, 0xef), EMUL_DONE); /* out dx, ax */
	assert_int_equal(m.log[0].gpa, 0x604);
	assert_int_equal(m.log[0].value, 0x5678);
	m.emul.ports = NULL;
	assert_int_equal(STEP(&m, 0xef), EMUL_UNSUPPORTED);
}

static void asks_the_io_bitmap(void **state)
{
	(void)state;
	model_init_64(&m);
	model_set_cpl(&m, 3);
	m.cpu.seg[SEG_TR].base = 0x3000;
	m.cpu.seg[SEG_TR].limit = 0x68 + 0x20;
	m.ram[0x3066] = 0x68;
	m.ram[0x3068 + 0x60 / 8] = 0xfe;
	model_map(&m, 0x3000, 0x3000, MODEL_P | MODEL_W); /* the TSS is the supervisor's */
	assert_int_equal(STEP(&m, 0xe4, 0x60), EMUL_DONE);
	expect_fault(STEP(&m, 0xe4, 0x61), VECTOR_GP, 0, true);
	expect_fault(STEP(&m, 0xe5, 0x60), VECTOR_GP, 0, true);
	m.cpu.gpr[GPR_RDX] = 0x200; /* beyond the limit */
	expect_fault(STEP(&m, 0xec), VECTOR_GP, 0, true);
	m.cpu.rflags |= RFLAGS_IOPL;
	assert_int_equal(STEP(&m, 0xec), EMUL_DONE);
}

static void names_what_it_cannot_do(void **state)
{
	char text[64];

	(void)state;
	model_init_64(&m);
	assert_int_equal(STEP(&m, 0xd9, 0x18), EMUL_UNSUPPORTED); /* fstp dword [rax] */
	assert_int_equal(m.result.insn_bytes, 2);
	assert_int_equal(m.result.insn[0], 0xd9);
	emul_text(&m.result, 0, text, sizeof(text));
	assert_string_equal(text, "fstp dword ptr [rax]");
	emul_text(&m.result, 0, text, 8);
	assert_true(strlen(text) < 8);
	assert_int_equal(STEP(&m, 0x62, 0xf1, 0x7c, 0x48, 0x11, 0x00), EMUL_UNSUPPORTED); /* EVEX */
	emul_text(&m.result, 0, text, sizeof(text));
	assert_string_equal(text, "(unknown)");
	assert_int_equal(m.result.insn[1], 0xf1);
	assert_true(m.result.insn_bytes >= 6);
}

static void refuses_bad_encodings(void **state)
{
	u8 code[16];

	(void)state;
	model_init_64(&m);
	expect_fault(STEP(&m, 0xf0, 0x8b, 0x03), VECTOR_UD, 0, false);       /* lock mov */
	expect_fault(STEP(&m, 0x0f, 0x38, 0xf0, 0xc0), VECTOR_UD, 0, false); /* movbe between registers */
	expect_fault(STEP(&m, 0x0f, 0x0b), VECTOR_UD, 0, false);             /* ud2 */
	memset(code, 0x66, sizeof(code));
	expect_fault(model_step(&m, code, sizeof(code)), VECTOR_GP, 0, true);
}

static void hands_on_what_a_provider_reports(void **state)
{
	(void)state;
	model_init_64(&m);
	m.fail = ERR_HARDWARE;
	assert_int_equal(STEP(&m, 0x8b, 0x03), EMUL_FAILED);
	assert_int_equal(m.result.err, ERR_HARDWARE);
}

static void checks_alignment_for_user_code(void **state)
{
	(void)state;
	model_init_64(&m);
	model_set_cpl(&m, 3);
	m.cpu.cr0 |= CR0_AM;
	m.cpu.gpr[GPR_RBX] = 0x1002;
	assert_int_equal(STEP(&m, 0x8b, 0x03), EMUL_DONE);
	m.cpu.rflags |= RFLAGS_AC;
	expect_fault(STEP(&m, 0x8b, 0x03), VECTOR_AC, 0, true);
	assert_int_equal(STEP(&m, 0x66, 0x8b, 0x03), EMUL_DONE);
	m.cpu.gpr[GPR_RBX] = 0x7000002; /* a page fault comes first */
	expect_page_fault(STEP(&m, 0x8b, 0x03), 0x7000002, PF_USER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_to_and_from_a_device),
		cmocka_unit_test(reads_the_device_once_for_each_instruction),
		cmocka_unit_test(starts_over_when_another_cpu_interferes),
		cmocka_unit_test(writes_nothing_when_the_second_page_faults),
		cmocka_unit_test(splits_between_ram_and_device),
		cmocka_unit_test(fetches_over_the_page_end_only_when_needed),
		cmocka_unit_test(uses_the_bytes_and_the_translation_it_is_given),
		cmocka_unit_test(caches_decoded_instructions_by_bytes_and_mode),
		cmocka_unit_test(checks_canonical_addresses),
		cmocka_unit_test(checks_segments_in_protected_mode),
		cmocka_unit_test(checks_segment_types),
		cmocka_unit_test(runs_in_real_mode),
		cmocka_unit_test(repeats_in_bounded_steps),
		cmocka_unit_test(stops_a_repeat_at_the_fault),
		cmocka_unit_test(moves_strings_over_a_device),
		cmocka_unit_test(does_string_io),
		cmocka_unit_test(does_plain_io),
		cmocka_unit_test(asks_the_io_bitmap),
		cmocka_unit_test(names_what_it_cannot_do),
		cmocka_unit_test(refuses_bad_encodings),
		cmocka_unit_test(hands_on_what_a_provider_reports),
		cmocka_unit_test(checks_alignment_for_user_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
