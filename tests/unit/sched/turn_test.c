// SPDX-License-Identifier: Apache-2.0
// Turns that end early or begin without a choice: waits, yields, late callers; on simulated time.
#include "sched/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/sched_sim.h"

static struct sim m;

static void add_usual(u32 count)
{
	struct sched_params params = sim_usual();

	sim_add_many(&m, &params, count);
}

/* Woken while it still runs, an entity that then wants to wait does not miss it. */
static void a_wake_up_while_running_counts(void **state)
{
	struct sched_params params = sim_usual();
	struct sim_entity *x;

	(void)state;
	sim_init(&m, 1, 0);
	x = sim_add(&m, &params, 0, 0);
	sim_run(&m, NS_PER_MS);
	assert_int_equal(sched_wake(&m.s, &x->e, m.now), SCHED_NO_CPU);
	sched_put(&m.s, &x->e, false, m.now);
	assert_int_equal(x->e.state, SCHED_READY);
	assert_ptr_equal(sched_pick(&m.s, 0, m.now).entity, &x->e);
	assert_int_equal(sched_sleep(&m.s, &x->e), 0);
	sched_put(&m.s, &x->e, false, m.now);
	assert_int_equal(x->e.state, SCHED_WAITING);
	assert_null(sched_pick(&m.s, 0, m.now).entity);
	assert_int_equal(sched_wake(&m.s, &x->e, m.now), 0);
}

/* The short way is for one that is alone, where it is, with time to run. */
static void only_who_is_alone_is_resumed(void **state)
{
	struct sched_params params = sim_usual();
	struct sched_choice choice;
	struct sched_entity e[2];
	char why[SCHED_WHY_BYTES];

	(void)state;
	sim_init(&m, 2, 0);
	params.cap_percent = 10;
	cpu_set_add(&params.cpus, 0);
	assert_int_equal(sched_add(&m.s, &e[0], &params, m.now, why), OK);
	assert_int_equal(sched_add(&m.s, &e[1], &params, m.now, why), OK);
	assert_false(sched_resume(&m.s, &e[0], 1, m.now, &choice)); /* not there */
	assert_true(sched_resume(&m.s, &e[0], 0, m.now, &choice));
	assert_true(choice.entity == &e[0] && choice.until_ns == m.now + 2 * NS_PER_MS);
	assert_true(sched_valid(&m.s));
	assert_false(sched_resume(&m.s, &e[1], 0, m.now, &choice)); /* another runs */
	assert_null(sched_switch(&m.s, &e[0], false, m.now + 2 * NS_PER_MS).entity);
	assert_false(sched_resume(&m.s, &e[0], 0, m.now + 3 * NS_PER_MS, &choice)); /* its cap is used up */
	assert_int_equal(e[0].state, SCHED_WAITING);
	assert_int_equal(sched_wake(&m.s, &e[1], m.now + 3 * NS_PER_MS), 0);
	assert_false(sched_resume(&m.s, &e[0], 0, m.now + 30 * NS_PER_MS, &choice)); /* another waits for its turn */
	assert_ptr_equal(sched_pick(&m.s, 0, m.now + 30 * NS_PER_MS).entity, &e[1]);
	assert_null(sched_switch(&m.s, &e[1], false, m.now + 31 * NS_PER_MS).entity);
	assert_true(sched_resume(&m.s, &e[0], 0, m.now + 31 * NS_PER_MS, &choice));
	assert_true(sched_valid(&m.s));
}

/* Of two, the one that runs would go on; it lets the other go first, and loses nothing else by it. */
static void a_turn_can_be_yielded(void **state)
{
	struct sim_entity *a = &m.entity[0];
	struct sim_entity *b = &m.entity[1];

	(void)state;
	sim_init(&m, 1, 0);
	add_usual(2);
	sim_run(&m, 3 * SCHED_SLICE_MAX_NS + NS_PER_US);
	if (m.on[0] == a) {
		struct sim_entity *other = a;

		a = b;
		b = other;
	}
	/* b has just begun its turn, and had as much as a before. */
	assert_ptr_equal(m.on[0], b);
	sched_yield_turn(&m.s, &b->e, m.now);
	sim_decide(&m, 0);
	assert_ptr_equal(m.on[0], a);
	sched_yield_turn(&m.s, &a->e, m.now);
	sim_decide(&m, 0);
	assert_ptr_equal(m.on[0], b);
	sim_run(&m, NS_PER_SEC);
	assert_true(sim_distance(sim_service(&m, a), sim_service(&m, b)) <= 2 * SCHED_SLICE_MAX_NS);
}

/* It gives turns away for a long while; then it must not take them all back at once. */
static void yielding_earns_nothing(void **state)
{
	struct sim_entity *a = &m.entity[0];
	struct sim_entity *b = &m.entity[1];

	(void)state;
	sim_init(&m, 1, 0);
	add_usual(2);
	for (u32 i = 0; i < 20000; i++) {
		sim_run(&m, 20 * NS_PER_US);
		if (m.on[0] != a)
			continue;
		sched_yield_turn(&m.s, &a->e, m.now);
		sim_decide(&m, 0);
	}
	assert_true(sim_service(&m, b) > 10 * sim_service(&m, a));
	b->worst_wait_ns = 0;
	sim_run(&m, NS_PER_SEC);
	assert_true(b->worst_wait_ns <= 4 * SCHED_SLICE_MAX_NS);
}

/* What its CPU did for others in its turn is not its own time. */
static void what_is_excused_is_not_charged(void **state)
{
	struct sched_params params = sim_usual();
	struct sim_entity *a;
	struct sim_entity *b;

	(void)state;
	sim_init(&m, 1, 0);
	a = sim_add(&m, &params, 0, 0);
	sim_run(&m, 300 * NS_PER_MS);
	assert_ptr_equal(m.on[0], a);
	sched_excuse(&m.s, &a->e, 200 * NS_PER_MS);
	b = sim_add(&m, &params, 0, 0);
	sim_run(&m, NS_PER_SEC);
	assert_true(sim_distance(a->e.service_ns, 600 * NS_PER_MS) <= 2 * SCHED_SLICE_MAX_NS);
	assert_true(sim_distance(b->e.service_ns, 500 * NS_PER_MS) <= 2 * SCHED_SLICE_MAX_NS);
}

/* Who spins and lets others go first, again and again, still moves to where there is more room. */
static void yielding_all_the_time_keeps_most_of_the_share(void **state)
{
	(void)state;
	sim_init(&m, 2, 0);
	add_usual(3);
	for (u32 i = 0; i < 20000; i++) {
		sim_run(&m, 50 * NS_PER_US);
		for (u32 cpu = 0; cpu < 2; cpu++) {
			if (m.until[cpu] == NEVER)
				continue;
			sched_yield_turn(&m.s, &m.on[cpu]->e, m.now);
			sim_decide(&m, cpu);
		}
	}
	for (u32 i = 0; i < 3; i++) /* of two thirds of a second */
		assert_true(sim_service(&m, &m.entity[i]) >= 500 * NS_PER_MS);
	assert_true(m.moves < 3000); /* in a second */
	assert_true(sched_valid(&m.s));
}

static void who_stays_is_not_moved(void **state)
{
	struct sched_params params = sim_usual();

	(void)state;
	sim_init(&m, 2, 0);
	params.stays = true;
	sim_add_many(&m, &params, 3);
	sim_run(&m, NS_PER_SEC);
	assert_int_equal(m.moves, 3);
	assert_true(sched_valid(&m.s));
}

/* A late timer, as on a busy machine: what was taken too much is given back. */
static void late_callers_pay_back(void **state)
{
	struct sched_params params = sim_usual();
	struct sim_entity *x;
	u64 service = 0;

	(void)state;
	sim_init(&m, 1, 0);
	params.cap_percent = 10;
	params.budget_ns = NS_PER_MS;
	params.period_ns = 10 * NS_PER_MS;
	x = sim_add(&m, &params, 0, 0);
	sched_put(&m.s, &x->e, true, m.now);
	for (u64 now = m.now; now < m.now + 10 * NS_PER_SEC;) {
		struct sched_choice choice = sched_pick(&m.s, 0, now);
		u64 start = now;

		assert_true(choice.until_ns != NEVER);
		now = MAX(choice.until_ns, now) + 300 * NS_PER_US;
		if (!choice.entity)
			continue;
		service += now - start;
		sched_put(&m.s, &x->e, true, now);
	}
	assert_true(service <= NS_PER_SEC + 10 * NS_PER_MS);
	assert_true(service >= 900 * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wake_up_while_running_counts),
		cmocka_unit_test(only_who_is_alone_is_resumed),
		cmocka_unit_test(a_turn_can_be_yielded),
		cmocka_unit_test(yielding_earns_nothing),
		cmocka_unit_test(what_is_excused_is_not_charged),
		cmocka_unit_test(yielding_all_the_time_keeps_most_of_the_share),
		cmocka_unit_test(who_stays_is_not_moved),
		cmocka_unit_test(late_callers_pay_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
