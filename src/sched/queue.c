// SPDX-License-Identifier: Apache-2.0
// One CPU's queue: reservations by deadline, the others by virtual time, those that may not run by when they may.
#include "sched/sched_priv.h"

/* Never back, and not before the last of those who want to run. */
u64 queue_vnow(const struct sched_cpu *c, u64 now_ns)
{
	const struct sched_entity *e = c->running;
	u64 vtime;

	if (!e || e->is_on_budget)
		return c->vnow;
	vtime = e->vtime;
	if (now_ns > e->started_ns)
		vtime += vtime_of(now_ns - e->started_ns, e->weight);
	if (c->fixed.root)
		vtime = key_earlier(vtime, c->fixed.root->key);
	if (c->movable.root)
		vtime = key_earlier(vtime, c->movable.root->key);
	return key_later(c->vnow, vtime);
}

static struct heap *heap_of(struct sched_cpu *c, enum sched_queue queue)
{
	return queue == SCHED_QUEUE_DEADLINE ? &c->deadlines : queue == SCHED_QUEUE_FIXED ? &c->fixed : &c->movable;
}

static void ready_insert(struct sched_cpu *c, struct sched_entity *e, enum sched_queue queue, u64 key)
{
	e->state = SCHED_READY;
	e->queue = queue;
	heap_insert(heap_of(c, queue), &e->ready, key);
	if (queue != SCHED_QUEUE_DEADLINE)
		c->weights += e->weight;
}

static void ready_remove(struct sched_cpu *c, struct sched_entity *e)
{
	heap_remove(heap_of(c, e->queue), &e->ready);
	if (e->queue != SCHED_QUEUE_DEADLINE)
		c->weights -= e->weight;
	e->queue = SCHED_QUEUE_NONE;
}

static void hold(struct sched_cpu *c, struct sched_entity *e)
{
	u64 end = e->cap_start_ns + SCHED_CAP_WINDOW_NS;

	e->state = SCHED_HELD;
	heap_insert(&c->timers, &e->timer, e->budget_ns ? MIN(end, e->deadline_ns) : end);
}

void queue_place(struct sched_cpu *c, struct sched_entity *e, u64 now_ns, bool is_wake)
{
	reserve_refresh(e, now_ns, is_wake);
	if (reserve_has_budget(e)) {
		ready_insert(c, e, SCHED_QUEUE_DEADLINE, e->deadline_ns);
		return;
	}
	if (cap_is_used_up(e)) {
		hold(c, e);
		return;
	}
	ready_insert(c, e, e->is_movable ? SCHED_QUEUE_MOVABLE : SCHED_QUEUE_FIXED, e->vtime);
	if (e->budget_ns)
		heap_insert(&c->timers, &e->timer, e->deadline_ns);
}

void queue_remove(struct sched_cpu *c, struct sched_entity *e)
{
	if (e->timer.rank)
		heap_remove(&c->timers, &e->timer);
	if (e->queue != SCHED_QUEUE_NONE)
		ready_remove(c, e);
}

void queue_catch_up(const struct sched_cpu *c, struct sched_entity *e)
{
	e->vtime = key_later(e->vtime, c->vnow - VTIME_CREDIT);
}

void queue_release(struct sched_cpu *c, u64 now_ns)
{
	while (c->timers.root && c->timers.root->key <= now_ns) {
		struct sched_entity *e = CONTAINER_OF(c->timers.root, struct sched_entity, timer);

		queue_remove(c, e);
		queue_catch_up(c, e);
		queue_place(c, e, now_ns, false);
	}
}

struct sched_entity *queue_best(const struct sched_cpu *c)
{
	struct heap_node *fixed = c->fixed.root;
	struct heap_node *movable = c->movable.root;

	if (c->deadlines.root)
		return entity_ready(c->deadlines.root);
	if (fixed && movable)
		return entity_ready(key_is_before(movable->key, fixed->key) ? movable : fixed);
	return entity_ready(fixed ? fixed : movable);
}

static struct heap_node *earlier(struct heap_node *a, struct heap_node *b)
{
	return !a || (b && key_is_before(b->key, a->key)) ? b : a;
}

struct sched_entity *queue_next(struct sched_cpu *c)
{
	struct sched_entity *best = queue_best(c);
	struct heap_node *second;
	bool is_passed_over = best && best == c->yielded && best->queue != SCHED_QUEUE_DEADLINE;

	c->yielded = NULL;
	if (!is_passed_over)
		return best;
	second = earlier(best->ready.left, best->ready.right);
	second = earlier(second, best->queue == SCHED_QUEUE_FIXED ? c->movable.root : c->fixed.root);
	return second ? entity_ready(second) : best;
}

/* The round is shared by weight; `e` is not queued any more. */
static u64 slice_ns(const struct sched_cpu *c, const struct sched_entity *e)
{
	u64 share = SCHED_ROUND_NS * e->weight / ((u64)c->weights + e->weight);

	return MAX(SCHED_SLICE_MIN_NS, MIN(share, SCHED_SLICE_MAX_NS));
}

u64 queue_start(struct sched_cpu *c, u32 cpu, struct sched_entity *e, u64 now_ns)
{
	u64 until;

	reserve_refresh(e, now_ns, false); /* it may have been queued since an earlier window */
	queue_remove(c, e);
	e->state = SCHED_RUNNING;
	e->was_woken = false;
	e->last_cpu = cpu;
	e->started_ns = now_ns;
	c->running = e;
	c->vnow = queue_vnow(c, now_ns);
	until = reserve_limit(e, now_ns);
	if (!e->is_on_budget && c->weights)
		until = MIN(until, now_ns + slice_ns(c, e));
	return c->timers.root ? MIN(until, c->timers.root->key) : until;
}

static void head_publish(struct sched_cpu *c)
{
	const struct cpu_set *allowed = &entity_ready(c->movable.root)->allowed;

	atomic_store(&c->head, c->movable.root->key + c->base);
	for (u32 i = 0; i < ARRAY_COUNT(allowed->word); i++)
		if (atomic_load(&c->head_allowed.word[i]) != allowed->word[i])
			atomic_store(&c->head_allowed.word[i], allowed->word[i]);
}

void queue_publish(struct sched *s, u32 cpu)
{
	struct sched_cpu *c = &s->cpu[cpu];
	const struct sched_entity *e = c->running;
	u32 running_weight = e && !e->is_on_budget ? e->weight : 0;

	atomic_store(&c->load, c->weights + running_weight);
	atomic_store(&c->level, (running_weight ? e->vtime : c->vnow) + c->base);
	atomic_store(&c->level_ns, running_weight ? e->started_ns : 0);
	atomic_store(&c->level_weight, running_weight);
	atomic_store(&c->is_endless, running_weight && queue_is_empty(c));
	if (c->movable.root)
		head_publish(c);
	shared_set_change(&s->full, cpu, c->movable.root != NULL);
	shared_set_change(&s->idle, cpu, !e && queue_is_empty(c));
}
