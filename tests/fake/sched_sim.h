/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine of CPUs in simulated time for the scheduler's tests: entities compute and pause as they are told, CPUs do
 * what sched_pick() says and not a nanosecond more, kicks arrive at once. The locks check their own rules.
 */
#ifndef TESTS_FAKE_SCHED_SIM_H
#define TESTS_FAKE_SCHED_SIM_H

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sched/sched.h"

#define SIM_CPUS 64
#define SIM_ENTITIES 256

struct sim_entity {
	struct sched_entity e; /* first */
	u64 burst_ns;          /* computes so long, then pauses so long; 0: never pauses */
	u64 pause_ns;
	u64 left_ns; /* of the burst */
	u64 wake_ns; /* NEVER: does not pause now */
	u64 woken_ns;
	u64 ready_since_ns;
	u64 worst_wait_ns;
	u64 worst_response_ns; /* from a wake-up to the end of its burst */
	u64 service_ns;
	u64 window_used_ns; /* in the current window */
	u64 window;
	u64 origin_ns; /* its windows begin */
	u64 worst_window_ns;
	bool is_present;
	bool is_periodic; /* the pause counts from the last wake-up on */
};

struct sim {
	struct sched s;
	struct sched_cpu cpu[SIM_CPUS];
	struct sched_locks locks;
	bool is_locked[SIM_CPUS];
	u32 locked_count;
	u32 cpu_count;
	u32 count;
	struct sim_entity entity[SIM_ENTITIES];
	struct sim_entity *on[SIM_CPUS];
	u64 until[SIM_CPUS];
	bool is_kicked[SIM_CPUS];
	u64 now;
	u64 random;
	u64 decisions;
	u64 kicks;
	u64 moves;
	u64 resumes;    /* by sched_resume() */
	u64 idle_waits; /* how often somebody waited whom an idle CPU could have run */
	u64 worst_steps;
};

static inline u64 sim_distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

static inline u64 sim_random(struct sim *m, u64 below)
{
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (m->random >> 33) % below;
}

static inline void sim_take(struct sched_locks *locks, u32 cpu)
{
	struct sim *m = CONTAINER_OF(locks, struct sim, locks);

	ASSERT(cpu < m->cpu_count && !m->is_locked[cpu] && m->locked_count < 2);
	for (u32 i = cpu; i < m->cpu_count; i++)
		ASSERT(!m->is_locked[i]); /* the lower one first */
	m->is_locked[cpu] = true;
	m->locked_count++;
}

static inline void sim_give(struct sched_locks *locks, u32 cpu)
{
	struct sim *m = CONTAINER_OF(locks, struct sim, locks);

	ASSERT(cpu < m->cpu_count && m->is_locked[cpu]);
	m->is_locked[cpu] = false;
	m->locked_count--;
}

static inline void sim_init(struct sim *m, u32 cpu_count, u64 seed)
{
	struct cpu_set cpus = cpu_set_first(cpu_count);

	memset(m, 0, sizeof(*m));
	m->cpu_count = cpu_count;
	m->random = seed;
	m->now = NS_PER_SEC;
	m->locks = (struct sched_locks){sim_take, sim_give};
	sched_init(&m->s, m->cpu, &cpus, &m->locks);
	for (u32 i = 0; i < cpu_count; i++)
		m->until[i] = m->now;
}

static inline struct sched_params sim_usual(void)
{
	return (struct sched_params){.weight = SCHED_WEIGHT_USUAL, .cap_percent = SCHED_CAP_NONE};
}

static inline void sim_kick(struct sim *m, u32 cpu)
{
	if (cpu == SCHED_NO_CPU)
		return;
	ASSERT(cpu < m->cpu_count);
	m->is_kicked[cpu] = true;
	m->kicks++;
}

static inline void sim_wake(struct sim *m, struct sim_entity *x);

/* Returns NULL when it is refused. It is awake from the start. */
static inline struct sim_entity *sim_add(struct sim *m, const struct sched_params *params, u64 burst_ns, u64 pause_ns)
{
	struct sim_entity *x = &m->entity[m->count];
	char why[SCHED_WHY_BYTES] = "";

	ASSERT(m->count < SIM_ENTITIES);
	memset(x, 0, sizeof(*x));
	if (sched_add(&m->s, &x->e, params, m->now, why)) {
		ASSERT(why[0]);
		return NULL;
	}
	m->count++;
	x->is_present = true;
	x->origin_ns = m->now;
	x->burst_ns = burst_ns;
	x->pause_ns = pause_ns;
	sim_wake(m, x);
	return x;
}

/* So many that never wait. */
static inline void sim_add_many(struct sim *m, const struct sched_params *params, u32 count)
{
	for (u32 i = 0; i < count; i++)
		ASSERT(sim_add(m, params, 0, 0));
}

/* What it got, in the windows of its cap. */
static inline void sim_charge(struct sim_entity *x, u64 from, u64 to, u64 origin)
{
	x->service_ns += to - from;
	while (from < to) {
		u64 window = (from - origin) / SCHED_CAP_WINDOW_NS;
		u64 end = MIN(to, origin + (window + 1) * SCHED_CAP_WINDOW_NS);

		if (window != x->window) {
			x->window = window;
			x->window_used_ns = 0;
		}
		x->window_used_ns += end - from;
		x->worst_window_ns = MAX(x->worst_window_ns, x->window_used_ns);
		from = end;
	}
}

/* Before its CPU lets go of it: can it go on? */
static inline bool sim_account(struct sim *m, u32 cpu)
{
	struct sim_entity *x = m->on[cpu];
	u64 ran = m->now - x->e.started_ns;

	sim_charge(x, x->e.started_ns, m->now, x->origin_ns);
	if (x->left_ns != NEVER)
		x->left_ns -= ran;
	m->on[cpu] = NULL;
	return x->left_ns != 0;
}

/* And after that. */
static inline void sim_settle_put(struct sim *m, struct sim_entity *x, bool is_ready)
{
	if (is_ready) {
		x->ready_since_ns = m->now;
		return;
	}
	x->worst_response_ns = MAX(x->worst_response_ns, m->now - x->woken_ns);
	if (x->e.state != SCHED_WAITING) { /* woken while it ran: another burst */
		x->ready_since_ns = m->now;
		x->woken_ns = m->now;
		x->left_ns = x->burst_ns;
		return;
	}
	x->wake_ns = x->is_periodic ? MAX(m->now, x->woken_ns + x->pause_ns) : m->now + x->pause_ns;
}

static inline u64 sim_steps(const struct sim *m)
{
	u64 sum = 0;

	for (u32 i = 0; i < m->cpu_count; i++)
		sum += sched_steps(&m->cpu[i]);
	return sum;
}

/* Put what runs and pick what comes next, by one call and by two in turn. */
static inline struct sched_choice sim_choose(struct sim *m, u32 cpu)
{
	struct sim_entity *x = m->on[cpu];
	struct sched_choice choice;
	bool is_ready;

	if (!x)
		return sched_pick(&m->s, cpu, m->now);
	is_ready = sim_account(m, cpu);
	if (m->decisions % 2) {
		sched_put(&m->s, &x->e, is_ready, m->now);
		sim_settle_put(m, x, is_ready);
		return sched_pick(&m->s, cpu, m->now);
	}
	choice = sched_switch(&m->s, &x->e, is_ready, m->now);
	sim_settle_put(m, x, is_ready);
	return choice;
}

/* The CPU does what was decided. */
static inline void sim_follow(struct sim *m, u32 cpu, const struct sched_choice *choice)
{
	struct sim_entity *x = choice->entity ? CONTAINER_OF(choice->entity, struct sim_entity, e) : NULL;

	ASSERT(!m->locked_count && choice->until_ns > m->now);
	m->decisions++;
	m->on[cpu] = x;
	m->until[cpu] = choice->until_ns;
	sim_kick(m, choice->kick);
	if (!x)
		return;
	x->worst_wait_ns = MAX(x->worst_wait_ns, m->now - x->ready_since_ns);
	m->moves += choice->last_cpu != cpu;
}

static inline void sim_decide(struct sim *m, u32 cpu)
{
	u64 timers = m->cpu[cpu].timers.count;
	u64 steps = sim_steps(m);
	struct sched_choice choice = sim_choose(m, cpu);

	sim_follow(m, cpu, &choice);
	/* Each entity whose time has come is one more decision; an idle CPU may look at all. */
	timers = timers > m->cpu[cpu].timers.count ? timers - m->cpu[cpu].timers.count : 0;
	if (choice.entity && !m->cpu[cpu].timers.count && !timers && choice.last_cpu == cpu)
		m->worst_steps = MAX(m->worst_steps, sim_steps(m) - steps);
}

/* Its CPU itself wakes it, if that has nothing else. */
static inline bool sim_resume(struct sim *m, struct sim_entity *x)
{
	u32 cpu = x->e.cpu;
	struct sched_choice choice;

	if (m->on[cpu] || m->decisions % 2 || !sched_resume(&m->s, &x->e, cpu, m->now, &choice))
		return false;
	ASSERT(choice.entity == &x->e);
	sim_follow(m, cpu, &choice);
	m->resumes++;
	return true;
}

static inline void sim_wake(struct sim *m, struct sim_entity *x)
{
	if (x->e.state == SCHED_WAITING) {
		x->ready_since_ns = m->now;
		x->woken_ns = m->now;
		x->left_ns = x->burst_ns ? x->burst_ns : NEVER;
	}
	x->wake_ns = NEVER;
	if (!sim_resume(m, x))
		sim_kick(m, sched_wake(&m->s, &x->e, m->now));
}

static inline void sim_settle(struct sim *m)
{
	bool is_any = true;
	u32 rounds = 0;

	while (is_any) {
		is_any = false;
		ASSERT(rounds++ < 4 * m->cpu_count + 4); /* kicks at one time come to an end */
		for (u32 cpu = 0; cpu < m->cpu_count; cpu++) {
			if (!m->is_kicked[cpu])
				continue;
			m->is_kicked[cpu] = false;
			is_any = true;
			sim_decide(m, cpu);
		}
	}
}

/* Is there an idle CPU that could run somebody who waits? */
static inline bool sim_is_wasteful(const struct sim *m)
{
	for (u32 i = 0; i < m->count; i++) {
		const struct sim_entity *x = &m->entity[i];

		if (!x->is_present || x->e.state != SCHED_READY)
			continue;
		if (!x->e.is_movable && !m->on[x->e.cpu])
			return true;
		for (u32 cpu = 0; cpu < m->cpu_count && x->e.is_movable; cpu++)
			if (!m->on[cpu] && cpu_set_has(&x->e.allowed, cpu))
				return true;
	}
	return false;
}

static inline u64 sim_next(const struct sim *m)
{
	u64 next = NEVER;

	for (u32 cpu = 0; cpu < m->cpu_count; cpu++) {
		const struct sim_entity *x = m->on[cpu];

		next = MIN(next, m->until[cpu]);
		if (x && x->left_ns != NEVER)
			next = MIN(next, x->e.started_ns + x->left_ns);
	}
	for (u32 i = 0; i < m->count; i++)
		if (m->entity[i].is_present)
			next = MIN(next, m->entity[i].wake_ns);
	return next;
}

static inline void sim_step(struct sim *m)
{
	for (u32 cpu = 0; cpu < m->cpu_count; cpu++) {
		const struct sim_entity *x = m->on[cpu];

		if (m->until[cpu] <= m->now || (x && x->left_ns != NEVER && x->e.started_ns + x->left_ns <= m->now))
			m->is_kicked[cpu] = true;
	}
	sim_settle(m);
	for (u32 i = 0; i < m->count; i++)
		if (m->entity[i].is_present && m->entity[i].wake_ns <= m->now)
			sim_wake(m, &m->entity[i]);
	sim_settle(m);
	m->idle_waits += sim_is_wasteful(m);
}

static inline void sim_run_until(struct sim *m, u64 end)
{
	u64 next;

	sim_step(m);
	while ((next = sim_next(m)) < end) {
		ASSERT(next > m->now);
		m->now = next;
		sim_step(m);
	}
	m->now = end;
}

static inline void sim_run(struct sim *m, u64 ns)
{
	sim_run_until(m, m->now + ns);
}

/* With what it has got in the run that is still on. */
static inline u64 sim_service(const struct sim *m, const struct sim_entity *x)
{
	return x->service_ns + (x->e.state == SCHED_RUNNING ? m->now - x->e.started_ns : 0);
}

#endif
