// SPDX-License-Identifier: Apache-2.0
// Multiplication and division.
#include "emul/arith.h"
#include "emul/ops.h"

/* The double-width accumulator: AH:AL for bytes, else rDX:rAX. */
static void wide_set(struct cpu_state *cpu, u32 bytes, u64 high, u64 low)
{
	if (bytes == 1) {
		gpr_set(cpu, GPR_RAX, 2, high << 8 | low);
		return;
	}
	gpr_set(cpu, GPR_RAX, bytes, low);
	gpr_set(cpu, GPR_RDX, bytes, high);
}

static u64 wide_high(const struct cpu_state *cpu, u32 bytes)
{
	return bytes == 1 ? cpu->gpr[GPR_RAX] >> 8 & 0xff : gpr_get(cpu, GPR_RDX, bytes);
}

/* MUL, and IMUL with one operand: the accumulator times operand 0. */
static err_t multiply_wide(struct exec *x, bool is_signed)
{
	u32 bytes = x->operand[0].size / 8u;
	u64 flags = x->cpu->rflags;
	u64 a, low, high;
	err_t err = operand_load(x, 0, &a);

	if (err)
		return err;
	if (is_signed)
		low = arith_imul(gpr_get(x->cpu, GPR_RAX, bytes), a, bytes, &high, &flags);
	else
		low = arith_mul(gpr_get(x->cpu, GPR_RAX, bytes), a, bytes, &high, &flags);
	wide_set(x->cpu, bytes, high, low);
	x->cpu->rflags = flags;
	return OK;
}

err_t op_mul(struct exec *x)
{
	return multiply_wide(x, false);
}

/* IMUL with two or three operands keeps the low half. */
err_t op_imul(struct exec *x)
{
	unsigned count = x->z->operand_count_visible;
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 a, b, high;
	err_t err;

	if (count == 1)
		return multiply_wide(x, true);
	err = operand_load(x, count - 2, &a);
	if (!err)
		err = operand_load(x, count - 1, &b);
	if (!err)
		err = place_open(x, 0, ACCESS_WRITE, &target);
	if (!err)
		err = place_store(x, &target, arith_imul(a, b, target.bytes, &high, &flags));
	if (!err)
		x->cpu->rflags = flags;
	return err;
}

/* The flags are undefined; they stay as they are. */
err_t op_div(struct exec *x)
{
	u32 bytes = x->operand[0].size / 8u;
	u64 divisor, low, high, quotient, remainder;
	bool fits;
	err_t err = operand_load(x, 0, &divisor);

	if (err)
		return err;
	low = gpr_get(x->cpu, GPR_RAX, bytes);
	high = wide_high(x->cpu, bytes);
	if (x->z->mnemonic == ZYDIS_MNEMONIC_DIV)
		fits = arith_div(high, low, divisor, bytes, &quotient, &remainder);
	else
		fits = arith_idiv(high, low, divisor, bytes, &quotient, &remainder);
	if (!fits)
		return exec_fault(x, VECTOR_DE);
	wide_set(x->cpu, bytes, remainder, quotient);
	return OK;
}
