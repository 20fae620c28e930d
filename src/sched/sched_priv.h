/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sched/: virtual time, a CPU's queue, reservations and caps, balance between CPUs. */
#ifndef ETERNA_SCHED_SCHED_PRIV_H
#define ETERNA_SCHED_SCHED_PRIV_H

#include "base/assert.h"
#include "sched/sched.h"

/* Units of virtual time that `ns` of a CPU are for a weight. A day is enough for anything here: no overflow. */
static inline u64 vtime_of(u64 ns, u32 weight)
{
	return MIN(ns, 86400 * NS_PER_SEC) * SCHED_WEIGHT_MAX / weight;
}

/* Bounds in virtual time: what these nanoseconds are at the usual weight. */
#define VTIME_USUAL(ns) ((ns) * (SCHED_WEIGHT_MAX / SCHED_WEIGHT_USUAL))
#define VTIME_CREDIT VTIME_USUAL(NS_PER_MS)        /* one that waited comes back this far before the others */
#define VTIME_PREEMPT VTIME_USUAL(500 * NS_PER_US) /* and ends another's slice when it is this far before it */
#define VTIME_MARGIN VTIME_USUAL(4 * NS_PER_MS)    /* CPUs even out when they are this far apart, if that mends loads */
#define VTIME_URGENT (4 * VTIME_MARGIN)            /* in any case */
#define VTIME_SPREAD VTIME_USUAL(64 * NS_PER_MS)   /* and forget what lies further back */

static inline u64 key_later(u64 a, u64 b)
{
	return key_is_before(a, b) ? b : a;
}

static inline u64 key_earlier(u64 a, u64 b)
{
	return key_is_before(a, b) ? a : b;
}

/* Sets that CPUs change without a lock. The order is sequential: "queue, then look for an idle CPU" meets "be idle,
 * then look for a full one" (balance.c). */
static inline bool shared_set_has(const struct sched_shared_set *set, u32 cpu)
{
	return atomic_load(&set->word[cpu / 64]) >> cpu % 64 & 1;
}

static inline void shared_set_change(struct sched_shared_set *set, u32 cpu, bool is_member)
{
	if (shared_set_has(set, cpu) == is_member)
		return;
	if (is_member)
		atomic_fetch_or(&set->word[cpu / 64], BIT(cpu % 64));
	else
		atomic_fetch_and(&set->word[cpu / 64], ~BIT(cpu % 64));
}

/* The first CPU in both sets from `from` on, around the end; SCHED_NO_CPU. */
u32 shared_set_find(const struct sched_shared_set *set, const struct cpu_set *allowed, u32 from);

/* Locks of two CPUs, the lower one first; they may be one. */
void locks_take(struct sched *s, u32 a, u32 b);
void locks_give(struct sched *s, u32 a, u32 b);

/* Lock the CPU that the entity is at, and return it. */
u32 lock_of_entity(struct sched *s, const struct sched_entity *e);

/* --- reserve.c: reservations and caps ------------------------------------------------------------------------- */

/* Millionths of a CPU, rounded up. */
u32 reserve_ppm(u64 budget_ns, u64 period_ns);

/* Bring the reservation and the cap's window up to now; `is_wake`: it comes back from waiting. */
void reserve_refresh(struct sched_entity *e, u64 now_ns, bool is_wake);

/* Has it budget, is its cap used up? After reserve_refresh(). */
static inline bool reserve_has_budget(const struct sched_entity *e)
{
	return e->budget_ns && e->budget_left_ns > 0;
}

static inline bool cap_is_used_up(const struct sched_entity *e)
{
	return e->cap_ns < SCHED_CAP_WINDOW_NS && e->cap_used_ns >= e->cap_ns;
}

/* It ran from e->started_ns until now. */
void reserve_charge(struct sched_entity *e, u64 now_ns);

/* When running has to end for the reservation's or the cap's sake; it starts now. */
u64 reserve_limit(const struct sched_entity *e, u64 now_ns);

/* --- queue.c: one CPU's queue, under its lock ------------------------------------------------------------------- */

/* Without a reservation's budget: is there any such entity, running or ready? */
static inline bool queue_has_fair(const struct sched_cpu *c)
{
	return c->fixed.root || c->movable.root || (c->running && !c->running->is_on_budget);
}

static inline bool queue_is_empty(const struct sched_cpu *c)
{
	return !c->deadlines.root && !c->fixed.root && !c->movable.root;
}

static inline struct sched_entity *entity_ready(struct heap_node *node)
{
	return node ? CONTAINER_OF(node, struct sched_entity, ready) : NULL;
}

/* vtime that the CPU has reached by now, with what its running entity got. */
u64 queue_vnow(const struct sched_cpu *c, u64 now_ns);

/* Queue an entity that is not queued, by its reservation, cap and vtime. */
void queue_place(struct sched_cpu *c, struct sched_entity *e, u64 now_ns, bool is_wake);

/* Take a READY or HELD entity out of all heaps. */
void queue_remove(struct sched_cpu *c, struct sched_entity *e);

/* Not to be run for want of time, by cap or budget, earns nothing. */
void queue_catch_up(const struct sched_cpu *c, struct sched_entity *e);

/* Place again those whose timers are due. */
void queue_release(struct sched_cpu *c, u64 now_ns);

/* What comes first; NULL. It stays queued. */
struct sched_entity *queue_best(const struct sched_cpu *c);

/* The same to be run now: what comes second if the first one yielded its turn, which is forgotten then. */
struct sched_entity *queue_next(struct sched_cpu *c);

/* Take the entity from the queue, if it is there, and let it run, on its budget or not as it says; until when. */
u64 queue_start(struct sched_cpu *c, u32 cpu, struct sched_entity *e, u64 now_ns);

/* Tell the other CPUs how it stands here. Before the lock is given back. */
void queue_publish(struct sched *s, u32 cpu);

/* --- balance.c: between CPUs ------------------------------------------------------------------------------------ */

/* Move a WAITING entity's vtime to CPU `to`, so that it is neither far behind nor far before the others there. */
void balance_arrive(struct sched *s, struct sched_entity *e, u32 from, u32 to, u64 now_ns);

/*
 * `cpu` has something to run: take an entity that has had less from another CPU, if one of those looked at has it.
 * Context: locked; the lock is let go of and taken again. Returns an idle CPU to kick, or SCHED_NO_CPU.
 */
u32 balance_pull(struct sched *s, u32 cpu);

/* As balance_pull for a CPU with nothing to run: looks at all CPUs that have something waiting. */
u32 balance_search(struct sched *s, u32 cpu);

/* A CPU that should look at the queue of `cpu`: an idle one, or one that is ahead; SCHED_NO_CPU. Locked. */
u32 balance_kick_idle(struct sched *s, u32 cpu);
u32 balance_kick_ahead(struct sched *s, u32 cpu, u64 now_ns);

#endif
