// SPDX-License-Identifier: Apache-2.0
// Moves between registers and memory, and what only computes an address or extends a value.
#include "emul/arith.h"
#include "emul/ops.h"

/* Open operand 0 for writing and operand 1 for reading, and load the latter. */
static err_t move_begin(struct exec *x, struct place *target, u64 *value)
{
	struct place source;
	err_t err = place_open(x, 0, ACCESS_WRITE, target);

	if (!err)
		err = place_open(x, 1, ACCESS_READ, &source);
	if (!err)
		err = place_load(x, &source, value);
	return err;
}

/* MOV, MOVZX, MOVNTI: sources are zero-extended, constants sign-extended already. */
err_t op_mov(struct exec *x)
{
	struct place target;
	u64 value;
	err_t err;

	if (x->z->opcode_map == ZYDIS_OPCODE_MAP_0F && x->z->opcode >= 0x20 && x->z->opcode <= 0x23)
		return op_mov_system(x);
	err = move_begin(x, &target, &value);
	return err ? err : place_store(x, &target, value);
}

err_t op_movsx(struct exec *x)
{
	struct place target;
	u64 value;
	err_t err = move_begin(x, &target, &value);

	return err ? err : place_store(x, &target, bits_sign_extend(value, x->operand[1].size / 8u));
}

static u64 bytes_swapped(u64 value, u32 bytes)
{
	return __builtin_bswap64(value) >> (64 - 8 * bytes);
}

err_t op_movbe(struct exec *x)
{
	struct place target;
	u64 value;
	err_t err = move_begin(x, &target, &value);

	return err ? err : place_store(x, &target, bytes_swapped(value, target.bytes));
}

/* With a 16-bit operand the result is undefined; Intel's processors give 0. */
err_t op_bswap(struct exec *x)
{
	struct place place;
	u64 value;
	err_t err = place_open(x, 0, ACCESS_WRITE, &place);

	if (!err)
		err = place_load(x, &place, &value);
	if (err)
		return err;
	return place_store(x, &place, place.bytes == 2 ? 0 : bytes_swapped(value, place.bytes));
}

err_t op_lea(struct exec *x)
{
	struct place target;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	return err ? err : place_store(x, &target, operand_offset(x, 1));
}

/* The condition is the low half of the opcode. The source is read, and the upper half cleared, in any case. */
err_t op_cmov(struct exec *x)
{
	struct place target;
	u64 value, kept;
	err_t err = move_begin(x, &target, &value);

	if (!err)
		err = place_load(x, &target, &kept);
	if (err)
		return err;
	return place_store(x, &target, arith_condition(x->cpu->rflags, x->z->opcode & 0xf) ? value : kept);
}

err_t op_set(struct exec *x)
{
	struct place target;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	return err ? err : place_store(x, &target, arith_condition(x->cpu->rflags, x->z->opcode & 0xf));
}

/* CBW and its family: AL into AX, or the sign of AX into DX, by operand size. */
err_t op_convert(struct exec *x)
{
	struct cpu_state *cpu = x->cpu;
	u32 bytes = x->z->operand_width / 8u;

	if (x->z->opcode == 0x98)
		gpr_set(cpu, GPR_RAX, bytes, bits_sign_extend(cpu->gpr[GPR_RAX], bytes / 2));
	else
		gpr_set(cpu, GPR_RDX, bytes, cpu->gpr[GPR_RAX] & sign_bit(bytes) ? ~0ull : 0);
	return OK;
}

err_t op_xlat(struct exec *x)
{
	u64 offset = (x->cpu->gpr[GPR_RBX] + (x->cpu->gpr[GPR_RAX] & 0xff)) & exec_address_mask(x);
	struct span span;
	u8 value;
	err_t err = span_open(x, exec_segment_or(x, SEG_DS), offset, 1, ACCESS_READ, &span);

	if (!err)
		err = span_read(x, &span, &value);
	if (!err)
		gpr_set(x->cpu, GPR_RAX, 1, value);
	return err;
}
