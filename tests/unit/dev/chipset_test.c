// SPDX-License-Identifier: Apache-2.0
// POST, fast reset and reset control.
#include "dev/chipset.h"

#include "unit/dev/restored.h"

static struct chipset c;

static int start(void **state)
{
	(void)state;
	chipset_reset(&c);
	return 0;
}

static enum power_request out(u16 port, u8 value)
{
	enum power_request r = chipset_write(&c, port, value);

	assert_true(chipset_valid(&c));
	return r;
}

static void post_code_reads_back(void **state)
{
	(void)state;
	assert_int_equal(out(0x80, 0xa5), POWER_NONE);
	assert_int_equal(chipset_read(&c, 0x80), 0xa5);
}

static void fast_reset_at_the_rising_bit(void **state)
{
	(void)state;
	assert_int_equal(chipset_read(&c, 0x92), 0x02); /* A20 is on */
	assert_int_equal(out(0x92, 0x00), POWER_NONE);
	assert_int_equal(chipset_read(&c, 0x92), 0x00);
	assert_int_equal(out(0x92, 0x03), POWER_RESET_CPUS);
	assert_int_equal(out(0x92, 0x03), POWER_NONE);
	assert_int_equal(out(0x92, 0xfe), POWER_NONE);
	assert_int_equal(chipset_read(&c, 0x92), 0x02);
	assert_int_equal(out(0x92, 0x01), POWER_RESET_CPUS);
}

static void reset_control(void **state)
{
	(void)state;
	assert_int_equal(out(0xcf9, 0x06), POWER_RESET); /* as ACPI's reset register is written */
	chipset_reset(&c);
	assert_int_equal(out(0xcf9, 0x02), POWER_NONE); /* as Linux does by itself: first the kind, then the reset */
	assert_int_equal(chipset_read(&c, 0xcf9), 0x02);
	assert_int_equal(out(0xcf9, 0x0e), POWER_RESET);
	chipset_reset(&c);
	assert_int_equal(out(0xcf9, 0x04), POWER_RESET_CPUS);
	assert_int_equal(out(0xcf9, 0x06), POWER_NONE); /* no edge */
	assert_int_equal(out(0xcf9, 0xf1), POWER_NONE);
	assert_int_equal(chipset_read(&c, 0xcf9), 0);
}

static void other_ports_are_empty(void **state)
{
	(void)state;
	assert_int_equal(chipset_read(&c, 0x81), 0xff);
	assert_int_equal(out(0x81, 1), POWER_NONE);
}

static void restored_is_the_same(void **state)
{
	static const u16 ports[] = {0x80, 0x92, 0xcf9};
	struct rng r = {8};
	struct chipset other;

	(void)state;
	for (int step = 0; step < 5000; step++) {
		u16 port = ports[rng_below(&r, 3)];
		u8 value = (u8)rng_next(&r);

		memset(&other, 0xff, sizeof(other));
		restore_from(&chipset_desc, &other, &c);
		assert_int_equal(out(port, value), chipset_write(&other, port, value));
		assert_int_equal(chipset_read(&c, port), chipset_read(&other, port));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(post_code_reads_back, start),
		cmocka_unit_test_setup(fast_reset_at_the_rising_bit, start),
		cmocka_unit_test_setup(reset_control, start),
		cmocka_unit_test_setup(other_ports_are_empty, start),
		cmocka_unit_test_setup(restored_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
