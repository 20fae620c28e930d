// SPDX-License-Identifier: Apache-2.0
// The stack, up to the flags that come from it.
#include "emul/arith.h"
#include "emul/ops.h"
#include "emul/stack.h"

/* Width of the stack pointer: by SS, 64 bits in 64-bit mode. */
static u32 stack_pointer_bytes(const struct exec *x)
{
	if (x->is_long)
		return 8;
	return x->cpu->seg[SEG_SS].access & SEG_DB ? 4 : 2;
}

static u64 stack_offset(const struct exec *x, s64 move)
{
	return (x->cpu->gpr[GPR_RSP] + (u64)move) & bits_byte_mask(stack_pointer_bytes(x));
}

void stack_move(struct exec *x, s64 move)
{
	gpr_set(x->cpu, GPR_RSP, stack_pointer_bytes(x), x->cpu->gpr[GPR_RSP] + (u64)move);
}

err_t stack_push(struct exec *x, u64 value, u32 bytes)
{
	struct span span;
	err_t err = span_open(x, SEG_SS, stack_offset(x, -(s64)bytes), bytes, ACCESS_WRITE, &span);

	if (!err)
		err = span_write(x, &span, &value);
	if (!err)
		stack_move(x, -(s64)bytes);
	return err;
}

err_t stack_top(struct exec *x, u32 bytes, u64 *value)
{
	struct span span;
	err_t err = span_open(x, SEG_SS, stack_offset(x, 0), bytes, ACCESS_READ, &span);

	*value = 0;
	return err ? err : span_read(x, &span, value);
}

err_t op_push(struct exec *x)
{
	u64 value;
	err_t err = operand_load(x, 0, &value);

	return err ? err : stack_push(x, value, x->z->operand_width / 8u);
}

/* An address that uses RSP uses it after the increment (SDM 2, POP); the popped value wins over it. */
err_t op_pop(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 old_rsp = x->cpu->gpr[GPR_RSP];
	struct place target;
	u64 value;
	err_t err = stack_top(x, bytes, &value);

	if (err)
		return err;
	stack_move(x, bytes);
	err = place_open(x, 0, ACCESS_WRITE, &target);
	if (!err)
		err = place_store(x, &target, value);
	if (err)
		x->cpu->gpr[GPR_RSP] = old_rsp;
	return err;
}

/* VM and RF are pushed as 0 (SDM 2, PUSHF). */
err_t op_pushf(struct exec *x)
{
	u64 flags = x->cpu->rflags & ~(RFLAGS_VM | RFLAGS_RF);

	if ((x->cpu->rflags & RFLAGS_VM) && GET(RFLAGS_IOPL, flags) < 3)
		return x->cpu->cr4 & CR4_VME ? ERR_UNSUPPORTED : exec_fault_code(x, VECTOR_GP, 0);
	return stack_push(x, flags, x->z->operand_width / 8u);
}

/* What POPF may change, by privilege (SDM 2, POPF); RF becomes 0. */
static u64 popf_mask(const struct exec *x, u32 bytes)
{
	u64 mask = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;

	if (x->cpl == 0)
		mask |= RFLAGS_IOPL;
	if (x->cpl <= GET(RFLAGS_IOPL, x->cpu->rflags))
		mask |= RFLAGS_IF;
	return mask & bits_byte_mask(bytes);
}

err_t op_popf(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 mask = popf_mask(x, bytes);
	u64 value;
	err_t err;

	if ((x->cpu->rflags & RFLAGS_VM) && GET(RFLAGS_IOPL, x->cpu->rflags) < 3)
		return x->cpu->cr4 & CR4_VME ? ERR_UNSUPPORTED : exec_fault_code(x, VECTOR_GP, 0);
	err = stack_top(x, bytes, &value);
	if (err)
		return err;
	stack_move(x, bytes);
	x->cpu->rflags = (x->cpu->rflags & ~mask) | (value & mask & ~RFLAGS_RF);
	return OK;
}

err_t op_leave(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 old_rsp = x->cpu->gpr[GPR_RSP];
	u64 value;
	err_t err;

	gpr_set(x->cpu, GPR_RSP, stack_pointer_bytes(x), x->cpu->gpr[GPR_RBP]);
	err = stack_top(x, bytes, &value);
	if (err) {
		x->cpu->gpr[GPR_RSP] = old_rsp;
		return err;
	}
	stack_move(x, bytes);
	gpr_set(x->cpu, GPR_RBP, bytes, value);
	return OK;
}
