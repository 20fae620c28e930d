// SPDX-License-Identifier: Apache-2.0
// The scheduler between threads that stand for CPUs, with real locks: nobody runs twice at a time, nobody is lost.
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sched/sched.h"

#define CPUS 4u
#define ENTITIES 24u
#define ROUNDS 20000u

static struct {
	struct sched s;
	struct sched_cpu cpu[CPUS];
	struct sched_locks locks;
	pthread_mutex_t mutex[CPUS];
	struct sched_entity entity[ENTITIES];
	_Atomic u32 runs[ENTITIES]; /* on how many CPUs it is right now */
	_Atomic u64 owed[ENTITIES]; /* wake-ups that it has not run for yet */
	_Atomic u64 now;
	_Atomic u32 faults;
} t;

static void take(struct sched_locks *locks, u32 cpu)
{
	(void)locks;
	pthread_mutex_lock(&t.mutex[cpu]);
}

static void give(struct sched_locks *locks, u32 cpu)
{
	(void)locks;
	pthread_mutex_unlock(&t.mutex[cpu]);
}

static void run_entity(struct sched_entity *e, u64 *seed)
{
	u32 i = (u32)(e - t.entity);

	t.faults += atomic_fetch_add(&t.runs[i], 1) != 0;
	atomic_store(&t.owed[i], 0);
	if (*seed >> 60 == 0)
		sched_yield();
	t.faults += atomic_fetch_sub(&t.runs[i], 1) != 1;
}

/* What runs is let go of and the next one picked, in one and in two; or one that waits is woken to be run here. */
static struct sched_entity *next(u32 cpu, struct sched_entity *e, u64 seed)
{
	u64 now = atomic_fetch_add(&t.now, 50 * NS_PER_US);
	u32 other = (u32)(seed >> 33) % ENTITIES;
	struct sched_choice choice;

	if (e && seed >> 41 & 1)
		return sched_switch(&t.s, e, seed >> 40 & 1, now).entity;
	if (e)
		sched_put(&t.s, e, seed >> 40 & 1, now);
	if (seed >> 42 & 1 && sched_resume(&t.s, &t.entity[other], cpu, now, &choice))
		return choice.entity;
	return sched_pick(&t.s, cpu, now).entity;
}

static void *cpu_main(void *argument)
{
	u32 cpu = (u32)(size_t)argument;
	struct sched_entity *e = NULL;
	u64 seed = cpu + 1;

	for (u32 i = 0; i < ROUNDS; i++) {
		u32 other;

		e = next(cpu, e, seed);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (e)
			run_entity(e, &seed);
		else
			sched_yield();
		other = (u32)(seed >> 33) % ENTITIES;
		atomic_store(&t.owed[other], 1);
		(void)sched_wake(&t.s, &t.entity[other], atomic_load(&t.now));
	}
	if (e)
		sched_put(&t.s, e, true, atomic_load(&t.now));
	return NULL;
}

/* After the threads have ended: whoever was woken last is there to be run. */
static void drain(void)
{
	u32 idle = 0;

	for (u32 round = 0; idle < 2 * CPUS; round++) {
		u64 now = atomic_fetch_add(&t.now, 10 * NS_PER_MS);
		struct sched_choice choice = sched_pick(&t.s, round % CPUS, now);

		idle = choice.entity ? 0 : idle + 1;
		if (!choice.entity)
			continue;
		atomic_store(&t.owed[choice.entity - t.entity], 0);
		sched_put(&t.s, choice.entity, false, now + NS_PER_US);
	}
}

static void threads_agree(void **state)
{
	struct cpu_set cpus = cpu_set_first(CPUS);
	pthread_t thread[CPUS];
	char why[SCHED_WHY_BYTES];

	(void)state;
	t.locks = (struct sched_locks){take, give};
	sched_init(&t.s, t.cpu, &cpus, &t.locks);
	for (u32 i = 0; i < CPUS; i++)
		pthread_mutex_init(&t.mutex[i], NULL);
	for (u32 i = 0; i < ENTITIES; i++) {
		struct sched_params params = {.weight = 100, .cap_percent = i % 6 ? SCHED_CAP_NONE : 20};

		if (i % 5 == 0)
			cpu_set_add(&params.cpus, i % CPUS);
		if (i % 8 == 1) {
			params.budget_ns = NS_PER_MS;
			params.period_ns = 10 * NS_PER_MS;
		}
		assert_int_equal(sched_add(&t.s, &t.entity[i], &params, 0, why), OK);
	}
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, cpu_main, (void *)(size_t)i), 0);
	for (u32 i = 0; i < CPUS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(t.faults, 0);
	assert_true(sched_valid(&t.s));
	drain();
	assert_true(sched_valid(&t.s));
	for (u32 i = 0; i < ENTITIES; i++) {
		assert_int_equal(t.entity[i].state, SCHED_WAITING);
		assert_int_equal(t.owed[i], 0);
		assert_int_equal(sched_remove(&t.s, &t.entity[i]), OK);
	}
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(t.cpu[i].entity_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
