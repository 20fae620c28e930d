// SPDX-License-Identifier: Apache-2.0
// The state codec reads foreign bytes: it stays inside them, changes nothing on errors, and what it took it can save.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "state/codec.h"
#include "x86/cpu_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INNER_FIELDS(F, A, S)                                                                                          \
	F(u16, reload, "scalar")                                                                                       \
	F(bool, gate, "bool")
struct inner {
	INNER_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};
#define DESC_STRUCT struct inner
DESC_DEFINE(inner, INNER_FIELDS, 1);
#undef DESC_STRUCT

#define OUTER_FIELDS(F, A, S)                                                                                          \
	F(s64, drift, "signed")                                                                                        \
	A(u8, latch, 3, "array")                                                                                       \
	S(struct inner, inner, 2, inner_desc, "records")
struct outer {
	OUTER_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};
#define DESC_STRUCT struct outer
DESC_DEFINE(outer, OUTER_FIELDS, 1);
#undef DESC_STRUCT

static void load_one(struct state_reader *r, const struct desc *desc, void *obj)
{
	u8 before[sizeof(struct cpu_state)];
	u8 again[4096];
	struct state_writer w;
	size_t at = r->at;

	memset(obj, 0, desc->size);
	memcpy(before, obj, desc->size);
	if (state_load(r, desc, obj)) {
		ASSERT(r->at == at && !memcmp(before, obj, desc->size));
		return;
	}
	ASSERT(r->at > at && r->at <= r->size);
	state_writer_init(&w, again, sizeof(again));
	ASSERT(state_save(&w, desc, obj) == OK);
	state_reader_init(r, again, w.used);
	memcpy(before, obj, desc->size);
	ASSERT(state_load(r, desc, obj) == OK && !memcmp(before, obj, desc->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outer outer;
	static struct cpu_state cpu;
	struct state_reader r;
	struct state_record record;

	state_reader_init(&r, data, size);
	(void)!state_load_header(&r);
	while (state_peek(&r, &record) == OK) {
		struct state_reader copy = r;

		if (state_record_is(&record, "outer"))
			load_one(&copy, &outer_desc, &outer);
		else
			load_one(&copy, &cpu_state_desc, &cpu);
		ASSERT(state_skip(&r) == OK);
	}
	return 0;
}
