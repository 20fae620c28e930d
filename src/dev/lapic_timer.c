// SPDX-License-Identifier: Apache-2.0
// Local APIC: the timer (SDM 3A, APIC Timer).
//
// One-shot and periodic: time is counted in whole input clocks since now_ns 0, and the one thing kept is the clock at
// which the count gets to zero. Periods are added in clocks, so rounding to nanoseconds never adds up.
#include "base/checked.h"
#include "dev/lapic_priv.h"

#define PERIOD_MIN_NS 100000ull
#define NS_PER_MTICK 1000000ull /* ns in the time of `khz` ticks */

/* a * mul / div without a 128-bit division, for mul below 2^32 and div at most 2^32; rounds down. */
static u64 scale(u64 a, u64 mul, u64 div)
{
	return a / div * mul + a % div * mul / div;
}

/* Rounds up, and saturates at NEVER. */
static u64 scale_up(u64 a, u64 mul, u64 div)
{
	u64 whole, sum;

	if (!checked_mul(a / div, mul, &whole) || !checked_add(whole, (a % div * mul + div - 1) / div, &sum))
		return NEVER;
	return sum;
}

static u64 add_saturating(u64 a, u64 b)
{
	u64 sum;

	return checked_add(a, b, &sum) ? sum : UINT64_MAX;
}

static u64 clocks_at(const struct lapic *l, u64 now_ns)
{
	return scale(now_ns, l->timer_hz, NS_PER_SEC);
}

/* Bits 3, 1, 0 give 2, 4, ... 128, and at last 1. */
static u64 divisor(const struct lapic *l)
{
	u32 field = (l->timer_divide >> 1 & 4) | (l->timer_divide & 3);

	return 1ull << ((field + 1) & 7);
}

/* In input clocks. */
static u64 period(const struct lapic *l)
{
	return l->timer_initial * divisor(l);
}

enum lapic_timer_mode lapic_timer_mode(const struct lapic *l)
{
	return (enum lapic_timer_mode)GET(LVT_TIMER_MODE, l->lvt[LAPIC_LVT_TIMER]);
}

/* A masked timer runs, but needs no call: it catches up when it is looked at. */
u64 lapic_timer_event(const struct lapic *l)
{
	if (l->lvt[LAPIC_LVT_TIMER] & LVT_MASKED)
		return NEVER;
	if (l->deadline_tsc)
		return l->deadline_ns;
	return l->timer_expiry ? scale_up(l->timer_expiry, NS_PER_SEC, l->timer_hz) : NEVER;
}

static void schedule(struct lapic *l)
{
	l->event_ns = lapic_timer_event(l);
}

void lapic_timer_stop(struct lapic *l)
{
	l->timer_initial = 0;
	l->timer_expiry = 0;
	l->deadline_tsc = 0;
	l->deadline_ns = 0;
	schedule(l);
}

static bool deadline_expire(struct lapic *l, u64 now_ns)
{
	if (now_ns < l->deadline_ns)
		return false;
	l->deadline_tsc = 0;
	l->deadline_ns = 0;
	return true;
}

/*
 * Periods that went by unseen count once: the request register holds one request a vector. So do those that are
 * shorter than PERIOD_MIN_NS: a guest that asked for one of 40 ns would else never execute an instruction, since the
 * next is due before it is entered. The count and the phase stay exact.
 */
static bool count_expire(struct lapic *l, u64 now_ns)
{
	u64 clocks = clocks_at(l, now_ns);

	if (clocks < l->timer_expiry)
		return false;
	if (lapic_timer_mode(l) == TIMER_PERIODIC) {
		u64 min = l->timer_hz / (NS_PER_SEC / PERIOD_MIN_NS);
		u64 passed = clocks - l->timer_expiry + (period(l) < min ? min : 0);
		u64 late = passed / period(l);

		l->timer_expiry = add_saturating(l->timer_expiry, (late + 1) * period(l));
	} else {
		l->timer_expiry = 0;
	}
	return true;
}

u32 lapic_timer_run(struct lapic *l, u64 now_ns)
{
	bool expired = false;

	if (l->deadline_tsc)
		expired = deadline_expire(l, now_ns);
	else if (l->timer_expiry)
		expired = count_expire(l, now_ns);
	if (!expired)
		return 0;
	schedule(l);
	return LAPIC_TIMER | lapic_lvt_deliver(l, LAPIC_LVT_TIMER, false);
}

u32 lapic_tick_due(struct lapic *l, u64 now_ns)
{
	return lapic_timer_run(l, now_ns);
}

/* Until the count is 0: also right when the timer is due and has not been run, and when short periods were joined. */
static u64 clocks_left(const struct lapic *l, u64 clocks)
{
	if (!l->timer_expiry)
		return 0;
	if (lapic_timer_mode(l) != TIMER_PERIODIC)
		return clocks < l->timer_expiry ? l->timer_expiry - clocks : 0;
	if (clocks < l->timer_expiry)
		return (l->timer_expiry - clocks - 1) % period(l) + 1;
	return period(l) - (clocks - l->timer_expiry) % period(l);
}

u32 lapic_timer_current(const struct lapic *l, u64 now_ns)
{
	u64 count = (clocks_left(l, clocks_at(l, now_ns)) + divisor(l) - 1) / divisor(l);

	return (u32)MIN(count, l->timer_initial);
}

void lapic_timer_start(struct lapic *l, u32 initial, u64 now_ns)
{
	if (lapic_timer_mode(l) >= TIMER_DEADLINE)
		return; /* writes are ignored in these modes */
	l->timer_initial = initial;
	l->timer_expiry = initial ? add_saturating(clocks_at(l, now_ns), initial * divisor(l)) : 0;
	schedule(l);
}

/* A running count goes on from where it is, at the new rate. */
void lapic_timer_set_divide(struct lapic *l, u32 value, u64 now_ns)
{
	u32 current = lapic_timer_current(l, now_ns);

	l->timer_divide = value & TIMER_DIVIDE_WRITABLE;
	if (l->timer_expiry)
		l->timer_expiry = add_saturating(clocks_at(l, now_ns), current * divisor(l));
	schedule(l);
}

/* Going to or from the TSC-deadline mode disarms; between the others the count runs on. */
void lapic_timer_set_lvt(struct lapic *l, u32 value)
{
	enum lapic_timer_mode before = lapic_timer_mode(l);

	l->lvt[LAPIC_LVT_TIMER] = value;

	enum lapic_timer_mode after = lapic_timer_mode(l);

	if (before != after && (before >= TIMER_DEADLINE || after >= TIMER_DEADLINE))
		lapic_timer_stop(l);
	else
		schedule(l);
}

/* The first now_ns at which the guest's TSC has got to l->deadline_tsc. */
static u64 deadline_to_ns(const struct lapic *l, u64 now_ns, const struct lapic_clock *clock)
{
	u64 tsc = clock->tsc_at_zero + scale(now_ns, clock->tsc_khz, NS_PER_MTICK);

	if (l->deadline_tsc <= tsc)
		return now_ns;
	return add_saturating(now_ns, scale_up(l->deadline_tsc - tsc, NS_PER_MTICK, clock->tsc_khz));
}

u32 lapic_deadline_retime(struct lapic *l, u64 now_ns, const struct lapic_clock *clock)
{
	if (!l->deadline_tsc)
		return 0;
	l->deadline_ns = deadline_to_ns(l, now_ns, clock);
	schedule(l);
	return LAPIC_TIMER | lapic_timer_run(l, now_ns);
}

u64 lapic_deadline_read(const struct lapic *l, u64 now_ns)
{
	return now_ns < l->deadline_ns ? l->deadline_tsc : 0;
}

u32 lapic_deadline_write(struct lapic *l, u64 tsc, u64 now_ns, const struct lapic_clock *clock)
{
	if (lapic_timer_mode(l) != TIMER_DEADLINE)
		return 0;

	u32 flags = lapic_timer_run(l, now_ns); /* an older deadline that has passed still counts */

	lapic_timer_stop(l);
	l->deadline_tsc = tsc;
	return LAPIC_TIMER | flags | lapic_deadline_retime(l, now_ns, clock);
}

u8 lapic_timer_vector_once(const struct lapic *l)
{
	u32 lvt = l->lvt[LAPIC_LVT_TIMER];

	if (l->event_ns == NEVER || lapic_timer_mode(l) == TIMER_PERIODIC || GET(LVT_VECTOR, lvt) < FIRST_VECTOR)
		return 0;
	return (u8)GET(LVT_VECTOR, lvt);
}

void lapic_timer_delivered(struct lapic *l)
{
	l->deadline_tsc = 0;
	l->deadline_ns = 0;
	l->timer_expiry = 0;
	schedule(l);
}
