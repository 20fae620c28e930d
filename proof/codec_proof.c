// SPDX-License-Identifier: Apache-2.0
// The state codec over any bytes up to a bounded length: it reads nothing outside them, and the object changes only
// when the whole record is good.
// cbmc: src/state/codec_load.c src/base/str.c src/base/checked.c -I include -D __builtin_memcpy=memcpy --unwind 3
// cbmc: --unwindset bools_are_valid.0:18,field_can_be_skipped.0:18,memcmp.0:7,strlen.0:6
#include "proof.h"
#include "state/codec.h"

#define BYTES_MAX 30u /* a record of one field, or any damage of it */

#define THING_FIELDS(F, A, S) F(bool, b, "a truth: not every byte is one")
struct thing {
	THING_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

#define DESC_STRUCT struct thing
static const struct desc_field fields[] = {THING_FIELDS(DESC_MEMBER, DESC_ARRAY, DESC_STRUCTS)};
#undef DESC_STRUCT
static const struct desc thing_desc = {"t", 1, sizeof(struct thing), ARRAY_COUNT(fields), fields};

struct input {
	u8 bytes[BYTES_MAX];
};
struct input nondet_input(void);

static struct input input;

static size_t any_input(void)
{
	size_t size = nondet_u32();

	ASSUME(size <= BYTES_MAX);
	input = nondet_input();
	return size;
}

void harness_load(void)
{
	struct thing t = {nondet_bool()}, before = t;
	struct state_reader r;
	size_t size = any_input();
	u8 raw;
	err_t err;

	state_reader_init(&r, input.bytes, size);
	err = state_load(&r, &thing_desc, &t);
	PROVE(r.at <= size);
	PROVE(err == OK || r.at == 0);
	PROVE(err == OK || t.b == before.b);
	__builtin_memcpy(&raw, &t.b, 1);
	PROVE(raw <= 1);
	REACHED();
}

void harness_peek(void)
{
	struct state_record record;
	struct state_reader r;
	size_t size = any_input();

	state_reader_init(&r, input.bytes, size);
	if (state_peek(&r, &record) == OK) {
		PROVE(record.bytes <= size);
		PROVE(record.name_length >= 1 && record.name_length <= 63);
		PROVE((const u8 *)record.name >= input.bytes);
		PROVE((const u8 *)record.name + record.name_length <= input.bytes + size);
	}
	REACHED();
}
