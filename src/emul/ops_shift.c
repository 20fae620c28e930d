// SPDX-License-Identifier: Apache-2.0
// Shifts and rotates.
#include "emul/arith.h"
#include "emul/ops.h"

typedef u64 shift_fn(u64 a, u32 count, u32 bytes, u64 *flags);

static shift_fn *shift_of(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_SHL:
		return arith_shl;
	case ZYDIS_MNEMONIC_SHR:
		return arith_shr;
	case ZYDIS_MNEMONIC_SAR:
		return arith_sar;
	case ZYDIS_MNEMONIC_ROL:
		return arith_rol;
	case ZYDIS_MNEMONIC_ROR:
		return arith_ror;
	case ZYDIS_MNEMONIC_RCL:
		return arith_rcl;
	default:
		return arith_rcr;
	}
}

/* Operand 0 opened and loaded, and the count in operand `count_index`. */
static err_t shift_begin(struct exec *x, unsigned count_index, struct place *target, u64 *a, u64 *count)
{
	err_t err = place_open(x, 0, ACCESS_WRITE, target);

	if (!err)
		err = operand_load(x, count_index, count);
	if (!err)
		err = place_load(x, target, a);
	return err;
}

err_t op_shift(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 a, count;
	err_t err = shift_begin(x, 1, &target, &a, &count);

	if (!err)
		err = place_store(x, &target, shift_of(x->z->mnemonic)(a, (u8)count, target.bytes, &flags));
	if (!err)
		x->cpu->rflags = flags;
	return err;
}

err_t op_shift_double(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 a, filler, count, r;
	err_t err = shift_begin(x, 2, &target, &a, &count);

	if (!err)
		err = operand_load(x, 1, &filler);
	if (err)
		return err;
	r = x->z->mnemonic == ZYDIS_MNEMONIC_SHLD ? arith_shld(a, filler, (u8)count, target.bytes, &flags)
						  : arith_shrd(a, filler, (u8)count, target.bytes, &flags);
	err = place_store(x, &target, r);
	if (!err)
		x->cpu->rflags = flags;
	return err;
}
