// SPDX-License-Identifier: Apache-2.0
// The local APIC's priorities from any valid state: requests, acknowledge, EOI, TPR and pins leave a valid state, and
// what is pending is the highest request above both what is in service and TPR.
// The timer stands still here: its arithmetic divides by unknowns, which no solver does in time.
// cbmc: src/dev/lapic.c src/dev/lapic_irq.c src/dev/lapic_lint.c src/dev/lapic_timer.c src/base/bitmap.c --unwind 7
#include "dev/lapic_priv.h"
#include "proof.h"

static struct lapic any_valid_lapic(void)
{
	struct lapic l = {.timer_hz = 25000000, .event_ns = NEVER, .phys_bits = 39};

	for (unsigned i = 0; i < 4; i++) {
		l.irr[i] = nondet_u64();
		l.isr[i] = nondet_u64();
		l.tmr[i] = nondet_u64();
	}
	for (unsigned i = 0; i < LAPIC_LVT_COUNT; i++)
		l.lvt[i] = nondet_u32();
	l.pending = nondet_u8();
	l.irr_max = nondet_u8();
	l.isr_max = nondet_u8();
	l.tpr = nondet_u8();
	l.ppr = nondet_u8();
	l.lint = nondet_u8();
	l.base = nondet_u64();
	l.svr = nondet_u32();
	l.esr = nondet_u32();
	l.esr_pending = nondet_u32();
	l.dfr = DFR_RESET;
	l.has_x2apic = nondet_bool();
	ASSUME(lapic_valid(&l));
	return l;
}

static bool has(const u64 *map, unsigned vector)
{
	return map[vector / 64] >> vector % 64 & 1;
}

/* For any vector: SDM 3A, Interrupt, Task, and Processor Priority. */
static void prove_pending(const struct lapic *l)
{
	unsigned vector = nondet_u32(), served = nondet_u32(), pending = lapic_pending_vector(l);

	ASSUME(vector < 256 && served < 256);
	PROVE(!pending || has(l->irr, pending));
	PROVE(!pending || pending >> 4 > l->tpr >> 4u);
	PROVE(!pending || !has(l->isr, served) || pending >> 4 > served >> 4);
	PROVE(!pending || !has(l->irr, vector) || vector <= pending);
	/* Nothing pending, but this one asks: TPR keeps it back, or something in service does. */
	if (!pending && has(l->irr, vector) && vector >> 4 > l->tpr >> 4u)
		PROVE(has(l->isr, l->isr_max) && l->isr_max >> 4 >= (int)(vector >> 4));
}

void harness_accept(void)
{
	struct lapic l = any_valid_lapic();
	struct apic_msg msg = {.vector = nondet_u8(), .delivery = nondet_u8(), .level = nondet_bool()};
	u32 flags = lapic_accept(&l, &msg);

	PROVE(lapic_valid(&l));
	if (flags == LAPIC_IRR && msg.vector >= 16) {
		PROVE(has(l.irr, msg.vector) && has(l.tmr, msg.vector) == msg.level);
	}
	prove_pending(&l);
	REACHED();
}

void harness_ack(void)
{
	struct lapic l = any_valid_lapic();
	u8 vector = lapic_pending_vector(&l);

	ASSUME(vector);
	lapic_ack(&l, vector);
	PROVE(lapic_valid(&l));
	PROVE(!has(l.irr, vector) && has(l.isr, vector));
	prove_pending(&l);
	REACHED();
}

void harness_eoi(void)
{
	struct lapic l = any_valid_lapic(), before = l;
	struct lapic_effects fx = {0};
	unsigned vector = nondet_u32();

	ASSUME(vector < 256);
	lapic_eoi(&l, &fx);
	PROVE(lapic_valid(&l));
	/* The highest in service ends, and no other. */
	PROVE(has(l.isr, vector) == (has(before.isr, vector) && vector != before.isr_max));
	PROVE(!(fx.flags & LAPIC_EOI) || (fx.eoi_vector == before.isr_max && has(before.tmr, before.isr_max)));
	prove_pending(&l);
	REACHED();
}

void harness_tpr(void)
{
	struct lapic l = any_valid_lapic();
	u8 cr8 = nondet_u8();

	ASSUME(cr8 < 16);
	lapic_set_cr8(&l, cr8);
	PROVE(lapic_valid(&l));
	prove_pending(&l);

	/* The threshold is the class that TPR has to fall below, and then something is pending. */
	u8 threshold = lapic_tpr_threshold(&l);

	if (threshold) {
		PROVE(!lapic_pending_vector(&l) && cr8 >= threshold);
		lapic_set_cr8(&l, (u8)(threshold - 1));
		PROVE(lapic_pending_vector(&l) >> 4 == threshold);
	}
	REACHED();
}

void harness_lint(void)
{
	struct lapic l = any_valid_lapic();
	u32 pin = nondet_u32();

	ASSUME(pin < 2);
	(void)lapic_lint_set(&l, pin, nondet_bool());
	PROVE(lapic_valid(&l));
	REACHED();
}
