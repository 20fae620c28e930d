// SPDX-License-Identifier: Apache-2.0
// Near jumps, calls and returns.
#include "emul/arith.h"
#include "emul/ops.h"
#include "emul/stack.h"

static bool is_far(const struct exec *x)
{
	return x->z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

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

/* Where operand 0 leads: relative to the next instruction, or a value. */
static err_t jump_target(struct exec *x, u64 *target)
{
	const ZydisDecodedOperand *operand = &x->operand[0];
	err_t err = OK;

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
	err_t err;

	if (is_far(x))
		return op_jmp_far(x);
	err = jump_target(x, &target);
	return err ? err : jump_to(x, target);
}

err_t op_call(struct exec *x)
{
	u64 target;
	err_t err;

	if (is_far(x))
		return op_call_far(x);
	err = jump_target(x, &target);
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

	if (is_far(x))
		return op_ret_far(x);
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

/* LOOP counts RCX down; LOOPE and LOOPNE look at ZF as well. */
err_t op_loop(struct exec *x)
{
	u32 bytes = x->z->address_width / 8u;
	u64 count = (x->cpu->gpr[GPR_RCX] - 1) & bits_byte_mask(bytes);
	bool is_zero = x->cpu->rflags & RFLAGS_ZF;
	bool goes_on = count != 0;
	err_t err;

	if (x->z->mnemonic == ZYDIS_MNEMONIC_LOOPE)
		goes_on = goes_on && is_zero;
	else if (x->z->mnemonic == ZYDIS_MNEMONIC_LOOPNE)
		goes_on = goes_on && !is_zero;
	err = goes_on ? op_jmp(x) : OK;
	if (!err)
		gpr_set(x->cpu, GPR_RCX, bytes, count);
	return err;
}
