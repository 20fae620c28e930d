// SPDX-License-Identifier: Apache-2.0
// Decoding a plain MOV by hand (SDM 2, Instruction Format; MOV), and doing it with the translation the exit has told.
#include "emul/fast_move.h"

#include "base/mem.h"
#include "emul/exec.h"

#define REX_MASK 0xf0
#define REX 0x40
#define REX_W BIT(3)
#define REX_R BIT(2)
#define REX_X BIT(1)
#define REX_B BIT(0)

#define MODRM_MOD BITS(7, 6)
#define MODRM_REG BITS(5, 3)
#define MODRM_RM BITS(2, 0)
#define SIB_SCALE BITS(7, 6)
#define SIB_INDEX BITS(5, 3)
#define SIB_BASE BITS(2, 0)

#define RM_SIB 4 /* a SIB byte follows */
#define INDEX_NONE 4
#define NO_BASE 5 /* with mod 0: a 32-bit displacement instead */
#define MOD_REGISTER 3

enum move_kind { MOVE_LOAD, MOVE_STORE, MOVE_STORE_CONSTANT };

struct move {
	u8 kind; /* enum move_kind */
	u8 rex;
	u8 reg;
	u8 bytes;
	u8 seg; /* enum seg */
	u32 length;
	u64 offset;
	u64 constant;
	bool is_rip_relative;
};

static u64 signed_u32(const u8 *at)
{
	return (u64)(s64)(s32)load_u32(at);
}

static u64 register_value(const struct exec *x, u64 number, bool is_extended)
{
	return x->cpu->gpr[number | (is_extended ? 8 : 0)];
}

/* The base register's part of the address; its segment with it. */
static void add_base(const struct exec *x, struct move *m, u64 base)
{
	m->offset += register_value(x, base, m->rex & REX_B);
	if (!(m->rex & REX_B) && (base == GPR_RSP || base == GPR_RBP))
		m->seg = SEG_SS;
}

/* SDM 2, 32-Bit Addressing Forms with the ModR/M Byte and with the SIB Byte. False for a register operand. */
static bool decode_modrm(const struct exec *x, struct move *m)
{
	const u8 *insn = x->result->insn;
	u8 modrm = insn[m->length++];
	u64 mod = GET(MODRM_MOD, modrm);
	u64 base = GET(MODRM_RM, modrm);
	bool has_base = true;

	if (mod == MOD_REGISTER)
		return false;
	m->reg = (u8)(GET(MODRM_REG, modrm) | (m->rex & REX_R ? 8 : 0));
	if (base == RM_SIB) {
		u8 sib = insn[m->length++];
		u64 index = GET(SIB_INDEX, sib);

		base = GET(SIB_BASE, sib);
		has_base = mod || base != NO_BASE;
		if (index != INDEX_NONE || m->rex & REX_X)
			m->offset = register_value(x, index, m->rex & REX_X) << GET(SIB_SCALE, sib);
	} else if (!mod && base == NO_BASE) {
		has_base = false;
		m->is_rip_relative = x->is_long;
	}
	if (has_base)
		add_base(x, m, base);
	if (mod == 1) {
		m->offset += (u64)(s64)(s8)insn[m->length];
		m->length += 1;
	} else if (mod == 2 || !has_base) {
		m->offset += signed_u32(insn + m->length);
		m->length += 4;
	}
	return true;
}

/* MOV AL..RAX to and from an offset in the instruction, as wide as addresses are. */
static void decode_absolute(const struct exec *x, struct move *m)
{
	const u8 *at = x->result->insn + m->length;

	m->reg = GPR_RAX;
	m->offset = x->is_long ? load_u64(at) : load_u32(at);
	m->length += x->is_long ? 8 : 4;
}

/* False when it is another instruction. x->result->insn is INSN_BYTES_MAX long, so nothing here reads beyond it. */
static bool decode_move(const struct exec *x, struct move *m)
{
	const u8 *insn = x->result->insn;

	*m = (struct move){.seg = SEG_DS};
	if (x->is_long && (insn[0] & REX_MASK) == REX)
		m->rex = insn[m->length++];
	m->bytes = m->rex & REX_W ? 8 : 4;
	switch (insn[m->length++]) {
	case 0x89:
		m->kind = MOVE_STORE;
		return decode_modrm(x, m);
	case 0x8b:
		m->kind = MOVE_LOAD;
		return decode_modrm(x, m);
	case 0xa1:
		m->kind = MOVE_LOAD;
		decode_absolute(x, m);
		return true;
	case 0xa3:
		m->kind = MOVE_STORE;
		decode_absolute(x, m);
		return true;
	case 0xc7:
		m->kind = MOVE_STORE_CONSTANT;
		if (!decode_modrm(x, m) || m->reg & 7)
			return false;
		m->constant = signed_u32(insn + m->length);
		m->length += 4;
		return true;
	default:
		return false;
	}
}

/* 32- and 64-bit code outside virtual-8086 and real mode, where addresses are made as decode_modrm() makes them. */
static bool is_known_mode(const struct exec *x)
{
	return x->is_long || (x->is_protected && x->cpu->seg[SEG_CS].access & SEG_DB);
}

/* Fetch and decode; false when the page ends before the instruction does, too. */
static bool find_move(struct exec *x, struct move *m)
{
	u32 have;

	if (!x->emul->hint.is_valid || !is_known_mode(x))
		return false;
	have = exec_take_given(x);
	if ((!have && exec_fetch(x, 0, &have)) || !decode_move(x, m) || m->length > have)
		return false;
	x->result->code_bits = x->is_long ? 64 : 32;
	x->result->insn_bytes = (u8)m->length;
	if (m->is_rip_relative)
		m->offset += x->cpu->rip + m->length;
	if (!x->is_long)
		m->offset = (u32)m->offset;
	return true;
}

/* Is the access the one that the exit was for, within a page? The checks on the segment are those of any access. */
static bool is_hinted(struct exec *x, const struct move *m, struct span *span)
{
	const struct emul_hint *hint = &x->emul->hint;
	unsigned access = m->kind == MOVE_LOAD ? ACCESS_READ : ACCESS_WRITE;
	u64 linear;

	if (m->kind != MOVE_LOAD && !hint->is_write)
		return false;
	if (exec_linear(x, (enum seg)m->seg, m->offset, m->bytes, access, &linear) ||
	    (hint->has_gva && linear != hint->gva.v))
		return false;
	return linear % PAGE_BYTES + m->bytes <= PAGE_BYTES && !span_open_linear(x, linear, m->bytes, access, span) &&
	       span->gpa[0].v == hint->gpa.v;
}

static err_t carry_out(struct exec *x, const struct move *m, const struct span *span)
{
	u64 value = m->kind == MOVE_STORE ? x->cpu->gpr[m->reg] : m->constant;
	err_t err;

	if (m->kind != MOVE_LOAD)
		return guest_write(x->emul->memory, span->gpa[0], &value, m->bytes);
	value = 0;
	err = guest_read(x->emul->memory, span->gpa[0], &value, m->bytes);
	if (!err)
		gpr_set(x->cpu, (enum gpr)m->reg, m->bytes, value);
	return err;
}

enum emul_status emul_fast_move(struct emul *e, struct emul_result *result)
{
	struct exec x;
	struct move m;
	struct span span;

	exec_init(&x, e, result);
	if (!find_move(&x, &m) || !is_hinted(&x, &m, &span))
		return EMUL_UNSUPPORTED;
	return exec_status(&x, carry_out(&x, &m, &span));
}
