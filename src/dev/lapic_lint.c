// SPDX-License-Identifier: Apache-2.0
// Local APIC: the pins LINT0 and LINT1 (SDM 3A, Local Vector Table).
#include "base/assert.h"
#include "dev/lapic_priv.h"

static bool is_asserted(const struct lapic *l, unsigned pin)
{
	return l->lint >> pin & 1;
}

/* Only LINT0 can be level-sensitive, and only with Fixed delivery. */
static bool is_level(const struct lapic *l, unsigned i)
{
	return i == LAPIC_LVT_LINT0 && (l->lvt[i] & LVT_LEVEL) && GET(LVT_DELIVERY, l->lvt[i]) == APIC_FIXED;
}

/* Remote IRR: a level was accepted and is not through yet; the pin is looked at again on EOI. */
static u32 level_deliver(struct lapic *l, unsigned i)
{
	u32 *lvt = &l->lvt[i];

	if (*lvt & (LVT_MASKED | LVT_REMOTE_IRR))
		return 0;
	if (GET(LVT_VECTOR, *lvt) >= FIRST_VECTOR) /* an illegal one becomes an error, which nobody ends */
		*lvt |= LVT_REMOTE_IRR;
	return lapic_lvt_deliver(l, i, true);
}

u32 lapic_lint_set(struct lapic *l, unsigned pin, bool asserted)
{
	unsigned i = LAPIC_LVT_LINT0 + pin;

	ASSERT(pin < 2);

	bool was_asserted = is_asserted(l, pin);

	l->lint = (u8)((l->lint & ~(1u << pin)) | (unsigned)asserted << pin);
	if (!asserted || (was_asserted && !is_level(l, i)))
		return 0;
	if (!is_enabled(l)) /* the pins are INTR and NMI then (SDM 3A, Enabling or Disabling the Local APIC) */
		return pin ? LAPIC_NMI : LAPIC_EXTINT;
	return is_level(l, i) ? level_deliver(l, i) : lapic_lvt_deliver(l, i, false);
}

u32 lapic_lint_recheck(struct lapic *l)
{
	if (is_level(l, LAPIC_LVT_LINT0) && is_asserted(l, 0))
		return level_deliver(l, LAPIC_LVT_LINT0);
	return 0;
}

u32 lapic_lint_eoi(struct lapic *l, u8 vector)
{
	u32 *lvt = &l->lvt[LAPIC_LVT_LINT0];

	if (!(*lvt & LVT_REMOTE_IRR) || GET(LVT_VECTOR, *lvt) != vector)
		return 0;
	*lvt &= ~LVT_REMOTE_IRR;
	return lapic_lint_recheck(l);
}

bool lapic_extint_accepted(const struct lapic *l)
{
	u32 lvt = l->lvt[LAPIC_LVT_LINT0];

	return !is_enabled(l) || (!(lvt & LVT_MASKED) && GET(LVT_DELIVERY, lvt) == APIC_EXTINT);
}
