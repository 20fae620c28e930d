// SPDX-License-Identifier: Apache-2.0
// Local APIC: what each register reads as and does when written, the same for MMIO and MSRs.
#include "dev/lapic_priv.h"

static u32 bitmap_part(const u64 *map, u32 reg)
{
	return (u32)(map[(reg & 7) / 2] >> (32 * (reg & 1)));
}

u32 lapic_reg_read(const struct lapic *l, u32 reg, u64 now_ns)
{
	switch (reg) {
	case REG_ID:
		return is_x2apic(l) ? l->id : (u32)l->xapic_id << 24;
	case REG_VERSION:
		return VERSION_VALUE;
	case REG_TPR:
		return l->tpr;
	case REG_APR:
		return lapic_apr(l);
	case REG_PPR:
		return l->ppr;
	case REG_LDR:
		return lapic_logical_id(l);
	case REG_DFR:
		return l->dfr;
	case REG_SVR:
		return l->svr;
	case REG_ISR ... REG_ISR + 7:
		return bitmap_part(l->isr, reg);
	case REG_TMR ... REG_TMR + 7:
		return bitmap_part(l->tmr, reg);
	case REG_IRR ... REG_IRR + 7:
		return bitmap_part(l->irr, reg);
	case REG_ESR:
		return l->esr;
	case REG_ICR:
		return l->icr_low;
	case REG_ICR_HIGH:
		return l->icr_high;
	case REG_LVT ... REG_LVT_LAST:
		return l->lvt[reg - REG_LVT];
	case REG_TIMER_INITIAL:
		return l->timer_initial;
	case REG_TIMER_CURRENT:
		return lapic_timer_current(l, now_ns);
	case REG_TIMER_DIVIDE:
		return l->timer_divide;
	default: /* EOI is write-only; remote read is not supported since the Pentium 4 */
		return 0;
	}
}

static void svr_write(struct lapic *l, u32 value, struct lapic_effects *fx)
{
	l->svr = value & SVR_WRITABLE;
	if (is_software_enabled(l))
		return;
	for (unsigned i = LAPIC_LVT_TIMER + 1; i < LAPIC_LVT_COUNT; i++)
		l->lvt[i] |= LVT_MASKED;
	lapic_timer_set_lvt(l, l->lvt[LAPIC_LVT_TIMER] | LVT_MASKED);
	fx->flags |= LAPIC_TIMER;
}

/* While the APIC is software-disabled the mask bits stay set (SDM 3A, Local APIC State After It Has Been Software
 * Disabled). */
static void lvt_write(struct lapic *l, unsigned i, u32 value, struct lapic_effects *fx)
{
	value &= lapic_lvt_writable(l, i);
	if (!is_software_enabled(l))
		value |= LVT_MASKED;
	if (i == LAPIC_LVT_TIMER) {
		lapic_timer_set_lvt(l, value);
		fx->flags |= LAPIC_TIMER;
		return;
	}
	if (value & LVT_LEVEL) /* an edge-triggered entry has no remote IRR */
		value |= l->lvt[i] & LVT_REMOTE_IRR;
	l->lvt[i] = value;
	if (i == LAPIC_LVT_LINT0)
		fx->flags |= lapic_lint_recheck(l);
}

/* A write latches what happened since the last one, and rearms the error interrupt. */
static void esr_write(struct lapic *l)
{
	l->esr = l->esr_pending;
	l->esr_pending = 0;
}

static void timer_write(struct lapic *l, u32 reg, u32 value, u64 now_ns, struct lapic_effects *fx)
{
	fx->flags |= LAPIC_TIMER;
	if (reg == REG_TIMER_INITIAL)
		lapic_timer_start(l, value, now_ns);
	else
		lapic_timer_set_divide(l, value, now_ns);
}

static void tpr_write(struct lapic *l, u32 value, struct lapic_effects *fx)
{
	l->tpr = (u8)value;
	lapic_update(l);
	if (l->pending)
		fx->flags |= LAPIC_IRR;
}

/* Registers that are written at setup or with each new timer shot; apart, so that the way of the others is short. */
static __attribute__((noinline)) void setup_write(struct lapic *l, u32 reg, u32 value, u64 now_ns,
						  struct lapic_effects *fx)
{
	switch (reg) {
	case REG_TIMER_INITIAL:
	case REG_TIMER_DIVIDE:
		fx->flags |= lapic_timer_run(l, now_ns);
		timer_write(l, reg, value, now_ns, fx);
		break;
	case REG_LVT ... REG_LVT_LAST:
		fx->flags |= lapic_timer_run(l, now_ns); /* under the old setting */
		lvt_write(l, reg - REG_LVT, value, fx);
		break;
	case REG_SVR:
		fx->flags |= lapic_timer_run(l, now_ns);
		svr_write(l, value, fx);
		break;
	case REG_ESR:
		esr_write(l);
		break;
	case REG_ID:
		l->xapic_id = (u8)(value >> 24);
		break;
	case REG_LDR:
		l->ldr = value & 0xff000000u;
		break;
	case REG_DFR:
		l->dfr = value | 0x0fffffffu;
		break;
	default:
		break;
	}
}

/* Each of the frequent ones is a jump into its function. */
void lapic_reg_write(struct lapic *l, u32 reg, u32 value, u64 now_ns, struct lapic_effects *fx)
{
	switch (reg) {
	case REG_EOI:
		lapic_eoi(l, fx);
		break;
	case REG_TPR:
		tpr_write(l, value, fx);
		break;
	case REG_ICR:
		l->icr_low = value & ICR_WRITABLE;
		lapic_icr_send(l, fx);
		break;
	case REG_ICR_HIGH:
		l->icr_high = value & 0xff000000u;
		break;
	case REG_SELF_IPI:
		lapic_self_ipi(l, (u8)value, fx);
		break;
	default:
		setup_write(l, reg, value, now_ns, fx);
		break;
	}
}
