// SPDX-License-Identifier: Apache-2.0
// Properties of the scheduler on simulated time: fairness, waits, work conservation, caps, reservations, cost.
#include "sched/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/sched_sim.h"

static struct sim m;

/* The largest difference from its due share of all CPUs, at the usual weight. */
static u64 fairness_error(u64 elapsed_ns)
{
	u64 weights = 0;
	u64 worst = 0;

	for (u32 i = 0; i < m.count; i++)
		weights += m.entity[i].e.weight;
	for (u32 i = 0; i < m.count; i++) {
		const struct sim_entity *x = &m.entity[i];
		u64 due = m.count <= m.cpu_count ? elapsed_ns : elapsed_ns * m.cpu_count * x->e.weight / weights;

		worst = MAX(worst, sim_distance(sim_service(&m, x), due) * SCHED_WEIGHT_USUAL / x->e.weight);
	}
	return worst;
}

/* What docs/scheduler.md promises. */
#define FAIRNESS_BOUND_NS (24 * NS_PER_MS)

static void check_fairness(u64 ns)
{
	u64 origin = NS_PER_SEC;

	for (u64 end = m.now + ns; m.now < end;) {
		sim_run(&m, 50 * NS_PER_MS);
		assert_true(fairness_error(m.now - origin) <= FAIRNESS_BOUND_NS);
		assert_true(sched_valid(&m.s));
	}
}

static u64 log2_up(u64 n)
{
	u64 bits = 0;

	while (n >> bits)
		bits++;
	return bits;
}

/* Three heap operations of two short right sides, down and up, and the CPUs looked at twice. */
static void check_cost(void)
{
	assert_true(m.worst_steps <= 3 * 4 * log2_up(m.count + 1) + 2 * (log2_up(m.cpu_count) + 4));
}

static const struct {
	u32 cpus;
	u32 count;
} sizes[] = {{1, 1},  {1, 2}, {1, 7},  {1, 256}, {2, 1},   {2, 3},   {2, 5},    {3, 4},    {4, 7},
	     {4, 64}, {8, 9}, {8, 12}, {16, 17}, {16, 40}, {64, 65}, {64, 100}, {64, 128}, {64, 256}};

static void equal_ones_get_equal_shares(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct sched_params params = sim_usual();
		u64 each = (sizes[i].count + sizes[i].cpus - 1) / sizes[i].cpus;
		u64 slice = MAX(SCHED_SLICE_MIN_NS, MIN(SCHED_ROUND_NS / each, SCHED_SLICE_MAX_NS));

		sim_init(&m, sizes[i].cpus, i);
		for (u32 j = 0; j < sizes[i].count; j++)
			assert_non_null(sim_add(&m, &params, 0, 0));
		check_fairness(NS_PER_SEC);
		assert_int_equal(m.idle_waits, 0);
		check_cost();
		for (u32 j = 0; j < m.count; j++)
			assert_true(m.entity[j].worst_wait_ns <= 2 * each * slice + 32 * NS_PER_MS);
	}
}

static void the_error_does_not_grow(void **state)
{
	struct sched_params params = sim_usual();

	(void)state;
	sim_init(&m, 3, 1);
	for (u32 j = 0; j < 4; j++)
		assert_non_null(sim_add(&m, &params, 0, 0));
	check_fairness(60 * NS_PER_SEC);
}

/* So many that none is due more than a CPU. */
static void weights_share_in_proportion(void **state)
{
	static const u32 cpus[] = {1, 2, 4, 16, 64};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		for (u64 seed = 0; seed < 3; seed++) {
			sim_init(&m, cpus[i], seed);
			for (u32 j = 0; j < cpus[i] * 4; j++) {
				struct sched_params params = sim_usual();

				params.weight = 50 + (u32)sim_random(&m, 150);
				assert_non_null(sim_add(&m, &params, 0, 0));
			}
			check_fairness(NS_PER_SEC);
			assert_int_equal(m.idle_waits, 0);
			check_cost();
		}
	}
}

static void the_heaviest_gets_no_more_than_a_cpu(void **state)
{
	struct sched_params heavy = sim_usual();
	struct sched_params usual = sim_usual();
	struct sim_entity *x;

	(void)state;
	sim_init(&m, 2, 0);
	heavy.weight = SCHED_WEIGHT_MAX;
	x = sim_add(&m, &heavy, 0, 0);
	sim_add_many(&m, &usual, 4);
	sim_run(&m, 4 * NS_PER_SEC);
	assert_true(sim_service(&m, x) > 3800 * NS_PER_MS);
	for (u32 i = 1; i < 5; i++)
		assert_true(sim_distance(sim_service(&m, &m.entity[i]), NS_PER_SEC) < 200 * NS_PER_MS);
}

/* A turn of the lightest is the shortest slice; it comes again when the others had theirs by weight. */
static void the_lightest_does_not_starve(void **state)
{
	struct sched_params light = sim_usual();
	struct sched_params heavy = sim_usual();
	struct sim_entity *x;

	(void)state;
	sim_init(&m, 1, 0);
	light.weight = 1;
	heavy.weight = 1000;
	sim_add_many(&m, &heavy, 3);
	x = sim_add(&m, &light, 0, 0);
	sim_run(&m, 20 * NS_PER_SEC);
	assert_true(x->worst_wait_ns <= SCHED_SLICE_MIN_NS * 3001 + 8 * SCHED_SLICE_MAX_NS);
	assert_true(sim_distance(sim_service(&m, x), 20 * NS_PER_SEC / 3001) <= 2 * SCHED_SLICE_MIN_NS);
}

static void no_cpu_idles_while_somebody_waits(void **state)
{
	static const u32 cpus[] = {1, 2, 3, 8, 64};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		u32 count = MIN(cpus[i] * 3, SIM_ENTITIES);

		sim_init(&m, cpus[i], 99 + i);
		for (u32 j = 0; j < count; j++) {
			struct sched_params params = sim_usual();

			assert_non_null(sim_add(&m, &params, NS_PER_US * (50 + sim_random(&m, 5000)),
						NS_PER_US * (50 + sim_random(&m, 20000))));
		}
		for (u32 j = 0; j < 20; j++) {
			sim_run(&m, 50 * NS_PER_MS);
			assert_true(sched_valid(&m.s));
		}
		assert_int_equal(m.idle_waits, 0);
		for (u32 j = 0; j < count; j++)
			assert_true(m.entity[j].worst_wait_ns <= 48 * NS_PER_MS);
	}
}

static void wake_ups_prefer_the_last_cpu(void **state)
{
	struct sched_params params = sim_usual();

	(void)state;
	sim_init(&m, 8, 4);
	for (u32 i = 0; i < 6; i++)
		assert_non_null(sim_add(&m, &params, NS_PER_MS + i * 77777, 3 * NS_PER_MS + i * 55555));
	sim_run(&m, NS_PER_SEC);
	/* Six on eight: each stays where it began. */
	assert_int_equal(m.moves, 6);
	assert_true(m.resumes > 100);
}

/* One that wakes among those that always run is served at once, and gets no more than its share by it. */
static void sleeping_pays_in_latency_only(void **state)
{
	struct sched_params params = sim_usual();
	struct sim_entity *polite;
	struct sim_entity *cheat;

	(void)state;
	sim_init(&m, 1, 0);
	sim_add_many(&m, &params, 8);
	polite = sim_add(&m, &params, 100 * NS_PER_US, 20 * NS_PER_MS);
	cheat = sim_add(&m, &params, 1900 * NS_PER_US, 100 * NS_PER_US);
	sim_run(&m, 200 * NS_PER_MS); /* the first turn is one among all */
	polite->worst_wait_ns = 0;
	sim_run(&m, 10 * NS_PER_SEC);
	assert_true(polite->worst_wait_ns <= 2 * SCHED_SLICE_MAX_NS);
	assert_true(sim_service(&m, cheat) <= 10200 * NS_PER_MS / 9 + 20 * NS_PER_MS);
}

static void caps_hold_in_every_window(void **state)
{
	static const u32 cpus[] = {1, 4};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		u32 count = cpus[i] * 6;

		sim_init(&m, cpus[i], 5);
		for (u32 j = 0; j < count; j++) {
			struct sched_params params = sim_usual();

			params.cap_percent = 1 + (u32)sim_random(&m, 60);
			assert_non_null(sim_add(&m, &params, j % 3 ? 0 : NS_PER_MS + sim_random(&m, 30 * NS_PER_MS),
						NS_PER_MS * 3));
		}
		for (u32 j = 0; j < 40; j++) {
			sim_run(&m, 50 * NS_PER_MS);
			assert_true(sched_valid(&m.s));
		}
		for (u32 j = 0; j < count; j++)
			assert_true(m.entity[j].worst_window_ns <= m.entity[j].e.cap_ns);
		assert_int_equal(m.idle_waits, 0);
	}
}

static void a_cap_is_reached_where_nobody_else_runs(void **state)
{
	struct sched_params params = sim_usual();
	struct sim_entity *x;

	(void)state;
	sim_init(&m, 1, 0);
	params.cap_percent = 25;
	x = sim_add(&m, &params, 0, 0);
	sim_run(&m, 2 * NS_PER_SEC);
	assert_true(sim_service(&m, x) == 500 * NS_PER_MS);
}

/* In each of its periods, from its first wake-up on. */
static void check_reservations(u64 ns, const u64 *began)
{
	static u64 before[SIM_ENTITIES];
	static u64 due[SIM_ENTITIES];
	u64 end = m.now + ns;

	for (u32 i = 0; i < m.count; i++) {
		before[i] = sim_service(&m, &m.entity[i]);
		due[i] = m.entity[i].e.budget_ns ? began[i] + m.entity[i].e.period_ns : NEVER;
	}
	while (m.now < end) {
		u64 next = end;

		for (u32 i = 0; i < m.count; i++)
			next = MIN(next, due[i]);
		sim_run_until(&m, next);
		for (u32 i = 0; i < m.count; i++) {
			struct sim_entity *x = &m.entity[i];

			if (due[i] != next)
				continue;
			assert_true(sim_service(&m, x) - before[i] >= x->e.budget_ns);
			before[i] = sim_service(&m, x);
			due[i] += x->e.period_ns;
		}
	}
}

static void reservations_are_met(void **state)
{
	static const u32 cpus[] = {1, 2, 16};
	static u64 began[SIM_ENTITIES];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		u32 refused = 0;

		sim_init(&m, cpus[i], 11 + i);
		for (u32 j = 0; j < cpus[i] * 3; j++) {
			struct sched_params params = sim_usual();

			assert_non_null(sim_add(&m, &params, 0, 0)); /* that want all they can get */
		}
		/* As much as is let in, till it is nearly all. */
		while (refused < 100 && m.count < SIM_ENTITIES) {
			struct sched_params params = sim_usual();

			params.period_ns = NS_PER_MS * (1 + sim_random(&m, 200));
			params.budget_ns = MAX(SCHED_BUDGET_MIN_NS, params.period_ns * (1 + sim_random(&m, 20)) / 100);
			began[m.count] = m.now;
			refused += !sim_add(&m, &params, 0, 0);
		}
		check_reservations(NS_PER_SEC, began);
		assert_true(sched_valid(&m.s));
		for (u32 j = 0; j < cpus[i]; j++)
			assert_true(m.cpu[j].reserved_ppm > 900000);
		/* A twentieth of each CPU is left for the others. */
		for (u32 j = 0; j < m.count; j++)
			assert_true(sim_service(&m, &m.entity[j]) > 0);
	}
}

/* One that works once in each period, exactly its budget, is done when the period is over. */
static void periodic_work_meets_its_deadlines(void **state)
{
	struct sched_params usual = sim_usual();

	(void)state;
	sim_init(&m, 2, 21);
	sim_add_many(&m, &usual, 8);
	for (u32 i = 0; i < 8; i++) {
		struct sched_params params = sim_usual();

		params.period_ns = NS_PER_MS * (5 + i * 3);
		params.budget_ns = params.period_ns / 5;
		struct sim_entity *x = sim_add(&m, &params, params.budget_ns, params.period_ns);

		assert_non_null(x);
		x->is_periodic = true;
	}
	sim_run(&m, 5 * NS_PER_SEC);
	for (u32 i = 8; i < 16; i++)
		assert_true(m.entity[i].worst_response_ns <= m.entity[i].e.period_ns);
}

static void beyond_its_budget_it_competes_by_weight(void **state)
{
	struct sched_params reserved = sim_usual();
	struct sched_params usual = sim_usual();
	struct sim_entity *r;
	struct sim_entity *u;

	(void)state;
	sim_init(&m, 1, 0);
	reserved.budget_ns = 20 * NS_PER_MS;
	reserved.period_ns = 100 * NS_PER_MS;
	r = sim_add(&m, &reserved, 0, 0);
	u = sim_add(&m, &usual, 0, 0);
	sim_run(&m, 10 * NS_PER_SEC);
	assert_true(sim_distance(sim_service(&m, r), 6 * NS_PER_SEC) < 100 * NS_PER_MS);
	assert_true(sim_distance(sim_service(&m, u), 4 * NS_PER_SEC) < 100 * NS_PER_MS);
	assert_true(r->e.reserved_service_ns >= 1980 * NS_PER_MS);
}

static void admission_names_the_sum(void **state)
{
	struct sched_params p = sim_usual();
	struct sched_entity e[4];
	char why[SCHED_WHY_BYTES];

	(void)state;
	sim_init(&m, 4, 0);
	p.budget_ns = 60 * NS_PER_MS;
	p.period_ns = 100 * NS_PER_MS;
	assert_int_equal(cpu_set_read("2-3", &p.cpus), OK);
	assert_int_equal(sched_add(&m.s, &e[0], &p, m.now, why), OK);
	assert_int_equal(sched_add(&m.s, &e[1], &p, m.now, why), OK);
	assert_true(e[0].cpu == 2 && e[1].cpu == 3);
	assert_int_equal(sched_add(&m.s, &e[2], &p, m.now, why), ERR_SPACE);
	assert_string_equal(why,
			    "a reservation of 60.0 % does not fit: with the 60.0 % reserved on CPU 2, which has the "
			    "least, it is 120.0 % of at most 95.0 %");
	assert_int_equal(sched_remove(&m.s, &e[1]), OK);
	assert_int_equal(sched_add(&m.s, &e[2], &p, m.now, why), OK);
	assert_int_equal(e[2].cpu, 3);
	assert_true(sched_valid(&m.s));
}

static void parameters_are_checked(void **state)
{
	static const struct {
		u32 weight, cap;
		u64 budget, period;
		const char *cpus;
		err_t err;
	} rows[] = {
		{0, 100, 0, 0, "0", ERR_RANGE},
		{10001, 100, 0, 0, "0", ERR_RANGE},
		{1, 0, 0, 0, "0", ERR_RANGE},
		{1, 101, 0, 0, "0", ERR_RANGE},
		{1, 100, 99999, NS_PER_MS, "0", ERR_RANGE},
		{1, 100, NS_PER_MS, 0, "0", ERR_RANGE},
		{1, 100, NS_PER_MS, NS_PER_MS - 1, "0", ERR_RANGE},
		{1, 100, 2 * NS_PER_MS, NS_PER_MS, "0", ERR_RANGE},
		{1, 100, NS_PER_MS, NS_PER_SEC + 1, "0", ERR_RANGE},
		{1, 10, 2 * NS_PER_MS, 10 * NS_PER_MS, "0", ERR_RANGE},
		{1, 100, 0, 0, "4-7", ERR_NOENT},
		{1, 100, 0, 0, "3", ERR_NOENT}, /* another's own */
		{1, 100, NS_PER_MS, NS_PER_MS, "0", ERR_SPACE},
		{1, 100, 0, 0, "0-7", OK},
	};
	struct sched_entity e;
	char why[SCHED_WHY_BYTES];

	(void)state;
	sim_init(&m, 4, 0);
	assert_int_equal(sched_own(&m.s, 3, 7), OK);
	assert_int_equal(sched_own(&m.s, 3, 7), OK);
	assert_int_equal(sched_own(&m.s, 3, 8), ERR_BUSY);
	assert_int_equal(sched_own(&m.s, 4, 7), ERR_NOENT);
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		struct sched_params p = {rows[i].weight, rows[i].cap, rows[i].budget, rows[i].period, {{0}}, 0, false};

		assert_int_equal(cpu_set_read(rows[i].cpus, &p.cpus), OK);
		why[0] = 0;
		assert_int_equal(sched_add(&m.s, &e, &p, m.now, why), rows[i].err);
		assert_true(!rows[i].err == !why[0]);
	}
	assert_int_equal(cpu_set_count(&e.allowed), 3);
}

static void own_cpus_run_nobody_else(void **state)
{
	struct sched_params params = sim_usual();

	(void)state;
	sim_init(&m, 4, 0);
	assert_int_equal(sched_own(&m.s, 1, 5), OK);
	assert_int_equal(sched_own(&m.s, 2, 5), OK);
	for (u32 i = 0; i < 8; i++)
		assert_non_null(sim_add(&m, &params, i % 2 ? NS_PER_MS : 0, NS_PER_MS));
	params.owner = 5;
	params.cpus = cpu_set_first(3);
	cpu_set_remove(&params.cpus, 0);
	assert_non_null(sim_add(&m, &params, 0, 0));
	assert_non_null(sim_add(&m, &params, 0, 0));
	for (u32 i = 0; i < 200; i++) {
		sim_run(&m, 5 * NS_PER_MS);
		assert_true(m.on[1] >= &m.entity[8] && m.on[2] >= &m.entity[8]);
	}
	assert_true(sim_service(&m, &m.entity[8]) == NS_PER_SEC && sim_service(&m, &m.entity[9]) == NS_PER_SEC);
}

/* The nodes of a NUMA machine: everybody floats within one, and the fair share is the node's. */
static void masks_keep_entities_in_their_node(void **state)
{
	(void)state;
	sim_init(&m, 8, 0);
	for (u32 i = 0; i < 14; i++) {
		struct sched_params params = sim_usual();

		assert_int_equal(cpu_set_read(i < 5 ? "0-3" : "4-7", &params.cpus), OK);
		assert_non_null(sim_add(&m, &params, 0, 0));
	}
	sim_run(&m, 4 * NS_PER_SEC);
	assert_true(sched_valid(&m.s));
	assert_int_equal(m.idle_waits, 0);
	for (u32 i = 0; i < 14; i++) {
		assert_int_equal(m.entity[i].e.last_cpu / 4, i >= 5);
		assert_true(sim_distance(sim_service(&m, &m.entity[i]), 16 * NS_PER_SEC / (i < 5 ? 5 : 9)) <=
			    FAIRNESS_BOUND_NS);
	}
}

/* CPUs whose time lines went apart for long, since nobody could move between them, must not make a newcomer wait. */
static void long_separation_starves_nobody(void **state)
{
	struct sched_params crowd = sim_usual();
	struct sched_params lone = sim_usual();
	struct sched_params floating = sim_usual();

	(void)state;
	sim_init(&m, 2, 0);
	cpu_set_add(&crowd.cpus, 0);
	cpu_set_add(&lone.cpus, 1);
	sim_add_many(&m, &crowd, 10);
	assert_non_null(sim_add(&m, &lone, 0, 0));
	sim_run(&m, 60 * NS_PER_SEC);
	for (u32 i = 0; i < m.count; i++)
		m.entity[i].worst_wait_ns = 0;
	sim_add_many(&m, &floating, 6);
	sim_run(&m, 2 * NS_PER_SEC);
	for (u32 i = 0; i < m.count; i++)
		assert_true(m.entity[i].worst_wait_ns <= 200 * NS_PER_MS);
	/* Seventeen on two, of which eleven are pinned: the floating ones even it out within the bounds of the pins. */
	for (u32 i = 0; i < m.count; i++)
		m.entity[i].service_ns = 0, m.entity[i].woken_ns = sim_service(&m, &m.entity[i]);
	sim_run(&m, 10 * NS_PER_SEC);
	for (u32 i = 10; i < m.count; i++)
		assert_true(sim_distance(sim_service(&m, &m.entity[i]), 10 * NS_PER_SEC / 7) < 250 * NS_PER_MS);
}

static void sleep_and_removal_at_any_time(void **state)
{
	(void)state;
	for (u64 seed = 0; seed < 6; seed++) {
		static const u32 cpus[] = {1, 2, 5, 64};

		sim_init(&m, cpus[seed % 4], seed);
		for (u32 i = 0; i < 60; i++) {
			struct sched_params params = sim_usual();

			params.weight = 1 + (u32)sim_random(&m, 1000);
			params.cap_percent = i % 5 ? SCHED_CAP_NONE : 30;
			if (i % 7 == 0) {
				params.period_ns = 10 * NS_PER_MS;
				params.budget_ns = NS_PER_MS;
			}
			if (i % 4 == 0)
				cpu_set_add(&params.cpus, (u32)sim_random(&m, m.cpu_count));
			(void)sim_add(&m, &params, i % 2 ? 0 : NS_PER_MS, NS_PER_MS);
		}
		for (u32 i = 0; i < 2000; i++) {
			struct sim_entity *x = &m.entity[sim_random(&m, m.count)];

			sim_run(&m, sim_random(&m, 3 * NS_PER_MS));
			if (!x->is_present)
				continue;
			if (sim_random(&m, 4)) {
				u32 kick = sched_sleep(&m.s, &x->e);

				assert_true((kick != SCHED_NO_CPU) == (x->e.state == SCHED_RUNNING));
				sim_wake(&m, x);
			} else if (sched_remove(&m.s, &x->e)) {
				assert_int_equal(x->e.state, SCHED_RUNNING);
			} else {
				x->is_present = i > 1000 ? false : true;
				if (x->is_present) {
					struct sched_params params = sim_usual();
					char why[SCHED_WHY_BYTES];

					assert_int_equal(sched_add(&m.s, &x->e, &params, m.now, why), OK);
					sim_wake(&m, x);
				}
			}
			assert_true(sched_valid(&m.s));
		}
	}
}

static void validity_sees_damage(void **state)
{
	struct sched_params params = sim_usual();

	(void)state;
	sim_init(&m, 2, 0);
	sim_add_many(&m, &params, 6);
	sim_run(&m, 10 * NS_PER_MS);
	assert_true(sched_valid(&m.s));
	m.cpu[0].weights++;
	assert_false(sched_valid(&m.s));
	m.cpu[0].weights--;
	m.on[1]->e.state = SCHED_READY;
	assert_false(sched_valid(&m.s));
	m.on[1]->e.state = SCHED_RUNNING;
	atomic_store(&m.s.idle.word[0], 1);
	assert_false(sched_valid(&m.s));
	atomic_store(&m.s.idle.word[0], 0);
	assert_true(sched_valid(&m.s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones_get_equal_shares),
		cmocka_unit_test(the_error_does_not_grow),
		cmocka_unit_test(weights_share_in_proportion),
		cmocka_unit_test(the_heaviest_gets_no_more_than_a_cpu),
		cmocka_unit_test(the_lightest_does_not_starve),
		cmocka_unit_test(no_cpu_idles_while_somebody_waits),
		cmocka_unit_test(wake_ups_prefer_the_last_cpu),
		cmocka_unit_test(sleeping_pays_in_latency_only),
		cmocka_unit_test(caps_hold_in_every_window),
		cmocka_unit_test(a_cap_is_reached_where_nobody_else_runs),
		cmocka_unit_test(reservations_are_met),
		cmocka_unit_test(periodic_work_meets_its_deadlines),
		cmocka_unit_test(beyond_its_budget_it_competes_by_weight),
		cmocka_unit_test(admission_names_the_sum),
		cmocka_unit_test(parameters_are_checked),
		cmocka_unit_test(own_cpus_run_nobody_else),
		cmocka_unit_test(masks_keep_entities_in_their_node),
		cmocka_unit_test(long_separation_starves_nobody),
		cmocka_unit_test(sleep_and_removal_at_any_time),
		cmocka_unit_test(validity_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
