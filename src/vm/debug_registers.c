// SPDX-License-Identifier: Apache-2.0
// gdb's registers from and to the state of a vcpu that is put away (SDM 1, XSAVE Area).
#include "base/mem.h"
#include "gdb/registers.h"
#include "hvm/switch.h"
#include "vm/apicv.h"
#include "vm/debug_priv.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The legacy region (SDM 1, Layout of the XSAVE legacy region). */
enum { FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FCS = 12, FDP = 16, FDS = 20, MXCSR = 24, ST = 32, XMM = 160 };
#define LEGACY_BYTES 512
#define XSTATE_BV LEGACY_BYTES

/* XSAVE's components by their bit. */
enum { X87 = 0, SSE = 1, AVX = 2, OPMASK = 5, ZMM_HIGH = 6, ZMM_16_31 = 7 };
#define CPUID_XSAVE 0xd

/* --- x87 and vectors ------------------------------------------------------------------------------------------- */
static u8 *component(const struct vcpu *v, unsigned bit)
{
	u8 *area = v->hvm.xsave;

	return bit <= SSE ? area : area + cpuid(CPUID_XSAVE, bit).ebx;
}

/* Where a register of the XSAVE area lies, and in which component; NULL for those that have to be put together. */
static u8 *vector_at(const struct vcpu *v, enum gdb_register reg, unsigned *bit)
{
	static const struct {
		u16 first;
		u16 count;
		u8 bit;
		u8 step;
		u16 start;
	} banks[] = {
		{GDB_st0, 8, X87, 16, ST},           {GDB_xmm0, 16, SSE, 16, XMM},
		{GDB_mxcsr, 1, SSE, 4, MXCSR},       {GDB_ymm0h, 16, AVX, 16, 0},
		{GDB_k0, 8, OPMASK, 8, 0},           {GDB_zmm0h, 16, ZMM_HIGH, 32, 0},
		{GDB_xmm16, 16, ZMM_16_31, 64, 0},   {GDB_ymm16h, 16, ZMM_16_31, 64, 16},
		{GDB_zmm16h, 16, ZMM_16_31, 64, 32},
	};

	for (u32 i = 0; i < ARRAY_COUNT(banks); i++) {
		u32 index = (u32)reg - banks[i].first;

		if (reg < banks[i].first || index >= banks[i].count)
			continue;
		*bit = banks[i].bit;
		return component(v, banks[i].bit) + banks[i].start + index * banks[i].step;
	}
	return NULL;
}

/* A component in its initial state may not have been written. */
static bool is_initial(const struct vcpu *v, unsigned bit)
{
	return bit > SSE && switch_xfeatures() && !(load_u64((u8 *)v->hvm.xsave + XSTATE_BV) >> bit & 1);
}

static void component_begin(struct vcpu *v, unsigned bit)
{
	u8 *area = v->hvm.xsave;

	if (is_initial(v, bit))
		memset(component(v, bit), 0, cpuid(CPUID_XSAVE, bit).eax);
	if (switch_xfeatures())
		store_u64(area + XSTATE_BV, load_u64(area + XSTATE_BV) | BIT(bit));
}

/* The full tag word from the abridged one (SDM 1, x87 FPU Tag Word): 3 empty, 2 special, 1 zero, 0 valid. */
static u32 tag_of(const u8 *st)
{
	u64 mantissa = load_u64(st);
	u32 exponent = load_u16(st + 8) & 0x7fff;

	if (exponent == 0)
		return mantissa ? 2 : 1;
	return exponent == 0x7fff || !(mantissa >> 63) ? 2 : 0;
}

static u32 tags_full(const u8 *area)
{
	unsigned top = load_u16(area + FSW) >> 11 & 7;
	u32 tags = 0;

	for (unsigned i = 0; i < 8; i++) {
		const u8 *st = area + ST + 16 * ((i - top) & 7);

		tags |= (area[FTW] >> i & 1 ? tag_of(st) : 3) << 2 * i;
	}
	return tags;
}

static u8 tags_abridge(u32 tags)
{
	u8 abridged = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((tags >> 2 * i & 3) != 3)
			abridged |= (u8)(1u << i);
	return abridged;
}

/* fctrl to fop: what each is in the legacy region. */
static const struct {
	u8 offset;
	u8 bytes;
} float_fields[] = {{FCW, 2}, {FSW, 2}, {FTW, 1}, {FCS, 2}, {FIP, 4}, {FDS, 2}, {FDP, 4}, {FOP, 2}};

static void float_read(const struct vcpu *v, enum gdb_register reg, u8 *buf)
{
	const u8 *area = v->hvm.xsave;
	u32 value = 0;

	if (reg == GDB_ftag)
		value = tags_full(area);
	else
		memcpy(&value, area + float_fields[reg - GDB_fctrl].offset, float_fields[reg - GDB_fctrl].bytes);
	store_u32(buf, value);
}

static void float_write(struct vcpu *v, enum gdb_register reg, const u8 *buf)
{
	u8 *area = v->hvm.xsave;

	component_begin(v, X87);
	if (reg == GDB_ftag)
		area[FTW] = tags_abridge(load_u32(buf));
	else
		memcpy(area + float_fields[reg - GDB_fctrl].offset, buf, float_fields[reg - GDB_fctrl].bytes);
}

/* --- the rest, as numbers ------------------------------------------------------------------------------------- */
static const u8 gprs[] = {GPR_RAX, GPR_RBX, GPR_RCX, GPR_RDX, GPR_RSI, GPR_RDI, GPR_RBP, GPR_RSP,
			  GPR_R8,  GPR_R9,  GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15};
static const u8 segments[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};

/* Where a number of cpu_state lies, its size, its group, and whether a debugger may set it. */
#define FIELD(member, group_, writable)                                                                                \
	offsetof(struct cpu_state, member), sizeof(((struct cpu_state *)0)->member), group_, writable
static const struct {
	u16 reg;
	u16 offset;
	u8 bytes;
	u32 group;
	bool is_writable;
} numbers[] = {
	{GDB_rip, FIELD(rip, STATE_RIP, true)},
	{GDB_fs_base, FIELD(seg[SEG_FS].base, STATE_DATA, true)},
	{GDB_gs_base, FIELD(seg[SEG_GS].base, STATE_DATA, true)},
	{GDB_k_gs_base, FIELD(kernel_gs_base, STATE_SYSCALL, true)},
	{GDB_cr0, FIELD(cr0, STATE_CONTROL, false)},
	{GDB_cr2, FIELD(cr2, STATE_CR2, true)},
	{GDB_cr4, FIELD(cr4, STATE_CONTROL, false)},
	{GDB_efer, FIELD(efer, STATE_CONTROL, false)},
	{GDB_xcr0, FIELD(xcr0, 0, false)},
	{GDB_dr0, FIELD(dr[0], STATE_DEBUG, true)},
	{GDB_dr1, FIELD(dr[1], STATE_DEBUG, true)},
	{GDB_dr2, FIELD(dr[2], STATE_DEBUG, true)},
	{GDB_dr3, FIELD(dr[3], STATE_DEBUG, true)},
	{GDB_dr6, FIELD(dr6, STATE_DEBUG, false)},
	{GDB_dr7, FIELD(dr7, STATE_DR7, false)},
	{GDB_cs_base, FIELD(seg[SEG_CS].base, STATE_CODE, false)},
	{GDB_ss_base, FIELD(seg[SEG_SS].base, STATE_CODE, false)},
	{GDB_ds_base, FIELD(seg[SEG_DS].base, STATE_DATA, false)},
	{GDB_es_base, FIELD(seg[SEG_ES].base, STATE_DATA, false)},
	{GDB_ldtr, FIELD(seg[SEG_LDTR].selector, STATE_DATA, false)},
	{GDB_tr, FIELD(seg[SEG_TR].selector, STATE_DATA, false)},
	{GDB_tr_base, FIELD(seg[SEG_TR].base, STATE_DATA, false)},
	{GDB_gdtr_base, FIELD(gdtr_base, STATE_DATA, true)},
	{GDB_gdtr_limit, FIELD(gdtr_limit, STATE_DATA, true)},
	{GDB_idtr_base, FIELD(idtr_base, STATE_DATA, true)},
	{GDB_idtr_limit, FIELD(idtr_limit, STATE_DATA, true)},
};

static int number_find(enum gdb_register reg)
{
	for (u32 i = 0; i < ARRAY_COUNT(numbers); i++)
		if (numbers[i].reg == reg)
			return (int)i;
	return -1;
}

static bool is_gpr(enum gdb_register reg)
{
	return reg <= GDB_r15;
}

static bool is_segment(enum gdb_register reg)
{
	return reg >= GDB_cs && reg <= GDB_gs;
}

static bool is_float(enum gdb_register reg)
{
	return reg >= GDB_fctrl && reg <= GDB_fop;
}

/* A vcpu that is loaded has these in the CPU; gdb's condition may ask for them then. */
static bool is_in_cpu(const struct debug *d)
{
	return !d->is_stopped;
}

err_t debug_register_read(struct gdb_target *t, u32 thread, enum gdb_register reg, u8 *buf)
{
	struct vcpu *v = debug_of(t)->vm->vcpu[thread];
	const struct cpu_state *s = &v->hvm.state;
	const u8 *at;
	unsigned bit;
	u64 value = 0;
	int number = number_find(reg);

	hvm_fetch(&v->hvm, STATE_ALL);
	at = is_in_cpu(debug_of(t)) ? NULL : vector_at(v, reg, &bit);
	if (at) {
		if (is_initial(v, bit))
			memset(buf, 0, gdb_register_bytes(reg));
		else
			memcpy(buf, at, gdb_register_bytes(reg));
		return OK;
	}
	if (is_gpr(reg)) {
		value = s->gpr[gprs[reg]];
	} else if (reg == GDB_eflags) {
		value = s->rflags;
	} else if (is_segment(reg)) {
		value = s->seg[segments[reg - GDB_cs]].selector;
	} else if (reg == GDB_cr3) {
		value = s->cr3;
	} else if (reg == GDB_cr8) {
		value = apicv_is_lent(v) ? s->cr8 : v->lapic.tpr >> 4;
	} else if (number >= 0) {
		memcpy(&value, (const u8 *)s + numbers[number].offset, numbers[number].bytes);
	} else if (is_float(reg) && !is_in_cpu(debug_of(t))) {
		float_read(v, reg, buf);
		return OK;
	} else {
		return ERR_UNSUPPORTED;
	}
	memcpy(buf, &value, gdb_register_bytes(reg));
	return OK;
}

/* Bits of RFLAGS that are none are as they have to be. */
#define RFLAGS_ALL (BITS(21, 14) | BITS(14, 6) | BIT(4) | BIT(2) | BIT(0))

static err_t segment_write(struct vcpu *v, enum seg seg, u16 selector)
{
	struct cpu_state *s = &v->hvm.state;

	/* Elsewhere a selector means a descriptor to be loaded and checked: the guest's own instructions do that. */
	if (s->cr0 & CR0_PE && !(s->rflags & RFLAGS_VM))
		return ERR_UNSUPPORTED;
	s->seg[seg].selector = selector;
	s->seg[seg].base = (u64)selector << 4;
	hvm_mark_dirty(&v->hvm, STATE_SEGMENTS);
	return OK;
}

static err_t number_write(struct debug *d, struct vcpu *v, int number, u64 value)
{
	struct cpu_state *s = &v->hvm.state;

	if (!numbers[number].is_writable)
		return ERR_UNSUPPORTED;
	if (numbers[number].bytes == 8 && numbers[number].reg != GDB_cr2 && s->efer & EFER_LMA &&
	    !address_is_canonical(s->cr4, value))
		return ERR_RANGE;
	memcpy((u8 *)s + numbers[number].offset, &value, numbers[number].bytes);
	hvm_mark_dirty(&v->hvm, numbers[number].group);
	d->vcpu[v->index].is_stale = true;
	return OK;
}

/* A page-table base: reserved bits would make the entry fail. */
static err_t cr3_write(struct vcpu *v, u64 value)
{
	struct cpu_state *s = &v->hvm.state;

	if (value >> 52 || (s->cr0 & CR0_PG && !(s->efer & EFER_LMA)))
		return ERR_RANGE;
	s->cr3 = value;
	hvm_mark_dirty(&v->hvm, STATE_CONTROL);
	hvm->vcpu_flush(&v->hvm);
	return OK;
}

static err_t vector_write(struct vcpu *v, enum gdb_register reg, u8 *at, unsigned bit, const u8 *buf)
{
	/* XRSTOR faults on reserved bits of MXCSR (SDM 1, MXCSR). */
	if (reg == GDB_mxcsr && load_u32(buf) >> 16)
		return ERR_RANGE;
	component_begin(v, bit);
	memcpy(at, buf, gdb_register_bytes(reg));
	return OK;
}

static err_t gpr_write(struct vcpu *v, enum gdb_register reg, u64 value)
{
	v->hvm.state.gpr[gprs[reg]] = value;
	hvm_mark_dirty(&v->hvm, STATE_RSP);
	return OK;
}

err_t debug_register_write(struct gdb_target *t, u32 thread, enum gdb_register reg, const u8 *buf)
{
	struct debug *d = debug_of(t);
	struct vcpu *v = d->vm->vcpu[thread];
	int number = number_find(reg);
	u64 value = 0;
	unsigned bit;
	u8 *at = vector_at(v, reg, &bit);

	if (is_in_cpu(d))
		return ERR_STATE;
	if (at)
		return vector_write(v, reg, at, bit, buf);
	memcpy(&value, buf, MIN(gdb_register_bytes(reg), sizeof(value)));
	if (is_gpr(reg))
		return gpr_write(v, reg, value);
	if (is_segment(reg))
		return segment_write(v, (enum seg)segments[reg - GDB_cs], (u16)value);
	if (number >= 0)
		return number_write(d, v, number, value);
	if (reg == GDB_cr3)
		return cr3_write(v, value);
	if (is_float(reg)) {
		float_write(v, reg, buf);
		return OK;
	}
	if (reg != GDB_eflags)
		return ERR_UNSUPPORTED;
	/* Virtual-8086 mode is entered by IRET only. */
	v->hvm.state.rflags = (value & RFLAGS_ALL & ~RFLAGS_VM) | (v->hvm.state.rflags & RFLAGS_VM) | BIT(1);
	hvm_mark_dirty(&v->hvm, STATE_RFLAGS);
	return OK;
}
