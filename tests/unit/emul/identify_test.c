// SPDX-License-Identifier: Apache-2.0
// Lengths and operands of intercepted instructions (SDM 2, Instruction Format; MOV to/from Control Registers; LMSW).
#include "emul/identify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define CODE 0x2000

static struct model m;
static struct insn_identity insn;

static enum emul_status identify(const u8 *code, size_t bytes)
{
	memcpy(m.ram + m.cpu.rip, code, bytes);
	memset(&insn, 0x55, sizeof(insn));
	return emul_identify(&m.emul, &m.result, &insn);
}

#define IDENTIFY(...) identify((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

#define ASSERT_INSN(expected_kind, expected_bytes, expected_number, expected_gpr)                                      \
	do {                                                                                                           \
		assert_int_equal(insn.kind, expected_kind);                                                            \
		assert_int_equal(insn.bytes, expected_bytes);                                                          \
		assert_int_equal(insn.number, expected_number);                                                        \
		assert_int_equal(insn.gpr, expected_gpr);                                                              \
	} while (0)

static void start_64(void)
{
	model_init_64(&m);
	m.cpu.rip = CODE;
}

static void measures_lengths_with_prefixes(void **state)
{
	(void)state;
	start_64();
	assert_int_equal(IDENTIFY(0x0f, 0xa2), EMUL_DONE);
	ASSERT_INSN(INSN_OTHER, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x48, 0x0f, 0xa2), EMUL_DONE);
	assert_int_equal(insn.bytes, 3);
	assert_int_equal(IDENTIFY(0x2e, 0x66, 0x0f, 0x30), EMUL_DONE);
	assert_int_equal(insn.bytes, 4);
	assert_int_equal(IDENTIFY(0xf4), EMUL_DONE);
	assert_int_equal(insn.bytes, 1);
	assert_int_equal(m.cpu.rip, CODE);
}

static void names_control_and_debug_registers(void **state)
{
	(void)state;
	start_64();
	assert_int_equal(IDENTIFY(0x0f, 0x22, 0xe1), EMUL_DONE); /* mov cr4, rcx */
	ASSERT_INSN(INSN_MOV_TO_CR, 3, 4, GPR_RCX);
	assert_int_equal(IDENTIFY(0x41, 0x0f, 0x20, 0xc7), EMUL_DONE); /* mov r15, cr0 */
	ASSERT_INSN(INSN_MOV_FROM_CR, 4, 0, GPR_R15);
	assert_int_equal(IDENTIFY(0x45, 0x0f, 0x22, 0xc4), EMUL_DONE); /* mov cr8, r12 */
	ASSERT_INSN(INSN_MOV_TO_CR, 4, 8, GPR_R12);
	assert_int_equal(IDENTIFY(0x0f, 0x21, 0xfc), EMUL_DONE); /* mov rsp, dr7 */
	ASSERT_INSN(INSN_MOV_FROM_DR, 3, 7, GPR_RSP);
	assert_int_equal(IDENTIFY(0x0f, 0x23, 0xf0), EMUL_DONE); /* mov dr6, rax */
	ASSERT_INSN(INSN_MOV_TO_DR, 3, 6, GPR_RAX);
	assert_int_equal(IDENTIFY(0x89, 0xc8), EMUL_DONE); /* mov eax, ecx */
	assert_int_equal(insn.kind, INSN_OTHER);
	model_init_32(&m);
	m.cpu.rip = CODE;
	assert_int_equal(IDENTIFY(0x0f, 0x22, 0xc3), EMUL_DONE); /* mov cr0, ebx */
	ASSERT_INSN(INSN_MOV_TO_CR, 3, 0, GPR_RBX);
}

static void names_what_moves_the_flags(void **state)
{
	(void)state;
	start_64();
	assert_int_equal(IDENTIFY(0x9c), EMUL_DONE);
	ASSERT_INSN(INSN_PUSHF, 1, 0, 0);
	assert_int_equal(IDENTIFY(0x66, 0x9c), EMUL_DONE);
	ASSERT_INSN(INSN_PUSHF, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x9d), EMUL_DONE);
	ASSERT_INSN(INSN_POPF, 1, 0, 0);
	assert_int_equal(IDENTIFY(0x48, 0xcf), EMUL_DONE);
	ASSERT_INSN(INSN_IRET, 2, 0, 0);
	assert_int_equal(IDENTIFY(0xcd, 0xfe), EMUL_DONE);
	ASSERT_INSN(INSN_INT, 2, 0xfe, 0);
	assert_int_equal(IDENTIFY(0xcc), EMUL_DONE);
	ASSERT_INSN(INSN_INT3, 1, VECTOR_BP, 0);
	assert_int_equal(IDENTIFY(0x0f, 0x05), EMUL_DONE);
	ASSERT_INSN(INSN_SYSCALL, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x48, 0x0f, 0x07), EMUL_DONE);
	ASSERT_INSN(INSN_SYSRET, 3, 64, 0);
	assert_int_equal(IDENTIFY(0x0f, 0x07), EMUL_DONE);
	ASSERT_INSN(INSN_SYSRET, 2, 32, 0);
	assert_int_equal(IDENTIFY(0x0f, 0x34), EMUL_DONE);
	ASSERT_INSN(INSN_SYSENTER, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x48, 0x0f, 0x35), EMUL_DONE);
	ASSERT_INSN(INSN_SYSEXIT, 3, 64, 0);
	assert_int_equal(IDENTIFY(0x8e, 0xd0), EMUL_DONE); /* mov ss, eax */
	ASSERT_INSN(INSN_LOAD_SS, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x8e, 0x16), EMUL_DONE); /* mov ss, [rsi] */
	ASSERT_INSN(INSN_LOAD_SS, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x8e, 0xd8), EMUL_DONE); /* mov ds, eax */
	ASSERT_INSN(INSN_OTHER, 2, 0, 0);
	assert_int_equal(IDENTIFY(0x58), EMUL_DONE); /* pop rax */
	ASSERT_INSN(INSN_OTHER, 1, 0, 0);
	model_init_32(&m);
	m.cpu.rip = CODE;
	assert_int_equal(IDENTIFY(0x17), EMUL_DONE); /* pop ss */
	ASSERT_INSN(INSN_LOAD_SS, 1, 0, 0);
	assert_int_equal(IDENTIFY(0xce), EMUL_DONE);
	ASSERT_INSN(INSN_INTO, 1, VECTOR_OF, 0);
}

static void reads_what_lmsw_loads(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RDX] = 0x12345678;
	assert_int_equal(IDENTIFY(0x0f, 0x01, 0xf2), EMUL_DONE); /* lmsw dx */
	assert_int_equal(insn.kind, INSN_LMSW);
	assert_int_equal(insn.msw, 0x5678);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	m.ram[0x3000] = 0xef;
	m.ram[0x3001] = 0xbe;
	assert_int_equal(IDENTIFY(0x0f, 0x01, 0x33), EMUL_DONE); /* lmsw [rbx] */
	assert_int_equal(insn.kind, INSN_LMSW);
	assert_int_equal(insn.bytes, 3);
	assert_int_equal(insn.msw, 0xbeef);
	assert_int_equal(IDENTIFY(0x0f, 0x06), EMUL_DONE);
	assert_int_equal(insn.kind, INSN_CLTS);
	assert_int_equal(insn.bytes, 2);
}

static void hands_faults_on(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RBX] = 0x7f0000000000;
	assert_int_equal(IDENTIFY(0x0f, 0x01, 0x33), EMUL_FAULT); /* lmsw [rbx] */
	assert_int_equal(m.result.vector, VECTOR_PF);
	assert_int_equal(m.result.cr2, 0x7f0000000000);
	m.cpu.rip = 0x7f0000000000;
	assert_int_equal(emul_identify(&m.emul, &m.result, &insn), EMUL_FAULT); /* the code is gone */
	assert_int_equal(m.result.vector, VECTOR_PF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_lengths_with_prefixes),
		cmocka_unit_test(names_control_and_debug_registers),
		cmocka_unit_test(names_what_moves_the_flags),
		cmocka_unit_test(reads_what_lmsw_loads),
		cmocka_unit_test(hands_faults_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
