// SPDX-License-Identifier: Apache-2.0
// Frames: there and back, damage, and where the next one begins.
#include "gdb/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct channel_in in;
static struct channel_frame frame;

/* How many frames the bytes complete. */
static unsigned put(const void *bytes, u32 count)
{
	unsigned frames = 0;

	for (u32 i = 0; i < count; i++)
		frames += channel_in_put(&in, ((const u8 *)bytes)[i], &frame);
	return frames;
}

static int setup(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	return 0;
}

static void test_known_frame(void **state)
{
	u8 line[CHANNEL_LINE_MAX];

	(void)state;
	/* 1 + 'd' + 0x7e + 'a' = 0x144; 0x100 - 0x44 = 0xbc */
	assert_int_equal(channel_encode(1, CHANNEL_DATA,
					"\x7e"
					"a",
					2, line),
			 8);
	assert_memory_equal(line,
			    "\x7e\x01"
			    "d\x7d\x5e"
			    "a\xbc\x7e",
			    8);
	assert_int_equal(put(line, 8), 1);
	assert_int_equal(frame.channel, 1);
	assert_int_equal(frame.kind, CHANNEL_DATA);
	assert_int_equal(frame.bytes, 2);
	assert_memory_equal(frame.payload,
			    "\x7e"
			    "a",
			    2);
}

static void test_every_length_and_byte(void **state)
{
	u8 payload[CHANNEL_PAYLOAD_MAX], line[CHANNEL_LINE_MAX];

	(void)state;
	for (u32 bytes = 0; bytes <= CHANNEL_PAYLOAD_MAX; bytes++) {
		u32 length;

		for (u32 i = 0; i < bytes; i++)
			payload[i] = (u8)(i + bytes);
		length = channel_encode((u8)bytes, CHANNEL_NAME, payload, bytes, line);
		assert_true(length <= sizeof(line));
		assert_int_equal(put(line, length), 1);
		assert_int_equal(frame.channel, (u8)bytes);
		assert_int_equal(frame.bytes, bytes);
		assert_memory_equal(frame.payload, payload, bytes);
	}
}

static void test_all_escapes_fit(void **state)
{
	u8 payload[CHANNEL_PAYLOAD_MAX], line[CHANNEL_LINE_MAX];

	(void)state;
	memset(payload, CHANNEL_FLAG, sizeof(payload));
	assert_true(channel_encode(CHANNEL_ESCAPE, CHANNEL_DATA, payload, sizeof(payload), line) <= sizeof(line));
}

static void test_damage_is_dropped(void **state)
{
	u8 line[CHANNEL_LINE_MAX];
	u32 length = channel_encode(3, CHANNEL_DATA, "hello", 5, line);

	(void)state;
	for (u32 i = 1; i + 1 < length; i++) {
		line[i] ^= 1;
		assert_int_equal(put(line, length), 0);
		line[i] ^= 1;
		assert_int_equal(put(line, length), 1);
	}
}

static void test_noise_and_cuts(void **state)
{
	u8 line[CHANNEL_LINE_MAX];
	u32 length = channel_encode(3, CHANNEL_DATA, "hello", 5, line);

	(void)state;
	assert_int_equal(put("noise", 5), 0);
	assert_int_equal(put(line, length), 1);
	assert_int_equal(put(line, 4), 0); /* the rest is lost */
	assert_int_equal(put(line, length), 1);
	assert_int_equal(put("\x7e\x7e\x7e", 3), 0);
	assert_int_equal(put("\x7e\x7d\x7e", 3), 0);
	assert_int_equal(put("\x7d\x7d\x01\x02\x03\x7e", 6), 0);
	assert_int_equal(put(line, length), 1);
}

static void test_too_long_is_dropped(void **state)
{
	u8 line[CHANNEL_LINE_MAX];
	u32 length = channel_encode(3, CHANNEL_DATA, "hello", 5, line);

	(void)state;
	put("\x7e", 1);
	for (u32 i = 0; i < 2 * CHANNEL_CONTENT_MAX; i++)
		assert_int_equal(put("\0", 1), 0);
	assert_int_equal(put("\x7e", 1), 0);
	assert_int_equal(put(line, length), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_known_frame, setup),
		cmocka_unit_test_setup(test_every_length_and_byte, setup),
		cmocka_unit_test_setup(test_all_escapes_fit, setup),
		cmocka_unit_test_setup(test_damage_is_dropped, setup),
		cmocka_unit_test_setup(test_noise_and_cuts, setup),
		cmocka_unit_test_setup(test_too_long_is_dropped, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
