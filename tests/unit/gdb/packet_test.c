// SPDX-License-Identifier: Apache-2.0
// Framing: checksums, acknowledgements, escapes, run lengths, limits.
#include "gdb/packet.h"

#include "talk.h"

static void take_all(char *to)
{
	u8 byte;

	while (gdb_send(&session, &byte))
		*to++ = (char)byte;
	*to = '\0';
}

static void test_ack_and_reply(void **state)
{
	char all[256];

	(void)state;
	say_raw("$qAttached#8f", 13);
	take_all(all);
	assert_string_equal(all, "+$1#31");
}

static void test_wrong_checksum(void **state)
{
	char all[256];

	(void)state;
	say_raw("$qAttached#8e", 13);
	take_all(all);
	assert_string_equal(all, "-");
	say_raw("$qAttached#xx", 13);
	take_all(all);
	assert_string_equal(all, "-");
}

static void test_nak_repeats(void **state)
{
	char all[256];

	(void)state;
	say_raw("$qAttached#8f", 13);
	take_all(all);
	say_raw("-", 1);
	take_all(all);
	assert_string_equal(all, "$1#31");
	say_raw("+", 1);
	take_all(all);
	assert_string_equal(all, "");
}

static void test_no_ack_mode(void **state)
{
	char all[256];

	(void)state;
	assert_string_equal(ask("QStartNoAckMode"), "OK");
	say_raw("+$qAttached#00", 14);
	take_all(all);
	assert_string_equal(all, "$1#31");
}

static void test_reply_must_go_first(void **state)
{
	u8 byte;

	(void)state;
	say_raw("$qAttached#8f", 13);
	assert_false(gdb_receive(&session, '$'));
	assert_true(gdb_send(&session, &byte));
	assert_false(gdb_receive(&session, '$'));
}

static void test_packet_cut_short(void **state)
{
	(void)state;
	say_raw("$m1000", 6);
	assert_string_equal(ask("qAttached"), "1");
}

static void test_noise_before_packet(void **state)
{
	(void)state;
	say_raw("abc\r\n#00", 8);
	assert_string_equal(ask("qAttached"), "1");
}

static void test_unknown_is_empty(void **state)
{
	static const char *const unknown[] = {"vMustReplyEmpty",         "qTStatus",     "vFile:setfs:0", "Zz", "A", "",
					      "QDisableRandomization:1", "jThreadsInfo", "qHostInfo",     "bs"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(unknown); i++) {
		const char *reply = ask(unknown[i]);

		assert_non_null(reply);
		assert_true(!*reply || unknown[i][0] == 'Z');
	}
}

static void test_too_long(void **state)
{
	static char payload[GDB_PACKET_BYTES + 2];

	(void)state;
	memset(payload, 'm', sizeof(payload));
	say_bytes(payload, sizeof(payload));
	assert_string_equal(hear(), "E.packet too long");
	assert_string_equal(ask("qAttached"), "1");
}

static void test_longest_is_taken(void **state)
{
	static char payload[GDB_PACKET_BYTES + 1];
	u32 bytes = (GDB_PACKET_BYTES - 20) / 2;
	int head = snprintf(payload, sizeof(payload), "M10000,%x:", bytes);

	(void)state;
	memset(payload + head, '5', 2 * bytes);
	say_bytes(payload, (size_t)head + 2 * bytes);
	assert_string_equal(hear(), "OK");
	assert_int_equal(fake.memory[bytes - 1], 0x55);
}

static void test_runs(void **state)
{
	struct gdb_out out = {0};

	(void)state;
	for (u32 length = 1; length < 400; length++) {
		u32 back = 0;

		gdb_out_begin(&out);
		for (u32 i = 0; i < length; i++)
			gdb_out_char(&out, '0');
		gdb_out_end(&out);
		for (u32 i = 1; out.bytes[i] != '#'; i++) {
			if (out.bytes[i] == '*') {
				u8 c = out.bytes[++i];

				assert_true(c >= ' ' && c < 127 && c != '#' && c != '$' && c != '+' && c != '-');
				back += c - 29u;
			} else {
				assert_int_equal(out.bytes[i], '0');
				back++;
			}
		}
		assert_int_equal(back, length);
	}
}

static void test_run_of_manual(void **state)
{
	struct gdb_out out = {0};

	/* gdb's manual, Overview: "0* " means "0000". */
	(void)state;
	gdb_out_begin(&out);
	gdb_out_text(&out, "0000");
	gdb_out_end(&out);
	assert_memory_equal(out.bytes, "$0* #7a", 7);
	assert_int_equal(out.used, 7);
}

static void test_output_is_cut(void **state)
{
	struct gdb_out out = {0};

	(void)state;
	gdb_out_begin(&out);
	for (u32 i = 0; i < 2 * GDB_PACKET_BYTES; i++)
		gdb_out_char(&out, (char)('a' + i % 26));
	gdb_out_end(&out);
	assert_true(out.is_cut);
	assert_int_equal(out.used, GDB_PACKET_BYTES + GDB_FRAME_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ack_and_reply, setup),
		cmocka_unit_test_setup(test_wrong_checksum, setup),
		cmocka_unit_test_setup(test_nak_repeats, setup),
		cmocka_unit_test_setup(test_no_ack_mode, setup),
		cmocka_unit_test_setup(test_reply_must_go_first, setup),
		cmocka_unit_test_setup(test_packet_cut_short, setup),
		cmocka_unit_test_setup(test_noise_before_packet, setup),
		cmocka_unit_test_setup(test_unknown_is_empty, setup),
		cmocka_unit_test_setup(test_too_long, setup),
		cmocka_unit_test_setup(test_longest_is_taken, setup),
		cmocka_unit_test_setup(test_runs, setup),
		cmocka_unit_test_setup(test_run_of_manual, setup),
		cmocka_unit_test_setup(test_output_is_cut, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
