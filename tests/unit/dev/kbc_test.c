// SPDX-License-Identifier: Apache-2.0
// The keyboard controller as a driver probes it, with nothing plugged in.
#include "dev/kbc.h"

#include "unit/dev/restored.h"

#define OBF 0x01
#define AUX 0x20
#define TIMEOUT 0x40

static struct kbc k;

static int start(void **state)
{
	(void)state;
	kbc_reset(&k);
	return 0;
}

static enum power_request command(u8 c)
{
	enum power_request r = kbc_write(&k, 0x64, c);

	assert_true(kbc_valid(&k));
	return r;
}

static enum power_request data(u8 d)
{
	enum power_request r = kbc_write(&k, 0x60, d);

	assert_true(kbc_valid(&k));
	return r;
}

static u8 status(void)
{
	return kbc_read(&k, 0x64);
}

/* The one answer that must be there. */
static u8 answer(void)
{
	u8 value;

	assert_true(status() & OBF);
	value = kbc_read(&k, 0x60);
	assert_false(status() & (OBF | AUX | TIMEOUT));
	assert_true(kbc_valid(&k));
	return value;
}

static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(status(), 0x14);
	assert_false(kbc_irq1(&k) || kbc_irq12(&k));
}

static void self_tests_pass(void **state)
{
	(void)state;
	command(0xaa);
	assert_int_equal(status() & 0x08, 0x08);
	assert_int_equal(answer(), 0x55);
	command(0xab);
	assert_int_equal(answer(), 0x00);
	command(0xa9);
	assert_int_equal(answer(), 0x00);
	command(0xa4);
	assert_int_equal(answer(), 0xf1);
	command(0xe0);
	assert_int_equal(answer(), 0x00);
	command(0xc0);
	assert_int_equal(answer(), 0x80);
	command(0xb5); /* unknown */
	assert_false(status() & OBF);
}

static void command_byte_and_port_switches(void **state)
{
	(void)state;
	command(0x20);
	assert_int_equal(answer(), 0x65);
	command(0x60);
	data(0x33);
	assert_false(status() & 0x04); /* the system flag shows in the status */
	command(0x20);
	assert_int_equal(answer(), 0x33);
	command(0xae);
	command(0xa8);
	command(0x20);
	assert_int_equal(answer(), 0x03);
	command(0xad);
	command(0xa7);
	command(0x20);
	assert_int_equal(answer(), 0x33);
	command(0x7f);
	data(0x77);
	command(0x3f);
	assert_int_equal(answer(), 0x77);
}

static void absent_devices_time_out(void **state)
{
	(void)state;
	data(0xf2); /* identify, to the keyboard */
	assert_int_equal(status() & (OBF | AUX | TIMEOUT), OBF | TIMEOUT);
	assert_true(kbc_irq1(&k));
	assert_int_equal(answer(), 0xfe);
	assert_false(kbc_irq1(&k));
	command(0xd4);
	data(0xf2); /* to the mouse */
	assert_int_equal(status() & (OBF | AUX | TIMEOUT), OBF | AUX | TIMEOUT);
	assert_int_equal(answer(), 0xfe);
}

/* Drivers test the auxiliary port and its interrupt with the loop command. */
static void loops(void **state)
{
	(void)state;
	command(0x60);
	data(0x47);
	command(0xd3);
	data(0xa5);
	assert_true(kbc_irq12(&k));
	assert_false(kbc_irq1(&k));
	assert_int_equal(status() & (OBF | AUX), OBF | AUX);
	command(0xd0);
	assert_int_equal(answer(), 0xe3); /* the lines before this answer took the buffer: IRQ 12 */
	command(0xd2);
	data(0x5a);
	assert_true(kbc_irq1(&k));
	assert_int_equal(answer(), 0x5a);
}

static void resets_the_machine(void **state)
{
	(void)state;
	assert_int_equal(command(0xfe), POWER_RESET_CPUS);
	assert_int_equal(command(0xf0), POWER_RESET_CPUS);
	assert_int_equal(command(0xff), POWER_NONE);
	assert_int_equal(command(0xfd), POWER_NONE); /* another line */
	command(0xd1);
	assert_int_equal(data(0xdf), POWER_NONE);
	command(0xd1);
	assert_int_equal(data(0xde), POWER_RESET_CPUS);
}

static void a20_reads_back(void **state)
{
	(void)state;
	command(0xd0);
	assert_int_equal(answer() & 0x02, 0x02);
	command(0xd1);
	data(0xdd);
	command(0xd0);
	assert_int_equal(answer() & 0x02, 0);
}

static void output_port_lines(void **state)
{
	(void)state;
	command(0xd1);
	data(0x03);
	command(0xd0);
	assert_int_equal(answer(), 0xc3);
	(void)kbc_read(&k, 0x60); /* reading without an answer changes nothing */
	command(0x60);
	data(0x41);
	(void)kbc_read(&k, 0x60);
	assert_int_equal(status(), 0x10);
}

static void restored_is_the_same(void **state)
{
	struct rng r = {42};
	struct kbc other;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		u16 port = rng_below(&r, 2) ? 0x60 : 0x64;
		u8 value = (u8)rng_next(&r);

		if (step % 20 == 0) {
			memset(&other, 0xff, sizeof(other));
			restore_from(&kbc_desc, &other, &k);
		}
		if (rng_below(&r, 2))
			assert_int_equal(kbc_read(&k, port), kbc_read(&other, port));
		else
			assert_int_equal(kbc_write(&k, port, value), kbc_write(&other, port, value));
		assert_true(kbc_valid(&k));
		assert_int_equal(kbc_irq1(&k), kbc_irq1(&other));
		assert_int_equal(kbc_irq12(&k), kbc_irq12(&other));
		assert_false(kbc_irq1(&k) && kbc_irq12(&k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, start),
		cmocka_unit_test_setup(self_tests_pass, start),
		cmocka_unit_test_setup(command_byte_and_port_switches, start),
		cmocka_unit_test_setup(absent_devices_time_out, start),
		cmocka_unit_test_setup(loops, start),
		cmocka_unit_test_setup(resets_the_machine, start),
		cmocka_unit_test_setup(a20_reads_back, start),
		cmocka_unit_test_setup(output_port_lines, start),
		cmocka_unit_test_setup(restored_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
