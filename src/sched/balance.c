// SPDX-License-Identifier: Apache-2.0
// Between CPUs: where one that wakes goes, and who takes from whom. docs/scheduler.md has the argument.
#include "sched/sched_priv.h"

/* How deep a busy CPU looks into another's queue for an entity that it may run. */
#define LOOK_MAX 4

u32 shared_set_find(const struct sched_shared_set *set, const struct cpu_set *allowed, u32 from)
{
	struct cpu_set both;
	u32 cpu;

	for (u32 i = 0; i < ARRAY_COUNT(both.word); i++)
		both.word[i] = atomic_load(&set->word[i]) & allowed->word[i];
	cpu = cpu_set_next(&both, from);
	if (cpu == CPU_SET_NONE)
		cpu = cpu_set_next(&both, 0);
	return cpu == CPU_SET_NONE ? SCHED_NO_CPU : cpu;
}

void locks_take(struct sched *s, u32 a, u32 b)
{
	s->locks->take(s->locks, MIN(a, b));
	if (a != b)
		s->locks->take(s->locks, MAX(a, b));
}

void locks_give(struct sched *s, u32 a, u32 b)
{
	if (a != b)
		s->locks->give(s->locks, MAX(a, b));
	s->locks->give(s->locks, MIN(a, b));
}

u32 lock_of_entity(struct sched *s, const struct sched_entity *e)
{
	for (;;) {
		u32 cpu = atomic_load(&e->cpu);

		s->locks->take(s->locks, cpu);
		if (atomic_load(&e->cpu) == cpu)
			return cpu;
		s->locks->give(s->locks, cpu);
	}
}

/* The comparable vtime that a CPU has reached, from its hints. */
static u64 level_of(const struct sched_cpu *c, u64 now_ns)
{
	u32 weight = atomic_load(&c->level_weight);
	u64 since = atomic_load(&c->level_ns);
	u64 level = atomic_load(&c->level);

	return weight && now_ns > since ? level + vtime_of(now_ns - since, weight) : level;
}

/* A CPU that has had nothing to do takes up the time line where a busy one stands. */
static void level_adopt(struct sched *s, u32 cpu, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[cpu];

	for (u32 i = 0, other = cpu; i < s->scan_count; i++) {
		other = cpu_set_next(&s->cpus, other + 1);
		if (other == CPU_SET_NONE)
			other = cpu_set_next(&s->cpus, 0);
		c->scan_steps++;
		if (other != cpu && atomic_load(&s->cpu[other].level_weight)) {
			c->base = key_later(c->vnow + c->base, level_of(&s->cpu[other], now_ns)) - c->vnow;
			return;
		}
	}
}

static void move(struct sched *s, struct sched_entity *e, u32 from, u32 to)
{
	atomic_fetch_sub(&s->cpu[from].entity_count, 1);
	atomic_fetch_add(&s->cpu[to].entity_count, 1);
	atomic_store(&e->cpu, to);
}

void balance_arrive(struct sched *s, struct sched_entity *e, u32 from, u32 to, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[to];
	u64 vtime = e->vtime + s->cpu[from].base;
	u64 vnow;

	if (!queue_has_fair(c))
		level_adopt(s, to, now_ns);
	vnow = queue_vnow(c, now_ns);
	vtime = key_later(vtime - c->base, vnow - VTIME_CREDIT);
	e->vtime = key_earlier(vtime, vnow + VTIME_SPREAD);
	if (from != to)
		move(s, e, from, to);
}

/* The first of the movable ones on c that `cpu` may run, among `most`. */
static struct sched_entity *movable_for(struct sched_cpu *c, u32 cpu, u32 most)
{
	u32 looked = 0;

	for (struct heap_node *node = c->movable.root; node && looked < most; node = heap_next(node), looked++)
		if (cpu_set_has(&entity_ready(node)->allowed, cpu))
			return entity_ready(node);
	return NULL;
}

/* Both locked. With nothing else to run here, the CPU takes the entity's time line; else the entity fits in. */
static void take(struct sched *s, struct sched_entity *e, u32 from, u32 to)
{
	struct sched_cpu *c = &s->cpu[to];
	u64 vtime = e->vtime + s->cpu[from].base;

	queue_remove(&s->cpu[from], e);
	if (!queue_has_fair(c))
		c->base = vtime - c->vnow;
	vtime = key_later(vtime - c->base, c->vnow - VTIME_SPREAD);
	e->vtime = key_earlier(vtime, c->vnow + VTIME_SPREAD);
	move(s, e, from, to);
	e->state = SCHED_READY;
	e->queue = SCHED_QUEUE_MOVABLE;
	heap_insert(&c->movable, &e->ready, e->vtime);
	c->weights += e->weight;
	c->pulls++;
}

/*
 * How far `vtime`, of what a CPU runs or would run, is before `head` of another; negative when it is behind. A slice's
 * worth does not count: who is light goes forward in large steps.
 */
static s64 lead_of(u64 vtime, u32 weight, u64 head)
{
	return (s64)(vtime - vtime_of(SCHED_SLICE_MIN_NS, weight) - head);
}

static s64 lead_over(const struct sched_cpu *c, u64 head)
{
	const struct sched_entity *best = queue_best(c);

	return lead_of(best->vtime + c->base, best->weight, head);
}

static bool is_worth_it(const struct sched_cpu *behind, const struct sched_cpu *ahead, s64 lead)
{
	return lead > (s64)VTIME_URGENT ||
	       (lead > (s64)VTIME_MARGIN && atomic_load(&behind->load) > atomic_load(&ahead->load));
}

/* The CPU after c's last one looked at, in turn. */
static u32 scan_next(struct sched *s, struct sched_cpu *c)
{
	u32 cpu = cpu_set_next(&s->cpus, c->scan);

	if (cpu == CPU_SET_NONE)
		cpu = cpu_set_next(&s->cpus, 0);
	c->scan = cpu + 1;
	c->scan_steps++;
	return cpu;
}

/* Of some CPUs with waiting entities, and the one that sent a kick, the one furthest behind; by hints. */
static u32 furthest_behind(struct sched *s, u32 cpu)
{
	struct sched_cpu *c = &s->cpu[cpu];
	u32 other = atomic_exchange(&c->look_at, SCHED_NO_CPU);
	u32 found = SCHED_NO_CPU;
	s64 most = 0;

	for (u32 i = 0; i <= s->scan_count; i++) {
		if (other != SCHED_NO_CPU && other != cpu && shared_set_has(&s->full, other) &&
		    shared_set_has(&s->cpu[other].head_allowed, cpu)) {
			s64 lead = lead_over(c, atomic_load(&s->cpu[other].head));

			if (lead > most && is_worth_it(&s->cpu[other], c, lead)) {
				most = lead;
				found = other;
			}
		}
		other = shared_set_find(&s->full, &s->cpus, c->scan);
		if (other == SCHED_NO_CPU)
			break;
		c->scan = other + 1;
		c->scan_steps++;
	}
	return found;
}

u32 balance_kick_idle(struct sched *s, u32 cpu)
{
	struct sched_cpu *c = &s->cpu[cpu];
	u32 looked = 0;

	if (shared_set_find(&s->idle, &s->cpus, 0) == SCHED_NO_CPU)
		return SCHED_NO_CPU;
	for (struct heap_node *node = c->movable.root; node && looked < LOOK_MAX; node = heap_next(node), looked++) {
		u32 idle = shared_set_find(&s->idle, &entity_ready(node)->allowed, cpu + 1);

		if (idle != SCHED_NO_CPU)
			return idle;
	}
	return SCHED_NO_CPU;
}

/* Both locked; `kick` gets an idle CPU that could take a further one. */
static void take_and_tell(struct sched *s, struct sched_entity *e, u32 from, u32 to, u32 *kick)
{
	take(s, e, from, to);
	queue_publish(s, to);
	*kick = balance_kick_idle(s, from);
}

/* The queue of `cpu` may have changed meanwhile: everything is looked at again. */
static void pull_from(struct sched *s, u32 cpu, u32 other, u32 *kick)
{
	struct sched_cpu *c = &s->cpu[cpu];
	struct sched_entity *e = movable_for(&s->cpu[other], cpu, LOOK_MAX);
	s64 lead;

	if (!e || queue_is_empty(c) || c->deadlines.root)
		return;
	lead = lead_over(c, e->vtime + s->cpu[other].base);
	if (!is_worth_it(&s->cpu[other], c, lead))
		return;
	if (lead > (s64)VTIME_SPREAD)
		c->base -= (u64)lead - VTIME_SPREAD;
	take_and_tell(s, e, other, cpu, kick);
}

/* From the lock of `cpu` to both. */
static void lock_both(struct sched *s, u32 cpu, u32 other)
{
	queue_publish(s, cpu);
	s->locks->give(s->locks, cpu);
	locks_take(s, cpu, other);
}

static void unlock_other(struct sched *s, u32 other)
{
	queue_publish(s, other);
	s->locks->give(s->locks, other);
}

u32 balance_pull(struct sched *s, u32 cpu)
{
	u32 other = furthest_behind(s, cpu);
	u32 kick = SCHED_NO_CPU;

	if (other == SCHED_NO_CPU)
		return SCHED_NO_CPU;
	lock_both(s, cpu, other);
	pull_from(s, cpu, other, &kick);
	unlock_other(s, other);
	return kick;
}

u32 balance_search(struct sched *s, u32 cpu)
{
	struct sched_cpu *c = &s->cpu[cpu];
	u32 kick = SCHED_NO_CPU;

	for (u32 i = 0; i < s->cpu_count && queue_is_empty(c); i++) {
		u32 other = shared_set_find(&s->full, &s->cpus, c->scan);
		struct sched_entity *e;

		c->scan_steps++;
		if (other == SCHED_NO_CPU)
			break;
		c->scan = other + 1;
		if (other == cpu)
			continue;
		lock_both(s, cpu, other);
		e = queue_is_empty(c) ? movable_for(&s->cpu[other], cpu, UINT32_MAX) : NULL;
		if (e)
			take_and_tell(s, e, other, cpu, &kick);
		unlock_other(s, other);
	}
	return kick;
}

/* Does a CPU with a single entity, which has run for a while, lead over `head`? */
static bool is_ahead(const struct sched_cpu *o, const struct sched_cpu *c, u64 head, u64 now_ns)
{
	u32 weight = atomic_load(&o->level_weight);

	return atomic_load(&o->is_endless) && weight && now_ns >= atomic_load(&o->level_ns) + SCHED_SLICE_MIN_NS &&
	       is_worth_it(c, o, lead_of(level_of(o, now_ns), weight, head));
}

/* Such CPUs do not look around by themselves: whoever waits tells them. */
u32 balance_kick_ahead(struct sched *s, u32 cpu, u64 now_ns)
{
	struct sched_cpu *c = &s->cpu[cpu];
	const struct cpu_set *allowed;
	u64 head;

	if (!c->movable.root)
		return SCHED_NO_CPU;
	head = c->movable.root->key + c->base;
	allowed = &entity_ready(c->movable.root)->allowed;
	for (u32 i = 0; i < s->scan_count; i++) {
		u32 other = scan_next(s, c);
		struct sched_cpu *o = &s->cpu[other];

		if (other != cpu && cpu_set_has(allowed, other) && is_ahead(o, c, head, now_ns) &&
		    atomic_exchange(&o->is_endless, false)) {
			atomic_store(&o->look_at, cpu);
			return other;
		}
	}
	return SCHED_NO_CPU;
}
