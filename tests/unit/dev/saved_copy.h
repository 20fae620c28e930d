/* SPDX-License-Identifier: Apache-2.0 */
/* A device through the state codec and back, for tests that a restored device goes on like the original. */
#ifndef ETERNA_TESTS_SAVED_COPY_H
#define ETERNA_TESTS_SAVED_COPY_H

#include "state/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAVED_MAX 16384

/* Fills `copy`, which held nothing before that could help, from the saved form of `obj`. */
static inline void saved_copy(const struct desc *desc, const void *obj, void *copy)
{
	static u8 bytes[SAVED_MAX];
	struct state_writer w;
	struct state_reader r;

	state_writer_init(&w, bytes, sizeof(bytes));
	assert_int_equal(state_save(&w, desc, obj), OK);
	memset(copy, 0xa5, desc->size);
	state_reader_init(&r, bytes, w.used);
	assert_int_equal(state_load(&r, desc, copy), OK);
}

/* Are all described fields of the two equal? (Padding is not.) */
static inline bool saved_equal(const struct desc *desc, const void *a, const void *b)
{
	static u8 a_bytes[SAVED_MAX], b_bytes[SAVED_MAX];
	struct state_writer a_writer, b_writer;

	state_writer_init(&a_writer, a_bytes, sizeof(a_bytes));
	state_writer_init(&b_writer, b_bytes, sizeof(b_bytes));
	assert_int_equal(state_save(&a_writer, desc, a), OK);
	assert_int_equal(state_save(&b_writer, desc, b), OK);
	return a_writer.used == b_writer.used && !memcmp(a_bytes, b_bytes, a_writer.used);
}

#endif
