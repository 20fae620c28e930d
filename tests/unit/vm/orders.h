/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order in which the steps of several can come, one after the other: what is tested asks choose() at each moment
 * at which another could get in, and is run again until every answer was given; or with answers by chance, where there
 * are too many.
 */
#ifndef ETERNA_TESTS_ORDERS_H
#define ETERNA_TESTS_ORDERS_H

#include "base/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHOICES_MAX 256u

static struct {
	u8 taken[CHOICES_MAX], of[CHOICES_MAX];
	u32 count; /* in this run, so far */
	u32 known; /* of those in `taken` that are given; after them comes 0 */
	u64 random;
} orders;

/* By chance it is mostly 0. */
static u32 choice_by_chance(u32 of)
{
	u32 number;

	orders.random = orders.random * 6364136223846793005ull + 1442695040888963407ull;
	number = (u32)(orders.random >> 33) % (8 * of);
	return number < of ? number : 0;
}

/* A number below `of`. */
static u32 choose(u32 of)
{
	u32 n = orders.count;

	if (of <= 1)
		return 0;
	assert_true(n < CHOICES_MAX);
	if (orders.random)
		orders.taken[n] = (u8)choice_by_chance(of);
	else if (n >= orders.known)
		orders.taken[n] = 0;
	orders.of[n] = (u8)of;
	orders.count++;
	return orders.taken[n];
}

static void orders_print(void)
{
	fprintf(stderr, "the choices:");
	for (u32 i = 0; i < orders.count; i++)
		fprintf(stderr, " %u", orders.taken[i]);
	fprintf(stderr, "\n");
}

static bool orders_next(void)
{
	u32 n = orders.count;

	while (n && orders.taken[n - 1] + 1 == orders.of[n - 1])
		n--;
	if (n)
		orders.taken[n - 1]++;
	orders.known = n;
	orders.count = 0;
	return n;
}

static inline void orders_all_begin(void)
{
	memset(&orders, 0, sizeof(orders));
}

static inline void orders_chance_begin(u64 seed)
{
	orders_all_begin();
	orders.random = seed;
}

#endif
