// SPDX-License-Identifier: Apache-2.0
// The state codec: round trips, the exact bytes of the format, and every rule by which a reader skips or refuses.
#include "state/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* The reader's own structs. */
#define CHANNEL_FIELDS(F, A, S)                                                                                        \
	F(u16, reload, "count")                                                                                        \
	F(bool, gate, "input level")
struct channel {
	CHANNEL_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};
#define DESC_STRUCT struct channel
DESC_DEFINE(channel, CHANNEL_FIELDS, 1);
#undef DESC_STRUCT

#define TIMER_FIELDS(F, A, S)                                                                                          \
	F(u8, mode, "0..5")                                                                                            \
	A(u32, latch, 3, "latched counts")                                                                             \
	S(struct channel, channel, 2, channel_desc, "channels")                                                        \
	F(s64, drift_ns, "signed")
struct timer {
	TIMER_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};
#define DESC_STRUCT struct timer
DESC_DEFINE(timer, TIMER_FIELDS, 7);
#undef DESC_STRUCT

/* Structs that other versions of the program have under the same name. */
#define OTHER(tag, LIST, ver)                                                                                          \
	struct tag {                                                                                                   \
		LIST(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)                                                         \
	};                                                                                                             \
	static const struct desc_field tag##_fields[] = {LIST(DESC_MEMBER, DESC_ARRAY, DESC_STRUCTS)};                 \
	static const struct desc tag##_desc = {"channel", ver, sizeof(struct tag), ARRAY_COUNT(tag##_fields),          \
					       tag##_fields}

#define NEWER_FIELDS(F, A, S)                                                                                          \
	A(u8, hint_label, 4, "can be lost")                                                                            \
	F(bool, gate, "moved to the front")                                                                            \
	F(u32, delay_ns, "new")                                                                                        \
	F(u16, reload, "count")
#define DESC_STRUCT struct newer
OTHER(newer, NEWER_FIELDS, 1);
#undef DESC_STRUCT

#define OLDER_FIELDS(F, A, S) F(bool, gate, "all there was")
#define DESC_STRUCT struct older
OTHER(older, OLDER_FIELDS, 1);
#undef DESC_STRUCT

#define WIDER_FIELDS(F, A, S) F(u32, reload, "size differs")
#define DESC_STRUCT struct wider
OTHER(wider, WIDER_FIELDS, 1);
#undef DESC_STRUCT

#define LONGER_FIELDS(F, A, S) A(u16, reload, 2, "count differs")
#define DESC_STRUCT struct longer
OTHER(longer, LONGER_FIELDS, 1);
#undef DESC_STRUCT

#define SIGNED_FIELDS(F, A, S) F(s16, reload, "kind differs")
#define DESC_STRUCT struct signed_one
OTHER(signed_one, SIGNED_FIELDS, 1);
#undef DESC_STRUCT

#define NESTED_FIELDS(F, A, S) S(struct channel, extra, 1, channel_desc, "unknown records")
#define DESC_STRUCT struct nested
OTHER(nested, NESTED_FIELDS, 1);
#undef DESC_STRUCT

#define HINT_NESTED_FIELDS(F, A, S) S(struct channel, hint_extra, 1, channel_desc, "unknown records")
#define DESC_STRUCT struct hint_nested
OTHER(hint_nested, HINT_NESTED_FIELDS, 1);
#undef DESC_STRUCT

#define RECORD_FOR_SCALAR_FIELDS(F, A, S) S(struct channel, reload, 1, channel_desc, "kind differs")
#define DESC_STRUCT struct record_for_scalar
OTHER(record_for_scalar, RECORD_FOR_SCALAR_FIELDS, 1);
#undef DESC_STRUCT

#define DESC_STRUCT struct channel_v2
OTHER(channel_v2, CHANNEL_FIELDS, 2);
#undef DESC_STRUCT

static const struct timer sample = {
	.mode = 5,
	.latch = {1, 0xdeadbeef, 3},
	.channel = {{0x1234, true}, {0xffff, true}},
	.drift_ns = -5,
};

static bool timers_are_equal(const struct timer *a, const struct timer *b)
{
	return a->mode == b->mode && !memcmp(a->latch, b->latch, sizeof(a->latch)) &&
	       a->channel[0].reload == b->channel[0].reload && a->channel[0].gate == b->channel[0].gate &&
	       a->channel[1].reload == b->channel[1].reload && a->channel[1].gate == b->channel[1].gate &&
	       a->drift_ns == b->drift_ns;
}

/* Save into a heap block of exactly the needed size, so that the sanitizer sees any byte too far. */
static u8 *saved(const struct desc *desc, const void *obj, size_t *size)
{
	u8 *bytes = malloc(state_size(desc));
	struct state_writer w;

	state_writer_init(&w, bytes, state_size(desc));
	assert_int_equal(state_save(&w, desc, obj), OK);
	assert_int_equal(w.used, w.size);
	*size = w.used;
	return bytes;
}

/* Load `desc`'s record out of bytes made from `from`. */
static err_t load_from(const struct desc *from, const void *obj, const struct desc *desc, void *out)
{
	struct state_reader r;
	size_t size;
	u8 *bytes = saved(from, obj, &size);
	err_t err;

	state_reader_init(&r, bytes, size);
	err = state_load(&r, desc, out);
	assert_int_equal(r.at, err ? 0 : size);
	free(bytes);
	return err;
}

static void round_trip(void **state)
{
	struct timer t = {0};

	(void)state;
	assert_int_equal(load_from(&timer_desc, &sample, &timer_desc, &t), OK);
	assert_true(timers_are_equal(&t, &sample));
}

static void the_bytes_are_those_of_the_format(void **state)
{
	static const u8 expected[] = {
		57, 0,   0,   0,                                             /* bytes that follow */
		1,  0,   0,   0,                                             /* version */
		7,  'c', 'h', 'a', 'n', 'n', 'e', 'l',                       /* name */
		2,  0,   0,   0,                                             /* fields */
		18, 0,   0,   0,   0,   6,   'r', 'e', 'l',  'o',  'a', 'd', /* length, kind, name */
		2,  0,   0,   0,   1,   0,   0,   0,   0x34, 0x12,           /* size, count, data */
		15, 0,   0,   0,   2,   4,   'g', 'a', 't',  'e',            /* length, kind, name */
		1,  0,   0,   0,   1,   0,   0,   0,   1,
	};
	struct channel c = {0x1234, true};
	size_t size;
	u8 *bytes = saved(&channel_desc, &c, &size);

	(void)state;
	assert_int_equal(size, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	free(bytes);
}

static void nothing_is_written_without_room(void **state)
{
	u8 bytes[64] = {0};
	struct channel c = {1, true};

	(void)state;
	for (size_t size = 0; size < state_size(&channel_desc); size++) {
		struct state_writer w;

		state_writer_init(&w, bytes, size);
		assert_int_equal(state_save(&w, &channel_desc, &c), ERR_SPACE);
		assert_int_equal(w.used, 0);
		for (size_t i = 0; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0);
	}
}

static void a_cut_record_is_truncated_and_changes_nothing(void **state)
{
	size_t size;
	u8 *whole = saved(&timer_desc, &sample, &size);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		struct timer t = {.mode = 1}, before = t;
		u8 *bytes = malloc(cut ? cut : 1);
		struct state_reader r;

		memcpy(bytes, whole, cut);
		state_reader_init(&r, bytes, cut);
		assert_int_equal(state_load(&r, &timer_desc, &t), ERR_TRUNCATED);
		assert_int_equal(r.at, 0);
		assert_true(timers_are_equal(&t, &before));
		free(bytes);
	}
	free(whole);
}

/* Any damage either is refused and changes nothing, or is in a value. */
static void damage_never_leaves_a_half_loaded_object(void **state)
{
	size_t size;
	u8 *bytes = saved(&timer_desc, &sample, &size);
	const struct timer before = {.mode = 0xaa, .latch = {9, 9, 9}, .drift_ns = 99};
	unsigned accepted = 0;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct timer t = before;
			struct state_reader r;
			err_t err;

			bytes[i] ^= (u8)(1u << bit);
			state_reader_init(&r, bytes, size);
			err = state_load(&r, &timer_desc, &t);
			if (err)
				assert_true(timers_are_equal(&t, &before));
			else
				accepted++;
			bytes[i] ^= (u8)(1u << bit);
		}
	}
	/* The values: 1 + 12 + 2 * 2 + 8 bytes, and bit 0 of two bools. */
	assert_int_equal(accepted, 8 * (1 + 12 + 4 + 8) + 2);
	free(bytes);
}

static void fields_are_found_by_name_in_any_order(void **state)
{
	struct newer n = {.gate = true, .reload = 77};
	struct channel c = {0};

	(void)state;
	assert_int_equal(load_from(&newer_desc, &n, &channel_desc, &c), OK);
	assert_int_equal(c.reload, 77);
	assert_true(c.gate);
}

static void unknown_fields_are_skipped_when_zero_or_hints(void **state)
{
	struct newer n = {.hint_label = {1, 2, 3, 4}, .reload = 5};
	struct channel c = {1, true};

	(void)state;
	assert_int_equal(load_from(&newer_desc, &n, &channel_desc, &c), OK);
	assert_int_equal(c.reload, 5);
	n.delay_ns = 0x10000;
	n.reload = 6;
	assert_int_equal(load_from(&newer_desc, &n, &channel_desc, &c), ERR_VERSION);
	assert_int_equal(c.reload, 5);
}

static void unknown_records_are_refused_unless_hints(void **state)
{
	struct nested n = {0};
	struct hint_nested h = {.hint_extra = {{9, true}}};
	struct channel c = {1, true};

	(void)state;
	assert_int_equal(load_from(&nested_desc, &n, &channel_desc, &c), ERR_VERSION);
	assert_int_equal(load_from(&hint_nested_desc, &h, &channel_desc, &c), OK);
}

static void a_missing_field_keeps_its_value(void **state)
{
	struct older o = {.gate = false};
	struct channel c = {0x55aa, true};

	(void)state;
	assert_int_equal(load_from(&older_desc, &o, &channel_desc, &c), OK);
	assert_int_equal(c.reload, 0x55aa);
	assert_false(c.gate);
}

static void mismatches_are_refused(void **state)
{
	struct channel c = {1, true};
	struct wider wide = {0};
	struct longer longs = {{0}};
	struct signed_one sign = {0};
	struct record_for_scalar record = {0};
	struct channel_v2 v2 = {0};

	(void)state;
	assert_int_equal(load_from(&wider_desc, &wide, &channel_desc, &c), ERR_FORMAT);
	assert_int_equal(load_from(&longer_desc, &longs, &channel_desc, &c), ERR_FORMAT);
	assert_int_equal(load_from(&signed_one_desc, &sign, &channel_desc, &c), ERR_FORMAT);
	assert_int_equal(load_from(&record_for_scalar_desc, &record, &channel_desc, &c), ERR_FORMAT);
	assert_int_equal(load_from(&channel_v2_desc, &v2, &channel_desc, &c), ERR_VERSION);
	assert_int_equal(load_from(&timer_desc, &sample, &channel_desc, &c), ERR_FORMAT);
	assert_int_equal(c.reload, 1);
}

/* Offsets into the bytes of a channel, as the format test above has them. */
enum { AT_NAME_LENGTH = 8, AT_FIELD_COUNT = 16, AT_RELOAD_LENGTH = 20, AT_RELOAD_NAME_LENGTH = 25 };

static err_t load_changed(size_t at, u8 value)
{
	struct channel c = {0x1234, true}, out = {0};
	struct state_reader r;
	size_t size;
	u8 *bytes = saved(&channel_desc, &c, &size);
	err_t err;

	bytes[at] = value;
	state_reader_init(&r, bytes, size);
	err = state_load(&r, &channel_desc, &out);
	free(bytes);
	return err;
}

static void lengths_must_add_up(void **state)
{
	size_t size = state_size(&channel_desc);

	(void)state;
	assert_int_equal(load_changed(AT_NAME_LENGTH, 0), ERR_FORMAT);
	assert_int_equal(load_changed(AT_NAME_LENGTH, 64), ERR_FORMAT);
	assert_int_equal(load_changed(AT_FIELD_COUNT, 1), ERR_FORMAT);
	assert_int_equal(load_changed(AT_FIELD_COUNT, 3), ERR_FORMAT);
	assert_int_equal(load_changed(AT_RELOAD_LENGTH, 17), ERR_FORMAT);
	assert_int_equal(load_changed(AT_RELOAD_LENGTH, 255), ERR_FORMAT);
	assert_int_equal(load_changed(AT_RELOAD_NAME_LENGTH, 0), ERR_FORMAT);
	assert_int_equal(load_changed(size - 1, 2), ERR_FORMAT); /* a bool of 2 */
	assert_int_equal(load_changed(size - 1, 0), OK);
}

static void streams_are_walked_record_by_record(void **state)
{
	u8 bytes[512];
	struct state_writer w;
	struct state_reader r;
	struct state_record record;
	struct channel c = {3, true}, out = {0};

	(void)state;
	state_writer_init(&w, bytes, sizeof(bytes));
	assert_int_equal(state_save_header(&w), OK);
	assert_int_equal(state_save(&w, &timer_desc, &sample), OK);
	assert_int_equal(state_save(&w, &channel_desc, &c), OK);

	state_reader_init(&r, bytes, w.used);
	assert_int_equal(state_load_header(&r), OK);
	assert_int_equal(state_peek(&r, &record), OK);
	assert_true(state_record_is(&record, "timer"));
	assert_false(state_record_is(&record, "time"));
	assert_int_equal(record.version, 7);
	assert_int_equal(record.field_count, 4);
	assert_int_equal(record.bytes, state_size(&timer_desc));
	assert_int_equal(state_skip(&r), OK);
	assert_int_equal(state_load(&r, &channel_desc, &out), OK);
	assert_int_equal(out.reload, 3);
	assert_int_equal(state_peek(&r, &record), ERR_NOENT);
	assert_int_equal(state_skip(&r), ERR_NOENT);
	assert_int_equal(state_load(&r, &channel_desc, &out), ERR_TRUNCATED);
}

static void the_header_is_checked(void **state)
{
	u8 bytes[12];
	struct state_writer w;
	struct state_reader r;

	(void)state;
	state_writer_init(&w, bytes, 11);
	assert_int_equal(state_save_header(&w), ERR_SPACE);
	state_writer_init(&w, bytes, 12);
	assert_int_equal(state_save_header(&w), OK);
	state_reader_init(&r, bytes, 11);
	assert_int_equal(state_load_header(&r), ERR_TRUNCATED);
	assert_int_equal(r.at, 0);
	state_reader_init(&r, bytes, 12);
	bytes[8]++;
	assert_int_equal(state_load_header(&r), ERR_VERSION);
	bytes[6] = '\n'; /* as a text transfer would */
	assert_int_equal(state_load_header(&r), ERR_FORMAT);
}

static void peek_refuses_what_is_no_record(void **state)
{
	static const u8 short_length[] = {9, 0, 0};
	static const u8 no_name[] = {9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	struct state_record record;
	struct state_reader r;

	(void)state;
	state_reader_init(&r, short_length, sizeof(short_length));
	assert_int_equal(state_peek(&r, &record), ERR_TRUNCATED);
	state_reader_init(&r, no_name, sizeof(no_name));
	assert_int_equal(state_peek(&r, &record), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(the_bytes_are_those_of_the_format),
		cmocka_unit_test(nothing_is_written_without_room),
		cmocka_unit_test(a_cut_record_is_truncated_and_changes_nothing),
		cmocka_unit_test(damage_never_leaves_a_half_loaded_object),
		cmocka_unit_test(fields_are_found_by_name_in_any_order),
		cmocka_unit_test(unknown_fields_are_skipped_when_zero_or_hints),
		cmocka_unit_test(unknown_records_are_refused_unless_hints),
		cmocka_unit_test(a_missing_field_keeps_its_value),
		cmocka_unit_test(mismatches_are_refused),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(streams_are_walked_record_by_record),
		cmocka_unit_test(the_header_is_checked),
		cmocka_unit_test(peek_refuses_what_is_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
