// SPDX-License-Identifier: Apache-2.0
// Local APIC: power-up, RESET, INIT, IA32_APIC_BASE and the invariant.
#include "dev/lapic.h"

#include "dev/lapic_priv.h"

#include "base/assert.h"
#include "base/bitmap.h"
#include "base/mem.h"

#define DESC_STRUCT struct lapic
DESC_DEFINE(lapic, LAPIC_FIELDS, 1);
#undef DESC_STRUCT

/* The two low bits of GET(BASE_MODE): EXTD, EN. */
#define BASE_MODE (BASE_EN | BASE_EXTD)
enum base_mode { MODE_DISABLED, MODE_INVALID, MODE_XAPIC, MODE_X2APIC };

static enum base_mode base_mode(u64 base)
{
	return (enum base_mode)GET(BASE_MODE, base);
}

static u64 base_writable(const struct lapic *l)
{
	return BITS(l->phys_bits - 1, 12) | BASE_EN | BASE_BSP | (l->has_x2apic ? BASE_EXTD : 0);
}

void lapic_priorities_clear(struct lapic *l)
{
	memset(l->irr, 0, sizeof(l->irr));
	memset(l->isr, 0, sizeof(l->isr));
	l->irr_max = 0;
	l->isr_max = 0;
	l->tpr = 0;
	lapic_update(l);
}

void lapic_clear(struct lapic *l)
{
	lapic_priorities_clear(l);
	memset(l->tmr, 0, sizeof(l->tmr));
	l->svr = SVR_RESET;
	l->esr = 0;
	l->esr_pending = 0;
	l->ldr = 0;
	l->dfr = DFR_RESET;
	l->icr_low = 0;
	l->icr_high = 0;
	for (unsigned i = 0; i < LAPIC_LVT_COUNT; i++)
		l->lvt[i] = LVT_MASKED;
	l->timer_divide = 0;
	lapic_timer_stop(l);
}

void lapic_init(struct lapic *l, const struct lapic_config *config)
{
	ASSERT(config->timer_hz && config->timer_hz <= NS_PER_SEC);
	ASSERT(config->phys_bits >= 32 && config->phys_bits <= 52);
	memset(l, 0, sizeof(*l));
	l->id = config->apic_id;
	l->timer_hz = config->timer_hz;
	l->phys_bits = config->phys_bits;
	l->has_x2apic = config->has_x2apic;
	l->has_tsc_deadline = config->has_tsc_deadline;
	lapic_reset(l, config->is_bsp);
	if (config->starts_x2apic)
		l->base |= BASE_EXTD;
}

void lapic_reset(struct lapic *l, bool is_bsp)
{
	l->base = BASE_DEFAULT | BASE_EN | (is_bsp ? BASE_BSP : 0);
	l->xapic_id = (u8)l->id;
	l->arbitrations = 0;
	lapic_clear(l);
}

void lapic_init_signal(struct lapic *l)
{
	lapic_clear(l);
}

void lapic_virtual_wire(struct lapic *l)
{
	l->svr |= SVR_ENABLE;
	l->lvt[LAPIC_LVT_LINT0] = (u32)PUT(LVT_DELIVERY, APIC_EXTINT);
	l->lvt[LAPIC_LVT_LINT1] = (u32)PUT(LVT_DELIVERY, APIC_NMI);
}

/* SDM 3A, x2APIC State Transitions: x2APIC mode is entered from xAPIC mode and left to the disabled state only. */
static bool is_legal_transition(enum base_mode from, enum base_mode to)
{
	return to != MODE_INVALID && !(from == MODE_DISABLED && to == MODE_X2APIC) &&
	       !(from == MODE_X2APIC && to == MODE_XAPIC);
}

err_t lapic_base_write(struct lapic *l, u64 value, struct lapic_effects *fx)
{
	enum base_mode from = base_mode(l->base);
	enum base_mode to = base_mode(value);

	fx->flags = 0;
	if ((value & ~base_writable(l)) || !is_legal_transition(from, to))
		return ERR_FAULT;
	if (value != l->base)
		fx->flags = LAPIC_MODE;
	l->base = value;
	if (to == from)
		return OK;
	if (to == MODE_DISABLED) {
		lapic_clear(l);
		fx->flags |= LAPIC_TIMER;
	}
	if (to == MODE_X2APIC)
		l->icr_high = 0; /* "not architecturally defined": the 8-bit destination means nothing any more */
	l->xapic_id = (u8)l->id;
	return OK;
}

u32 lapic_lvt_writable(const struct lapic *l, unsigned i)
{
	static const u32 writable[LAPIC_LVT_COUNT] = {
		[LAPIC_LVT_TIMER] = (u32)(LVT_VECTOR | LVT_MASKED | BIT(17)),
		[LAPIC_LVT_THERMAL] = (u32)(LVT_VECTOR | LVT_DELIVERY | LVT_MASKED),
		[LAPIC_LVT_PERF] = (u32)(LVT_VECTOR | LVT_DELIVERY | LVT_MASKED),
		[LAPIC_LVT_LINT0] = (u32)(LVT_VECTOR | LVT_DELIVERY | LVT_POLARITY | LVT_LEVEL | LVT_MASKED),
		[LAPIC_LVT_LINT1] = (u32)(LVT_VECTOR | LVT_DELIVERY | LVT_POLARITY | LVT_LEVEL | LVT_MASKED),
		[LAPIC_LVT_ERROR] = (u32)(LVT_VECTOR | LVT_MASKED),
	};

	return writable[i] | (i == LAPIC_LVT_TIMER && l->has_tsc_deadline ? BIT32(18) : 0);
}

/* 0 for none, as in the summaries. */
static u8 highest_vector(const u64 *map)
{
	u32 vector = bitmap_find_last(map, 256);

	return vector == BITMAP_NONE ? 0 : (u8)vector;
}

static bool summaries_valid(const struct lapic *l)
{
	struct lapic copy = *l;

	lapic_update(&copy);
	return !((l->irr[0] | l->isr[0]) & BITS(FIRST_VECTOR - 1, 0)) && l->irr_max == highest_vector(l->irr) &&
	       l->isr_max == highest_vector(l->isr) && l->ppr == copy.ppr && l->pending == copy.pending;
}

static bool lvt_valid(const struct lapic *l)
{
	for (unsigned i = 0; i < LAPIC_LVT_COUNT; i++) {
		bool is_lint = i == LAPIC_LVT_LINT0 || i == LAPIC_LVT_LINT1;

		if (l->lvt[i] & ~(lapic_lvt_writable(l, i) | (is_lint ? LVT_REMOTE_IRR : 0)))
			return false;
		if (!is_software_enabled(l) && !(l->lvt[i] & LVT_MASKED))
			return false;
	}
	return true;
}

static bool timer_valid(const struct lapic *l)
{
	enum lapic_timer_mode mode = lapic_timer_mode(l);

	if (!l->timer_hz || l->timer_hz > NS_PER_SEC || (l->timer_divide & ~TIMER_DIVIDE_WRITABLE))
		return false;
	if (l->deadline_tsc && mode != TIMER_DEADLINE)
		return false;
	if (l->timer_expiry && (mode >= TIMER_DEADLINE || !l->timer_initial))
		return false;
	return l->event_ns == lapic_timer_event(l);
}

bool lapic_valid(const struct lapic *l)
{
	if (l->phys_bits < 32 || l->phys_bits > 52 || (l->base & ~base_writable(l)) ||
	    base_mode(l->base) == MODE_INVALID)
		return false;
	if ((l->svr & ~SVR_WRITABLE) || ((l->esr | l->esr_pending) & ~ESR_BITS) || (l->icr_low & ~ICR_WRITABLE) ||
	    (l->lint & ~3u) || (l->ldr & 0xffffff) || (u32)~l->dfr << 4 >> 4)
		return false;
	return summaries_valid(l) && lvt_valid(l) && timer_valid(l);
}
