// SPDX-License-Identifier: Apache-2.0
// Gives the scheduler its clock, its memory and its locks.
#include "vm/schedule.h"

#include "base/assert.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"
#include "host/smp.h"
#include "vm/vm.h"

static struct sched sched;
static struct lock locks[CPUS_MAX];

static u64 now_ns(void)
{
	return clock_tsc_to_ns(clock_tsc());
}

static void cpu_lock(struct sched_locks *all, u32 cpu)
{
	(void)all;
	lock_take(&locks[cpu]);
}

static void cpu_unlock(struct sched_locks *all, u32 cpu)
{
	(void)all;
	lock_drop(&locks[cpu]);
}

void schedule_init(void)
{
	static struct sched_locks calls = {cpu_lock, cpu_unlock};
	struct cpu_set cpus = cpu_set_first(cpu_count);
	struct sched_cpu *queues;

	memory_lock_take();
	queues = pool_alloc(memory_pool(), pool_pages(cpu_count * sizeof(*queues)));
	memory_lock_drop();
	if (!queues)
		fatal("no memory for the scheduler of %u CPUs", cpu_count);
	for (u32 i = 0; i < cpu_count; i++)
		locks[i] = LOCK_INIT(LOCK_SCHEDULE);
	sched_init(&sched, queues, &cpus, &calls);
}

err_t schedule_own(u32 cpu, u32 owner)
{
	return sched_own(&sched, cpu, owner);
}

err_t schedule_try(struct sched_entity *e, const char *vm, u32 index, const struct sched_params *params,
		   const struct cpu_set *cpus)
{
	struct sched_params p = *params;
	char why[SCHED_WHY_BYTES];
	err_t err;

	p.cpus = *cpus;
	err = sched_add(&sched, e, &p, now_ns(), why);
	if (err)
		log_error("VM %s, vcpu %u: %s", vm, index, why);
	return err;
}

void schedule_end_try(struct sched_entity *e)
{
	err_t err = sched_remove(&sched, e);

	ASSERT(!err); /* nobody woke it */
}

err_t schedule_add(struct vcpu *v, const struct cpu_set *cpus)
{
	return schedule_try(&v->entity, v->vm->name, v->index, &v->vm->schedule, cpus);
}

err_t schedule_remove(struct vcpu *v)
{
	return sched_remove(&sched, &v->entity);
}

u32 schedule_wake(struct vcpu *v)
{
	return sched_wake(&sched, &v->entity, now_ns());
}

static struct schedule_choice choice_of(const struct sched_choice *c)
{
	return (struct schedule_choice){
		.vcpu = c->entity ? CONTAINER_OF(c->entity, struct vcpu, entity) : NULL,
		.until_tsc = c->until_ns == NEVER ? NEVER : clock_ns_to_tsc(c->until_ns),
		.kick = c->kick,
	};
}

struct schedule_choice schedule_pick(u32 cpu)
{
	struct sched_choice choice = sched_pick(&sched, cpu, now_ns());

	return choice_of(&choice);
}

void schedule_put(struct vcpu *v, bool is_ready)
{
	sched_put(&sched, &v->entity, is_ready, now_ns());
}

struct schedule_choice schedule_switch(struct vcpu *v, bool is_ready)
{
	struct sched_choice choice = sched_switch(&sched, &v->entity, is_ready, now_ns());

	return choice_of(&choice);
}

bool schedule_resume(struct vcpu *v, u32 cpu, struct schedule_choice *choice)
{
	struct sched_choice found;

	if (!sched_resume(&sched, &v->entity, cpu, now_ns(), &found))
		return false;
	*choice = choice_of(&found);
	return true;
}

u64 schedule_service_ns(const struct vcpu *v)
{
	u64 now = now_ns();
	u64 since = v->entity.started_ns;

	return v->entity.service_ns + (v->entity.state == SCHED_RUNNING && now > since ? now - since : 0);
}

u64 schedule_busy_ns(u32 cpu)
{
	const struct sched_cpu *c = &sched.cpu[cpu];
	const struct sched_entity *e = c->running;
	u64 now = now_ns();

	return c->busy_ns + (e && now > e->started_ns ? now - e->started_ns : 0);
}

u32 schedule_count(u32 cpu)
{
	return atomic_load(&sched.cpu[cpu].entity_count);
}

void schedule_excuse(struct vcpu *v, u64 tsc)
{
	sched_excuse(&sched, &v->entity, clock_tsc_to_ns(tsc));
}

void schedule_yield(struct vcpu *v)
{
	sched_yield_turn(&sched, &v->entity, now_ns());
}
