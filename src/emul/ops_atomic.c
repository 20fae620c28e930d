// SPDX-License-Identifier: Apache-2.0
// Exchanges. When another CPU changed the operand between the load and the store, the instruction starts over.
#include "base/mem.h"
#include "emul/arith.h"
#include "emul/ops.h"

/* XCHG with memory locks by itself (SDM 2, XCHG). */
err_t op_xchg(struct exec *x)
{
	struct place a, b;
	u64 in_a, in_b;
	err_t err = place_open(x, 0, ACCESS_WRITE, &a);

	if (!err)
		err = place_open(x, 1, ACCESS_WRITE, &b);
	if (!err)
		err = place_load(x, &a, &in_a);
	if (!err)
		err = place_load(x, &b, &in_b);
	if (err)
		return err;
	if (b.kind == PLACE_MEMORY) {
		err = place_update(x, &b, in_b, in_a, true);
		return err ? err : place_store(x, &a, in_b);
	}
	err = place_update(x, &a, in_a, in_b, true);
	return err ? err : place_store(x, &b, in_a);
}

/* The source gets the old target; then the target the sum, which wins when both are the same register. */
err_t op_xadd(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target, source;
	u64 a, b, sum;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	if (!err)
		err = place_open(x, 1, ACCESS_WRITE, &source);
	if (!err)
		err = place_load(x, &target, &a);
	if (!err)
		err = place_load(x, &source, &b);
	if (err)
		return err;
	sum = arith_add(a, b, false, target.bytes, &flags);
	if (target.kind == PLACE_MEMORY) {
		err = place_update(x, &target, a, sum, exec_has_lock(x));
		if (!err)
			err = place_store(x, &source, a);
	} else {
		err = place_store(x, &source, a);
		if (!err)
			err = place_store(x, &target, sum);
	}
	if (!err)
		x->cpu->rflags = flags;
	return err;
}

/* The target is written in any case: with the source, or with what it held (SDM 2, CMPXCHG). */
err_t op_cmpxchg(struct exec *x)
{
	u64 flags = x->cpu->rflags;
	struct place target;
	u64 found, desired;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	if (!err)
		err = place_load(x, &target, &found);
	if (!err)
		err = operand_load(x, 1, &desired);
	if (err)
		return err;
	(void)arith_sub(gpr_get(x->cpu, GPR_RAX, target.bytes), found, false, target.bytes, &flags);
	bool is_equal = flags & RFLAGS_ZF;

	if (is_equal || target.kind == PLACE_MEMORY)
		err = place_update(x, &target, found, is_equal ? desired : found, exec_has_lock(x));
	if (err)
		return err;
	if (!is_equal)
		gpr_set(x->cpu, GPR_RAX, target.bytes, found);
	x->cpu->rflags = flags;
	return OK;
}

/* The pair RDX:RAX or RCX:RBX as the bytes of a memory operand; `half` is 4 or 8. */
static void pair_get(const struct cpu_state *cpu, enum gpr high, enum gpr low, u32 half, u8 *out)
{
	u64 l = cpu->gpr[low], h = cpu->gpr[high];

	memcpy(out, &l, half);
	memcpy(out + half, &h, half);
}

static err_t pair_update(struct exec *x, const struct span *span, const u8 *found, const u8 *desired, u32 bytes)
{
	err_t err = ERR_UNSUPPORTED;

	if (exec_has_lock(x) && !span->bytes[1])
		err = guest_compare_exchange(x->emul->memory, span->gpa[0], found, desired, bytes);
	return err == ERR_UNSUPPORTED ? span_write(x, span, desired) : err;
}

/* CMPXCHG8B and CMPXCHG16B; the latter wants its operand aligned. */
err_t op_cmpxchg_pair(struct exec *x)
{
	u32 bytes = x->operand[0].size / 8u;
	u32 half = bytes / 2;
	u64 offset = operand_offset(x, 0);
	u8 found[16], expected[16], desired[16];
	struct span span;
	u64 linear;
	err_t err = exec_linear(x, operand_segment(x, 0), offset, bytes, ACCESS_WRITE, &linear);

	if (!err && bytes == 16 && linear % 16)
		return exec_fault_code(x, VECTOR_GP, 0);
	if (!err)
		err = span_open_linear(x, linear, bytes, ACCESS_WRITE, &span);
	if (!err)
		err = span_read(x, &span, found);
	if (err)
		return err;
	pair_get(x->cpu, GPR_RDX, GPR_RAX, half, expected);
	pair_get(x->cpu, GPR_RCX, GPR_RBX, half, desired);
	bool is_equal = !memcmp(found, expected, bytes);

	err = pair_update(x, &span, found, is_equal ? desired : found, bytes);
	if (err)
		return err;
	x->cpu->rflags = (x->cpu->rflags & ~RFLAGS_ZF) | (is_equal ? RFLAGS_ZF : 0);
	if (!is_equal) {
		gpr_set(x->cpu, GPR_RAX, half, half == 8 ? load_u64(found) : load_u32(found));
		gpr_set(x->cpu, GPR_RDX, half, half == 8 ? load_u64(found + 8) : load_u32(found + 4));
	}
	return OK;
}
