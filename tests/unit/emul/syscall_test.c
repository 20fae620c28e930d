// SPDX-License-Identifier: Apache-2.0
// SYSCALL, SYSRET, SYSENTER and SYSEXIT (SDM 2; APM 3, SYSCALL, SYSRET).
#include "emul/emul.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define CODE 0x2000
#define KERNEL 0xffffffff81000040ull
#define KERNEL_COMPAT 0xffffffff81000080ull
#define KERNEL_32 0xc0100040u
#define USER 0x401234ull

static struct model m;

static enum emul_status step(const u8 *code, size_t bytes)
{
	m.cpu.rip = CODE;
	memcpy(m.ram + CODE, code, bytes);
	return emul_step(&m.emul, &m.result);
}

#define RUN(...) step((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))
#define SYSCALL RUN(0x0f, 0x05)
#define SYSRET_64 RUN(0x48, 0x0f, 0x07)
#define SYSRET_32 RUN(0x0f, 0x07)
#define SYSENTER RUN(0x0f, 0x34)
#define SYSEXIT_64 RUN(0x48, 0x0f, 0x35)
#define SYSEXIT_32 RUN(0x0f, 0x35)

static void set_up(void)
{
	m.cpu.efer |= EFER_SCE;
	m.cpu.star = 0x0023001000000000ull | KERNEL_32;
	m.cpu.lstar = KERNEL;
	m.cpu.cstar = KERNEL_COMPAT;
	m.cpu.sfmask = RFLAGS_TF | RFLAGS_IF | RFLAGS_DF;
	m.cpu.sysenter_cs = 0x10;
	m.cpu.sysenter_esp = 0xffffc90000001000;
	m.cpu.sysenter_eip = KERNEL;
	m.cpu.rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_CF | RFLAGS_RF;
	m.cpu.gpr[GPR_RSP] = 0x8000;
}

static void start_64(void)
{
	model_init_64(&m);
	set_up();
}

static void start_32(void)
{
	model_init_32(&m);
	set_up();
}

static void user_mode(void)
{
	m.cpu.seg[SEG_SS].access |= (u32)SEG_DPL;
}

static void expect_segments(u16 cs, u16 ss, u32 cs_rights, u64 dpl)
{
	assert_int_equal(m.cpu.seg[SEG_CS].selector, cs);
	assert_int_equal(m.cpu.seg[SEG_SS].selector, ss);
	assert_int_equal(m.cpu.seg[SEG_CS].access, cs_rights);
	assert_int_equal(m.cpu.seg[SEG_SS].access, 0xc093 | dpl << 5);
	assert_int_equal(m.cpu.seg[SEG_CS].base, 0);
	assert_int_equal(m.cpu.seg[SEG_CS].limit, UINT32_MAX);
	assert_true(m.result.changed & EMUL_CHANGED_SEGMENTS);
}

static void expect_fault(enum emul_status status, enum vector vector)
{
	assert_int_equal(status, EMUL_FAULT);
	assert_int_equal(m.result.vector, vector);
	assert_int_equal(m.result.error_code, 0);
	assert_int_equal(m.cpu.rip, CODE);
}

static void syscall_enters_the_kernel(void **state)
{
	(void)state;
	start_64();
	user_mode();
	assert_int_equal(SYSCALL, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, KERNEL);
	assert_int_equal(m.cpu.gpr[GPR_RCX], CODE + 2);
	assert_int_equal(m.cpu.gpr[GPR_R11], RFLAGS_FIXED | RFLAGS_IF | RFLAGS_CF);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_CF);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8000);
	expect_segments(0x10, 0x18, 0xa09b, 0);
	/* From compatibility mode. */
	start_64();
	m.cpu.seg[SEG_CS].access &= ~(u32)SEG_L;
	m.cpu.seg[SEG_CS].access |= (u32)SEG_DB;
	assert_int_equal(SYSCALL, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, KERNEL_COMPAT);
	expect_segments(0x10, 0x18, 0xa09b, 0);
	/* Outside long mode. */
	start_32();
	m.cpu.gpr[GPR_R11] = 7;
	assert_int_equal(SYSCALL, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, KERNEL_32);
	assert_int_equal(m.cpu.gpr[GPR_RCX], CODE + 2);
	assert_int_equal(m.cpu.gpr[GPR_R11], 7);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_CF);
	expect_segments(0x10, 0x18, 0xc09b, 0);
}

static void sysret_leaves_the_kernel(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RCX] = USER;
	m.cpu.gpr[GPR_R11] = ~0ull;
	assert_int_equal(SYSRET_64, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, USER);
	assert_int_equal(m.cpu.rflags, 0x3c7fd7);
	expect_segments(0x33, 0x2b, 0xa0fb, 3);
	start_64();
	m.cpu.gpr[GPR_RCX] = 0x100000000 + USER;
	m.cpu.gpr[GPR_R11] = RFLAGS_IF;
	assert_int_equal(SYSRET_32, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, USER);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_IF);
	expect_segments(0x23, 0x2b, 0xc0fb, 3);
	start_32();
	m.cpu.rflags = RFLAGS_FIXED;
	m.cpu.gpr[GPR_RCX] = USER;
	assert_int_equal(SYSRET_32, EMUL_JUMPED);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_IF);
	expect_segments(0x23, 0x2b, 0xc0fb, 3);
}

static void sysenter_and_back(void **state)
{
	(void)state;
	start_64();
	assert_int_equal(SYSENTER, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, KERNEL);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0xffffc90000001000);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_CF);
	expect_segments(0x10, 0x18, 0xa09b, 0);
	m.cpu.gpr[GPR_RDX] = USER;
	m.cpu.gpr[GPR_RCX] = 0x7fff0000;
	start_32();
	assert_int_equal(SYSENTER, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, (u32)KERNEL);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x1000);
	expect_segments(0x10, 0x18, 0xc09b, 0);
	start_64();
	m.cpu.gpr[GPR_RDX] = USER;
	m.cpu.gpr[GPR_RCX] = 0x17fff0000;
	assert_int_equal(SYSEXIT_64, EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, USER);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x17fff0000);
	expect_segments(0x33, 0x3b, 0xa0fb, 3);
	start_64();
	m.cpu.gpr[GPR_RDX] = USER;
	m.cpu.gpr[GPR_RCX] = 0x17fff0000;
	assert_int_equal(SYSEXIT_32, EMUL_JUMPED);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7fff0000);
	expect_segments(0x23, 0x2b, 0xc0fb, 3);
}

static void they_fault(void **state)
{
	(void)state;
	start_64();
	m.cpu.efer &= ~EFER_SCE;
	expect_fault(SYSCALL, VECTOR_UD);
	expect_fault(SYSRET_64, VECTOR_UD);
	start_64();
	user_mode();
	expect_fault(SYSRET_64, VECTOR_GP);
	expect_fault(SYSEXIT_64, VECTOR_GP);
	start_64();
	m.cpu.gpr[GPR_RCX] = 0x800000000000;
	expect_fault(SYSRET_64, VECTOR_GP);
	expect_fault(SYSEXIT_64, VECTOR_GP);
	m.cpu.gpr[GPR_RCX] = USER;
	m.cpu.gpr[GPR_RDX] = 0x800000000000;
	expect_fault(SYSEXIT_64, VECTOR_GP);
	m.cpu.gpr[GPR_RDX] = USER;
	m.cpu.sysenter_cs = 3;
	expect_fault(SYSENTER, VECTOR_GP);
	expect_fault(SYSEXIT_64, VECTOR_GP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syscall_enters_the_kernel),
		cmocka_unit_test(sysret_leaves_the_kernel),
		cmocka_unit_test(sysenter_and_back),
		cmocka_unit_test(they_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
