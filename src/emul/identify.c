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

static bool is_load_of_ss(const struct exec *x)
{
	return x->operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER && x->operand[0].reg.value == ZYDIS_REGISTER_SS;
}

/* What a debugger's steps look for. */
static u8 step_kind(const struct exec *x)
{
	switch (x->z->mnemonic) {
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFD:
	case ZYDIS_MNEMONIC_PUSHFQ:
		return INSN_PUSHF;
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFD:
	case ZYDIS_MNEMONIC_POPFQ:
		return INSN_POPF;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		return INSN_IRET;
	case ZYDIS_MNEMONIC_INT:
		return INSN_INT;
	case ZYDIS_MNEMONIC_INT3:
		return INSN_INT3;
	case ZYDIS_MNEMONIC_INTO:
		return INSN_INTO;
	case ZYDIS_MNEMONIC_SYSCALL:
		return INSN_SYSCALL;
	case ZYDIS_MNEMONIC_SYSENTER:
		return INSN_SYSENTER;
	case ZYDIS_MNEMONIC_SYSRET:
		return INSN_SYSRET;
	case ZYDIS_MNEMONIC_SYSEXIT:
		return INSN_SYSEXIT;
	case ZYDIS_MNEMONIC_POP:
		return is_load_of_ss(x) ? INSN_LOAD_SS : INSN_OTHER;
	default:
		return INSN_OTHER;
	}
}

static u8 step_number(const struct exec *x, u8 kind)
{
	switch (kind) {
	case INSN_INT:
		return (u8)x->operand[0].imm.value.u;
	case INSN_INT3:
		return VECTOR_BP;
	case INSN_INTO:
		return VECTOR_OF;
	case INSN_SYSRET:
	case INSN_SYSEXIT:
		return x->z->raw.rex.W ? 64 : 32;
	default:
		return 0;
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
		if (is_load_of_ss(x))
			out->kind = INSN_LOAD_SS;
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
		out->kind = step_kind(x);
		out->number = step_number(x, out->kind);
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
