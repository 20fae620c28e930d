// SPDX-License-Identifier: Apache-2.0
// Bit tests, scans and counts.
#include "emul/arith.h"
#include "emul/ops.h"

static u64 bit_result(ZydisMnemonic mnemonic, u64 a, u64 bit)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_BTS:
		return a | bit;
	case ZYDIS_MNEMONIC_BTR:
		return a & ~bit;
	case ZYDIS_MNEMONIC_BTC:
		return a ^ bit;
	default:
		return a;
	}
}

/*
 * A bit offset in a register reaches beyond a memory operand, in both directions: the operand moves by whole units
 * (SDM 2, BT). A constant is taken modulo the operand's size.
 */
static err_t bit_place_open(struct exec *x, u64 bit_offset, unsigned access, struct place *place)
{
	u32 bytes = x->operand[0].size / 8u;
	s64 units = (s64)bits_sign_extend(bit_offset, bytes) >> (bytes == 8 ? 6 : bytes == 4 ? 5 : 4);
	u64 offset;

	if (x->operand[0].type != ZYDIS_OPERAND_TYPE_MEMORY || x->operand[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
		return place_open(x, 0, access, place);
	offset = (operand_offset(x, 0) + (u64)units * bytes) & exec_address_mask(x);
	place->kind = PLACE_MEMORY;
	place->bytes = bytes;
	return span_open(x, operand_segment(x, 0), offset, bytes, access, &place->span);
}

err_t op_bit_test(struct exec *x)
{
	bool is_test = x->z->mnemonic == ZYDIS_MNEMONIC_BT;
	struct place place;
	u64 bit_offset, a, bit;
	err_t err = operand_load(x, 1, &bit_offset);

	if (!err)
		err = bit_place_open(x, bit_offset, is_test ? ACCESS_READ : ACCESS_WRITE, &place);
	if (!err)
		err = place_load(x, &place, &a);
	if (err)
		return err;
	bit = BIT(bit_offset & (8 * place.bytes - 1));
	if (!is_test)
		err = place_update(x, &place, a, bit_result(x->z->mnemonic, a, bit), exec_has_lock(x));
	if (!err)
		x->cpu->rflags = (x->cpu->rflags & ~RFLAGS_CF) | (a & bit ? RFLAGS_CF : 0);
	return err;
}

/*
 * ZF tells a source of 0, the other flags are undefined. With such a source the target stays as it is, its upper half
 * too, on all processors so far.
 */
err_t op_bit_scan(struct exec *x)
{
	struct place target;
	u64 flags = x->cpu->rflags;
	u64 a;
	err_t err = operand_load(x, 1, &a);

	if (!err)
		err = place_open(x, 0, ACCESS_WRITE, &target);
	if (err)
		return err;
	flags &= ~RFLAGS_STATUS;
	if (!a) {
		x->cpu->rflags = flags | RFLAGS_ZF | RFLAGS_PF;
		return OK;
	}
	u64 r = x->z->mnemonic == ZYDIS_MNEMONIC_BSF ? bit_lowest(a) : bit_highest(a);

	err = place_store(x, &target, r);
	if (!err)
		x->cpu->rflags = flags | (arith_result_flags(r, target.bytes) & RFLAGS_PF);
	return err;
}

static u64 bits_counted(ZydisMnemonic mnemonic, u64 a, u32 bytes)
{
	u64 count = 0;

	if (mnemonic == ZYDIS_MNEMONIC_POPCNT) {
		for (; a; a &= a - 1)
			count++;
		return count;
	}
	if (!a)
		return 8 * bytes;
	return mnemonic == ZYDIS_MNEMONIC_TZCNT ? bit_lowest(a) : 8 * bytes - 1 - bit_highest(a);
}

/* TZCNT and LZCNT set CF for a source and ZF for a result of 0, POPCNT ZF for a source of 0 and clears the rest. */
err_t op_bit_count(struct exec *x)
{
	struct place target;
	u64 a, r, flags;
	err_t err = operand_load(x, 1, &a);

	if (!err)
		err = place_open(x, 0, ACCESS_WRITE, &target);
	if (err)
		return err;
	r = bits_counted(x->z->mnemonic, a, target.bytes);
	flags = x->cpu->rflags & ~RFLAGS_STATUS;
	flags |= r ? 0 : RFLAGS_ZF;
	flags |= !a && x->z->mnemonic != ZYDIS_MNEMONIC_POPCNT ? RFLAGS_CF : 0;
	err = place_store(x, &target, r);
	if (!err)
		x->cpu->rflags = flags;
	return err;
}
