/* SPDX-License-Identifier: Apache-2.0 */
/* For device tests: a copy of a device made by saving and loading it, and repeatable random numbers. */
#ifndef TESTS_UNIT_DEV_RESTORED_H
#define TESTS_UNIT_DEV_RESTORED_H

#include "state/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Saves `src` with the state codec and loads it into `dst`. */
static inline void restore_from(const struct desc *desc, void *dst, const void *src)
{
	static u8 buffer[256 * 1024];
	struct state_writer w;
	struct state_reader r;

	state_writer_init(&w, buffer, sizeof(buffer));
	assert_int_equal(state_save(&w, desc, src), OK);
	state_reader_init(&r, buffer, w.used);
	assert_int_equal(state_load(&r, desc, dst), OK);
}

struct rng {
	u64 s;
};

static inline u32 rng_next(struct rng *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return (u32)(r->s >> 32);
}

/* Below `n`. */
static inline u32 rng_below(struct rng *r, u32 n)
{
	return rng_next(r) % n;
}

#endif
