// SPDX-License-Identifier: Apache-2.0
// The RTC against the MC146818 data sheet: time and its formats, update cycle, alarm, periodic and update interrupts.
#include "dev/rtc.h"

#include "unit/dev/restored.h"

#define SEC 1000000000ull
#define A_UIP 0x80
#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_BINARY 0x04
#define B_24H 0x02

static struct rtc r;
static u64 now;

static u8 get(u8 reg)
{
	rtc_write(&r, 0x70, reg, now);
	assert_true(rtc_valid(&r));
	return rtc_read(&r, 0x71, now);
}

static void set(u8 reg, u8 value)
{
	rtc_write(&r, 0x70, reg, now);
	rtc_write(&r, 0x71, value, now);
	assert_true(rtc_valid(&r));
}

static int start_at(s64 unix_seconds)
{
	now = 10 * SEC;
	rtc_init(&r, unix_seconds, now);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_at(1700000000); /* Tuesday 2023-11-14 22:13:20 */
}

static void shows(u8 century, u8 year, u8 month, u8 day, u8 weekday, u8 hour, u8 minute, u8 second)
{
	assert_int_equal(get(0x32), century);
	assert_int_equal(get(9), year);
	assert_int_equal(get(8), month);
	assert_int_equal(get(7), day);
	assert_int_equal(get(6), weekday);
	assert_int_equal(get(4), hour);
	assert_int_equal(get(2), minute);
	assert_int_equal(get(0), second);
}

static void shows_the_time_in_bcd(void **state)
{
	(void)state;
	assert_int_equal(get(0x0b), B_24H);
	assert_int_equal(get(0x0d), 0x80);
	shows(0x20, 0x23, 0x11, 0x14, 3, 0x22, 0x13, 0x20);
	now += SEC - 1;
	shows(0x20, 0x23, 0x11, 0x14, 3, 0x22, 0x13, 0x20);
	now += 1;
	shows(0x20, 0x23, 0x11, 0x14, 3, 0x22, 0x13, 0x21);
	now += 2 * 3600 * SEC;
	shows(0x20, 0x23, 0x11, 0x15, 4, 0x00, 0x13, 0x21);
}

static void set_time(u8 b, const u8 v[8])
{
	static const u8 reg[8] = {0x32, 9, 8, 7, 6, 4, 2, 0};

	set(0x0b, b | B_SET);
	for (unsigned i = 0; i < 8; i++)
		set(reg[i], v[i]);
	set(0x0b, b);
}

static void rolls_over_a_century(void **state)
{
	(void)state;
	set_time(B_24H, (u8[]){0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59});
	now += SEC;
	shows(0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00);
	now += 59 * 86400 * SEC; /* 2000 has a 29 February */
	shows(0x20, 0x00, 0x02, 0x29, 3, 0x00, 0x00, 0x00);
}

static void binary_and_12_hours(void **state)
{
	(void)state;
	set_time(B_BINARY, (u8[]){20, 24, 2, 28, 4, 0x80 | 11, 59, 59});
	now += SEC;
	shows(20, 24, 2, 29, 5, 12, 0, 0); /* midnight is 12 AM */
	now += 3600 * SEC;
	assert_int_equal(get(4), 1);
	now += 11 * 3600 * SEC;
	assert_int_equal(get(4), 0x80 | 12); /* noon is 12 PM */
	set_time(0, (u8[]){0x20, 0x24, 0x02, 0x28, 4, 0x11, 0x59, 0x59});
	now += SEC;
	assert_int_equal(get(4), 0x92);
	now += 3600 * SEC;
	assert_int_equal(get(4), 0x81);
}

static void set_bit_stops_the_clock(void **state)
{
	(void)state;
	set(0x0b, B_24H | B_SET);
	now += 10 * SEC;
	assert_int_equal(get(0), 0x20);
	assert_int_equal(get(0x0a) & A_UIP, 0);
	set(0x0b, B_24H);
	assert_int_equal(get(0), 0x20);
	now += SEC;
	assert_int_equal(get(0), 0x21);
}

/* Drivers set the time with the divider held; the first update comes half a second after it is let go. */
static void divider_reset_gives_half_a_second(void **state)
{
	(void)state;
	now += 123456789;
	set(0x0a, 0x76);
	now += 5 * SEC;
	assert_int_equal(get(0), 0x20);
	set(0x0a, 0x26);
	now += SEC / 2 - 40000;
	assert_int_equal(get(0), 0x20);
	now += 40000;
	assert_int_equal(get(0), 0x21);
	now += SEC - 40000;
	assert_int_equal(get(0), 0x21);
	now += 40000;
	assert_int_equal(get(0), 0x22);
}

static void uip_warns_before_an_update(void **state)
{
	u64 at = now;

	(void)state;
	now = at + SEC - 2300000; /* 244 us and 1984 us before the end of the update */
	assert_int_equal(get(0x0a), 0x26);
	now = at + SEC - 2200000;
	assert_int_equal(get(0x0a), 0xa6);
	now = at + SEC - 1;
	assert_int_equal(get(0x0a), 0xa6);
	now = at + SEC;
	assert_int_equal(get(0x0a), 0x26);
	set(0x0a, 0xff); /* UIP cannot be written */
	assert_int_equal(get(0x0a), 0x7f);
}

static void update_interrupt(void **state)
{
	(void)state;
	assert_true(rtc_next_event(&r, now) == NEVER);
	set(0x0b, B_24H | B_UIE);
	assert_true(rtc_next_event(&r, now) == now + SEC);
	assert_false(rtc_irq(&r, now + SEC - 1));
	now += SEC;
	assert_true(rtc_irq(&r, now));
	assert_true(rtc_next_event(&r, now) == NEVER);
	assert_int_equal(get(0x0c) & 0xb0, 0x90);
	assert_int_equal(get(0x0c), 0x00);
	assert_false(rtc_irq(&r, now));
	assert_true(rtc_next_event(&r, now) == now + SEC);
	set(0x0b, B_24H | B_UIE | B_SET); /* SET going high clears UIE */
	assert_int_equal(get(0x0b), B_24H | B_SET);
	assert_true(rtc_next_event(&r, now) == NEVER);
}

static void flags_rise_without_interrupts(void **state)
{
	(void)state;
	now += 3 * SEC;
	assert_false(rtc_irq(&r, now));
	assert_int_equal(get(0x0c), 0x50); /* UF, and PF of the default rate; not IRQF */
	now += SEC;
	set(0x0b, B_24H | B_UIE); /* enabling shows what has happened */
	assert_true(rtc_irq(&r, now));
}

static void alarm_once_a_day(void **state)
{
	(void)state;
	set(1, 0x30);
	set(3, 0x13);
	set(5, 0x22);
	set(0x0b, B_24H | B_AIE);
	assert_true(rtc_next_event(&r, now) == now + 10 * SEC);
	assert_false(rtc_irq(&r, now + 10 * SEC - 1));
	now += 10 * SEC;
	assert_true(rtc_irq(&r, now));
	assert_int_equal(get(0x0c) & 0xb0, 0xb0);
	assert_true(rtc_next_event(&r, now) == now + 86400 * SEC);
	now += 86400 * SEC - 1;
	assert_int_equal(get(0x0c) & 0xa0, 0);
	now += 1;
	assert_int_equal(get(0x0c) & 0xa0, 0xa0);
}

static void alarm_dont_care(void **state)
{
	(void)state;
	set(0x0b, B_24H | B_AIE);
	set(1, 0xc0);
	set(3, 0xff);
	set(5, 0xd5);
	assert_true(rtc_next_event(&r, now) == now + SEC); /* each second */
	set(1, 0x00);
	assert_true(rtc_next_event(&r, now) == now + 40 * SEC); /* each minute */
	set(3, 0x00);
	assert_true(rtc_next_event(&r, now) == now + (46 * 60 + 40) * SEC); /* each hour */
	set(3, 0x60);                                                       /* never */
	assert_true(rtc_next_event(&r, now) == NEVER);
	now += 100000 * SEC;
	assert_int_equal(get(0x0c) & 0x20, 0);
}

static void alarm_found_however_late(void **state)
{
	(void)state;
	set(1, 0x00);
	set(3, 0x00);
	set(5, 0x12);
	now += 40 * 86400 * SEC;
	assert_int_equal(get(0x0c) & 0x20, 0x20);
}

static void periodic_rates(void **state)
{
	static const u32 hertz[16] = {0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2};

	(void)state;
	for (u8 rate = 0; rate < 16; rate++) {
		u64 fired = 0, end;

		start(NULL);
		set(0x0a, 0x20 | rate);
		set(0x0b, B_24H | B_PIE);
		end = now + SEC;
		while (rtc_next_event(&r, now) <= end) {
			u64 next = rtc_next_event(&r, now);

			assert_false(rtc_irq(&r, next - 1));
			now = next;
			assert_true(rtc_irq(&r, now));
			assert_int_equal(get(0x0c) & 0xc0, 0xc0);
			fired++;
		}
		assert_int_equal(fired, hertz[rate]);
	}
}

static void index_and_memory(void **state)
{
	(void)state;
	assert_int_equal(rtc_read(&r, 0x70, now), 0xff);
	rtc_write(&r, 0x70, 0x8f, now);
	assert_true(rtc_nmi_masked(&r));
	rtc_write(&r, 0x71, 0x5a, now);
	assert_int_equal(get(0x0f), 0x5a);
	assert_false(rtc_nmi_masked(&r));
	set(0x0c, 0xff);
	set(0x0d, 0x00);
	assert_int_equal(get(0x0d), 0x80);
	set(0x7f, 0x11);
	rtc_set_memory(&r, 3 * GIB, 5 * GIB);
	assert_int_equal(get(0x15) | get(0x16) << 8, 640);
	assert_int_equal(get(0x17) | get(0x18) << 8, 0xffff);
	assert_int_equal(get(0x34) | get(0x35) << 8, (3 * 1024 - 16) * 16);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 5 * 1024 * 16);
	rtc_set_memory(&r, 8 * MIB, 0);
	assert_int_equal(get(0x30) | get(0x31) << 8, 7 * 1024);
	assert_int_equal(get(0x34) | get(0x35) << 8, 0);
	assert_int_equal(get(0x7f), 0x11);
}

static void reset_keeps_time_and_memory(void **state)
{
	(void)state;
	set(0x40, 0x77);
	set(0x0b, B_24H | B_UIE | B_PIE | B_AIE);
	now += SEC;
	rtc_reset(&r, now);
	assert_false(rtc_irq(&r, now));
	assert_int_equal(get(0x0b), B_24H);
	assert_int_equal(get(0x0c), 0);
	assert_int_equal(get(0x40), 0x77);
	assert_int_equal(get(0), 0x21);
}

/* Whatever a guest writes there, the clock goes on from a time that exists. */
static void nonsense_becomes_a_time(void **state)
{
	(void)state;
	set_time(B_24H, (u8[]){0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
	now += SEC;
	assert_int_equal(get(0), 0x01);
	assert_int_equal(get(8), 0x01);
	assert_int_equal(get(7), 0x01);
}

static void rate_change_keeps_the_phase(void **state)
{
	u64 at = now;

	(void)state;
	now += SEC / 4;
	set(0x0a, 0x2f);
	now = at + SEC - 1;
	assert_int_equal(get(0), 0x20);
	now = at + SEC;
	assert_int_equal(get(0), 0x21);
}

static void checksum_of_the_settings(void **state)
{
	(void)state;
	set(0x10, 0x01);
	set(0x2d, 0x20);
	rtc_set_memory(&r, 64 * MIB, 0); /* 0x15, 0x16: 0x80 0x02; 0x17, 0x18: 0x00 0xfc */
	assert_int_equal(get(0x2e) << 8 | get(0x2f), 0x01 + 0x20 + 0x80 + 0x02 + 0x00 + 0xfc);
}

static void weekday_counts_by_itself(void **state)
{
	(void)state;
	set_time(B_24H, (u8[]){0x20, 0x23, 0x11, 0x01, 7, 0x23, 0x59, 0x59}); /* it was a Wednesday */
	now += SEC;
	shows(0x20, 0x23, 0x11, 0x02, 1, 0, 0, 0);
	set_time(B_24H, (u8[]){0x20, 0x23, 0x11, 0x01, 8, 0x10, 0x60, 0x10});
	now += SEC;
	shows(0x20, 0x23, 0x11, 0x01, 1, 0x10, 0x00, 0x11);
}

static void restored_clock_is_the_same(void **state)
{
	struct rng g = {99};
	struct rtc other;

	(void)state;
	for (int step = 0; step < 30000; step++) {
		u8 reg = (u8)rng_below(&g, rng_below(&g, 2) ? 14 : 256), value = (u8)rng_next(&g);

		now += rng_below(&g, 2000000) * (rng_below(&g, 8) ? 1ull : 100000ull);
		if (step % 50 == 0) {
			memset(&other, 0x5a, sizeof(other));
			restore_from(&rtc_desc, &other, &r);
		}
		rtc_write(&r, 0x70, reg, now);
		rtc_write(&other, 0x70, reg, now);
		if (rng_below(&g, 3)) {
			assert_int_equal(rtc_read(&r, 0x71, now), rtc_read(&other, 0x71, now));
		} else {
			rtc_write(&r, 0x71, value, now);
			rtc_write(&other, 0x71, value, now);
		}
		assert_true(rtc_valid(&r));
		assert_int_equal(rtc_irq(&r, now), rtc_irq(&other, now));
		assert_true(rtc_next_event(&r, now) == rtc_next_event(&other, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shows_the_time_in_bcd, start),
		cmocka_unit_test_setup(rolls_over_a_century, start),
		cmocka_unit_test_setup(binary_and_12_hours, start),
		cmocka_unit_test_setup(set_bit_stops_the_clock, start),
		cmocka_unit_test_setup(divider_reset_gives_half_a_second, start),
		cmocka_unit_test_setup(uip_warns_before_an_update, start),
		cmocka_unit_test_setup(update_interrupt, start),
		cmocka_unit_test_setup(flags_rise_without_interrupts, start),
		cmocka_unit_test_setup(alarm_once_a_day, start),
		cmocka_unit_test_setup(alarm_dont_care, start),
		cmocka_unit_test_setup(alarm_found_however_late, start),
		cmocka_unit_test_setup(periodic_rates, start),
		cmocka_unit_test_setup(index_and_memory, start),
		cmocka_unit_test_setup(reset_keeps_time_and_memory, start),
		cmocka_unit_test_setup(nonsense_becomes_a_time, start),
		cmocka_unit_test_setup(rate_change_keeps_the_phase, start),
		cmocka_unit_test_setup(checksum_of_the_settings, start),
		cmocka_unit_test_setup(weekday_counts_by_itself, start),
		cmocka_unit_test_setup(restored_clock_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
