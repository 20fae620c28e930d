/* SPDX-License-Identifier: Apache-2.0 */
/* A debugger's side of a session, for tests: say a packet, hear the reply's payload with run lengths undone. */
#ifndef ETERNA_TESTS_GDB_TALK_H
#define ETERNA_TESTS_GDB_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/gdb_target.h"

static struct fake_target fake;
static struct gdb session;
static char heard[4 * GDB_PACKET_BYTES];
static size_t heard_length;

static inline void say_raw(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_true(gdb_receive(&session, (u8)bytes[i]));
}

static inline void say_bytes(const char *payload, size_t count)
{
	unsigned char sum = 0;
	char tail[4];

	say_raw("$", 1);
	for (size_t i = 0; i < count; i++) {
		sum = (unsigned char)(sum + (unsigned char)payload[i]);
		say_raw(payload + i, 1);
	}
	snprintf(tail, sizeof(tail), "#%02x", sum);
	say_raw(tail, 3);
}

/* The next packet's payload, checked; NULL when there is none. Acks before it are skipped. */
static inline const char *hear(void)
{
	unsigned char sum = 0;
	char told[3] = "";
	u8 byte = 0;

	heard_length = 0;
	do
		if (!gdb_send(&session, &byte))
			return NULL;
	while (byte == '+');
	assert_int_equal(byte, '$');
	while (gdb_send(&session, &byte) && byte != '#') {
		sum = (unsigned char)(sum + byte);
		if (byte == '*' && heard_length) {
			u8 count;

			assert_true(gdb_send(&session, &count));
			sum = (unsigned char)(sum + count);
			assert_true(count >= 32 && count < 127);
			for (int i = 0; i < count - 29; i++, heard_length++)
				heard[heard_length] = heard[heard_length - 1];
		} else {
			heard[heard_length++] = (char)byte;
		}
	}
	heard[heard_length] = '\0';
	assert_true(gdb_send(&session, (u8 *)&told[0]) && gdb_send(&session, (u8 *)&told[1]));
	assert_int_equal(strtoul(told, NULL, 16), sum);
	assert_true(gdb_valid(&session));
	return heard;
}

static inline const char *ask(const char *payload)
{
	say_bytes(payload, strlen(payload));
	return hear();
}

static inline int setup(void **state)
{
	static const struct gdb_stop first = {.kind = GDB_STOP_STEP};

	(void)state;
	fake_init(&fake);
	gdb_init(&session, &fake.target);
	gdb_open(&session, &first);
	return 0;
}

static inline const char *stop(u8 kind, u32 thread, u64 address)
{
	const struct gdb_stop what = {.kind = kind, .thread = thread, .address = address};

	assert_true(gdb_stopped(&session, &what));
	return hear();
}

#endif
