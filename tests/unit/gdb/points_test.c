// SPDX-License-Identifier: Apache-2.0
// Points to stop at, their conditions, and the machine that evaluates these.
#include "talk.h"

#include "gdb/agent.h"

static void test_points(void **state)
{
	(void)state;
	for (int kind = 0; kind < 5; kind++) {
		char packet[32];

		snprintf(packet, sizeof(packet), "Z%d,10100,4", kind);
		assert_string_equal(ask(packet), "OK");
		assert_int_equal(fake.points[kind], 1);
		packet[0] = 'z';
		assert_string_equal(ask(packet), "OK");
		assert_int_equal(fake.points[kind], 0);
		assert_string_equal(ask(packet), "E05");
	}
	assert_int_equal(fake.point_address, 0x10100);
	assert_int_equal(fake.point_bytes, 4);
	assert_string_equal(ask("Z5,10100,1"), "");
	assert_string_equal(ask("z5,10100,1"), "");
	assert_string_equal(ask("Z0,10100"), "E07");
	assert_string_equal(ask("Z0,0,1"), "E0d");
	fake.count = 0;
	assert_string_equal(ask("Z0,10100,1"), "E0b");
}

static bool is_told(u64 address)
{
	struct gdb_stop stop = {.kind = GDB_STOP_SOFT, .address = address};

	if (!session.is_running)
		assert_null(ask("c"));
	if (!gdb_stopped(&session, &stop))
		return false;
	hear();
	return true;
}

static void test_condition(void **state)
{
	(void)state;
	/* rax == 5: reg 0; const8 5; equal; end */
	assert_string_equal(ask("Z0,10100,1;X7,2600002205"
				"1327"),
			    "OK");
	memset(fake.registers[0][GDB_rax], 0, 8);
	assert_false(is_told(0x10100));
	assert_true(session.is_running);
	fake.registers[0][GDB_rax][0] = 5;
	assert_true(is_told(0x10100));
	fake.registers[0][GDB_rax][0] = 6;
	assert_false(is_told(0x10100));
	assert_true(is_told(0x10101));
	/* What a vcpu asks for itself: the same, and nobody is told. */
	assert_null(ask("c"));
	assert_false(gdb_break_matters(&session, GDB_POINT_SOFT, 0x10100, 0));
	assert_true(gdb_break_matters(&session, GDB_POINT_HARD, 0x10100, 0));
	fake.registers[0][GDB_rax][0] = 5;
	assert_true(gdb_break_matters(&session, GDB_POINT_SOFT, 0x10100, 0));
	assert_true(session.is_running);
	assert_true(is_told(0x10100));
	/* Set again without one: it always stops. */
	assert_string_equal(ask("Z0,10100,1"), "OK");
	assert_true(is_told(0x10100));
	assert_int_equal(session.condition_count, 0);
}

static void test_several_conditions(void **state)
{
	(void)state;
	memset(fake.registers[0][GDB_rax], 0, 8);
	/* The first never holds, the second reads a byte of memory. */
	assert_string_equal(ask("Z0,10100,1;X3,220027X5,231000"
				"1727"),
			    "OK");
	fake.memory[0] = 0;
	assert_true(is_told(0x10100)); /* 0x1000 cannot be read: told */
	assert_string_equal(ask("Z0,10100,1;X3,220027;X7,240001000017"
				"27"),
			    "OK");
	assert_false(is_told(0x10100));
	fake.memory[0] = 1;
	assert_true(is_told(0x10100));
}

static void test_condition_forms(void **state)
{
	(void)state;
	assert_string_equal(ask("Z0,10100,1;X3,2200"), "E07");
	assert_string_equal(ask("Z0,10100,1;Xz"), "E07");
	assert_string_equal(ask("Z0,10100,1;Y3,220027"), "E07");
	assert_string_equal(ask("Z0,10100,1;X3,220027y"), "E07");
	assert_string_equal(ask("Z0,10100,1;cmds:0,X3,220027"), "E09");
	assert_int_equal(session.condition_count, 0);
	assert_int_equal(fake.points[0], 0);
	/* One that the target refuses leaves no condition. */
	assert_string_equal(ask("Z0,0,1;X3,220027"), "E0d");
	assert_int_equal(session.condition_count, 0);
}

static void test_many_conditions(void **state)
{
	char packet[64];
	unsigned set = 0;

	(void)state;
	for (unsigned i = 0; i < GDB_CONDITIONS_MAX; i++) {
		snprintf(packet, sizeof(packet), "Z0,%x,1;X3,220027", 0x10000 + i);
		assert_string_equal(ask(packet), "OK");
		set++;
	}
	assert_string_equal(ask("Z0,18000,1;X3,220027"), "E0f");
	for (unsigned i = 0; i < GDB_CONDITIONS_MAX; i += 2) {
		snprintf(packet, sizeof(packet), "z0,%x,1", 0x10000 + i);
		assert_string_equal(ask(packet), "OK");
	}
	assert_int_equal(session.condition_count, set / 2);
	assert_int_equal(session.condition_used, set / 2 * 5);
	assert_false(is_told(0x10001));
	assert_true(is_told(0x10000));
}

static void test_no_room_for_bytes(void **state)
{
	static char packet[8192];
	int head;

	(void)state;
	head = snprintf(packet, sizeof(packet), "Z0,10100,1;X401,");
	memset(packet + head, '0', 0x802);
	assert_string_equal(ask(packet), "E0f");
	for (int i = 0; i < 4; i++) {
		head = snprintf(packet, sizeof(packet), "Z0,%x,1;X400,", 0x10200 + i);
		memset(packet + head, '0', 0x800);
		packet[head + 0x800] = '\0';
		assert_string_equal(ask(packet), i < 3 ? "OK" : "E0f");
	}
}

/* --- the machine ------------------------------------------------------------------------------------------------ */
static bool reg(struct agent_source *s, u64 number, u64 *value)
{
	(void)s;
	*value = 100 + number;
	return number < 10;
}

static bool memory(struct agent_source *s, u64 address, u8 *buf, u32 bytes)
{
	(void)s;
	for (u32 i = 0; i < bytes; i++)
		buf[i] = (u8)(address + i);
	return address < 0x1000;
}

static struct agent_source source = {reg, memory};

#define RUN(value, ...) agent_evaluate(&source, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), value)

static void expect(u64 expected, const u8 *code, u32 bytes)
{
	u64 value = 0;

	assert_int_equal(agent_evaluate(&source, code, bytes, &value), OK);
	assert_int_equal(value, expected);
}
#define EXPECT(value, ...) expect(value, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))
#define C8(n) 0x22, (n)
/* -n */
#define NEG(n) 0x22, 0, 0x22, (n), 0x03

static void test_arithmetic(void **state)
{
	(void)state;
	EXPECT(7, C8(3), C8(4), 0x02, 0x27);
	EXPECT(~0ull, C8(3), C8(4), 0x03, 0x27);
	EXPECT(12, C8(3), C8(4), 0x04, 0x27);
	EXPECT((u64)-3, NEG(7), C8(2), 0x05, 0x27);
	EXPECT(3, C8(7), C8(2), 0x06, 0x27);
	EXPECT((u64)-1, NEG(7), C8(2), 0x07, 0x27);
	EXPECT(1, C8(7), C8(2), 0x08, 0x27);
	EXPECT(7, NEG(7), NEG(1), 0x05, 0x27);
	EXPECT(0, NEG(7), NEG(1), 0x07, 0x27);
	EXPECT(0x30, C8(3), C8(4), 0x09, 0x27);
	EXPECT(0, C8(3), C8(64), 0x09, 0x27);
	EXPECT((u64)-2, NEG(7), C8(2), 0x0a, 0x27);
	EXPECT(~0ull, NEG(7), C8(200), 0x0a, 0x27);
	EXPECT(1, C8(7), C8(2), 0x0b, 0x27);
}

static void test_logic(void **state)
{
	(void)state;
	EXPECT(1, C8(0), 0x0e, 0x27);
	EXPECT(0, C8(9), 0x0e, 0x27);
	EXPECT(4, C8(12), C8(6), 0x0f, 0x27);
	EXPECT(14, C8(12), C8(6), 0x10, 0x27);
	EXPECT(10, C8(12), C8(6), 0x11, 0x27);
	EXPECT(~12ull, C8(12), 0x12, 0x27);
	EXPECT(1, C8(6), C8(6), 0x13, 0x27);
	EXPECT(1, NEG(1), C8(6), 0x14, 0x27);
	EXPECT(0, NEG(1), C8(6), 0x15, 0x27);
	EXPECT((u64)-1, C8(0xff), 0x16, 8, 0x27);
	EXPECT(0x7f, C8(0x7f), 0x16, 8, 0x27);
	EXPECT(0xff, NEG(1), 0x2a, 8, 0x27);
	EXPECT(~0ull, NEG(1), 0x2a, 64, 0x27);
}

static void test_access(void **state)
{
	(void)state;
	EXPECT(0x10, C8(0x10), 0x17, 0x27);
	EXPECT(0x1110, C8(0x10), 0x18, 0x27);
	EXPECT(0x13121110, C8(0x10), 0x19, 0x27);
	EXPECT(0x1716151413121110, C8(0x10), 0x1a, 0x27);
	EXPECT(103, 0x26, 0, 3, 0x27);
	EXPECT(0x1234, 0x23, 0x12, 0x34, 0x27);
	EXPECT(0x12345678, 0x24, 0x12, 0x34, 0x56, 0x78, 0x27);
	EXPECT(0x1122334455667788, 0x25, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x27);
}

static void test_stack(void **state)
{
	(void)state;
	EXPECT(10, C8(5), 0x28, 0x02, 0x27);
	EXPECT(5, C8(5), C8(6), 0x29, 0x27);
	EXPECT(1, C8(5), C8(6), 0x2b, 0x03, 0x27); /* 6 - 5 */
	EXPECT(5, C8(5), C8(6), 0x32, 1, 0x27);
	EXPECT(2, C8(1), C8(2), C8(3), 0x33, 0x27); /* 3 1 2 */
	EXPECT(1, C8(1), C8(2), C8(3), 0x33, 0x29, 0x27);
	EXPECT(3, C8(1), C8(2), C8(3), 0x33, 0x29, 0x29, 0x27);
}

static void test_jumps(void **state)
{
	(void)state;
	EXPECT(2, C8(1), 0x20, 0, 8, C8(1), 0x27, C8(2), 0x27);
	EXPECT(1, C8(0), 0x20, 0, 8, C8(1), 0x27, C8(2), 0x27);
	EXPECT(2, 0x21, 0, 6, C8(1), 0x27, C8(2), 0x27);
}

static void test_bad_code(void **state)
{
	u64 value;

	(void)state;
	assert_int_equal(RUN(&value, 0x27), ERR_FORMAT);  /* nothing on the stack */
	assert_int_equal(RUN(&value, C8(1)), ERR_FORMAT); /* no end */
	assert_int_equal(RUN(&value, 0x02, 0x27), ERR_FORMAT);
	assert_int_equal(RUN(&value, 0x25, 1, 2), ERR_FORMAT);
	assert_int_equal(RUN(&value, 0x21, 0, 3), ERR_FORMAT);        /* out of the code */
	assert_int_equal(RUN(&value, 0x21, 0, 0), ERR_RANGE);         /* for ever */
	assert_int_equal(RUN(&value, C8(1), 0x21, 0, 0), ERR_FORMAT); /* the stack runs over */
	assert_int_equal(RUN(&value, 0xff), ERR_FORMAT);
	assert_int_equal(RUN(&value, 0x31), ERR_FORMAT);
	assert_int_equal(RUN(&value, 0x01), ERR_UNSUPPORTED);
	assert_int_equal(RUN(&value, 0x2c, 0, 0), ERR_UNSUPPORTED);
	assert_int_equal(RUN(&value, C8(1), C8(0), 0x05, 0x27), ERR_FAULT);
	assert_int_equal(RUN(&value, 0x26, 0, 10, 0x27), ERR_FAULT);
	assert_int_equal(RUN(&value, 0x23, 0x10, 0, 0x17, 0x27), ERR_FAULT);
	assert_int_equal(RUN(&value, C8(1), 0x16, 0, 0x27), ERR_FORMAT);
	assert_int_equal(RUN(&value, C8(1), 0x32, 1, 0x27), ERR_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_points),          TEST(test_condition),       TEST(test_several_conditions),
		TEST(test_condition_forms), TEST(test_many_conditions), TEST(test_no_room_for_bytes),
		TEST(test_arithmetic),      TEST(test_logic),           TEST(test_access),
		TEST(test_stack),           TEST(test_jumps),           TEST(test_bad_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
