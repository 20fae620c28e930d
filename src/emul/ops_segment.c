// SPDX-License-Identifier: Apache-2.0
// Far transfers, far pointers, and the registers of the system tables.
#include "base/mem.h"
#include "emul/descriptor.h"
#include "emul/ops.h"
#include "emul/stack.h"

/* Bytes of the offset of a far pointer in memory: its operand has a selector behind it. */
static u32 far_offset_bytes(const struct exec *x, unsigned index)
{
	return x->operand[index].size / 8u - 2;
}

/* Read the far pointer in memory operand `index`. */
static err_t far_pointer_read(struct exec *x, unsigned index, u64 *offset, u16 *selector)
{
	u32 bytes = far_offset_bytes(x, index);
	struct span span;
	u8 buf[10];
	err_t err;

	if (bytes > 8)
		return ERR_UNSUPPORTED;
	err = span_open(x, operand_segment(x, index), operand_offset(x, index), bytes + 2, ACCESS_READ, &span);
	if (!err)
		err = span_read(x, &span, buf);
	if (err)
		return err;
	*offset = 0;
	memcpy(offset, buf, bytes);
	*selector = load_u16(buf + bytes);
	return OK;
}

/* The far pointer of JMP or CALL, in the instruction or in memory. */
static err_t far_target(struct exec *x, u64 *offset, u16 *selector)
{
	const ZydisDecodedOperand *operand = &x->operand[0];

	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return far_pointer_read(x, 0, offset, selector);
	if (operand->type != ZYDIS_OPERAND_TYPE_POINTER)
		return ERR_UNSUPPORTED;
	*offset = operand->ptr.offset;
	*selector = operand->ptr.segment;
	return OK;
}

static err_t far_jump_to(struct exec *x, const struct segment *code, u64 target)
{
	segment_set(x, SEG_CS, code);
	x->cpu->rip = target;
	x->is_jump = true;
	return OK;
}

err_t op_jmp_far(struct exec *x)
{
	struct segment code;
	u16 selector;
	u64 target;
	err_t err = far_target(x, &target, &selector);

	if (!err)
		err = segment_find_code(x, selector, false, &target, &code);
	return err ? err : far_jump_to(x, &code, target);
}

err_t op_call_far(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 selector_now = x->cpu->seg[SEG_CS].selector;
	u8 image[16];
	struct segment code;
	u16 selector;
	u64 target;
	err_t err = far_target(x, &target, &selector);

	if (!err)
		err = segment_find_code(x, selector, false, &target, &code);
	memcpy(image, &x->next_rip, bytes);
	memcpy(image + bytes, &selector_now, bytes);
	if (!err)
		err = stack_push_bytes(x, image, 2 * bytes);
	return err ? err : far_jump_to(x, &code, target);
}

/* To the same privilege only. */
err_t op_ret_far(struct exec *x)
{
	u32 bytes = x->z->operand_width / 8u;
	u64 extra = x->z->operand_count_visible ? (u16)x->operand[0].imm.value.u : 0;
	u64 old_rsp = x->cpu->gpr[GPR_RSP];
	struct segment code;
	u64 target, selector;
	err_t err = stack_top(x, bytes, &target);

	stack_move(x, bytes);
	if (!err)
		err = stack_top(x, bytes, &selector);
	if (!err)
		err = segment_find_code(x, (u16)selector, true, &target, &code);
	if (err) {
		x->cpu->gpr[GPR_RSP] = old_rsp;
		return err;
	}
	stack_move(x, (s64)(bytes + extra));
	return far_jump_to(x, &code, target);
}

static enum seg far_pointer_segment(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_LDS:
		return SEG_DS;
	case ZYDIS_MNEMONIC_LES:
		return SEG_ES;
	case ZYDIS_MNEMONIC_LFS:
		return SEG_FS;
	case ZYDIS_MNEMONIC_LGS:
		return SEG_GS;
	default:
		return SEG_SS;
	}
}

/* LDS and its family. LSS holds off no interrupts: it loads the stack pointer as well. */
err_t op_load_far(struct exec *x)
{
	struct place target;
	u16 selector;
	u64 offset;
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	if (!err)
		err = far_pointer_read(x, 1, &offset, &selector);
	if (!err)
		err = segment_load_data(x, far_pointer_segment(x->z->mnemonic), selector);
	x->result->blocking = 0;
	return err ? err : place_store(x, &target, offset);
}

/* LLDT and LTR. */
err_t op_load_system(struct exec *x)
{
	u64 selector;
	err_t err;

	if (!x->is_protected)
		return exec_fault(x, VECTOR_UD);
	if (x->cpl)
		return exec_fault_code(x, VECTOR_GP, 0);
	err = operand_load(x, 0, &selector);
	if (err)
		return err;
	return segment_load_system(x, x->z->mnemonic == ZYDIS_MNEMONIC_LTR ? SEG_TR : SEG_LDTR, (u16)selector);
}

/* What SLDT, STR and SMSW tell; UMIP keeps it from user code. */
static err_t store_system(struct exec *x, u64 value)
{
	struct place target;
	err_t err;

	if ((x->cpu->cr4 & CR4_UMIP) && x->cpl)
		return exec_fault_code(x, VECTOR_GP, 0);
	err = place_open(x, 0, ACCESS_WRITE, &target);
	return err ? err : place_store(x, &target, value);
}

err_t op_store_system(struct exec *x)
{
	if (x->z->mnemonic == ZYDIS_MNEMONIC_SMSW)
		return store_system(x, x->cpu->cr0);
	if (!x->is_protected)
		return exec_fault(x, VECTOR_UD);
	return store_system(x, x->cpu->seg[x->z->mnemonic == ZYDIS_MNEMONIC_STR ? SEG_TR : SEG_LDTR].selector);
}

/* LMSW sets the low four bits of CR0, but never clears PE; setting PE is the VM's business. */
err_t op_lmsw(struct exec *x)
{
	const u64 settable = CR0_MP | CR0_EM | CR0_TS;
	u64 value;
	err_t err;

	if (x->cpl)
		return exec_fault_code(x, VECTOR_GP, 0);
	err = operand_load(x, 0, &value);
	if (err)
		return err;
	if ((value & CR0_PE) && !(x->cpu->cr0 & CR0_PE))
		return ERR_UNSUPPORTED;
	x->cpu->cr0 = (x->cpu->cr0 & ~settable) | (value & settable);
	x->result->changed |= EMUL_CHANGED_CONTROL;
	return OK;
}
