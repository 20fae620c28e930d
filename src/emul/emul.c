// SPDX-License-Identifier: Apache-2.0
// One step: decode, find the operation, carry it out, and say how it ended.
#include "emul/emul.h"

#include "emul/exec.h"
#include "emul/ops.h"

enum op_id {
	OP_NONE,
#define OP_ID(name) OP_##name,
	OPS_LIST(OP_ID)
#undef OP_ID
		OP_COUNT
};

static op_fn *const op_function[OP_COUNT] = {
#define OP_FUNCTION(name) [OP_##name] = op_##name,
	OPS_LIST(OP_FUNCTION)
#undef OP_FUNCTION
};

static const u8 op_of_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define OP_OF(mnemonic, name) [ZYDIS_MNEMONIC_##mnemonic] = OP_##name,
	MNEMONICS_LIST(OP_OF)
#undef OP_OF
};

/* CPL: 3 in virtual-8086 mode, 0 in real mode, else the DPL of SS (SDM 3C, Guest Segment Registers). */
static u8 privilege_level(const struct cpu_state *cpu)
{
	if (!(cpu->cr0 & CR0_PE))
		return 0;
	return cpu->rflags & RFLAGS_VM ? 3 : (u8)GET(SEG_DPL, cpu->seg[SEG_SS].access);
}

/* The exit's translation becomes the first of its kind. */
static void exec_take_hint(struct exec *x)
{
	const struct emul_hint *hint = &x->emul->hint;
	struct translation t = {hint->gva.v & ~(PAGE_BYTES - 1), hint->gpa.v & ~(PAGE_BYTES - 1)};

	if (!hint->is_valid || !hint->has_gva)
		return;
	x->read_at = t;
	if (hint->is_write)
		x->write_at = t;
}

/* Everything but the decoded instruction, which is large and filled in by the decoder. */
void exec_init(struct exec *x, struct emul *e, struct emul_result *result)
{
	struct cpu_state *cpu = e->cpu;

	x->emul = e;
	x->cpu = cpu;
	x->result = result;
	x->is_protected = (cpu->cr0 & CR0_PE) && !(cpu->rflags & RFLAGS_VM);
	x->is_long = (cpu->efer & EFER_LMA) && (cpu->seg[SEG_CS].access & SEG_L);
	x->is_jump = false;
	x->is_again = false;
	x->cpl = privilege_level(cpu);
	x->read_at.page = 1;
	x->write_at.page = 1;
	exec_take_hint(x);
	*result = (struct emul_result){.err = OK};
}

static err_t exec_run(struct exec *x)
{
	op_fn *function;
	err_t err = exec_decode(x);

	if (err)
		return err;
	function = op_function[op_of_mnemonic[x->z->mnemonic]];
	return function ? function(x) : ERR_UNSUPPORTED;
}

enum emul_status exec_status(struct exec *x, err_t err)
{
	switch (err) {
	case OK:
		if (x->is_again)
			return EMUL_AGAIN;
		return x->is_jump ? EMUL_JUMPED : EMUL_DONE;
	case ERR_BUSY:
		return EMUL_AGAIN;
	case ERR_FAULT:
		return EMUL_FAULT;
	case ERR_UNSUPPORTED:
		return EMUL_UNSUPPORTED;
	default:
		x->result->err = err;
		return EMUL_FAILED;
	}
}

enum emul_status emul_step(struct emul *e, struct emul_result *result)
{
	struct exec x;

	exec_init(&x, e, result);
	return exec_status(&x, exec_run(&x));
}
