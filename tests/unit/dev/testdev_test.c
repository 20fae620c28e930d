// SPDX-License-Identifier: Apache-2.0
// The test device as QEMU's behaves.
#include "dev/testdev.h"

#include "unit/dev/restored.h"

static struct testdev t;
static struct testdev_ram ram;

static int start(void **state)
{
	(void)state;
	testdev_reset(&t);
	ram = (struct testdev_ram){0};
	return 0;
}

static struct testdev_event out(u16 port, unsigned bytes, u32 value)
{
	struct testdev_event e;

	assert_true(testdev_has_port(port));
	e = testdev_write(&t, port, bytes, value);
	assert_true(testdev_valid(&t));
	return e;
}

static void latch_of_every_width(void **state)
{
	(void)state;
	assert_int_equal(out(0xe0, 4, 0x11223344).kind, TESTDEV_NONE);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x11223344);
	assert_int_equal(testdev_read(&t, 0xe0, 1), 0x44);
	assert_int_equal(testdev_read(&t, 0xe2, 2), 0x1122);
	assert_int_equal(testdev_read(&t, 0xe8, 4), 0x11223344);
	out(0xe9, 1, 0xffffff55);
	out(0xe2, 2, 0x6677);
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x66775544);
	out(0xe3, 2, 0xaa99); /* cut off at the end */
	assert_int_equal(testdev_read(&t, 0xe0, 4), 0x99775544);
	assert_int_equal(testdev_read(&t, 0xe3, 4), 0x99);
}

static void exit_carries_its_value(void **state)
{
	struct testdev_event e = out(0xf4, 4, 0x12345678);

	(void)state;
	assert_int_equal(e.kind, TESTDEV_EXIT);
	assert_int_equal(e.value, 0x12345678);
	e = out(0xf5, 1, 0x123);
	assert_int_equal(e.kind, TESTDEV_EXIT);
	assert_int_equal(e.value, 0x23);
	assert_int_equal(testdev_read(&t, 0xf4, 4), 0);
}

static void lines_rise_and_fall(void **state)
{
	(void)state;
	for (u16 n = 0; n < 24; n++) {
		struct testdev_event e = out((u16)(0x2000 + n), 1, 1);

		assert_int_equal(e.kind, TESTDEV_LINE);
		assert_int_equal(e.value, n);
		assert_true(e.level);
		assert_int_equal(t.lines, 1u << n);
		e = out((u16)(0x2000 + n), 1, 0);
		assert_int_equal(e.kind, TESTDEV_LINE);
		assert_false(e.level);
	}
	assert_false(testdev_has_port(0x2018));
	assert_false(testdev_has_port(0x1fff));
	assert_false(testdev_has_port(0xdf));
	assert_false(testdev_has_port(0xec));
	assert_false(testdev_has_port(0xf8));
	assert_int_equal(testdev_read(&t, 0x2000, 1), 0xff);
}

static void flush_names_a_page(void **state)
{
	struct testdev_event e = out(0xe4, 4, 0x00401000);

	(void)state;
	assert_int_equal(e.kind, TESTDEV_FLUSH);
	assert_int_equal(e.value, 0x00401000);
	assert_int_equal(out(0xe4, 1, 1).kind, TESTDEV_NONE);
	assert_int_equal(testdev_read(&t, 0xe4, 4), 0);
}

static void memory(void **state)
{
	(void)state;
	testdev_ram_write(&ram, 0x100, 8, 0x1122334455667788);
	assert_true(testdev_ram_read(&ram, 0x100, 8) == 0x1122334455667788);
	assert_true(testdev_ram_read(&ram, 0x103, 2) == 0x4455);
	testdev_ram_write(&ram, 0x101, 1, 0xfff);
	assert_true(testdev_ram_read(&ram, 0x100, 4) == 0x5566ff88);
	testdev_ram_write(&ram, 0xfffe, 8, UINT64_MAX);
	assert_true(testdev_ram_read(&ram, 0xfffe, 8) == 0xffff);
	assert_true(testdev_ram_read(&ram, 0x10000, 8) == 0);
	assert_true(testdev_ram_read(&ram, 0xffffffff, 8) == 0);
}

static void restored_is_the_same(void **state)
{
	static struct testdev_ram other_ram;
	struct testdev other;

	(void)state;
	testdev_ram_write(&ram, 0, 1, 1);
	out(0xe0, 4, 0xcafe1234);
	out(0x2005, 1, 1);
	testdev_ram_write(&ram, 0xfff8, 8, 0x0102030405060708);
	restore_from(&testdev_desc, &other, &t);
	restore_from(&testdev_ram_desc, &other_ram, &ram);
	assert_int_equal(testdev_read(&other, 0xe0, 4), 0xcafe1234);
	assert_int_equal(other.lines, 1u << 5);
	assert_memory_equal(&ram, &other_ram, sizeof(ram));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(latch_of_every_width, start),
		cmocka_unit_test_setup(exit_carries_its_value, start),
		cmocka_unit_test_setup(lines_rise_and_fall, start),
		cmocka_unit_test_setup(flush_names_a_page, start),
		cmocka_unit_test_setup(memory, start),
		cmocka_unit_test_setup(restored_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
