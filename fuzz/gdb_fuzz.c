// SPDX-License-Identifier: Apache-2.0
// Any packets, framed or not, and stops at any time keep a session's invariants; whatever is sent is well-formed.
// fuzz: -max_len=4096
//
// GDB_FUZZ_PACKETS=N in the environment: end after N packets, and say how many there were (make fuzz-gdb).
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "fake/gdb_target.h"
#include "gdb/hex.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

static struct fake_target fake;
static struct gdb session;

/* What is sent is acknowledgements and packets with right checksums. */
static void drain(void)
{
	u8 sum = 0, byte, high, low;

	while (gdb_send(&session, &byte)) {
		if (byte == '+' || byte == '-')
			continue;
		ASSERT(byte == '$');
		sum = 0;
		while (gdb_send(&session, &byte) && byte != '#')
			sum = (u8)(sum + byte);
		ASSERT(byte == '#' && gdb_send(&session, &high) && gdb_send(&session, &low));
		ASSERT((hex_digit(high) << 4 | hex_digit(low)) == sum);
	}
	ASSERT(gdb_valid(&session));
}

static void put(u8 byte)
{
	if (!gdb_receive(&session, byte)) {
		drain();
		ASSERT(gdb_receive(&session, byte));
	}
}

/* A line of the input as a packet with its checksum. */
static void packet(const u8 *in, size_t bytes)
{
	u8 sum = 0;

	put('$');
	for (size_t i = 0; i < bytes; i++) {
		sum = (u8)(sum + in[i]);
		put(in[i]);
	}
	put('#');
	put((u8)hex_char(sum >> 4));
	put((u8)hex_char(sum & 15));
	drain();
}

static void stop(u8 how)
{
	struct gdb_stop what = {.kind = how % GDB_STOP_KINDS, .thread = how >> 4, .address = 0x10000u + how};

	(void)gdb_stopped(&session, &what);
	drain();
}

/* Lines: "!x" a stop, ":..." bytes as they are, "~" a new connection, else a packet. */
static void line(const u8 *in, size_t bytes)
{
	if (bytes > 1 && in[0] == '!') {
		stop(in[1]);
	} else if (bytes && in[0] == '~') {
		gdb_close(&session);
		gdb_open(&session, NULL);
	} else if (bytes && in[0] == ':') {
		for (size_t i = 1; i < bytes; i++)
			put(in[i]);
		drain();
	} else {
		packet(in, bytes);
	}
}

/* Whole packets that the stub has taken, over all inputs; damaged ones and those that are too long do not count. */
static void count(u64 packets)
{
	static u64 total, inputs, wanted;
	const char *text = getenv("GDB_FUZZ_PACKETS");

	if (!inputs++ && text)
		wanted = strtoull(text, NULL, 10);
	total += packets;
	if (!wanted || total < wanted)
		return;
	printf("gdb: %lu packets in %lu sessions, no fault found\n", total, inputs);
	(void)fflush(stdout);
	_Exit(0); /* to libFuzzer exit() is a fault */
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	static bool is_ready;
	size_t start = 0;

	if (!is_ready)
		fake_init(&fake);
	is_ready = true;
	fake.count = 4;
	gdb_init(&session, &fake.target);
	gdb_open(&session, NULL);
	for (size_t i = 0; i <= bytes; i++) {
		if (i < bytes && in[i] != '\n')
			continue;
		line(in + start, i - start);
		start = i + 1;
	}
	count(session.packets);
	return 0;
}
