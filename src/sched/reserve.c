// SPDX-License-Identifier: Apache-2.0
// Reservations by the constant bandwidth server, under earliest deadline first (Abeni and Buttazzo, Integrating
// Multimedia Applications in Hard Real-Time Systems); caps by windows.
#include "sched/sched_priv.h"

u32 reserve_ppm(u64 budget_ns, u64 period_ns)
{
	return (u32)((budget_ns * 1000000 + period_ns - 1) / period_ns);
}

static void period_begin(struct sched_entity *e, u64 now_ns)
{
	e->deadline_ns = now_ns + e->period_ns;
	e->budget_left_ns = (s64)e->budget_ns;
}

/* What is over the budget, because somebody looked late, is paid from the next. */
static void budget_refill(struct sched_entity *e, u64 now_ns)
{
	e->deadline_ns += ((now_ns - e->deadline_ns) / e->period_ns + 1) * e->period_ns;
	e->budget_left_ns = MIN(e->budget_left_ns, 0) + (s64)e->budget_ns;
}

/* Would what is left of the budget until the deadline be more than its share? Both factors are at most a second. */
static bool budget_is_too_dense(const struct sched_entity *e, u64 now_ns)
{
	return (u64)e->budget_left_ns * e->period_ns > (e->deadline_ns - now_ns) * e->budget_ns;
}

static void budget_refresh(struct sched_entity *e, u64 now_ns, bool is_wake)
{
	bool is_over = now_ns >= e->deadline_ns;

	if (e->budget_left_ns <= 0) {
		if (is_over)
			budget_refill(e, now_ns);
	} else if (is_wake && (is_over || budget_is_too_dense(e, now_ns))) {
		period_begin(e, now_ns);
	}
}

/* What is over the cap is paid from the next windows. */
static void cap_roll(struct sched_entity *e, u64 now_ns)
{
	u64 windows;

	if (e->cap_ns == SCHED_CAP_WINDOW_NS || now_ns < e->cap_start_ns + SCHED_CAP_WINDOW_NS)
		return;
	windows = (now_ns - e->cap_start_ns) / SCHED_CAP_WINDOW_NS;
	e->cap_start_ns += windows * SCHED_CAP_WINDOW_NS;
	e->cap_used_ns -= MIN(e->cap_used_ns, windows * e->cap_ns);
}

void reserve_refresh(struct sched_entity *e, u64 now_ns, bool is_wake)
{
	if (e->budget_ns)
		budget_refresh(e, now_ns, is_wake);
	cap_roll(e, now_ns);
}

/* Piece by piece of the windows, of which a run on time meets two. */
static void cap_charge(struct sched_entity *e, u64 from, u64 now_ns)
{
	if (now_ns - from > 64 * SCHED_CAP_WINDOW_NS)
		from = now_ns - 64 * SCHED_CAP_WINDOW_NS;
	while (from < now_ns) {
		u64 end;

		cap_roll(e, from);
		end = MIN(now_ns, e->cap_start_ns + SCHED_CAP_WINDOW_NS);
		e->cap_used_ns += end - from;
		from = end;
	}
}

void reserve_charge(struct sched_entity *e, u64 now_ns)
{
	if (now_ns <= e->started_ns)
		return;
	if (e->is_on_budget)
		e->budget_left_ns -= (s64)MIN(now_ns - e->started_ns, SCHED_PERIOD_MAX_NS);
	if (e->cap_ns < SCHED_CAP_WINDOW_NS)
		cap_charge(e, e->started_ns, now_ns);
}

static u64 cap_limit(const struct sched_entity *e, u64 now_ns)
{
	u64 end = e->cap_start_ns + SCHED_CAP_WINDOW_NS;
	u64 left = e->cap_ns - e->cap_used_ns;

	if (e->cap_ns == SCHED_CAP_WINDOW_NS)
		return NEVER;
	return now_ns + left <= end ? now_ns + left : end + e->cap_ns;
}

u64 reserve_limit(const struct sched_entity *e, u64 now_ns)
{
	if (e->is_on_budget)
		return now_ns + (u64)e->budget_left_ns;
	return e->budget_ns ? MIN(cap_limit(e, now_ns), e->deadline_ns) : cap_limit(e, now_ns);
}
