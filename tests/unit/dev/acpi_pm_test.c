// SPDX-License-Identifier: Apache-2.0
// PM1 registers and the PM timer against the ACPI specification.
#include "dev/acpi_pm.h"

#include "unit/dev/restored.h"

#define STS 0
#define EN 2
#define CNT 4
#define TMR 8
#define TMR_BIT 0x0001
#define PWRBTN_BIT 0x0100

static struct acpi_pm p;
static u64 now;

static int start(void **state)
{
	(void)state;
	now = 0;
	acpi_pm_reset(&p, false, now);
	return 0;
}

static u32 in(u16 offset, unsigned bytes)
{
	assert_true(acpi_pm_valid(&p));
	return acpi_pm_read(&p, offset, bytes, now);
}

static enum power_request out(u16 offset, unsigned bytes, u32 value)
{
	enum power_request r = acpi_pm_write(&p, offset, bytes, value, now);

	assert_true(acpi_pm_valid(&p));
	return r;
}

static void timer_counts_exactly(void **state)
{
	(void)state;
	now = 1000000000;
	assert_int_equal(in(TMR, 4), 3579545);
	now = 3600 * 1000000000ull;
	assert_int_equal(in(TMR, 4), 3600ull * 3579545 % (1 << 24));
	assert_int_equal(in(TMR, 2), 3600ull * 3579545 % (1 << 16));
	assert_int_equal(in(TMR + 2, 1), 3600ull * 3579545 >> 16 & 0xff);
	acpi_pm_reset(&p, true, now);
	assert_int_equal(in(TMR, 4), 3600ull * 3579545 % (1ull << 32));
}

static void acpi_mode_from_the_start(void **state)
{
	(void)state;
	assert_int_equal(in(CNT, 2), 0x0001);
	out(CNT, 2, 0x0002);
	assert_int_equal(in(CNT, 2), 0x0003);
	assert_int_equal(in(STS, 4), 0);
	assert_int_equal(in(12, 4), 0);
	assert_false(acpi_pm_sci(&p, now));
}

static void s5_powers_off(void **state)
{
	(void)state;
	assert_int_equal(out(CNT, 2, 0x2401), POWER_NONE); /* some other sleep state */
	assert_int_equal(out(CNT, 2, 0x0001), POWER_NONE);
	assert_int_equal(out(CNT, 2, 0x2001), POWER_OFF);
	assert_int_equal(in(CNT, 2), 0x0001); /* SLP_EN reads 0 */
	assert_int_equal(out(CNT + 1, 1, 0x20), POWER_OFF);
	assert_int_equal(out(CNT, 1, 0x20), POWER_NONE);
	assert_int_equal(out(EN, 4, 0x20000000), POWER_OFF);
}

static void power_button_raises_the_sci(void **state)
{
	(void)state;
	acpi_pm_press_power_button(&p);
	assert_false(acpi_pm_sci(&p, now));
	out(EN, 2, PWRBTN_BIT);
	assert_true(acpi_pm_sci(&p, now));
	assert_int_equal(in(STS, 2), PWRBTN_BIT);
	now += 3 * NS_PER_SEC; /* the timer's event joins it */
	acpi_pm_press_power_button(&p);
	assert_int_equal(in(STS, 2), PWRBTN_BIT | TMR_BIT);
	acpi_pm_press_power_button(&p);
	assert_int_equal(in(STS, 2), PWRBTN_BIT | TMR_BIT);
	out(STS, 2, (u16)~PWRBTN_BIT); /* only ones clear */
	assert_true(acpi_pm_sci(&p, now));
	out(STS + 1, 1, 0x01);
	assert_false(acpi_pm_sci(&p, now));
	assert_int_equal(in(STS, 4), (u32)PWRBTN_BIT << 16);
}

static void enables_are_kept(void **state)
{
	(void)state;
	out(EN, 2, 0xffff);
	assert_int_equal(in(EN, 2), 0x0721); /* timer, global lock, buttons, RTC */
	out(EN, 1, 0);
	assert_int_equal(in(EN, 2), 0x0700);
}

static void timer_interrupt_at_each_half_turn(void **state)
{
	/* 2^23 / 3579545 Hz */
	const u64 half = 2343484438;

	(void)state;
	assert_true(acpi_pm_next_event(&p, now) == NEVER);
	out(EN, 2, TMR_BIT);
	for (int i = 0; i < 5; i++) {
		u64 next = acpi_pm_next_event(&p, now);

		assert_in_range(next - now, half - 1000, half + 1000);
		assert_false(acpi_pm_sci(&p, next - 1));
		now = next;
		assert_true(acpi_pm_sci(&p, now));
		assert_true(acpi_pm_next_event(&p, now) == NEVER);
		assert_int_equal(in(TMR, 4), i % 2 ? 0 : 0x800000);
		out(STS, 2, TMR_BIT);
		assert_false(acpi_pm_sci(&p, now));
	}
	acpi_pm_reset(&p, true, now);
	out(EN, 2, TMR_BIT);
	assert_true(acpi_pm_next_event(&p, now) > now + 500 * NS_PER_SEC);
}

static void restored_block_is_the_same(void **state)
{
	struct rng r = {31337};
	struct acpi_pm other;

	(void)state;
	for (int step = 0; step < 30000; step++) {
		u16 offset = (u16)rng_below(&r, 16);
		unsigned bytes = 1u << rng_below(&r, 3);
		u32 value = rng_next(&r);

		now += rng_below(&r, 1000000000);
		if (step % 50 == 0) {
			memset(&other, 0, sizeof(other));
			restore_from(&acpi_pm_desc, &other, &p);
		}
		switch (rng_below(&r, 8)) {
		case 0:
			acpi_pm_press_power_button(&p);
			acpi_pm_press_power_button(&other);
			break;
		case 1:
			assert_int_equal(out(offset, bytes, value), acpi_pm_write(&other, offset, bytes, value, now));
			break;
		default:
			assert_int_equal(in(offset, bytes), acpi_pm_read(&other, offset, bytes, now));
		}
		assert_int_equal(acpi_pm_sci(&p, now), acpi_pm_sci(&other, now));
		assert_true(acpi_pm_next_event(&p, now) == acpi_pm_next_event(&other, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer_counts_exactly, start),
		cmocka_unit_test_setup(acpi_mode_from_the_start, start),
		cmocka_unit_test_setup(s5_powers_off, start),
		cmocka_unit_test_setup(power_button_raises_the_sci, start),
		cmocka_unit_test_setup(enables_are_kept, start),
		cmocka_unit_test_setup(timer_interrupt_at_each_half_turn, start),
		cmocka_unit_test_setup(restored_block_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
