// SPDX-License-Identifier: Apache-2.0
// Local APIC: which registers the guest can reach how, by MMIO (xAPIC mode) and by MSR (x2APIC mode).
// Sources: SDM 3A, Local APIC Register Address Map; x2APIC Register Address Space; Reserved Bit Checking.
#include "dev/lapic_priv.h"

enum access {
	XR = 1 << 0, /* xAPIC: read */
	XW = 1 << 1,
	MR = 1 << 2, /* x2APIC MSR: read */
	MW = 1 << 3,
};

/* `defined`: bits that WRMSR may set; read-only bits of LVT entries are among them and are ignored. */
struct rule {
	u8 access;
	u32 defined;
};

#define LVT_DEFINED(bits) (u32)((bits) | LVT_VECTOR | LVT_STATUS | LVT_MASKED)
#define LINT_DEFINED LVT_DEFINED(LVT_DELIVERY | LVT_POLARITY | LVT_REMOTE_IRR | LVT_LEVEL)

static const struct rule rules[REG_COUNT] = {
	[REG_ID] = {XR | XW | MR, 0},
	[REG_VERSION] = {XR | MR, 0},
	[REG_TPR] = {XR | XW | MR | MW, 0xff},
	[REG_APR] = {XR, 0},
	[REG_PPR] = {XR | MR, 0},
	[REG_EOI] = {XW | MW, 0},
	[REG_RRD] = {XR, 0},
	[REG_LDR] = {XR | XW | MR, 0},
	[REG_DFR] = {XR | XW, 0},
	[REG_SVR] = {XR | XW | MR | MW, SVR_WRITABLE},
	[REG_ISR... REG_IRR + 7] = {XR | MR, 0},
	[REG_ESR] = {XR | XW | MR | MW, 0},
	[REG_ICR] = {XR | XW | MR | MW, ICR_DEFINED},
	[REG_ICR_HIGH] = {XR | XW, 0},
	[REG_LVT + LAPIC_LVT_TIMER] = {XR | XW | MR | MW, LVT_DEFINED(LVT_TIMER_MODE)},
	[REG_LVT + LAPIC_LVT_THERMAL] = {XR | XW | MR | MW, LVT_DEFINED(LVT_DELIVERY)},
	[REG_LVT + LAPIC_LVT_PERF] = {XR | XW | MR | MW, LVT_DEFINED(LVT_DELIVERY)},
	[REG_LVT + LAPIC_LVT_LINT0] = {XR | XW | MR | MW, LINT_DEFINED},
	[REG_LVT + LAPIC_LVT_LINT1] = {XR | XW | MR | MW, LINT_DEFINED},
	[REG_LVT + LAPIC_LVT_ERROR] = {XR | XW | MR | MW, LVT_DEFINED(0)},
	[REG_TIMER_INITIAL] = {XR | XW | MR | MW, 0xffffffff},
	[REG_TIMER_CURRENT] = {XR | MR, 0},
	[REG_TIMER_DIVIDE] = {XR | XW | MR | MW, TIMER_DIVIDE_WRITABLE},
	[REG_SELF_IPI] = {MW, 0xff},
};

static bool is_mmio(const struct lapic *l)
{
	return is_enabled(l) && !is_x2apic(l);
}

static u32 access_of(u32 reg)
{
	return reg < REG_COUNT ? rules[reg].access : 0;
}

/* A register that is there in one direction only reads 0 or drops the write; one that is not there is an error. */
u32 lapic_mmio_read(struct lapic *l, u32 offset, u64 now_ns)
{
	u32 reg = offset / 16;

	if (!is_mmio(l))
		return 0xffffffff;
	if (!(access_of(reg) & (XR | XW))) {
		lapic_error(l, ESR_ILLEGAL_REGISTER);
		return 0;
	}
	return offset % 16 < 4 ? lapic_reg_read(l, reg, now_ns) >> (8 * (offset % 16)) : 0;
}

void lapic_mmio_write(struct lapic *l, u32 offset, u32 value, u64 now_ns, struct lapic_effects *fx)
{
	u32 reg = offset / 16;

	fx->flags = 0;
	if (!is_mmio(l))
		return;
	if (!(access_of(reg) & (XR | XW))) {
		fx->flags = lapic_error(l, ESR_ILLEGAL_REGISTER);
		return;
	}
	if (offset % 16 == 0 && (rules[reg].access & XW))
		lapic_reg_write(l, reg, value, now_ns, fx);
}

#define MSR_FIRST 0x800u

err_t lapic_msr_read(const struct lapic *l, u32 msr, u64 now_ns, u64 *value)
{
	u32 reg = msr - MSR_FIRST;

	if (!is_x2apic(l) || !(access_of(reg) & MR))
		return ERR_FAULT;
	*value = lapic_reg_read(l, reg, now_ns);
	if (reg == REG_ICR)
		*value |= (u64)l->icr_high << 32;
	return OK;
}

err_t lapic_msr_write(struct lapic *l, u32 msr, u64 value, u64 now_ns, struct lapic_effects *fx)
{
	u32 reg = msr - MSR_FIRST;

	fx->flags = 0;
	if (!is_x2apic(l) || !(access_of(reg) & MW))
		return ERR_FAULT;

	u64 defined = rules[reg].defined | (reg == REG_ICR ? BITS(63, 32) : 0);

	if (value & ~defined)
		return ERR_FAULT;
	if (reg == REG_LVT + LAPIC_LVT_TIMER && (value & BIT(18)) && !l->has_tsc_deadline)
		return ERR_FAULT;
	if (reg == REG_ICR)
		l->icr_high = (u32)(value >> 32);
	lapic_reg_write(l, reg, (u32)value, now_ns, fx);
	return OK;
}
