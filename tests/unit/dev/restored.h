/* SPDX-License-Identifier: Apache-2.0 */
/* For device tests: a copy of a device made from its field list alone, and repeatable random numbers. */
#ifndef TESTS_UNIT_DEV_RESTORED_H
#define TESTS_UNIT_DEV_RESTORED_H

#include "base/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Copies what `desc` names and nothing else: a field that is missing from the list keeps what `dst` had. */
static inline void restore_from(const struct desc *desc, void *dst, const void *src)
{
	for (u32 i = 0; i < desc->count; i++) {
		const struct desc_field *f = &desc->fields[i];

		for (u32 n = 0; n < f->count; n++) {
			u8 *to = (u8 *)dst + f->offset + n * f->size;
			const u8 *from = (const u8 *)src + f->offset + n * f->size;

			if (f->of)
				restore_from(f->of, to, from);
			else
				memcpy(to, from, f->size);
		}
	}
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
