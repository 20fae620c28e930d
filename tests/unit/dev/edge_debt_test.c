// SPDX-License-Identifier: Apache-2.0
// Edges that the guest could not take are given later, none twice, and not without end.
#include "dev/edge_debt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void given_at_once(void **state)
{
	struct edge_debt d = {0};

	(void)state;
	assert_false(edge_debt_take(&d, 0, false, 0));
	for (u64 ns = 0; ns < 10; ns++) {
		assert_true(edge_debt_take(&d, 1, false, ns));
		assert_false(edge_debt_take(&d, 0, false, ns));
		assert_int_equal(edge_debt_next(&d), NEVER);
	}
}

/* A guest that does not run for `away` periods, and then takes each edge as it comes: gets every one. */
static void none_is_lost(void **state)
{
	const u64 period = 4 * NS_PER_MS;

	(void)state;
	for (u32 away = 1; away < EDGE_DEBT_MAX; away++) {
		struct edge_debt d = {0};
		u32 given = 0;
		u64 now = 0;

		for (u32 i = 0; i < away; i++, now += period)
			given += edge_debt_take(&d, 1, i > 0, now); /* the first one waits all the time */
		assert_int_equal(given, 1);
		while (edge_debt_next(&d) != NEVER) {
			assert_true(edge_debt_next(&d) > now - period);
			now = MAX(now, edge_debt_next(&d));
			given += edge_debt_take(&d, 0, false, now);
			assert_true(edge_debt_valid(&d));
		}
		assert_int_equal(given, away);
	}
}

/* Several passed between two looks. */
static void joined(void **state)
{
	struct edge_debt d = {0};
	u32 given = edge_debt_take(&d, 5, false, 100);

	(void)state;
	assert_int_equal(given, 1);
	assert_int_equal(edge_debt_next(&d), 100 + EDGE_DEBT_APART_NS);
	assert_false(edge_debt_take(&d, 0, false, 100 + EDGE_DEBT_APART_NS - 1));
	for (u64 now = 100; given < 5; given++) {
		now += EDGE_DEBT_APART_NS;
		assert_true(edge_debt_take(&d, 0, false, now));
	}
	assert_int_equal(edge_debt_next(&d), NEVER);
}

static void asked_again_while_it_waits(void **state)
{
	struct edge_debt d = {0};
	u64 now = 0;

	(void)state;
	assert_false(edge_debt_take(&d, 1, true, now));
	for (int i = 0; i < 5; i++) {
		now = edge_debt_next(&d);
		assert_false(edge_debt_take(&d, 0, true, now));
		assert_int_equal(edge_debt_next(&d), now + EDGE_DEBT_APART_NS);
	}
	assert_true(edge_debt_take(&d, 0, false, edge_debt_next(&d)));
	assert_int_equal(edge_debt_next(&d), NEVER);
}

static void bounded(void **state)
{
	struct edge_debt d = {0};
	u32 given = 0;

	(void)state;
	for (u64 now = 0; now < 1000; now++)
		assert_false(edge_debt_take(&d, now % 2 ? 1 : UINT32_MAX, true, now));
	assert_true(edge_debt_valid(&d));
	while (edge_debt_next(&d) != NEVER)
		given += edge_debt_take(&d, 0, false, edge_debt_next(&d));
	assert_int_equal(given, EDGE_DEBT_MAX);
	assert_true(edge_debt_take(&d, UINT32_MAX, false, NS_PER_SEC));
	assert_int_equal(d.count, EDGE_DEBT_MAX);
	edge_debt_forgive(&d);
	assert_false(edge_debt_take(&d, 0, false, 2 * NS_PER_SEC));
	d.count = EDGE_DEBT_MAX + 1;
	assert_false(edge_debt_valid(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_at_once), cmocka_unit_test(none_is_lost),
		cmocka_unit_test(joined),        cmocka_unit_test(asked_again_while_it_waits),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
