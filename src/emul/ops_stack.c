// SPDX-License-Identifier: Apache-2.0
// The stack, up to the flags that come from it.
#include "base/mem.h"
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

err_t stack_push_bytes(struct exec *x, const void *bytes, u32 count)
{
	struct span span;
	err_t err = span_open(x, SEG_SS, stack_offset(x, -(s64)count), count, ACCESS_WRITE, &span);

	if (!err)
		err = span_write(x, &span, bytes);
	if (!err)
		stack_move(x, -(s64)count);
	return err;
}

err_t stack_push(struct exec *x, u64 value, u32 bytes)
{
	return stack_push_bytes(x, &value, bytes);
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

#define ENTER_LEVEL_MAX 31

/* Frame pointer `i` of the enclosing procedures, counted from 1. */
static err_t enter_frame_read(struct exec *x, u32 i, u32 bytes, u64 *value)
{
	u64 at = (x->cpu->gpr[GPR_RBP] - (u64)i * bytes) & bits_byte_mask(stack_pointer_bytes(x));
	struct span span;
	err_t err = span_open(x, SEG_SS, at, bytes, ACCESS_READ, &span);

	*value = 0;
	return err ? err : span_read(x, &span, value);
}

/* All that ENTER reads and writes, and the new top, which must be writable as well: so that nothing is half done. */
static err_t enter_check(struct exec *x, u32 bytes, u32 level, u64 size)
{
	u32 pushed = (1 + level) * bytes;
	struct span span;
	u64 value;
	err_t err = span_open(x, SEG_SS, stack_offset(x, -(s64)pushed), pushed, ACCESS_WRITE, &span);

	if (!err)
		err = span_open(x, SEG_SS, stack_offset(x, -(s64)(pushed + size)), 1, ACCESS_WRITE, &span);
	for (u32 i = 1; i < level && !err; i++)
		err = enter_frame_read(x, i, bytes, &value);
	return err;
}

/* One after the other, since the frames may overlap what is pushed. */
static err_t enter_push(struct exec *x, u32 bytes, u32 level, u64 frame)
{
	err_t err = stack_push(x, x->cpu->gpr[GPR_RBP], bytes);
	u64 value;

	for (u32 i = 1; i < level && !err; i++) {
		err = enter_frame_read(x, i, bytes, &value);
		if (!err)
			err = stack_push(x, value, bytes);
	}
	return err || !level ? err : stack_push(x, frame, bytes);
}

/* Pushes RBP, then for nested procedures the enclosing frame pointers and the new one (SDM 2, ENTER). */
err_t op_enter(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 size = (u16)x->operand[0].imm.value.u;
	u32 level = x->operand[1].imm.value.u & ENTER_LEVEL_MAX;
	u64 frame = stack_offset(x, -(s64)bytes);
	u64 old_rsp = x->cpu->gpr[GPR_RSP];
	err_t err = enter_check(x, bytes, level, size);

	if (!err)
		err = enter_push(x, bytes, level, frame);
	if (err) {
		x->cpu->gpr[GPR_RSP] = old_rsp;
		return err;
	}
	stack_move(x, -(s64)size);
	gpr_set(x->cpu, GPR_RBP, bytes, frame);
	return OK;
}

/* The eight general registers, and RSP as it was before (SDM 2, PUSHA). */
err_t op_pusha(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u8 image[8 * 4];

	for (u32 i = 0; i < 8; i++)
		memcpy(image + (7 - i) * bytes, &x->cpu->gpr[i], bytes);
	return stack_push_bytes(x, image, 8 * bytes);
}

err_t op_popa(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u8 image[8 * 4] = {0}; /* loads below take four bytes each */
	struct span span;
	err_t err = span_open(x, SEG_SS, stack_offset(x, 0), 8 * bytes, ACCESS_READ, &span);

	if (!err)
		err = span_read(x, &span, image);
	if (err)
		return err;
	for (u32 i = 0; i < 8; i++)
		if (i != GPR_RSP)
			gpr_set(x->cpu, (enum gpr)i, bytes, load_u32(image + (7 - i) * bytes));
	stack_move(x, 8 * (s64)bytes);
	return OK;
}
