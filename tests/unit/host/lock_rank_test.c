// SPDX-License-Identifier: Apache-2.0
// The order of locks: what may be taken while what is held.
#include "host/lock_rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void ascending_is_allowed(void **state)
{
	struct lock_ranks r = {0};

	(void)state;
	for (unsigned rank = 1; rank < LOCK_RANKS; rank++)
		assert_true(lock_ranks_push(&r, (enum lock_rank)rank));
	for (unsigned rank = LOCK_RANKS - 1; rank; rank--)
		assert_true(lock_ranks_pop(&r, (enum lock_rank)rank));
	assert_int_equal(r.count, 0);
}

static void every_pair_is_as_its_ranks(void **state)
{
	(void)state;
	for (unsigned a = 1; a < LOCK_RANKS; a++)
		for (unsigned b = 1; b < LOCK_RANKS; b++) {
			struct lock_ranks r = {0};

			bool is_allowed = a < b || (a == LOCK_SCHEDULE && b == LOCK_SCHEDULE);

			assert_true(lock_ranks_push(&r, (enum lock_rank)a));
			assert_int_equal(lock_ranks_push(&r, (enum lock_rank)b), is_allowed);
			assert_int_equal(r.count, is_allowed ? 2 : 1);
		}
}

/* Queues of two CPUs, the lower one first, which the scheduler sees to; never of three. */
static void two_queues_at_most(void **state)
{
	struct lock_ranks r = {0};

	(void)state;
	assert_true(lock_ranks_push(&r, LOCK_VM));
	assert_true(lock_ranks_push(&r, LOCK_SCHEDULE));
	assert_true(lock_ranks_push(&r, LOCK_SCHEDULE));
	assert_false(lock_ranks_push(&r, LOCK_SCHEDULE));
	assert_true(lock_ranks_pop(&r, LOCK_SCHEDULE));
	assert_true(lock_ranks_push(&r, LOCK_SCHEDULE));
	assert_false(lock_ranks_push(&r, LOCK_MEMORY));
	assert_true(lock_ranks_pop(&r, LOCK_SCHEDULE));
	assert_true(lock_ranks_pop(&r, LOCK_SCHEDULE));
	assert_false(lock_ranks_pop(&r, LOCK_SCHEDULE));
}

static void a_refused_one_is_not_held(void **state)
{
	struct lock_ranks r = {0};

	(void)state;
	assert_true(lock_ranks_push(&r, LOCK_CONSOLE));
	assert_false(lock_ranks_push(&r, LOCK_VM));
	assert_false(lock_ranks_pop(&r, LOCK_VM));
	assert_true(lock_ranks_pop(&r, LOCK_CONSOLE));
	assert_true(lock_ranks_push(&r, LOCK_VM));
}

static void given_back_in_any_order(void **state)
{
	struct lock_ranks r = {0};

	(void)state;
	assert_true(lock_ranks_push(&r, LOCK_RUN));
	assert_true(lock_ranks_push(&r, LOCK_VM));
	assert_true(lock_ranks_push(&r, LOCK_MEMORY));
	assert_true(lock_ranks_pop(&r, LOCK_VM));
	/* MEMORY is still held: nothing at or below it. */
	assert_false(lock_ranks_push(&r, LOCK_VM));
	assert_false(lock_ranks_push(&r, LOCK_MEMORY));
	assert_true(lock_ranks_pop(&r, LOCK_MEMORY));
	assert_true(lock_ranks_push(&r, LOCK_VM));
	assert_false(lock_ranks_pop(&r, LOCK_MEMORY));
}

static void absurd_ranks_and_depths_are_refused(void **state)
{
	struct lock_ranks r = {.count = LOCK_DEPTH_MAX};

	(void)state;
	assert_false(lock_ranks_push(&r, LOCK_CONSOLE));
	r.count = 0;
	assert_false(lock_ranks_push(&r, (enum lock_rank)0));
	assert_false(lock_ranks_push(&r, LOCK_RANKS));
	_Static_assert(LOCK_RANKS - 1 <= LOCK_DEPTH_MAX, "each rank once must fit");
}

static void all_have_names(void **state)
{
	(void)state;
	for (unsigned a = 1; a < LOCK_RANKS; a++) {
		assert_string_not_equal(lock_rank_name((enum lock_rank)a), "?");
		for (unsigned b = 1; b < a; b++)
			assert_string_not_equal(lock_rank_name((enum lock_rank)a), lock_rank_name((enum lock_rank)b));
	}
	assert_string_equal(lock_rank_name(LOCK_RANKS), "?");
	assert_string_equal(lock_rank_name((enum lock_rank)0), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascending_is_allowed),    cmocka_unit_test(every_pair_is_as_its_ranks),
		cmocka_unit_test(two_queues_at_most),      cmocka_unit_test(a_refused_one_is_not_held),
		cmocka_unit_test(given_back_in_any_order), cmocka_unit_test(absurd_ranks_and_depths_are_refused),
		cmocka_unit_test(all_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
