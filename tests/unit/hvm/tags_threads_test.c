// SPDX-License-Identifier: Apache-2.0
/*
 * The race that a model of steps cannot show: a vcpu enters its guest on one CPU just when another CPU removes a
 * mapping. Real threads play CPUs; each keeps one translation until it is told to flush.
 */
#include "hvm/tags.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GUESTS 2
/* At least; on a busy machine either side may wait for the other's turn. */
#define ROUNDS 3000
#define ENTRIES 20000

/* Frames are numbers that only grow: the table maps one, all below `freed` are somebody else's by now. */
struct race {
	struct tag_vm vm;
	_Atomic u64 mapped, freed;
	_Atomic bool is_over;
	struct guest {
		struct race *race;
		struct tag_space space;
		struct tag_vcpu vcpu;
		_Atomic bool is_kicked;
		_Atomic u64 entries;
		u64 wrong_uses;
	} guest[GUESTS];
};

/* Until the kick, or for a while; now and then the others run in the middle, however few CPUs there are. */
static void guest_runs(struct guest *g, u64 *cached)
{
	for (unsigned i = 0; i < 20 && !atomic_load_explicit(&g->is_kicked, memory_order_relaxed); i++) {
		if (!*cached)
			*cached = atomic_load_explicit(&g->race->mapped, memory_order_relaxed);
		if (i == 10 && atomic_load_explicit(&g->entries, memory_order_relaxed) % 256 == 0)
			sched_yield();
		g->wrong_uses += *cached < atomic_load_explicit(&g->race->freed, memory_order_relaxed);
	}
}

static void *guest_thread(void *arg)
{
	struct guest *g = arg;
	u64 cached = 0;

	while (!atomic_load_explicit(&g->race->is_over, memory_order_relaxed)) {
		struct tag_entry e = tags_enter(&g->space, &g->race->vm, &g->vcpu);

		if (e.flush_second_level || e.flush_tag || e.flush_all)
			cached = 0;
		guest_runs(g, &cached);
		tags_leave(&g->vcpu);
		atomic_store_explicit(&g->is_kicked, false, memory_order_relaxed);
		if (atomic_fetch_add_explicit(&g->entries, 1, memory_order_relaxed) % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void wait_for(struct guest *g, u64 epoch)
{
	u32 cpu;

	while (tags_flush_needs_wait(&g->vcpu, epoch, &cpu)) {
		assert_ptr_equal(g, &g->race->guest[cpu]);
		atomic_store_explicit(&g->is_kicked, true, memory_order_relaxed);
		sched_yield();
	}
}

static bool has_run(const struct race *r, u64 frame)
{
	bool has_run = frame >= ROUNDS;

	for (u32 i = 0; i < GUESTS; i++)
		has_run &= atomic_load_explicit(&r->guest[i].entries, memory_order_relaxed) >= ENTRIES;
	return has_run;
}

static void remove_mappings(struct race *r, bool is_patient)
{
	for (u64 frame = 2; !has_run(r, frame); frame++) {
		u64 epoch;

		atomic_store_explicit(&r->mapped, frame, memory_order_relaxed);
		epoch = tags_vm_invalidate(&r->vm);
		for (u32 i = 0; is_patient && i < GUESTS; i++)
			wait_for(&r->guest[i], epoch);
		atomic_store_explicit(&r->freed, frame, memory_order_relaxed);
		if (frame % 64 == 0)
			sched_yield();
	}
}

static u64 race(const struct tag_caps *caps, bool is_patient)
{
	static struct race r;
	pthread_t thread[GUESTS];
	u64 wrong = 0;

	r = (struct race){.mapped = 1};
	tag_vm_init(&r.vm);
	for (u32 i = 0; i < GUESTS; i++) {
		r.guest[i].race = &r;
		tag_space_init(&r.guest[i].space, i, caps);
		tag_vcpu_init(&r.guest[i].vcpu);
		assert_int_equal(pthread_create(&thread[i], NULL, guest_thread, &r.guest[i]), 0);
	}
	remove_mappings(&r, is_patient);
	atomic_store(&r.is_over, true);
	for (u32 i = 0; i < GUESTS; i++) {
		pthread_join(thread[i], NULL);
		wrong += r.guest[i].wrong_uses;
	}
	return wrong;
}

static const struct tag_caps intel = {.first = 1, .count = 100, .flush_by_tag = true};
static const struct tag_caps amd = {.first = 1, .count = 100, .flush_by_tag = true, .second_level_by_tag = true};

static void frames_are_free_when_the_wait_is_over(void **state)
{
	(void)state;
	assert_int_equal(race(&intel, true), 0);
	assert_int_equal(race(&amd, true), 0);
}

static void impatience_is_found(void **state)
{
	unsigned tries = 0;

	(void)state;
	while (!race(&intel, false) && ++tries < 50)
		;
	assert_true(tries < 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_free_when_the_wait_is_over),
		cmocka_unit_test(impatience_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
