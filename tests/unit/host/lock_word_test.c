// SPDX-License-Identifier: Apache-2.0
// A lock's word: one holder at a time, and none who waits is passed over for ever.
#include "host/lock_word.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS 20000

static struct lock_word word;
static u64 counter;
static u32 inside;
static u32 clashes;

static void one_holder(void **state)
{
	struct lock_word w = {0};

	(void)state;
	assert_true(lock_word_try(&w));
	assert_false(lock_word_try(&w));
	lock_word_drop(&w);
	assert_true(lock_word_try(&w));
}

/* Given back while there is an heir, it is nobody else's: the heir sees that it is none any more. */
static void goes_to_the_heir(void **state)
{
	struct lock_word w = {.held = 1, .heir = 7};

	(void)state;
	lock_word_drop(&w);
	assert_int_equal(w.heir, 0);
	assert_false(lock_word_try(&w));
	lock_word_drop(&w); /* the heir's */
	assert_true(lock_word_try(&w));
}

static void free_at_once(void **state)
{
	struct lock_word w = {0};

	(void)state;
	lock_word_wait(&w, 3, 0);
	assert_int_equal(w.held, 1);
	assert_int_equal(w.heir, 0);
}

struct waiter {
	u32 me;
	u32 patience;
};

static void *wait_many_times(void *argument)
{
	const struct waiter *who = argument;

	for (u32 i = 0; i < ROUNDS; i++) {
		if (!lock_word_try(&word))
			lock_word_wait(&word, who->me, who->patience);
		clashes += __atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED) != 0;
		counter++;
		(void)__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
		lock_word_drop(&word);
	}
	return NULL;
}

/* With no patience nearly every one becomes the heir, with much of it none. */
static void never_two_at_once(void **state)
{
	static const u32 patiences[] = {0, 1, 100, UINT32_MAX};

	(void)state;
	for (u32 p = 0; p < ARRAY_COUNT(patiences); p++) {
		struct waiter who[THREADS];
		pthread_t threads[THREADS];

		counter = 0;
		for (u32 i = 0; i < THREADS; i++) {
			who[i] = (struct waiter){.me = i + 1, .patience = patiences[p]};
			assert_int_equal(pthread_create(&threads[i], NULL, wait_many_times, &who[i]), 0);
		}
		for (u32 i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(counter, THREADS * ROUNDS);
		assert_int_equal(clashes, 0);
		assert_int_equal(word.held, 0);
		assert_int_equal(word.heir, 0);
	}
}

static void *become_heir(void *argument)
{
	(void)argument;
	lock_word_wait(&word, 9, 0);
	counter = 1;
	lock_word_drop(&word);
	return NULL;
}

/* Who comes later, again and again, does not get in before the heir. */
static void the_heir_is_not_passed_over(void **state)
{
	pthread_t thread;

	(void)state;
	counter = 0;
	assert_true(lock_word_try(&word));
	assert_int_equal(pthread_create(&thread, NULL, become_heir, NULL), 0);
	while (__atomic_load_n(&word.heir, __ATOMIC_RELAXED) != 9)
		;
	lock_word_drop(&word);
	lock_word_wait(&word, 1, UINT32_MAX);
	assert_int_equal(counter, 1);
	lock_word_drop(&word);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_holder),
		cmocka_unit_test(goes_to_the_heir),
		cmocka_unit_test(free_at_once),
		cmocka_unit_test(never_two_at_once),
		cmocka_unit_test(the_heir_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
