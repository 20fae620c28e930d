// SPDX-License-Identifier: Apache-2.0
/*
 * The reset state against SDM 3A, Table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT"
 * (column RESET), each row typed from the manual, and a round trip of all of it through the state codec.
 */
#include "x86/cpu_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "state/codec.h"

static void general_and_control_registers(void **state)
{
	const struct cpu_state *c = &cpu_state_reset;

	(void)state;
	assert_int_equal(c->rflags, 0x00000002);
	assert_int_equal(c->rip, 0x0000fff0);
	assert_int_equal(c->cr0, 0x60000010);
	assert_int_equal(c->cr2, 0);
	assert_int_equal(c->cr3, 0);
	assert_int_equal(c->cr4, 0);
	assert_int_equal(c->cr8, 0);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		if (i == GPR_RDX)
			assert_int_equal(c->gpr[i] & ~0xf00ffull, 0x00000600); /* 000n06xxH: model and stepping vary */
		else
			assert_int_equal(c->gpr[i], 0);
}

static void segments(void **state)
{
	const struct cpu_state *c = &cpu_state_reset;

	(void)state;
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		const struct segment *s = &c->seg[i];

		assert_int_equal(s->limit, 0xffff);
		assert_true(s->access & SEG_P);
		assert_int_equal(s->access & (SEG_UNUSABLE | SEG_G | SEG_L | SEG_DB | SEG_DPL), 0);
		assert_int_equal(s->selector, i == SEG_CS ? 0xf000 : 0);
		assert_int_equal(s->base, i == SEG_CS ? 0xffff0000 : 0);
	}
	/* "Present, R/W, Accessed": in real mode CS can be written too, but the VMCS wants a code type. */
	for (unsigned i = 0; i < SEG_LDTR; i++) {
		assert_true(c->seg[i].access & SEG_S);
		assert_int_equal(GET(SEG_TYPE, c->seg[i].access), i == SEG_CS ? 11 : 3);
	}
	assert_int_equal(c->seg[SEG_LDTR].access, SEG_P | 2); /* LDT */
	assert_int_equal(c->seg[SEG_TR].access, SEG_P | 11);  /* busy TSS */
	assert_int_equal(c->gdtr_base, 0);
	assert_int_equal(c->gdtr_limit, 0xffff);
	assert_int_equal(c->idtr_base, 0);
	assert_int_equal(c->idtr_limit, 0xffff);
}

static void debug_and_model_specific_registers(void **state)
{
	const struct cpu_state *c = &cpu_state_reset;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(c->dr[i], 0);
	assert_int_equal(c->dr6, 0xffff0ff0);
	assert_int_equal(c->dr7, 0x00000400);
	assert_int_equal(c->xcr0, 1);
	assert_int_equal(c->xss, 0);
	assert_int_equal(c->efer, 0);
	assert_true(c->pat == 0x0007040600070406); /* SDM 3A, IA32_PAT MSR */
	assert_int_equal(c->sysenter_cs | c->sysenter_esp | c->sysenter_eip, 0);
	assert_int_equal(c->star | c->lstar | c->cstar | c->sfmask | c->kernel_gs_base | c->tsc_aux, 0);
	assert_int_equal(c->blocking, 0);
	assert_int_equal(c->activity, ACTIVITY_ACTIVE);
	assert_int_equal(c->pending_debug, 0);
}

/* Every byte that is not padding differs from field to field, so a lost or mixed-up one shows. */
static void all_of_it_is_saved(void **state)
{
	static struct cpu_state out, back;
	static u8 bytes[4096];
	u8 *p = (u8 *)&out;
	struct state_writer w;
	struct state_reader r;

	(void)state;
	for (u32 f = 0; f < cpu_state_desc.count; f++) {
		const struct desc_field *field = &cpu_state_desc.fields[f];

		for (u32 i = 0; i < field->size * field->count && !field->of; i++)
			p[field->offset + i] = (u8)(f * 31 + i + 1);
	}
	for (unsigned i = 0; i < SEG_COUNT; i++)
		out.seg[i] = (struct segment){
			.selector = (u16)(100 + i), .access = 200 + i, .limit = 300 + i, .base = 400 + i};
	state_writer_init(&w, bytes, sizeof(bytes));
	assert_int_equal(state_save(&w, &cpu_state_desc, &out), OK);
	state_reader_init(&r, bytes, w.used);
	assert_int_equal(state_load(&r, &cpu_state_desc, &back), OK);
	assert_memory_equal(&out.gpr, &back.gpr, sizeof(out.gpr));
	assert_memory_equal(&out, &back, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(general_and_control_registers),
		cmocka_unit_test(segments),
		cmocka_unit_test(debug_and_model_specific_registers),
		cmocka_unit_test(all_of_it_is_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
