// SPDX-License-Identifier: Apache-2.0
// Local APIC: requests, priorities, acknowledge, end of interrupt, errors (SDM 3A, Handling Interrupts).
#include "base/assert.h"
#include "base/bitmap.h"
#include "dev/lapic_priv.h"

void lapic_update(struct lapic *l)
{
	l->ppr = lapic_ppr(l->tpr, l->isr_max);
	l->pending = CLASS(l->irr_max) > CLASS(l->ppr) ? l->irr_max : 0;
}

u8 lapic_highest_from(const u64 *map, unsigned from)
{
	unsigned word = from / 64;

	while (!map[word]) {
		if (!word)
			return 0;
		word--;
	}
	return (u8)(64 * word + bit_highest(map[word]));
}

u32 lapic_request(struct lapic *l, u8 vector, bool level)
{
	if (vector < FIRST_VECTOR)
		return lapic_error(l, ESR_RECEIVED_VECTOR);
	bitmap_set(l->irr, vector);
	if (level)
		bitmap_set(l->tmr, vector);
	else
		bitmap_clear(l->tmr, vector);
	if (vector > l->irr_max) {
		l->irr_max = vector;
		lapic_update(l);
	}
	return LAPIC_IRR;
}

bool lapic_takes_fixed(const struct lapic *l)
{
	return is_enabled(l) && is_software_enabled(l);
}

u32 lapic_accept(struct lapic *l, const struct apic_msg *msg)
{
	if (!is_enabled(l))
		return 0;
	switch (msg->delivery) {
	case APIC_LOWEST:
	case APIC_FIXED:
		if (!is_software_enabled(l))
			return 0;
		l->arbitrations += msg->delivery == APIC_LOWEST;
		return lapic_request(l, msg->vector, msg->level);
	case APIC_EXTINT:
		return is_software_enabled(l) ? LAPIC_EXTINT : 0;
	case APIC_SMI:
		return LAPIC_SMI;
	case APIC_NMI:
		return LAPIC_NMI;
	case APIC_INIT:
		return LAPIC_INIT;
	case APIC_STARTUP:
		return LAPIC_STARTUP;
	default:
		return 0;
	}
}

void lapic_ack(struct lapic *l, u8 vector)
{
	ASSERT(vector && vector == l->pending);
	bitmap_clear(l->irr, vector);
	bitmap_set(l->isr, vector);
	l->irr_max = lapic_highest_from(l->irr, vector);
	l->isr_max = vector; /* its class is above PPR's, so above all others in service */
	lapic_update(l);
}

/* Apart, so that the way of edges stays short. */
static __attribute__((noinline)) void level_eoi(struct lapic *l, u8 vector, struct lapic_effects *fx)
{
	fx->flags |= lapic_lint_eoi(l, vector);
	if (l->svr & SVR_NO_EOI_BROADCAST)
		return;
	fx->flags |= LAPIC_EOI;
	fx->eoi_vector = vector;
}

void lapic_level_ended(struct lapic *l, u8 vector, struct lapic_effects *fx)
{
	fx->flags = 0;
	if (bitmap_test(l->tmr, vector))
		level_eoi(l, vector, fx);
}

void lapic_eoi(struct lapic *l, struct lapic_effects *fx)
{
	unsigned vector = l->isr_max;

	if (!vector)
		return;
	bitmap_clear(l->isr, vector);
	l->isr_max = lapic_highest_from(l->isr, vector);
	lapic_update(l);
	if (l->pending)
		fx->flags |= LAPIC_IRR;
	if (bitmap_test(l->tmr, vector))
		level_eoi(l, (u8)vector, fx);
}

/* An error interrupt is raised by the first error after a write to ESR, which rearms it (SDM 3A, Error Handling). */
u32 lapic_error(struct lapic *l, u32 esr_bit)
{
	bool is_armed = !l->esr_pending;

	l->esr_pending |= esr_bit;
	return is_armed ? lapic_lvt_deliver(l, LAPIC_LVT_ERROR, false) : 0;
}

/* Timer and error entries have no delivery mode: the field is 0 there, which is Fixed. */
u32 lapic_lvt_deliver(struct lapic *l, unsigned i, bool level)
{
	u32 lvt = l->lvt[i];

	if (lvt & LVT_MASKED)
		return 0;
	switch (GET(LVT_DELIVERY, lvt)) {
	case APIC_FIXED:
		return lapic_request(l, (u8)GET(LVT_VECTOR, lvt), level);
	case APIC_SMI:
		return LAPIC_SMI;
	case APIC_NMI:
		return LAPIC_NMI;
	case APIC_INIT:
		return LAPIC_INIT;
	case APIC_EXTINT:
		return LAPIC_EXTINT;
	default:
		return 0;
	}
}

/* A counter's overflow interrupt masks its own entry until the handler clears the bit (SDM 3B, PMI). */
u32 lapic_local_raise(struct lapic *l, enum lapic_lvt source)
{
	ASSERT(source == LAPIC_LVT_THERMAL || source == LAPIC_LVT_PERF);
	if (!is_enabled(l))
		return 0;

	u32 flags = lapic_lvt_deliver(l, source, false);

	if (source == LAPIC_LVT_PERF)
		l->lvt[source] |= LVT_MASKED;
	return flags;
}

void lapic_set_cr8(struct lapic *l, u8 cr8)
{
	l->tpr = (u8)(cr8 << 4);
	lapic_update(l);
}

/* SDM 3A, Arbitration Priority Register. */
u8 lapic_apr(const struct lapic *l)
{
	u8 tpr = CLASS(l->tpr), irr = CLASS(l->irr_max), isr = CLASS(l->isr_max);

	if (tpr >= irr && tpr > isr)
		return l->tpr;
	return MAX((u8)(tpr & isr), irr);
}

u64 lapic_arbitrate(const struct lapic *l)
{
	if (!is_enabled(l) || !is_software_enabled(l))
		return LAPIC_ARBITRATE_NEVER;
	return (u64)CLASS(lapic_apr(l)) << 32 | l->arbitrations;
}
