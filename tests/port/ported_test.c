// SPDX-License-Identifier: Apache-2.0
// Ports of the corpus, compiled and run: what they compute is what the Rust computes in a release build.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/arith.c"
#include "src/cpu/psci.c"
#include "src/debug/gdb.c"
#include "src/devices/uart/pl011.c"

void assert_fail(const char *expr, const char *file, unsigned line)
{
	mock_assert(0, expr, file, (int)line);
	abort();
}

static void test_widths_and_wrapping(void **state)
{
	assert_int_equal(add_u8(200, 100), 44);
	assert_int_equal(scale_u16(300), 24457);
	assert_int_equal(scale_u16(0), 65529);
	assert_int_equal(sub_i32(INT32_MIN, 1), INT32_MAX);
	assert_true(mul_i64(INT64_MAX, 3) == 9223372036854775805);
	assert_true(compare_small(200, 100));
	assert_false(compare_small(1, 2));
	assert_int_equal(invert(0x0f), 240);
	assert_true(invert_mask(0xff));
	assert_int_equal(cut(0x12345678), 22256);
	assert_true(extend(-2) == 0xfffffffffffffffe);
	assert_true(sign(0x80000000) == -2147483648ll);
	assert_true(wide(UINT64_MAX, 0x123456789abc) == 0x123456789abb);
}

static void test_shifts_and_precedence(void **state)
{
	assert_int_equal(shift_left(3, 33), 6);
	assert_true(shift_left(1, 31) == 2147483648u);
	assert_int_equal(shift_right_signed(-8, 33), -4);
	assert_true(high_bit(3) == 0x8000000000000008);
	assert_true(precedence(6, 3, 2));
	assert_false(precedence(6, 3, 3));
	assert_int_equal(mix(0x81, 0x7b), 0x10ab);
	assert_int_equal(zeros(0x0120), 705);
	assert_int_equal(zeros(0), 1616);
}

static void test_options(void **state)
{
	u32 value = 0;
	size_t at = 0;

	assert_int_equal(saturate(250, 10), 252);
	assert_int_equal(saturate(1, 1), 0);
	assert_int_equal(checked(65536, 65536, &value), ERR_NOENT);
	assert_int_equal(checked(65535, 65537, &value), ERR_NOENT);
	assert_int_equal(checked(5, 6, &value), OK);
	assert_int_equal(value, 31);
	assert_int_equal(first_above((const u32[]){1, 5, 9}, 3, 4, &at), OK);
	assert_int_equal(at, 1);
	assert_int_equal(first_above((const u32[]){1, 5, 9}, 3, 9, &at), ERR_NOENT);
}

static void test_loops(void **state)
{
	assert_int_equal(average((const u16[]){60000, 60001, 5}, 3), 40002);
	expect_assert_failure(average(NULL, 0));
	assert_int_equal(collatz(27), 111);
	assert_int_equal(collatz(1), 0);
	assert_int_equal(grid(4), 406);
	assert_int_equal(grid(9), 514);
	assert_true(end_of(5) == 3221225476);
	assert_true(table_bytes(&(u64[]){1, 2, 3, 4}) == 10737418249);
	assert_true(FOUR_GIB == 4294967296);
}

static void test_gdb_packets(void **state)
{
	static const char packet[] = "$m0,4#fd", wrong[] = "$m0,4#fe";
	struct parser parser = {.state = STATE_IDLE};
	size_t count = 0;
	bool done = false;
	u64 value;

	for (const char *c = packet; *c; c++) {
		assert_false(done);
		assert_int_equal(parser_feed(&parser, (u8)*c, &done), OK);
	}
	assert_true(done);
	assert_memory_equal(parser_body(&parser, &count), "m0,4", 4);
	assert_int_equal(count, 4);
	for (const char *c = wrong; *c; c++)
		assert_int_equal(parser_feed(&parser, (u8)*c, &done), OK);
	assert_false(done);
	assert_int_equal(parse_hex((const u8 *)"dEadbeef", 8, &value), OK);
	assert_true(value == 0xdeadbeef);
	assert_int_equal(parse_hex((const u8 *)"xy", 2, &value), ERR_UNSUPPORTED);
	assert_int_equal(to_hex(0x1b), 'b');
}

static void test_psci(void **state)
{
	struct machine machine = {.power = {POWER_ON}};

	assert_int_equal(machine_call(&machine, 0, 0x84000000, 0, 0), 0x10001);
	assert_int_equal(machine_call(&machine, 0, 0xc4000003, 1, 0x80000), 0);
	assert_int_equal(machine.power[1], POWER_PENDING);
	assert_int_equal(machine_call(&machine, 0, 0xc4000003, 1, 0x80000), -4);
	assert_int_equal(machine_call(&machine, 0, 0xc4000003, 9, 0), -1);
	assert_int_equal(machine_call(&machine, 0, 0x84000002, 0, 0), 0);
	assert_int_equal(machine.power[0], POWER_OFF);
	assert_int_equal(machine_call(&machine, 0, 7, 0, 0), -1);
}

static void test_uart(void **state)
{
	struct uart16550 uart = {0};
	u8 sent = 0;

	assert_int_equal(uart16550_read(&uart, UARTFR), FR_RXFE);
	for (u8 i = 0; i < 16; i++)
		assert_true(uart16550_push(&uart, i));
	assert_false(uart16550_push(&uart, 16));
	assert_int_equal(uart16550_write(&uart, UARTIMSC, 0xffff, &sent), ERR_NOENT);
	assert_true(uart16550_line(&uart));
	for (u8 i = 0; i < 16; i++)
		assert_int_equal(uart16550_read(&uart, UARTDR), i);
	assert_false(uart16550_line(&uart));
	assert_int_equal(uart16550_write(&uart, UARTDR, 0x141, &sent), OK);
	assert_int_equal(sent, 'A');
	assert_int_equal(uart16550_checksum((const u8[]){200, 100}, 2), 44);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths_and_wrapping),
		cmocka_unit_test(test_shifts_and_precedence),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_gdb_packets),
		cmocka_unit_test(test_psci),
		cmocka_unit_test(test_uart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
