// SPDX-License-Identifier: Apache-2.0
// The arithmetic and logic group.
#include "emul/arith.h"
#include "emul/ops.h"

static u64 alu_result(ZydisMnemonic mnemonic, u64 a, u64 b, u32 bytes, u64 *flags)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_ADD:
		return arith_add(a, b, false, bytes, flags);
	case ZYDIS_MNEMONIC_ADC:
		return arith_add(a, b, *flags & RFLAGS_CF, bytes, flags);
	case ZYDIS_MNEMONIC_SUB:
		return arith_sub(a, b, false, bytes, flags);
	case ZYDIS_MNEMONIC_SBB:
		return arith_sub(a, b, *flags & RFLAGS_CF, bytes, flags);
	case ZYDIS_MNEMONIC_AND:
		return arith_logic(a & b, bytes, flags);
	case ZYDIS_MNEMONIC_OR:
		return arith_logic(a | b, bytes, flags);
	default:
		return arith_logic(a ^ b, bytes, flags);
	}
}

/* Operand 0 for `access` and operand 1, both loaded; constants cut to the operand's size. */
static err_t pair_begin(struct exec *x, unsigned access, struct place *target, u64 *a, u64 *b)
{
	err_t err = place_open(x, 0, access, target);

	if (!err)
		err = operand_load(x, 1, b);
	if (!err)
		err = place_load(x, target, a);
	if (!err)
		*b &= bits_byte_mask(target->bytes);
	return err;
}

err_t op_alu(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 a, b;
	err_t err = pair_begin(x, ACCESS_WRITE, &target, &a, &b);

	if (err)
		return err;
	err = place_update(x, &target, a, alu_result(x->z->mnemonic, a, b, target.bytes, &flags), exec_has_lock(x));
	if (!err)
		x->cpu->rflags = flags;
	return err;
}

err_t op_cmp(struct exec *x)
{
	struct place target;
	u64 a, b;
	err_t err = pair_begin(x, ACCESS_READ, &target, &a, &b);

	if (!err)
		(void)arith_sub(a, b, false, target.bytes, &x->cpu->rflags);
	return err;
}

err_t op_test(struct exec *x)
{
	struct place target;
	u64 a, b;
	err_t err = pair_begin(x, ACCESS_READ, &target, &a, &b);

	if (!err)
		(void)arith_logic(a & b, target.bytes, &x->cpu->rflags);
	return err;
}

static u64 unary_result(ZydisMnemonic mnemonic, u64 a, u32 bytes, u64 *flags)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_INC:
		return arith_inc(a, bytes, flags);
	case ZYDIS_MNEMONIC_DEC:
		return arith_dec(a, bytes, flags);
	case ZYDIS_MNEMONIC_NEG:
		return arith_sub(0, a, false, bytes, flags);
	default:
		return ~a;
	}
}

err_t op_unary(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 a;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	if (!err)
		err = place_load(x, &target, &a);
	if (!err)
		err = place_update(x, &target, a, unary_result(x->z->mnemonic, a, target.bytes, &flags),
				   exec_has_lock(x));
	if (!err)
		x->cpu->rflags = flags;
	return err;
}
