// SPDX-License-Identifier: Apache-2.0
// Operations whose effects native_test.c cannot compare: jumps, privileged flags, 16-bit addresses, faults.
#include "emul/emul.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

static struct model m;

static void expect_fault(enum emul_status status, enum vector vector)
{
	assert_int_equal(status, EMUL_FAULT);
	assert_int_equal(m.result.vector, vector);
}

static void put_u64(u64 gpa, u64 value)
{
	memcpy(m.ram + gpa, &value, 8);
}

static u64 get_u64(u64 gpa)
{
	u64 value;

	memcpy(&value, m.ram + gpa, 8);
	return value;
}

static void jumps_and_calls_through_memory(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	m.cpu.gpr[GPR_RBX] = 0x3000;
	put_u64(0x3000, 0xffff800000001234);
	assert_int_equal(STEP(&m, 0xff, 0x23), EMUL_JUMPED); /* jmp [rbx] */
	assert_int_equal(m.cpu.rip, 0xffff800000001234);
	m.cpu.rip = 0x2000;
	assert_int_equal(STEP(&m, 0xff, 0x13), EMUL_JUMPED); /* call [rbx] */
	assert_int_equal(m.cpu.rip, 0xffff800000001234);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7ff8);
	assert_int_equal(get_u64(0x7ff8), 0x2002);
	m.cpu.rip = 0x2000;
	assert_int_equal(STEP(&m, 0xc2, 0x10, 0x00), EMUL_JUMPED); /* ret 16 */
	assert_int_equal(m.cpu.rip, 0x2002);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8010);
}

static void refuses_noncanonical_targets(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	m.cpu.gpr[GPR_RBX] = 0x8000;
	put_u64(0x8000, 0x800000000000);
	expect_fault(STEP(&m, 0xff, 0x23), VECTOR_GP);
	expect_fault(STEP(&m, 0xff, 0x13), VECTOR_GP);
	expect_fault(STEP(&m, 0xc3), VECTOR_GP);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8000);
	assert_int_equal(m.cpu.rip, 0x2000);
}

static void jumps_relative_by_condition(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.rflags |= RFLAGS_ZF;
	assert_int_equal(STEP(&m, 0x75, 0x10), EMUL_DONE);   /* jnz */
	assert_int_equal(STEP(&m, 0x74, 0xfe), EMUL_JUMPED); /* jz to itself */
	assert_int_equal(m.cpu.rip, 0x2000);
	assert_int_equal(STEP(&m, 0x0f, 0x84, 0x00, 0x01, 0, 0), EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, 0x2106);
	m.cpu.gpr[GPR_RCX] = 0x100000000;
	assert_int_equal(STEP(&m, 0xe3, 0x10), EMUL_DONE);         /* jrcxz */
	assert_int_equal(STEP(&m, 0x67, 0xe3, 0x10), EMUL_JUMPED); /* jecxz */
	assert_int_equal(m.cpu.rip, 0x2106 + 0x13);
	assert_int_equal(STEP(&m, 0xe9, 0xe2, 0xff, 0xff, 0xff), EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, 0x2100);
	assert_int_equal(STEP(&m, 0xe8, 0, 0, 0, 0), EMUL_FAULT); /* call with RSP 0: -8 is canonical, not mapped */
	assert_int_equal(m.result.vector, VECTOR_PF);
	assert_int_equal(m.result.cr2, ~7ull);
}

static void wraps_jumps_to_the_operand_size(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.rip = 0x2000;
	assert_int_equal(STEP(&m, 0x66, 0xe9, 0xfc, 0xe0), EMUL_JUMPED); /* 0x2004 + 0xe0fc, cut to 16 bits */
	assert_int_equal(m.cpu.rip, 0x100);
	m.cpu.seg[SEG_CS].limit = 0xfff;
	expect_fault(STEP(&m, 0xe9, 0, 0x10, 0, 0), VECTOR_GP);
	m.cpu.gpr[GPR_RSP] = 0x8000;
	assert_int_equal(STEP(&m, 0x66, 0xe8, 0, 0), EMUL_JUMPED); /* call with 16-bit operands */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7ffe);
	assert_int_equal(m.ram[0x7ffe], 0x04);
}

static void loops(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RCX] = 2;
	assert_int_equal(STEP(&m, 0xe2, 0xfe), EMUL_JUMPED); /* loop to itself */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 1);
	assert_int_equal(STEP(&m, 0xe2, 0xfe), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0);
	m.cpu.gpr[GPR_RCX] = 5;
	assert_int_equal(STEP(&m, 0xe1, 0xfe), EMUL_DONE);   /* loope with ZF clear */
	assert_int_equal(STEP(&m, 0xe0, 0xfe), EMUL_JUMPED); /* loopne */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 3);
	m.cpu.rflags |= RFLAGS_ZF;
	assert_int_equal(STEP(&m, 0xe1, 0xfe), EMUL_JUMPED);
	assert_int_equal(STEP(&m, 0xe0, 0xfe), EMUL_DONE);
}

static void uses_the_stack_pointer_that_ss_gives(void **state)
{
	(void)state;
	model_init_32(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x50000;
	m.cpu.seg[SEG_SS].access &= ~(u32)SEG_DB; /* a 16-bit stack: SP wraps to 0xfffc */
	assert_int_equal(STEP(&m, 0x6a, 0xff), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x5fffc);
	assert_int_equal((u32)get_u64(0xfffc), 0xffffffff);
	m.cpu.seg[SEG_SS].limit = 0xfff0;
	expect_fault(STEP(&m, 0x58), VECTOR_SS);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x5fffc);
	model_init(&m); /* real mode: 16-bit pushes */
	m.cpu.gpr[GPR_RSP] = 0x100;
	m.cpu.seg[SEG_DS].selector = 0x1234;
	assert_int_equal(STEP(&m, 0x1e), EMUL_DONE); /* push ds */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0xfe);
	assert_int_equal((u16)get_u64(0xfe), 0x1234);
}

static void restores_the_stack_pointer_on_faults(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	m.cpu.gpr[GPR_RBX] = 0x7000000;
	expect_fault(STEP(&m, 0x8f, 0x03), VECTOR_PF); /* pop [rbx] */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8000);
	m.cpu.gpr[GPR_RBP] = 0x7000000;
	expect_fault(STEP(&m, 0xc9), VECTOR_PF); /* leave */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8000);
	m.cpu.gpr[GPR_RSP] = 0x7000000;
	expect_fault(STEP(&m, 0xff, 0x34, 0x25, 0, 0x30, 0, 0), VECTOR_PF); /* push [0x3000] */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7000000);
}

/* SDM 2, POPF: IOPL for CPL 0 only, IF up to IOPL. */
static void pops_flags_by_privilege(void **state)
{
	const u64 wanted =
		RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_CF | RFLAGS_VM | RFLAGS_VIP | RFLAGS_ID | RFLAGS_RF;

	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	put_u64(0x8000, wanted);
	assert_int_equal(STEP(&m, 0x9d), EMUL_DONE);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_CF | RFLAGS_ID);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8008);
	m.cpu.rflags = RFLAGS_FIXED;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	model_set_cpl(&m, 3);
	assert_int_equal(STEP(&m, 0x9d), EMUL_DONE);
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_NT | RFLAGS_CF | RFLAGS_ID);
	m.cpu.rflags = RFLAGS_FIXED | RFLAGS_AC;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	assert_int_equal(STEP(&m, 0x66, 0x9d), EMUL_DONE); /* popfw leaves the upper half */
	assert_int_equal(m.cpu.rflags, RFLAGS_FIXED | RFLAGS_NT | RFLAGS_CF | RFLAGS_AC);
}

static void pushes_flags_without_rf(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.rip = 0x2000;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	m.cpu.rflags = RFLAGS_FIXED | RFLAGS_RF | RFLAGS_IF | RFLAGS_OF;
	assert_int_equal(STEP(&m, 0x9c), EMUL_DONE);
	assert_int_equal(get_u64(0x7ff8), RFLAGS_FIXED | RFLAGS_IF | RFLAGS_OF);
	model_init_32(&m);
	m.cpu.rflags |= RFLAGS_VM;
	expect_fault(STEP(&m, 0x9c), VECTOR_GP);
	expect_fault(STEP(&m, 0x9d), VECTOR_GP);
	m.cpu.cr4 |= CR4_VME;
	assert_int_equal(STEP(&m, 0x9c), EMUL_UNSUPPORTED);
}

static void guards_the_interrupt_flag(void **state)
{
	(void)state;
	model_init_64(&m);
	assert_int_equal(STEP(&m, 0xfb), EMUL_DONE); /* sti */
	assert_true(m.cpu.rflags & RFLAGS_IF);
	assert_int_equal(m.result.blocking, BLOCKING_STI);
	assert_int_equal(STEP(&m, 0xfb), EMUL_DONE);
	assert_int_equal(m.result.blocking, 0);
	assert_int_equal(STEP(&m, 0xfa), EMUL_DONE);
	assert_false(m.cpu.rflags & RFLAGS_IF);
	model_set_cpl(&m, 3);
	expect_fault(STEP(&m, 0xfa), VECTOR_GP);
	m.cpu.rflags |= RFLAGS_IOPL;
	assert_int_equal(STEP(&m, 0xfb), EMUL_DONE);
	m.cpu.rflags &= ~RFLAGS_IOPL;
	m.cpu.cr4 |= CR4_PVI;
	assert_int_equal(STEP(&m, 0xfa), EMUL_UNSUPPORTED);
}

static void translates_bytes(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	m.cpu.gpr[GPR_RAX] = 0x1122;
	m.ram[0x3022] = 0x77;
	assert_int_equal(STEP(&m, 0xd7), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0x1177);
}

static void takes_segment_overrides_for_strings(void **state)
{
	(void)state;
	model_init(&m);
	for (unsigned i = 0; i <= SEG_GS; i++)
		if (i != SEG_CS)
			m.cpu.seg[i].base = 0x10000 + i * 0x1000;
	for (unsigned i = 0; i <= SEG_GS; i++)
		m.ram[m.cpu.seg[i].base + 0x100] = (u8)(0x40 + i);
	static const u8 prefix[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

	for (unsigned i = 0; i < 6; i++) {
		m.cpu.gpr[GPR_RSI] = 0x100;
		assert_int_equal(STEP(&m, prefix[i], 0xac), EMUL_DONE); /* lodsb */
		assert_int_equal(m.cpu.gpr[GPR_RAX] & 0xff, 0x40 + i);
	}
	/* In 64-bit mode only FS and GS count. */
	model_init_64(&m);
	m.cpu.seg[SEG_ES].base = 0x1000;
	m.cpu.seg[SEG_GS].base = 0x1000;
	m.ram[0x3000] = 1;
	m.ram[0x4000] = 2;
	m.cpu.gpr[GPR_RSI] = 0x3000;
	assert_int_equal(STEP(&m, 0x26, 0xac), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX] & 0xff, 1);
	m.cpu.gpr[GPR_RSI] = 0x3000;
	assert_int_equal(STEP(&m, 0x65, 0xac), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX] & 0xff, 2);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	assert_int_equal(STEP(&m, 0x65, 0x8a, 0x03), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX] & 0xff, 2);
}

static void wraps_string_pointers_to_the_address_size(void **state)
{
	(void)state;
	model_init(&m);
	m.cpu.gpr[GPR_RDI] = 0xaaaaffff;
	m.cpu.gpr[GPR_RCX] = 0xbbbb0002;
	m.cpu.gpr[GPR_RAX] = 0x55;
	m.cpu.rip = 0x200;
	assert_int_equal(STEP(&m, 0xf3, 0xaa), EMUL_DONE); /* rep stosb over the end of the 64 KiB */
	assert_int_equal(m.ram[0xffff], 0x55);
	assert_int_equal(m.ram[0], 0x55);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0xaaaa0001);
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0xbbbb0000);
}

static void stops_comparing_at_the_first_difference(void **state)
{
	(void)state;
	model_init_64(&m);
	memcpy(m.ram + 0x3000, "abcdeX", 6);
	memcpy(m.ram + 0x4000, "abcdeY", 6);
	m.cpu.gpr[GPR_RSI] = 0x3000;
	m.cpu.gpr[GPR_RDI] = 0x4000;
	m.cpu.gpr[GPR_RCX] = 100;
	assert_int_equal(STEP(&m, 0xf3, 0xa6), EMUL_DONE); /* repe cmpsb */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 94);
	assert_int_equal(m.cpu.gpr[GPR_RSI], 0x3006);
	assert_false(m.cpu.rflags & RFLAGS_ZF);
	assert_true(m.cpu.rflags & RFLAGS_CF);
	m.cpu.gpr[GPR_RDI] = 0x4000;
	m.cpu.gpr[GPR_RAX] = 'c';
	m.cpu.gpr[GPR_RCX] = 100;
	assert_int_equal(STEP(&m, 0xf2, 0xae), EMUL_DONE); /* repne scasb */
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0x4003);
	assert_true(m.cpu.rflags & RFLAGS_ZF);
	m.cpu.gpr[GPR_RCX] = 0;
	assert_int_equal(STEP(&m, 0xf2, 0xae), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0x4003);
}

static void checks_flushes_but_not_prefetches(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RBX] = 0x7000000;
	expect_fault(STEP(&m, 0x0f, 0xae, 0x3b), VECTOR_PF);           /* clflush */
	assert_int_equal(STEP(&m, 0x0f, 0x18, 0x0b), EMUL_DONE);       /* prefetcht0 */
	assert_int_equal(STEP(&m, 0x0f, 0x1f, 0x03), EMUL_DONE);       /* nop */
	assert_int_equal(STEP(&m, 0xf3, 0x0f, 0x1e, 0xfa), EMUL_DONE); /* endbr64 */
	m.cpu.gpr[GPR_RBX] = MODEL_DEVICE;
	assert_int_equal(STEP(&m, 0x0f, 0xae, 0x3b), EMUL_DONE);
	assert_int_equal(m.log_count, 0);
}

static void wants_vector_state_enabled(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RBX] = 0x3008;
	assert_int_equal(STEP(&m, 0x0f, 0x10, 0x03), EMUL_DONE); /* movups */
	expect_fault(STEP(&m, 0x0f, 0x28, 0x03), VECTOR_GP);     /* movaps wants alignment */
	m.cpu.cr0 |= CR0_TS;
	expect_fault(STEP(&m, 0x0f, 0x10, 0x03), VECTOR_NM);
	m.cpu.cr0 |= CR0_EM;
	expect_fault(STEP(&m, 0x0f, 0x10, 0x03), VECTOR_UD);
	m.cpu.cr0 &= ~(CR0_EM | CR0_TS);
	m.cpu.cr4 &= ~CR4_OSFXSR;
	expect_fault(STEP(&m, 0x0f, 0x10, 0x03), VECTOR_UD);
	expect_fault(STEP(&m, 0xc5, 0xfc, 0x10, 0x03), VECTOR_UD); /* vmovups without OSXSAVE */
	m.cpu.cr4 |= CR4_OSXSAVE;
	m.cpu.xcr0 = 3;
	expect_fault(STEP(&m, 0xc5, 0xfc, 0x10, 0x03), VECTOR_UD);
	m.cpu.xcr0 = 7;
	assert_int_equal(STEP(&m, 0xc5, 0xfc, 0x10, 0x03), EMUL_DONE);
	m.emul.vectors = NULL;
	assert_int_equal(STEP(&m, 0xc5, 0xfc, 0x10, 0x03), EMUL_UNSUPPORTED);
}

static void moves_vectors_over_a_page_end(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RBX] = 0x3ff8;
	for (u8 i = 0; i < 16; i++)
		m.ram[0x3ff8 + i] = i;
	assert_int_equal(STEP(&m, 0x0f, 0x10, 0x1b), EMUL_DONE); /* movups xmm3, [rbx] */
	for (u8 i = 0; i < 16; i++)
		assert_int_equal(m.vector[3][i], i);
	model_map(&m, 0x4000, 0x4000, MODEL_P);
	memset(m.vector[3], 0xee, 16);
	expect_fault(STEP(&m, 0x0f, 0x11, 0x1b), VECTOR_PF);
	assert_int_equal(m.ram[0x3ff8], 0);
}

static void wants_16_byte_alignment_for_cmpxchg16b(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RSI] = 0x3008;
	m.cpu.gpr[GPR_RDX] = 0;
	expect_fault(STEP(&m, 0x48, 0x0f, 0xc7, 0x0e), VECTOR_GP);
	assert_int_equal(STEP(&m, 0x0f, 0xc7, 0x0e), EMUL_DONE); /* cmpxchg8b does not care */
	assert_true(m.cpu.rflags & RFLAGS_ZF);
	/* On a device a locked exchange is a read and a write. */
	m.cpu.gpr[GPR_RSI] = MODEL_DEVICE;
	m.cpu.gpr[GPR_RBX] = 0x11;
	assert_int_equal(STEP(&m, 0xf0, 0x0f, 0xc7, 0x0e), EMUL_DONE);
	assert_int_equal(m.log_count, 2);
	assert_int_equal(m.device[0], 0x11);
}

static void divides_by_the_book(void **state)
{
	(void)state;
	model_init_64(&m);
	m.cpu.gpr[GPR_RAX] = 1ull << 63;
	m.cpu.gpr[GPR_RDX] = ~0ull;
	put_u64(0x3000, ~0ull);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	expect_fault(STEP(&m, 0x48, 0xf7, 0x3b), VECTOR_DE); /* idiv: -2^63 / -1 does not fit */
	put_u64(0x3000, 1);
	assert_int_equal(STEP(&m, 0x48, 0xf7, 0x3b), EMUL_DONE); /* -2^63 / 1 does */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 1ull << 63);
	put_u64(0x3000, 0);
	expect_fault(STEP(&m, 0xf6, 0x33), VECTOR_DE);
}

static void reports_text_in_all_modes(void **state)
{
	char text[64];

	(void)state;
	model_init_32(&m);
	assert_int_equal(STEP(&m, 0x0f, 0xa2), EMUL_UNSUPPORTED);
	emul_text(&m.result, 0, text, sizeof(text));
	assert_string_equal(text, "cpuid");
	model_init(&m);
	assert_int_equal(STEP(&m, 0xd8, 0x07), EMUL_UNSUPPORTED);
	emul_text(&m.result, 0, text, sizeof(text));
	assert_non_null(strstr(text, "dword ptr [bx]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumps_and_calls_through_memory),
		cmocka_unit_test(refuses_noncanonical_targets),
		cmocka_unit_test(jumps_relative_by_condition),
		cmocka_unit_test(wraps_jumps_to_the_operand_size),
		cmocka_unit_test(loops),
		cmocka_unit_test(uses_the_stack_pointer_that_ss_gives),
		cmocka_unit_test(restores_the_stack_pointer_on_faults),
		cmocka_unit_test(pops_flags_by_privilege),
		cmocka_unit_test(pushes_flags_without_rf),
		cmocka_unit_test(guards_the_interrupt_flag),
		cmocka_unit_test(translates_bytes),
		cmocka_unit_test(takes_segment_overrides_for_strings),
		cmocka_unit_test(wraps_string_pointers_to_the_address_size),
		cmocka_unit_test(stops_comparing_at_the_first_difference),
		cmocka_unit_test(checks_flushes_but_not_prefetches),
		cmocka_unit_test(wants_vector_state_enabled),
		cmocka_unit_test(moves_vectors_over_a_page_end),
		cmocka_unit_test(wants_16_byte_alignment_for_cmpxchg16b),
		cmocka_unit_test(divides_by_the_book),
		cmocka_unit_test(reports_text_in_all_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
