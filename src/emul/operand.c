// SPDX-License-Identifier: Apache-2.0
// Operands: general and segment registers, constants, and memory with its effective address.
#include "emul/descriptor.h"
#include "emul/exec.h"

/* The register groups of Zydis; each is in encoding order. */
static bool reg_is_in(ZydisRegister reg, ZydisRegister first, ZydisRegister last)
{
	return reg >= first && reg <= last;
}

static bool reg_is_high_byte(ZydisRegister reg)
{
	return reg_is_in(reg, ZYDIS_REGISTER_AH, ZYDIS_REGISTER_BH);
}

/* Number of the general register that `reg` is a part of. */
static enum gpr reg_gpr(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_RAX)
		return (enum gpr)(reg - ZYDIS_REGISTER_RAX);
	if (reg >= ZYDIS_REGISTER_EAX)
		return (enum gpr)(reg - ZYDIS_REGISTER_EAX);
	if (reg >= ZYDIS_REGISTER_AX)
		return (enum gpr)(reg - ZYDIS_REGISTER_AX);
	if (reg >= ZYDIS_REGISTER_SPL)
		return (enum gpr)(reg - ZYDIS_REGISTER_SPL + GPR_RSP);
	if (reg_is_high_byte(reg))
		return (enum gpr)(reg - ZYDIS_REGISTER_AH);
	return (enum gpr)(reg - ZYDIS_REGISTER_AL);
}

static u64 reg_load(const struct cpu_state *cpu, ZydisRegister reg, u32 bytes)
{
	if (reg_is_in(reg, ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS))
		return cpu->seg[reg - ZYDIS_REGISTER_ES].selector;
	if (reg_is_high_byte(reg))
		return cpu->gpr[reg_gpr(reg)] >> 8 & 0xff;
	return gpr_get(cpu, reg_gpr(reg), bytes);
}

static void reg_store(struct cpu_state *cpu, ZydisRegister reg, u32 bytes, u64 value)
{
	if (reg_is_high_byte(reg)) {
		u64 *gpr = &cpu->gpr[reg_gpr(reg)];

		*gpr = (*gpr & ~0xff00ull) | (value & 0xff) << 8;
		return;
	}
	gpr_set(cpu, reg_gpr(reg), bytes, value);
}

enum seg operand_segment(const struct exec *x, unsigned index)
{
	ZydisRegister reg = x->operand[index].mem.segment;

	return reg_is_in(reg, ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS) ? (enum seg)(reg - ZYDIS_REGISTER_ES) : SEG_DS;
}

/* The base register of the address; Zydis 4.0.0 overlooks that R13D without displacement means none, too. */
static u64 address_base(const struct exec *x, const ZydisDecodedOperandMem *mem)
{
	bool is_none = mem->base == ZYDIS_REGISTER_R13D && x->z->raw.modrm.mod == 0 && x->z->raw.modrm.rm == 4;

	if (mem->base == ZYDIS_REGISTER_NONE || is_none)
		return 0;
	if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
		return x->next_rip;
	return x->cpu->gpr[reg_gpr(mem->base)];
}

u64 operand_offset(const struct exec *x, unsigned index)
{
	const ZydisDecodedOperandMem *mem = &x->operand[index].mem;
	u64 offset = address_base(x, mem) + (u64)x->z->raw.disp.value;

	if (mem->index != ZYDIS_REGISTER_NONE)
		offset += x->cpu->gpr[reg_gpr(mem->index)] * mem->scale;
	return offset & exec_address_mask(x);
}

static err_t place_open_register(const ZydisDecodedOperand *operand, struct place *place)
{
	ZydisRegister reg = operand->reg.value;

	place->kind = PLACE_REGISTER;
	place->reg = reg;
	return reg_is_in(reg, ZYDIS_REGISTER_AL, ZYDIS_REGISTER_R15) ||
			       reg_is_in(reg, ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS)
		       ? OK
		       : ERR_UNSUPPORTED;
}

err_t place_open(struct exec *x, unsigned index, unsigned access, struct place *place)
{
	const ZydisDecodedOperand *operand = &x->operand[index];

	place->bytes = operand->size / 8u;
	if (!place->bytes || place->bytes > 8)
		return ERR_UNSUPPORTED;
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return place_open_register(operand, place);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		place->kind = PLACE_CONSTANT;
		place->constant = operand->imm.value.u;
		return OK;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM)
			return ERR_UNSUPPORTED;
		place->kind = PLACE_MEMORY;
		return span_open(x, operand_segment(x, index), operand_offset(x, index), place->bytes, access,
				 &place->span);
	default:
		return ERR_UNSUPPORTED;
	}
}

err_t place_load(struct exec *x, const struct place *place, u64 *value)
{
	*value = 0;
	switch (place->kind) {
	case PLACE_REGISTER:
		*value = reg_load(x->cpu, place->reg, place->bytes);
		return OK;
	case PLACE_CONSTANT:
		*value = place->constant;
		return OK;
	default:
		return span_read(x, &place->span, value);
	}
}

err_t place_store(struct exec *x, const struct place *place, u64 value)
{
	if (place->kind == PLACE_MEMORY)
		return span_write(x, &place->span, &value);
	if (reg_is_in(place->reg, ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS))
		return segment_load_data(x, (enum seg)(place->reg - ZYDIS_REGISTER_ES), (u16)value);
	reg_store(x->cpu, place->reg, place->bytes, value);
	return OK;
}

err_t place_update(struct exec *x, const struct place *place, u64 loaded, u64 desired, bool is_atomic)
{
	if (place->kind != PLACE_MEMORY || !is_atomic || place->span.bytes[1])
		return place_store(x, place, desired);
	err_t err = guest_compare_exchange(x->emul->memory, place->span.gpa[0], &loaded, &desired, place->bytes);

	return err == ERR_UNSUPPORTED ? place_store(x, place, desired) : err;
}

err_t operand_load(struct exec *x, unsigned index, u64 *value)
{
	struct place place;
	err_t err = place_open(x, index, ACCESS_READ, &place);

	return err ? err : place_load(x, &place, value);
}
