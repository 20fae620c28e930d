// SPDX-License-Identifier: Apache-2.0
// Near jumps, calls and returns.
#include "emul/arith.h"
#include "emul/ops.h"
#include "emul/stack.h"

static u32 jump_bytes(const struct exec *x)
{
	return x->is_long ? 8 : x->z->operand_width / 8u;
}

static err_t jump_to(struct exec *x, u64 target)
{
	x->cpu->rip = target;
	x->is_jump = true;
	return OK;
}

/* Where operand 0 leads: relative to the next instruction, or a value. Far pointers are not done. */
static err_t jump_target(struct exec *x, u64 *target)
{
	const ZydisDecodedOperand *operand = &x->operand[0];
	err_t err = OK;

	if (x->z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return ERR_UNSUPPORTED;
	if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative)
		*target = x->next_rip + operand->imm.value.u;
	else
		err = operand_load(x, 0, target);
	if (err)
		return err;
	*target &= bits_byte_mask(jump_bytes(x));
	return exec_check_target(x, *target);
}

err_t op_jmp(struct exec *x)
{
	u64 target;
	err_t err = jump_target(x, &target);

	return err ? err : jump_to(x, target);
}

err_t op_call(struct exec *x)
{
	u64 target;
	err_t err = jump_target(x, &target);

	if (!err)
		err = stack_push(x, x->next_rip, jump_bytes(x));
	return err ? err : jump_to(x, target);
}

/* The constant operand, if any, is what the callee takes off the stack. */
err_t op_ret(struct exec *x)
{
	u32 bytes = jump_bytes(x);
	u64 extra = x->z->operand_count_visible ? (u16)x->operand[0].imm.value.u : 0;
	u64 target;
	err_t err;

	if (x->z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return ERR_UNSUPPORTED;
	err = stack_top(x, bytes, &target);
	if (!err)
		err = exec_check_target(x, target);
	if (err)
		return err;
	stack_move(x, (s64)(bytes + extra));
	return jump_to(x, target);
}

err_t op_jcc(struct exec *x)
{
	return arith_condition(x->cpu->rflags, x->z->opcode & 0xf) ? op_jmp(x) : OK;
}

err_t op_jcxz(struct exec *x)
{
	return gpr_get(x->cpu, GPR_RCX, x->z->address_width / 8u) ? OK : op_jmp(x);
}
