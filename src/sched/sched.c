// SPDX-License-Identifier: Apache-2.0
// The scheduler's operations: wake, sleep, pick, put.
#include "sched/sched.h"

#include "sched/sched_priv.h"

static void unlock(struct sched *s, u32 cpu)
{
	queue_publish(s, cpu);
	s->locks->give(s->locks, cpu);
}

/* The CPU it ran on last, unless that has something to do and another has not. */
static u32 wake_target(const struct sched *s, const struct sched_entity *e, u32 cpu)
{
	u32 idle;

	if (!e->is_movable || shared_set_has(&s->idle, cpu))
		return cpu;
	idle = shared_set_find(&s->idle, &e->allowed, cpu + 1);
	return idle == SCHED_NO_CPU ? cpu : idle;
}

/* Does what was just placed on c end what runs there? */
static bool preempts(const struct sched_cpu *c, const struct sched_entity *e, u64 now_ns)
{
	const struct sched_entity *running = c->running;

	if (!running || (c->timers.root && c->timers.root->key < c->until_ns))
		return true;
	if (e->queue == SCHED_QUEUE_DEADLINE)
		return !running->is_on_budget || e->deadline_ns < running->deadline_ns;
	if (e->queue == SCHED_QUEUE_NONE || running->is_on_budget)
		return false;
	if (atomic_load(&c->is_endless))
		return true;
	return key_is_before(e->vtime + VTIME_PREEMPT,
			     running->vtime + vtime_of(now_ns - MIN(now_ns, running->started_ns), running->weight));
}

/* Locked: `from`, where the entity is, and `to`. */
static u32 wake_on(struct sched *s, struct sched_entity *e, u32 from, u32 to, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[to];
	u32 kick;

	balance_arrive(s, e, from, to, now_ns);
	queue_place(c, e, now_ns, true);
	kick = preempts(c, e, now_ns) ? to : SCHED_NO_CPU;
	queue_publish(s, to);
	/* Idle since wake_target() looked: either we see that here, or it sees what we just made known. */
	return kick == SCHED_NO_CPU && e->is_movable ? balance_kick_idle(s, to) : kick;
}

u32 sched_wake(struct sched *s, struct sched_entity *e, u64 now_ns)
{
	for (;;) {
		u32 cpu = lock_of_entity(s, e);
		u32 to;
		u32 kick;

		if (e->state != SCHED_WAITING) {
			e->was_woken |= e->state == SCHED_RUNNING;
			s->locks->give(s->locks, cpu);
			return SCHED_NO_CPU;
		}
		to = wake_target(s, e, cpu);
		if (to == cpu) {
			kick = wake_on(s, e, cpu, cpu, now_ns);
			s->locks->give(s->locks, cpu);
			return kick;
		}
		s->locks->give(s->locks, cpu);
		locks_take(s, cpu, to);
		if (atomic_load(&e->cpu) == cpu && e->state == SCHED_WAITING) {
			kick = wake_on(s, e, cpu, to, now_ns);
			locks_give(s, cpu, to);
			return kick;
		}
		locks_give(s, cpu, to); /* somebody else woke it meanwhile */
	}
}

u32 sched_sleep(struct sched *s, struct sched_entity *e)
{
	u32 cpu = lock_of_entity(s, e);
	u32 kick = SCHED_NO_CPU;

	if (e->state == SCHED_READY || e->state == SCHED_HELD) {
		queue_remove(&s->cpu[cpu], e);
		e->state = SCHED_WAITING;
	} else if (e->state == SCHED_RUNNING) {
		e->was_woken = false;
		kick = cpu;
	}
	unlock(s, cpu);
	return kick;
}

static struct sched_choice start_best(struct sched *s, u32 cpu, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[cpu];
	struct sched_entity *e = queue_next(c);
	struct sched_choice choice = {.entity = e, .kick = SCHED_NO_CPU, .last_cpu = SCHED_NO_CPU};

	if (e) {
		choice.last_cpu = e->last_cpu;
		e->is_on_budget = e->queue == SCHED_QUEUE_DEADLINE;
		choice.until_ns = queue_start(c, cpu, e, now_ns);
	} else {
		choice.until_ns = c->timers.root ? c->timers.root->key : NEVER;
	}
	c->until_ns = choice.until_ns;
	c->picks++;
	return choice;
}

/* Locked, but for a while in which the queue is published. */
static struct sched_choice pick(struct sched *s, u32 cpu, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[cpu];
	u32 kick = SCHED_NO_CPU;
	struct sched_choice choice;

	ASSERT(!c->running);
	queue_release(c, now_ns);
	queue_publish(s, cpu);
	if (queue_is_empty(c))
		kick = balance_search(s, cpu);
	else if (!c->deadlines.root)
		kick = balance_pull(s, cpu);
	choice = start_best(s, cpu, now_ns);
	choice.kick = kick;
	if (!choice.entity)
		return choice; /* what is published says so already */
	queue_publish(s, cpu);
	if (choice.kick == SCHED_NO_CPU)
		choice.kick = balance_kick_idle(s, cpu);
	if (choice.kick == SCHED_NO_CPU)
		choice.kick = balance_kick_ahead(s, cpu, now_ns);
	return choice;
}

struct sched_choice sched_pick(struct sched *s, u32 cpu, u64 now_ns)
{
	struct sched_choice choice;

	s->locks->take(s->locks, cpu);
	choice = pick(s, cpu, now_ns);
	s->locks->give(s->locks, cpu);
	return choice;
}

static void put(struct sched_cpu *c, struct sched_entity *e, bool is_ready, u64 now_ns)
{
	u64 ran_ns = now_ns - MIN(now_ns, e->started_ns);

	ASSERT(c->running == e && e->state == SCHED_RUNNING);
	c->vnow = queue_vnow(c, now_ns);
	reserve_charge(e, now_ns);
	e->service_ns += ran_ns;
	c->busy_ns += ran_ns;
	if (e->is_on_budget) {
		e->reserved_service_ns += ran_ns;
		queue_catch_up(c, e);
	} else {
		e->vtime += vtime_of(ran_ns, e->weight);
	}
	c->running = NULL;
	e->is_on_budget = false;
	e->state = SCHED_WAITING;
	if (is_ready || e->was_woken)
		queue_place(c, e, now_ns, !is_ready);
}

void sched_put(struct sched *s, struct sched_entity *e, bool is_ready, u64 now_ns)
{
	u32 cpu = atomic_load(&e->cpu); /* ours while it runs here */

	s->locks->take(s->locks, cpu);
	put(&s->cpu[cpu], e, is_ready, now_ns);
	unlock(s, cpu);
}

struct sched_choice sched_switch(struct sched *s, struct sched_entity *e, bool is_ready, u64 now_ns)
{
	u32 cpu = atomic_load(&e->cpu);
	struct sched_choice choice;

	s->locks->take(s->locks, cpu);
	put(&s->cpu[cpu], e, is_ready, now_ns);
	choice = pick(s, cpu, now_ns);
	s->locks->give(s->locks, cpu);
	return choice;
}

/* Nobody else to be run on c, and nobody to be taken from another CPU. */
static bool is_alone(const struct sched *s, const struct sched_cpu *c)
{
	return !c->running && queue_is_empty(c) && !c->timers.root &&
	       shared_set_find(&s->full, &s->cpus, 0) == SCHED_NO_CPU;
}

bool sched_resume(struct sched *s, struct sched_entity *e, u32 cpu, u64 now_ns, struct sched_choice *choice)
{
	struct sched_cpu *c = &s->cpu[cpu];
	bool is_done = false;

	s->locks->take(s->locks, cpu);
	if (atomic_load(&e->cpu) == cpu && e->state == SCHED_WAITING && is_alone(s, c)) {
		reserve_refresh(e, now_ns, true);
		is_done = reserve_has_budget(e) || !cap_is_used_up(e);
	}
	if (is_done) {
		balance_arrive(s, e, cpu, cpu, now_ns);
		*choice = (struct sched_choice){.entity = e, .kick = SCHED_NO_CPU, .last_cpu = e->last_cpu};
		e->is_on_budget = reserve_has_budget(e);
		choice->until_ns = queue_start(c, cpu, e, now_ns);
		c->until_ns = choice->until_ns;
		c->picks++;
		queue_publish(s, cpu);
	}
	s->locks->give(s->locks, cpu);
	return is_done;
}

void sched_excuse(struct sched *s, struct sched_entity *e, u64 ns)
{
	u32 cpu = atomic_load(&e->cpu);

	s->locks->take(s->locks, cpu);
	e->started_ns += ns;
	unlock(s, cpu);
}

/* It is passed over once. Its time stays what it got, but for what would let it make the next one wait for long. */
void sched_yield_turn(struct sched *s, struct sched_entity *e, u64 now_ns)
{
	u32 cpu = atomic_load(&e->cpu);
	struct sched_cpu *c = &s->cpu[cpu];
	u64 ran = vtime_of(now_ns - MIN(now_ns, e->started_ns), e->weight);
	const struct sched_entity *next;

	s->locks->take(s->locks, cpu);
	next = queue_best(c);
	if (!e->is_on_budget && next && next->queue != SCHED_QUEUE_DEADLINE)
		e->vtime = key_later(e->vtime, next->vtime - VTIME_CREDIT - ran);
	c->yielded = e;
	s->locks->give(s->locks, cpu);
}

u64 sched_steps(const struct sched_cpu *c)
{
	return c->deadlines.steps + c->fixed.steps + c->movable.steps + c->timers.steps + c->scan_steps;
}
