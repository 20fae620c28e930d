// SPDX-License-Identifier: Apache-2.0
// The scheduler's invariants.
#include "sched/sched_priv.h"

static bool entity_valid(const struct sched_entity *e, u32 cpu, enum sched_queue queue)
{
	if (e->state != SCHED_READY || e->queue != queue || e->cpu != cpu || !cpu_set_has(&e->allowed, cpu))
		return false;
	if (queue == SCHED_QUEUE_DEADLINE)
		return reserve_has_budget(e) && e->ready.key == e->deadline_ns;
	return e->ready.key == e->vtime && e->is_movable == (queue == SCHED_QUEUE_MOVABLE);
}

static bool ready_valid(const struct heap *heap, u32 cpu, enum sched_queue queue)
{
	if (!heap_valid(heap))
		return false;
	for (struct heap_node *node = heap->root; node; node = heap_next(node))
		if (!entity_valid(entity_ready(node), cpu, queue))
			return false;
	return true;
}

static bool timers_valid(const struct sched_cpu *c, u32 cpu)
{
	if (!heap_valid(&c->timers))
		return false;
	for (struct heap_node *node = c->timers.root; node; node = heap_next(node)) {
		const struct sched_entity *e = CONTAINER_OF(node, struct sched_entity, timer);

		if (e->cpu != cpu || (e->state != SCHED_HELD && (e->state != SCHED_READY || !e->budget_ns)))
			return false;
	}
	return true;
}

static u64 weights_of(const struct heap *heap)
{
	u64 sum = 0;

	for (struct heap_node *node = heap->root; node; node = heap_next(node))
		sum += entity_ready(node)->weight;
	return sum;
}

static bool running_valid(const struct sched_cpu *c, u32 cpu)
{
	const struct sched_entity *e = c->running;

	return !e || (e->state == SCHED_RUNNING && e->cpu == cpu && e->queue == SCHED_QUEUE_NONE && !e->ready.rank &&
		      !e->timer.rank && cpu_set_has(&e->allowed, cpu) && e->last_cpu == cpu);
}

static bool cpu_valid(const struct sched *s, u32 cpu)
{
	const struct sched_cpu *c = &s->cpu[cpu];

	return ready_valid(&c->deadlines, cpu, SCHED_QUEUE_DEADLINE) &&
	       ready_valid(&c->fixed, cpu, SCHED_QUEUE_FIXED) && ready_valid(&c->movable, cpu, SCHED_QUEUE_MOVABLE) &&
	       timers_valid(c, cpu) && running_valid(c, cpu) &&
	       c->weights == weights_of(&c->fixed) + weights_of(&c->movable) &&
	       c->reserved_ppm <= SCHED_RESERVED_MAX_PPM &&
	       shared_set_has(&s->full, cpu) == (c->movable.root != NULL) &&
	       (!shared_set_has(&s->idle, cpu) || (!c->running && queue_is_empty(c)));
}

bool sched_valid(const struct sched *s)
{
	for (u32 cpu = cpu_set_next(&s->cpus, 0); cpu != CPU_SET_NONE; cpu = cpu_set_next(&s->cpus, cpu + 1))
		if (!cpu_valid(s, cpu))
			return false;
	return true;
}
