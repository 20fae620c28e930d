// SPDX-License-Identifier: Apache-2.0
// The PIT's ports against the 8254 data sheet: access modes, latches, read-back, time without drift, port 0x61.
#include "dev/pit.h"

#include "unit/dev/restored.h"

static struct pit p;
static u64 now;

static int start(void **state)
{
	(void)state;
	now = 0;
	pit_reset(&p, now);
	return 0;
}

static u8 in(u16 port)
{
	assert_true(pit_valid(&p));
	return pit_read(&p, port, now);
}

static void out(u16 port, u8 v)
{
	pit_write(&p, port, v, now);
	assert_true(pit_valid(&p));
}

/* Somewhere inside the given tick, by arithmetic of its own. */
static u64 in_tick(u64 tick)
{
	return (u64)((unsigned __int128)tick * 1000000000 / 1193182) + 400;
}

static void power_on_runs_at_18_hertz(void **state)
{
	(void)state;
	assert_true(pit_irq0(&p, 0));
	assert_int_equal(pit_irq0_edges(&p, 0), 0);
	/* 65536 / 1193182 Hz = 54.9254 ms, one clock after the write */
	assert_in_range(pit_next_edge(&p, 0), 54925400, 54926400);
	now = 1000000000;
	assert_int_equal(pit_irq0_edges(&p, now), 18);
}

static void periodic_irq_does_not_drift(void **state)
{
	u64 edges = 0, next;

	(void)state;
	out(0x43, 0x34); /* counter 0, both bytes, mode 2 */
	out(0x40, 0x9c);
	out(0x40, 0x2e); /* 11932 clocks: about 100 Hz */
	for (int i = 0; i < 360000; i++) {
		next = pit_next_edge(&p, now);
		assert_true(next > now);
		assert_int_equal(pit_irq0_edges(&p, next - 1), 0);
		now = next;
		assert_int_equal(pit_irq0_edges(&p, now), 1);
		assert_true(pit_irq0(&p, now));
		edges++;
	}
	/* the last edge is due in clock 1 + 360000 * 11932: about an hour, right to the nanosecond */
	assert_true(now == (u64)(((unsigned __int128)(1 + edges * 11932) * 1000000000 + 1193181) / 1193182));
}

static void short_periods_are_joined(void **state)
{
	u32 events = 0, edges = 0;

	(void)state;
	out(0x43, 0x14); /* mode 2, each two clocks */
	out(0x40, 2);
	while (now < 10 * NS_PER_MS) {
		u64 next = pit_next_edge(&p, now);

		/* looking at it in between does not put it off */
		assert_true(pit_next_edge(&p, (now + next) / 2) == next);
		now = next;
		edges += pit_irq0_edges(&p, now);
		events++;
	}
	assert_in_range(events, 99, 102);
	assert_in_range(edges, 5960, 6030); /* none is forgotten: 596591 a second */
}

static void one_shot_irq(void **state)
{
	(void)state;
	out(0x43, 0x30);
	assert_false(pit_irq0(&p, now));
	assert_true(pit_next_edge(&p, now) == NEVER);
	out(0x40, 100);
	out(0x40, 0);
	assert_true(pit_next_edge(&p, now) > in_tick(100));
	assert_true(pit_next_edge(&p, now) <= in_tick(101));
	assert_false(pit_irq0(&p, in_tick(100)));
	assert_true(pit_irq0(&p, in_tick(101)));
	now = in_tick(200);
	assert_int_equal(pit_irq0_edges(&p, now), 1);
	assert_true(pit_next_edge(&p, now) == NEVER);
}

static void access_low_or_high_only(void **state)
{
	(void)state;
	out(0x43, 0x14); /* low byte, mode 2 */
	out(0x40, 0x40);
	now = in_tick(1);
	assert_int_equal(in(0x40), 0x40);
	assert_int_equal(in(0x40), 0x40);
	out(0x43, 0x24); /* high byte */
	out(0x40, 0x12);
	now = in_tick(2);
	assert_int_equal(in(0x40), 0x12);
	now = in_tick(3);
	assert_int_equal(in(0x40), 0x11);
}

static void latched_count_holds(void **state)
{
	(void)state;
	out(0x43, 0x34);
	out(0x40, 0x34);
	out(0x40, 0x12);
	now = in_tick(1);
	out(0x43, 0x00); /* latch counter 0 */
	now = in_tick(0x100);
	out(0x43, 0x00); /* ignored: the first holds */
	assert_int_equal(in(0x40), 0x34);
	assert_int_equal(in(0x40), 0x12);
	assert_int_equal(in(0x40), (0x1234 - 0xff) & 0xff); /* live again */
	assert_int_equal(in(0x40), 0x11);
}

static void read_back_status_then_count(void **state)
{
	(void)state;
	out(0x43, 0x36);
	out(0x43, 0xe2);                  /* status of counter 0 */
	assert_int_equal(in(0x40), 0xf6); /* OUT high, null count, both bytes, mode 3 */
	out(0x40, 0x10);
	out(0x40, 0x00);
	now = in_tick(1);
	out(0x43, 0xc2); /* count and status */
	now = in_tick(12);
	out(0x43, 0xc2); /* both ignored */
	assert_int_equal(in(0x40), 0xb6);
	assert_int_equal(in(0x40), 0x10);
	assert_int_equal(in(0x40), 0x00);
	out(0x43, 0xe2);
	assert_int_equal(in(0x40), 0x36); /* low half by now */
	out(0x43, 0xdc);                  /* counts of counters 1 and 2, not 0 */
	assert_true(p.channel[1].count_latched && p.channel[2].count_latched && !p.channel[0].count_latched);
	assert_int_equal(in(0x43), 0xff);
}

static void new_control_word_drops_latches(void **state)
{
	(void)state;
	out(0x43, 0xc2);
	out(0x43, 0x14);
	out(0x40, 9);
	now = in_tick(1);
	assert_int_equal(in(0x40), 9);
}

static void bcd_counts(void **state)
{
	(void)state;
	out(0x43, 0x31); /* mode 0, BCD */
	out(0x40, 0x00);
	out(0x40, 0x10);
	now = in_tick(2);
	out(0x43, 0x00);
	assert_int_equal(in(0x40), 0x99);
	assert_int_equal(in(0x40), 0x09);
}

/* How Linux measures the TSC: counter 2 in mode 0, its gate and output at port 0x61. */
static void port61_times_an_interval(void **state)
{
	(void)state;
	port61_write(&p, (u8)((port61_read(&p, now) & ~0x02) | 0x01), now);
	out(0x43, 0xb0);
	out(0x42, 0xff);
	out(0x42, 0x10);
	assert_int_equal(port61_read(&p, now) & 0x23, 0x01);
	assert_int_equal(port61_read(&p, in_tick(0x10ff)) & 0x20, 0);
	assert_int_equal(port61_read(&p, in_tick(0x1100)) & 0x20, 0x20);
}

static void gate_2_stops_counter_2(void **state)
{
	(void)state;
	out(0x43, 0xb0);
	out(0x42, 10);
	out(0x42, 0);
	assert_int_equal(port61_read(&p, in_tick(1000)) & 0x20, 0);
	now = in_tick(1000);
	port61_write(&p, 0xff, now);
	assert_int_equal(port61_read(&p, now) & 0xcf, 0x0f);
	assert_int_equal(port61_read(&p, in_tick(1009)) & 0x20, 0);
	assert_int_equal(port61_read(&p, in_tick(1010)) & 0x20, 0x20);
}

static void refresh_bit_toggles_each_15_us(void **state)
{
	unsigned toggles = 0;
	u8 last = port61_read(&p, 0) & 0x10;

	(void)state;
	for (u64 ns = 0; ns < 1000000; ns += 1000) {
		u8 bit = port61_read(&p, ns) & 0x10;

		toggles += bit != last;
		last = bit;
	}
	assert_in_range(toggles, 65, 67); /* 1 ms / 15.085 us */
}

static void counts_follow_without_control_words(void **state)
{
	(void)state;
	out(0x43, 0x34);
	for (u8 i = 1; i < 4; i++) {
		now = in_tick(100u * i);
		out(0x40, 3);
		out(0x40, i);
		now = in_tick(100u * i + 1);
		if (i == 1) { /* the later ones wait for the end of the cycle */
			assert_int_equal(in(0x40), 3);
			assert_int_equal(in(0x40), 1);
		}
		out(0x43, 0xe2);
		assert_int_equal(in(0x40) & 0x40, i == 1 ? 0 : 0x40);
	}
	now = in_tick(101 + 0x103 + 3);
	out(0x43, 0x00);
	assert_int_equal(in(0x40), 0);
	assert_int_equal(in(0x40), 3);
}

static void control_word_restarts_the_byte_order(void **state)
{
	(void)state;
	out(0x43, 0x34);
	out(0x40, 0x34);
	out(0x40, 0x12);
	now = in_tick(1);
	assert_int_equal(in(0x40), 0x34);
	out(0x43, 0x34); /* half a read, and then half a write */
	out(0x40, 0x99);
	out(0x43, 0x34);
	out(0x40, 0x78);
	out(0x40, 0x56);
	now = in_tick(2);
	assert_int_equal(in(0x40), 0x78);
	assert_int_equal(in(0x40), 0x56);
}

static void restored_timer_is_the_same(void **state)
{
	struct rng r = {4711};
	struct pit other;

	(void)state;
	for (int step = 0; step < 50000; step++) {
		u16 port = (u16)(0x40 + rng_below(&r, 4));
		u8 value = (u8)rng_next(&r);

		now += rng_below(&r, rng_below(&r, 10) ? 3000 : 100000000);
		if (step % 64 == 0) {
			memset(&other, 0xa5, sizeof(other));
			restore_from(&pit_desc, &other, &p);
		}
		switch (rng_below(&r, 4)) {
		case 0:
			assert_int_equal(in(port), pit_read(&other, port, now));
			break;
		case 1:
			out(port, value);
			pit_write(&other, port, value, now);
			break;
		case 2:
			port61_write(&p, value, now);
			port61_write(&other, value, now);
			break;
		default:
			assert_int_equal(pit_irq0_edges(&p, now), pit_irq0_edges(&other, now));
		}
		assert_int_equal(port61_read(&p, now), port61_read(&other, now));
		assert_int_equal(pit_irq0(&p, now), pit_irq0(&other, now));
		assert_true(pit_next_edge(&p, now) == pit_next_edge(&other, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(power_on_runs_at_18_hertz, start),
		cmocka_unit_test_setup(periodic_irq_does_not_drift, start),
		cmocka_unit_test_setup(short_periods_are_joined, start),
		cmocka_unit_test_setup(one_shot_irq, start),
		cmocka_unit_test_setup(access_low_or_high_only, start),
		cmocka_unit_test_setup(latched_count_holds, start),
		cmocka_unit_test_setup(read_back_status_then_count, start),
		cmocka_unit_test_setup(new_control_word_drops_latches, start),
		cmocka_unit_test_setup(bcd_counts, start),
		cmocka_unit_test_setup(port61_times_an_interval, start),
		cmocka_unit_test_setup(gate_2_stops_counter_2, start),
		cmocka_unit_test_setup(refresh_bit_toggles_each_15_us, start),
		cmocka_unit_test_setup(counts_follow_without_control_words, start),
		cmocka_unit_test_setup(control_word_restarts_the_byte_order, start),
		cmocka_unit_test_setup(restored_timer_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
