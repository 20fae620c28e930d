// SPDX-License-Identifier: Apache-2.0
// String instructions, with and without a repeat prefix.
#include "emul/arith.h"
#include "emul/ops.h"
#include "emul/string.h"

enum seg exec_segment_or(const struct exec *x, enum seg seg)
{
	ZydisInstructionAttributes a = x->z->attributes;

	if (a & ZYDIS_ATTRIB_HAS_SEGMENT_FS)
		return SEG_FS;
	if (a & ZYDIS_ATTRIB_HAS_SEGMENT_GS)
		return SEG_GS;
	if (x->is_long)
		return seg;
	if (a & ZYDIS_ATTRIB_HAS_SEGMENT_CS)
		return SEG_CS;
	if (a & ZYDIS_ATTRIB_HAS_SEGMENT_SS)
		return SEG_SS;
	if (a & ZYDIS_ATTRIB_HAS_SEGMENT_DS)
		return SEG_DS;
	return a & ZYDIS_ATTRIB_HAS_SEGMENT_ES ? SEG_ES : seg;
}

/* The repeat prefix that counts: the last of them, 0 when there is none. */
static u8 repeat_prefix(const struct exec *x)
{
	u8 prefix = 0;

	for (unsigned i = 0; i < x->z->raw.prefix_count; i++)
		if (x->z->raw.prefixes[i].value == 0xf2 || x->z->raw.prefixes[i].value == 0xf3)
			prefix = x->z->raw.prefixes[i].value;
	return prefix;
}

u32 string_bytes(const struct exec *x)
{
	return x->z->opcode & 1 ? x->z->operand_width / 8u : 1;
}

err_t string_open(struct exec *x, enum gpr index, enum seg seg, u32 bytes, unsigned access, struct span *span)
{
	return span_open(x, seg, x->cpu->gpr[index] & exec_address_mask(x), bytes, access, span);
}

void string_advance(struct exec *x, enum gpr index, u32 bytes)
{
	u64 step = x->cpu->rflags & RFLAGS_DF ? -(u64)bytes : bytes;

	gpr_set(x->cpu, index, x->z->address_width / 8u, x->cpu->gpr[index] + step);
}

/* REPE goes on while ZF is set, REPNE while it is clear; both only for the instructions that compare. */
static bool repeat_goes_on(const struct exec *x, u8 prefix, bool is_compare)
{
	return !is_compare || !(x->cpu->rflags & RFLAGS_ZF) == (prefix == 0xf2);
}

err_t string_run(struct exec *x, op_fn *iterate, bool is_compare)
{
	u32 left = x->emul->repeat_max ? x->emul->repeat_max : EMUL_REPEAT_DEFAULT;
	u32 width = x->z->address_width / 8u;
	u8 prefix = repeat_prefix(x);

	if (!prefix)
		return iterate(x);
	while (gpr_get(x->cpu, GPR_RCX, width)) {
		if (!left--) {
			x->is_again = true;
			return OK;
		}
		err_t err = iterate(x);
		if (err)
			return err;
		gpr_set(x->cpu, GPR_RCX, width, x->cpu->gpr[GPR_RCX] - 1);
		if (!repeat_goes_on(x, prefix, is_compare))
			return OK;
	}
	return OK;
}

static err_t movs_once(struct exec *x)
{
	u32 bytes = string_bytes(x);
	struct span from, to;
	u64 value;
	err_t err = string_open(x, GPR_RSI, exec_segment_or(x, SEG_DS), bytes, ACCESS_READ, &from);

	if (!err)
		err = string_open(x, GPR_RDI, SEG_ES, bytes, ACCESS_WRITE, &to);
	if (!err)
		err = span_read(x, &from, &value);
	if (!err)
		err = span_write(x, &to, &value);
	if (err)
		return err;
	string_advance(x, GPR_RSI, bytes);
	string_advance(x, GPR_RDI, bytes);
	return OK;
}

static err_t stos_once(struct exec *x)
{
	u32 bytes = string_bytes(x);
	struct span to;
	err_t err = string_open(x, GPR_RDI, SEG_ES, bytes, ACCESS_WRITE, &to);

	if (!err)
		err = span_write(x, &to, &x->cpu->gpr[GPR_RAX]);
	if (!err)
		string_advance(x, GPR_RDI, bytes);
	return err;
}

/* Read what `index` points to. */
static err_t string_load(struct exec *x, enum gpr index, enum seg seg, u64 *value)
{
	struct span from;
	err_t err = string_open(x, index, seg, string_bytes(x), ACCESS_READ, &from);

	*value = 0;
	return err ? err : span_read(x, &from, value);
}

static err_t lods_once(struct exec *x)
{
	u64 value;
	err_t err = string_load(x, GPR_RSI, exec_segment_or(x, SEG_DS), &value);

	if (err)
		return err;
	gpr_set(x->cpu, GPR_RAX, string_bytes(x), value);
	string_advance(x, GPR_RSI, string_bytes(x));
	return OK;
}

static err_t scas_once(struct exec *x)
{
	u32 bytes = string_bytes(x);
	u64 value;
	err_t err = string_load(x, GPR_RDI, SEG_ES, &value);

	if (err)
		return err;
	(void)arith_sub(gpr_get(x->cpu, GPR_RAX, bytes), value, false, bytes, &x->cpu->rflags);
	string_advance(x, GPR_RDI, bytes);
	return OK;
}

static err_t cmps_once(struct exec *x)
{
	u32 bytes = string_bytes(x);
	u64 a, b;
	err_t err = string_load(x, GPR_RSI, exec_segment_or(x, SEG_DS), &a);

	if (!err)
		err = string_load(x, GPR_RDI, SEG_ES, &b);
	if (err)
		return err;
	(void)arith_sub(a, b, false, bytes, &x->cpu->rflags);
	string_advance(x, GPR_RSI, bytes);
	string_advance(x, GPR_RDI, bytes);
	return OK;
}

/* MOVSD and CMPSD are SSE2 instructions, too, in the two-byte opcode map. */
static bool is_sse(const struct exec *x)
{
	return x->z->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT;
}

err_t op_movs(struct exec *x)
{
	return is_sse(x) ? op_vector_part(x) : string_run(x, movs_once, false);
}

err_t op_stos(struct exec *x)
{
	return string_run(x, stos_once, false);
}

err_t op_lods(struct exec *x)
{
	return string_run(x, lods_once, false);
}

err_t op_scas(struct exec *x)
{
	return string_run(x, scas_once, true);
}

err_t op_cmps(struct exec *x)
{
	return is_sse(x) ? ERR_UNSUPPORTED : string_run(x, cmps_once, true);
}
