// SPDX-License-Identifier: Apache-2.0
// Length and operands of the instruction at CS:RIP (SDM 2, MOV to/from Control Registers; MOV to/from Debug Registers).
#include "emul/identify.h"

#include "emul/exec.h"

static bool is_control(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_CR0 && reg <= ZYDIS_REGISTER_CR15;
}

static bool is_debug(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_DR0 && reg <= ZYDIS_REGISTER_DR15;
}

/* General registers of either width, in the order of their encoding. */
static u8 gpr_number(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return (u8)(reg - ZYDIS_REGISTER_RAX);
	return (u8)(reg - ZYDIS_REGISTER_EAX);
}

static void identify_move(const struct exec *x, struct insn_identity *out)
{
	ZydisRegister to = x->operand[0].reg.value;
	ZydisRegister from = x->operand[1].reg.value;

	if (is_control(to)) {
		*out = (struct insn_identity){.kind = INSN_MOV_TO_CR, .number = (u8)(to - ZYDIS_REGISTER_CR0)};
		out->gpr = gpr_number(from);
	} else if (is_control(from)) {
		*out = (struct insn_identity){.kind = INSN_MOV_FROM_CR, .number = (u8)(from - ZYDIS_REGISTER_CR0)};
		out->gpr = gpr_number(to);
	} else if (is_debug(to)) {
		*out = (struct insn_identity){.kind = INSN_MOV_TO_DR, .number = (u8)(to - ZYDIS_REGISTER_DR0)};
		out->gpr = gpr_number(from);
	} else if (is_debug(from)) {
		*out = (struct insn_identity){.kind = INSN_MOV_FROM_DR, .number = (u8)(from - ZYDIS_REGISTER_DR0)};
		out->gpr = gpr_number(to);
	}
}

static err_t identify(struct exec *x, struct insn_identity *out)
{
	u64 msw;
	err_t err = exec_decode(x);

	*out = (struct insn_identity){.kind = INSN_OTHER};
	if (err)
		return err;
	switch (x->z->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		if (x->operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    x->operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
			identify_move(x, out);
		break;
	case ZYDIS_MNEMONIC_CLTS:
		out->kind = INSN_CLTS;
		break;
	case ZYDIS_MNEMONIC_LMSW:
		out->kind = INSN_LMSW;
		err = operand_load(x, 0, &msw);
		if (!err)
			out->msw = (u16)msw;
		break;
	default:
		break;
	}
	out->bytes = x->z->length;
	return err;
}

enum emul_status emul_identify(struct emul *e, struct emul_result *result, struct insn_identity *out)
{
	struct exec x;

	exec_init(&x, e, result);
	return exec_status(&x, identify(&x, out));
}
