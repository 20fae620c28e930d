// SPDX-License-Identifier: Apache-2.0
// Vector moves to and from memory: what copy loops use on device memory.
#include "base/mem.h"
#include "emul/ops.h"

static bool is_vector_register(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ((operand->reg.value >= ZYDIS_REGISTER_XMM0 && operand->reg.value <= ZYDIS_REGISTER_XMM15) ||
		(operand->reg.value >= ZYDIS_REGISTER_YMM0 && operand->reg.value <= ZYDIS_REGISTER_YMM15));
}

static unsigned vector_index(const ZydisDecodedOperand *operand)
{
	ZydisRegister first = operand->reg.value >= ZYDIS_REGISTER_YMM0 ? ZYDIS_REGISTER_YMM0 : ZYDIS_REGISTER_XMM0;

	return (unsigned)(operand->reg.value - first);
}

static bool is_vex(const struct exec *x)
{
	return x->z->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}

/* SDM 3A, Interaction of SSE with CR0 and CR4; SDM 2, Exceptions Type 1 and 4 for the VEX forms. */
static err_t vector_check(struct exec *x)
{
	const struct cpu_state *cpu = x->cpu;
	u64 avx = XFEATURE_SSE | XFEATURE_AVX;

	if (!x->emul->vectors)
		return ERR_UNSUPPORTED;
	if (is_vex(x)) {
		if (!x->is_protected || !(cpu->cr4 & CR4_OSXSAVE) || (cpu->xcr0 & avx) != avx)
			return exec_fault(x, VECTOR_UD);
	} else if ((cpu->cr0 & CR0_EM) || !(cpu->cr4 & CR4_OSFXSR)) {
		return exec_fault(x, VECTOR_UD);
	}
	return cpu->cr0 & CR0_TS ? exec_fault(x, VECTOR_NM) : OK;
}

static err_t vector_read(struct exec *x, unsigned index, void *buf, u32 bytes)
{
	return x->emul->vectors->read(x->emul->vectors, vector_index(&x->operand[index]), buf, bytes);
}

/* VEX forms clear what is above the operand, the old ones leave it. */
static err_t vector_write(struct exec *x, unsigned index, const void *buf, u32 bytes)
{
	return x->emul->vectors->write(x->emul->vectors, vector_index(&x->operand[index]), buf, bytes, is_vex(x));
}

static bool needs_alignment(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVUPD:
	case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_LDDQU:
	case ZYDIS_MNEMONIC_VMOVUPS:
	case ZYDIS_MNEMONIC_VMOVUPD:
	case ZYDIS_MNEMONIC_VMOVDQU:
	case ZYDIS_MNEMONIC_VLDDQU:
		return false;
	default:
		return true;
	}
}

/* Open memory operand `index`; a misaligned one is #GP(0) where the instruction wants alignment. */
static err_t vector_open(struct exec *x, unsigned index, u32 bytes, unsigned access, bool is_aligned, struct span *span)
{
	u64 linear;
	err_t err = exec_linear(x, operand_segment(x, index), operand_offset(x, index), bytes, access, &linear);

	if (!err && is_aligned && linear % bytes)
		return exec_fault_code(x, VECTOR_GP, 0);
	return err ? err : span_open_linear(x, linear, bytes, access, span);
}

/* Whole registers: operand 0 and 1, either of them in memory. */
err_t op_vector_full(struct exec *x)
{
	u32 bytes = x->operand[0].size / 8u;
	bool is_aligned = needs_alignment(x->z->mnemonic);
	struct span span;
	u8 buf[32];
	err_t err = vector_check(x);

	if (err)
		return err;
	if (bytes != 16 && bytes != 32)
		return ERR_UNSUPPORTED;
	if (x->operand[1].type == ZYDIS_OPERAND_TYPE_MEMORY) {
		err = vector_open(x, 1, bytes, ACCESS_READ, is_aligned, &span);
		if (!err)
			err = span_read(x, &span, buf);
	} else {
		err = vector_read(x, 1, buf, bytes);
	}
	if (err)
		return err;
	if (x->operand[0].type != ZYDIS_OPERAND_TYPE_MEMORY)
		return vector_write(x, 0, buf, bytes);
	err = vector_open(x, 0, bytes, ACCESS_WRITE, is_aligned, &span);
	return err ? err : span_write(x, &span, buf);
}

static bool is_high_half(ZydisMnemonic mnemonic)
{
	return mnemonic == ZYDIS_MNEMONIC_MOVHPS || mnemonic == ZYDIS_MNEMONIC_MOVHPD;
}

/* MOVLPx and MOVHPx leave the other half alone, the others clear what they don't load. */
static bool merges(ZydisMnemonic mnemonic)
{
	return is_high_half(mnemonic) || mnemonic == ZYDIS_MNEMONIC_MOVLPS || mnemonic == ZYDIS_MNEMONIC_MOVLPD;
}

static err_t part_load(struct exec *x)
{
	u32 at = is_high_half(x->z->mnemonic) ? 8 : 0;
	u8 buf[16] = {0};
	struct place source;
	u64 value;
	err_t err = place_open(x, 1, ACCESS_READ, &source);

	if (!err)
		err = place_load(x, &source, &value);
	if (!err && merges(x->z->mnemonic))
		err = vector_read(x, 0, buf, 16);
	if (err)
		return err;
	memcpy(buf + at, &value, source.bytes);
	return vector_write(x, 0, buf, 16);
}

static err_t part_store(struct exec *x)
{
	u32 at = is_high_half(x->z->mnemonic) ? 8 : 0;
	struct place target;
	u8 buf[16];
	err_t err = place_open(x, 0, ACCESS_WRITE, &target);

	if (!err)
		err = vector_read(x, 1, buf, 16);
	return err ? err : place_store(x, &target, load_u64(buf + at));
}

/* A part of an XMM register, to or from memory or a general register. */
err_t op_vector_part(struct exec *x)
{
	bool is_load = is_vector_register(&x->operand[0]);
	bool is_store = is_vector_register(&x->operand[1]);
	err_t err = vector_check(x);

	if (err)
		return err;
	if (is_load == is_store)
		return ERR_UNSUPPORTED;
	return is_load ? part_load(x) : part_store(x);
}
