// SPDX-License-Identifier: Apache-2.0
// The short way for device moves does what the emulator does, or leaves it to the emulator.
#include "emul/fast_move.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define CODE 0x2000
#define RANDOM_MOVES 30000

static struct model m;
static struct model slow;

static enum emul_status fast_step(const u8 *code, size_t bytes)
{
	memcpy(m.ram + m.cpu.rip, code, bytes);
	m.log_count = 0;
	return emul_fast_move(&m.emul, &m.result);
}

#define FAST(...) fast_step((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

static void hint_set(u64 gva, bool is_write)
{
	m.emul.hint = (struct emul_hint){0, NULL, true, is_write, true, GVA(gva), GPA(MODEL_DEVICE + gva % PAGE_BYTES)};
}

static void start_64(void)
{
	model_init_64(&m);
	m.cpu.rip = CODE;
	m.cpu.gpr[GPR_RAX] = MODEL_DEVICE;
	m.cpu.gpr[GPR_RCX] = 0x1122334455667788;
}

static void moves_to_and_from_a_device(void **state)
{
	(void)state;
	start_64();
	hint_set(MODEL_DEVICE + 0xb0, true);
	assert_int_equal(FAST(0x89, 0x88, 0xb0, 0, 0, 0), EMUL_DONE); /* mov [rax+0xb0], ecx */
	assert_int_equal(m.result.insn_bytes, 6);
	assert_int_equal(m.cpu.rip, CODE);
	assert_int_equal(m.log_count, 1);
	assert_int_equal(m.log[0].gpa, MODEL_DEVICE + 0xb0);
	assert_int_equal(m.log[0].bytes, 4);
	assert_int_equal(m.log[0].value, 0x55667788);
	assert_int_equal(FAST(0xc7, 0x80, 0xb0, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff),
			 EMUL_DONE); /* mov dword [rax+0xb0], -16 */
	assert_int_equal(m.log[0].value, 0xfffffff0);
	assert_int_equal(FAST(0x48, 0xc7, 0x80, 0xb0, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff), EMUL_DONE);
	assert_int_equal(m.log[0].value, 0xfffffffffffffff0);

	memset(m.device + 0x20, 0x80, 8);
	hint_set(MODEL_DEVICE + 0x20, false);
	assert_int_equal(FAST(0x8b, 0x48, 0x20), EMUL_DONE); /* mov ecx, [rax+0x20] */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0x80808080);
	assert_int_equal(FAST(0x4c, 0x8b, 0x48, 0x20), EMUL_DONE); /* mov r9, [rax+0x20] */
	assert_int_equal(m.cpu.gpr[GPR_R9], 0x8080808080808080);
	assert_int_equal(FAST(0x8b, 0x0c, 0x25, 0x20, 0, 0xe0, 0xfe), EMUL_UNSUPPORTED); /* sign-extended: elsewhere */
}

static void leaves_the_rest_to_the_emulator(void **state)
{
	(void)state;
	start_64();
	hint_set(MODEL_DEVICE, true);
	assert_int_equal(FAST(0x89, 0x08), EMUL_DONE);
	assert_int_equal(FAST(0x66, 0x89, 0x08), EMUL_UNSUPPORTED);       /* 16 bits */
	assert_int_equal(FAST(0x65, 0x89, 0x08), EMUL_UNSUPPORTED);       /* GS */
	assert_int_equal(FAST(0x89, 0xc8), EMUL_UNSUPPORTED);             /* mov eax, ecx */
	assert_int_equal(FAST(0xc7, 0x48, 0, 0, 0, 0), EMUL_UNSUPPORTED); /* c7 /1 */
	assert_int_equal(FAST(0x87, 0x08), EMUL_UNSUPPORTED);             /* xchg */
	assert_int_equal(FAST(0x89, 0x48, 0x10), EMUL_UNSUPPORTED);       /* not what the exit was for */
	hint_set(MODEL_DEVICE, false);
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* the exit was for a read */
	m.emul.hint.is_valid = false;
	assert_int_equal(FAST(0x8b, 0x08), EMUL_UNSUPPORTED);
	hint_set(MODEL_DEVICE + 0xffe, true);
	m.cpu.gpr[GPR_RAX] = MODEL_DEVICE + 0xffe;
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* two pages */
	hint_set(MODEL_DEVICE, true);
	m.cpu.gpr[GPR_RAX] = MODEL_DEVICE;
	m.cpu.rip = CODE + PAGE_BYTES - 1;
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* fetched from two pages */
	model_map(&m, 0x5000, 0, 0);
	m.cpu.rip = 0x5000;
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* its page is gone */
	assert_int_equal(m.log_count, 0);
	start_64();
	m.cpu.seg[SEG_CS].access = MODEL_CODE32 & ~SEG_DB;
	hint_set(MODEL_DEVICE, true);
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* 16-bit code */
}

/* A processor that tells no linear address: the walk must lead where the exit was. */
static void finds_the_address_itself(void **state)
{
	(void)state;
	start_64();
	hint_set(MODEL_DEVICE, true);
	m.emul.hint.has_gva = false;
	m.emul.hint.gva = GVA(0);
	assert_int_equal(FAST(0x89, 0x08), EMUL_DONE);
	assert_int_equal(m.log_count, 1);
	assert_int_equal(m.log[0].gpa, MODEL_DEVICE);
	m.emul.hint.gpa = GPA(MODEL_DEVICE + 8);
	assert_int_equal(FAST(0x89, 0x08), EMUL_UNSUPPORTED); /* it was for another access */
	assert_int_equal(m.log_count, 0);
	m.emul.hint.gpa = GPA(MODEL_DEVICE);
	m.cpu.gpr[GPR_RAX] = 0x7f0000000000; /* not mapped */
	assert_int_not_equal(FAST(0x89, 0x08), EMUL_DONE);
	assert_int_equal(m.log_count, 0);
}

/* Bytes that the exit has told are not fetched. */
static void takes_the_instruction_it_is_given(void **state)
{
	static const u8 store[] = {0x89, 0x08};

	(void)state;
	start_64();
	hint_set(MODEL_DEVICE, true);
	m.emul.hint.insn = store;
	m.emul.hint.insn_bytes = sizeof(store);
	m.cpu.rip = 0x5000;
	model_map(&m, 0x5000, 0, 0);
	m.log_count = 0;
	assert_int_equal(emul_fast_move(&m.emul, &m.result), EMUL_DONE);
	assert_int_equal(m.log_count, 1);
	m.emul.hint.insn_bytes = 1; /* not all of it: the emulator fetches the rest */
	assert_int_equal(emul_fast_move(&m.emul, &m.result), EMUL_UNSUPPORTED);
}

static void uses_segments_in_32_bit_code(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.rip = CODE;
	m.cpu.seg[SEG_DS].base = 0xfe000000;
	m.cpu.gpr[GPR_RBX] = 0xe00080;
	hint_set(MODEL_DEVICE + 0x80, true);
	assert_int_equal(FAST(0x89, 0x0b), EMUL_DONE); /* mov [ebx], ecx */
	assert_int_equal(FAST(0xa3, 0x80, 0, 0xe0, 0), EMUL_DONE);
	m.cpu.gpr[GPR_RBP] = MODEL_DEVICE + 0x80; /* by SS, which has base 0 */
	assert_int_equal(FAST(0x8b, 0x4d, 0), EMUL_DONE);
	m.cpu.seg[SEG_DS].limit = 0xe00082;
	assert_int_equal(FAST(0x89, 0x0b), EMUL_UNSUPPORTED);
}

static void hands_failures_on(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.rip = CODE;
	m.cpu.gpr[GPR_RBX] = MODEL_DEVICE;
	hint_set(MODEL_DEVICE, true);
	m.fail = ERR_HARDWARE;
	assert_int_equal(FAST(0x89, 0x0b), EMUL_UNSUPPORTED); /* the fetch; emul_step() will say so */
}

/* xorshift64: the same moves on every run. */
static u64 random_u64(void)
{
	static u64 seed = 0x9e3779b97f4a7c15;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Bytes that often are a move: an opcode of one, and anything behind it. */
static void random_code(u8 *code)
{
	static const u8 opcodes[] = {0x89, 0x8b, 0xc7, 0xa1, 0xa3};
	u64 choice = random_u64();
	u8 *at = code;

	for (unsigned i = 0; i < INSN_BYTES_MAX; i++)
		code[i] = (u8)(random_u64() >> 24);
	if (choice & 1)
		*at++ = (u8)(0x40 | (choice >> 8 & 15));
	*at++ = opcodes[(choice >> 16) % ARRAY_COUNT(opcodes)];
	if (choice & 2) /* no reserved forms of C7 */
		*at &= 0xc7;
	if (choice & 4) /* short displacements */
		memset(at + 2, 0, 3);
}

static void random_state(u64 choice)
{
	if (choice & 1)
		model_init_64(&m);
	else
		model_init_32(&m);
	m.cpu.rip = CODE;
	for (unsigned i = 0; i < GPR_COUNT; i++)
		m.cpu.gpr[i] = random_u64() & 0xff;
	m.cpu.gpr[choice >> 8 & 15] = MODEL_DEVICE + (choice >> 16 & 0xff0);
	m.cpu.seg[SEG_SS].base = choice & 2 ? 0 : 0x1000;
}

/* Tell what the access of the next step will be, as an exit does: by making it, on a copy. */
static bool random_hint(void)
{
	slow = m;
	slow.emul.cpu = &slow.cpu;
	slow.emul.memory = &slow.memory;
	if (emul_step(&slow.emul, &slow.result) != EMUL_DONE || slow.log_count != 1)
		return false;
	hint_set(slow.log[0].gpa, slow.log[0].is_write);
	return true;
}

static void agrees_with_the_emulator(void **state)
{
	u32 done = 0;

	(void)state;
	for (u32 i = 0; i < RANDOM_MOVES; i++) {
		if (i % 16 == 0)
			random_state(random_u64());
		random_code(m.ram + CODE);
		m.cpu.gpr[random_u64() & 15] = MODEL_DEVICE + (random_u64() & 0xff0);
		m.log_count = 0;
		m.emul.hint.is_valid = false;
		if (!random_hint())
			continue;
		if (emul_fast_move(&m.emul, &m.result) != EMUL_DONE)
			continue;
		done++;
		assert_memory_equal(&m.cpu, &slow.cpu, sizeof(m.cpu));
		assert_memory_equal(m.device, slow.device, sizeof(m.device));
		assert_memory_equal(m.ram, slow.ram, MODEL_TABLES);
		assert_int_equal(m.log_count, 1);
		assert_memory_equal(m.log, slow.log, sizeof(m.log[0]));
		assert_int_equal(m.result.insn_bytes, slow.result.insn_bytes);
		assert_int_equal(m.result.code_bits, slow.result.code_bits);
	}
	assert_true(done > 1000);
	print_message("%u moves went the short way\n", done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_to_and_from_a_device),   cmocka_unit_test(leaves_the_rest_to_the_emulator),
		cmocka_unit_test(finds_the_address_itself),     cmocka_unit_test(takes_the_instruction_it_is_given),
		cmocka_unit_test(uses_segments_in_32_bit_code), cmocka_unit_test(hands_failures_on),
		cmocka_unit_test(agrees_with_the_emulator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
