// SPDX-License-Identifier: Apache-2.0
// Local APIC: the timer's three modes (SDM 3A, APIC Timer; TSC-Deadline Mode).
#include "unit/dev/lapic_guest.h"

#define VECTOR 0xec
#define ONE_SHOT 0x00000u
#define PERIODIC 0x20000u
#define DEADLINE 0x40000u
#define MASKED 0x10000u
#define DIVIDE_BY_1 0xbu
#define DIVIDE_BY_16 3u

/* 25 MHz: a clock has 40 ns. guest_at_reset() begins on a clock's edge. */
#define CLOCK_NS 40ull
#define TICK_NS (16 * CLOCK_NS)

static const struct lapic_clock one_ghz = {.tsc_khz = 1000000, .tsc_at_zero = 0};

static struct guest with_timer(u32 mode, u32 divide)
{
	struct guest g = guest_enabled(0);

	guest_write(&g, X_LVT_TIMER, mode | VECTOR);
	guest_write(&g, X_TIMER_DIVIDE, divide);
	return g;
}

/* Takes and ends the timer's interrupt if it is there. */
static bool took_interrupt(struct guest *g)
{
	if (guest_take(g) != VECTOR)
		return false;
	guest_write(g, X_EOI, 0);
	return true;
}

static void one_shot_fires_once(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_1);
	u64 start = g.now_ns;

	(void)state;
	assert_int_equal(guest_write(&g, X_TIMER_INITIAL, 1000), LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), start + 1000 * CLOCK_NS);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 1000);
	g.now_ns = start + 1000 * CLOCK_NS - 1;
	assert_int_equal(lapic_tick(&g.l, g.now_ns), 0);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 1);
	assert_false(took_interrupt(&g));
	g.now_ns++;
	assert_int_equal(lapic_tick(&g.l, g.now_ns), LAPIC_TIMER | LAPIC_IRR);
	assert_true(took_interrupt(&g));
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 0);
	assert_int_equal(guest_read(&g, X_TIMER_INITIAL), 1000);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	g.now_ns += NS_PER_SEC;
	assert_int_equal(lapic_tick(&g.l, g.now_ns), 0);
	assert_false(took_interrupt(&g));
}

static void the_count_goes_down_with_the_clock(void **state)
{
	static const struct {
		u32 field, divisor;
	} rows[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest g = with_timer(ONE_SHOT, rows[i].field);
		u64 start = g.now_ns, step = CLOCK_NS * rows[i].divisor;

		guest_write(&g, X_TIMER_INITIAL, 500);
		assert_int_equal(lapic_next_event(&g.l), start + 500 * step);
		for (u32 n = 0; n < 500; n++) {
			g.now_ns = start + n * step;
			assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 500 - n);
			g.now_ns += step - 1;
			assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 500 - n);
		}
	}
}

static void the_largest_count_does_not_overflow(void **state)
{
	struct guest g = with_timer(ONE_SHOT, 10);

	(void)state;
	g.now_ns = 4ull * 365 * 86400 * NS_PER_SEC;
	guest_write(&g, X_TIMER_INITIAL, 0xffffffff);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 0xffffffff);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 0xffffffffull * 128 * CLOCK_NS);
	g.now_ns = NEVER - 1; /* the end of time: saturates */
	guest_write(&g, X_TIMER_INITIAL, 0xffffffff);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	lapic_tick_due(&g.l, NEVER);
	assert_true(lapic_valid(&g.l));
}

/* Odd frequencies: after a day of periods the n-th is where exact arithmetic has it. */
static void periods_do_not_drift(void **state)
{
	static const u32 frequencies[] = {25000000, 24000000, 33333333, 19200000, 999999937, 3, 1000000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(frequencies); i++) {
		struct guest g = {.now_ns = 0};
		struct lapic_config config = guest_config(0);
		u32 hz = frequencies[i];

		config.timer_hz = hz;
		lapic_init(&g.l, &config);
		guest_write(&g, X_SVR, 0x1ff);
		guest_write(&g, X_LVT_TIMER, PERIODIC | VECTOR);
		guest_write(&g, X_TIMER_DIVIDE, DIVIDE_BY_1);
		guest_write(&g, X_TIMER_INITIAL, 777777);
		for (u64 n = 1; n <= 20000; n++) {
			unsigned __int128 exact = (unsigned __int128)n * 777777 * NS_PER_SEC;
			u64 due = (u64)((exact + hz - 1) / hz);

			assert_int_equal(lapic_next_event(&g.l), due);
			g.now_ns = due + (u64)rand() % 1000; /* the host is late, a little */
			if (hz < 1000 || due + 1000 < due + 777777ull * NS_PER_SEC / hz)
				assert_int_equal(lapic_tick(&g.l, g.now_ns), LAPIC_TIMER | LAPIC_IRR);
			assert_true(took_interrupt(&g));
		}
	}
}

static void missed_periods_count_once_and_keep_the_phase(void **state)
{
	struct guest g = with_timer(PERIODIC, DIVIDE_BY_16);
	u64 start = g.now_ns;

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns = start + 7500 * TICK_NS;
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 500); /* before the host has noticed */
	g.now_ns = start + 7000 * TICK_NS;
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 1000);
	g.now_ns = start + 7500 * TICK_NS;
	assert_false(took_interrupt(&g)); /* reading does not fire */
	assert_int_equal(lapic_tick(&g.l, g.now_ns), LAPIC_TIMER | LAPIC_IRR);
	assert_true(took_interrupt(&g));
	assert_false(took_interrupt(&g));
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 500);
	assert_int_equal(lapic_next_event(&g.l), start + 8000 * TICK_NS);
}

/* 40 ns, 3 us: the vcpu must get to execute something in between. */
static void short_periods_are_joined(void **state)
{
	static const u32 counts[] = {1, 77, 2499};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
		struct guest g = with_timer(PERIODIC, DIVIDE_BY_1);
		u64 start = g.now_ns, period_ns = counts[i] * CLOCK_NS;

		guest_write(&g, X_TIMER_INITIAL, counts[i]);
		assert_int_equal(lapic_next_event(&g.l), start + period_ns);
		for (int n = 0; n < 100; n++) {
			u64 last = g.now_ns = lapic_next_event(&g.l);

			assert_int_equal(lapic_tick(&g.l, g.now_ns), LAPIC_TIMER | LAPIC_IRR);
			assert_true(took_interrupt(&g));
			assert_true(lapic_next_event(&g.l) >= last + 100000);
			assert_true(lapic_next_event(&g.l) <= last + 100000 + period_ns);
			assert_int_equal((lapic_next_event(&g.l) - start) % period_ns, 0);
			for (u64 clock = 0; clock < 200; clock++) {
				g.now_ns = last + clock * CLOCK_NS;
				assert_int_equal(guest_read(&g, X_TIMER_CURRENT), counts[i] - clock % counts[i]);
			}
		}
	}
}

static void a_masked_timer_runs_silently(void **state)
{
	struct guest g = with_timer(PERIODIC | MASKED, DIVIDE_BY_16);
	u64 start = g.now_ns;

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	g.now_ns = start + 3300 * TICK_NS;
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 700);
	g.now_ns = start + 5100 * TICK_NS;
	guest_write(&g, X_LVT_TIMER, PERIODIC | VECTOR); /* what passed while masked is gone */
	assert_false(took_interrupt(&g));
	assert_int_equal(lapic_next_event(&g.l), start + 6000 * TICK_NS);
	guest_write(&g, X_LVT_TIMER, PERIODIC | MASKED | VECTOR);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
}

static void zero_stops_the_timer(void **state)
{
	struct guest g = with_timer(PERIODIC, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	guest_write(&g, X_TIMER_INITIAL, 0);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 0);
}

static void a_new_count_restarts(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns += 900 * CLOCK_NS;
	assert_int_equal(guest_write(&g, X_TIMER_INITIAL, 2000), LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 2000 * CLOCK_NS);
	assert_int_equal(guest_write(&g, X_LVT_TIMER, PERIODIC | VECTOR), LAPIC_TIMER);
	assert_false(took_interrupt(&g));
}

/* A count that came due before the write still interrupts, whoever looks first. */
static void a_late_tick_is_not_lost_to_a_rewrite(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns += 1001 * CLOCK_NS;
	assert_true(guest_write(&g, X_TIMER_INITIAL, 1000) & LAPIC_IRR);
	assert_true(took_interrupt(&g));
	g.now_ns += 1001 * CLOCK_NS;
	assert_true(guest_write(&g, X_LVT_TIMER, MASKED | VECTOR) & LAPIC_IRR);
	assert_true(took_interrupt(&g));
	guest_write(&g, X_LVT_TIMER, VECTOR);
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns += 1001 * CLOCK_NS;
	assert_int_equal(guest_write(&g, X_SVR, 0xff), LAPIC_TIMER | LAPIC_IRR);
	assert_true(took_interrupt(&g));
}

static void one_shot_and_periodic_switch_while_running(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_16);
	u64 start = g.now_ns;

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns = start + 600 * TICK_NS;
	guest_write(&g, X_LVT_TIMER, PERIODIC | VECTOR);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 400);
	g.now_ns = start + 1000 * TICK_NS;
	lapic_tick(&g.l, g.now_ns);
	assert_true(took_interrupt(&g));
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 1000);
	g.now_ns = start + 1100 * TICK_NS;
	guest_write(&g, X_LVT_TIMER, ONE_SHOT | VECTOR);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 900);
	g.now_ns = start + 2000 * TICK_NS;
	lapic_tick(&g.l, g.now_ns);
	assert_true(took_interrupt(&g));
	assert_int_equal(lapic_next_event(&g.l), NEVER);
}

static void a_new_divisor_goes_on_from_the_count(void **state)
{
	struct guest g = with_timer(PERIODIC, DIVIDE_BY_16);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	g.now_ns += 600 * TICK_NS;
	guest_write(&g, X_TIMER_DIVIDE, 8); /* by 32 */
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 400);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 800 * TICK_NS);
	g.now_ns += 800 * TICK_NS;
	lapic_tick(&g.l, g.now_ns);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 2000 * TICK_NS);
}

static void software_disable_silences_the_timer(void **state)
{
	struct guest g = with_timer(PERIODIC, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	assert_true(guest_write(&g, X_SVR, 0xff) & LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
}

static void a_timer_vector_below_16_is_an_error(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_LVT_TIMER, 0x0f);
	guest_write(&g, X_TIMER_INITIAL, 1);
	g.now_ns += CLOCK_NS;
	lapic_tick(&g.l, g.now_ns);
	guest_write(&g, X_ESR, 0);
	assert_int_equal(guest_read(&g, X_ESR), 0x40);
}

static void a_deadline_fires_once(void **state)
{
	struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);

	(void)state;
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
	assert_int_equal(lapic_deadline_write(&g.l, g.now_ns + 5000, g.now_ns, &one_ghz), LAPIC_TIMER);
	assert_true(lapic_valid(&g.l));
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), g.now_ns + 5000);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 5000);
	g.now_ns += 4999;
	assert_int_equal(lapic_tick(&g.l, g.now_ns), 0);
	g.now_ns++;
	assert_int_equal(lapic_tick(&g.l, g.now_ns), LAPIC_TIMER | LAPIC_IRR);
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
	assert_true(took_interrupt(&g));
	assert_int_equal(lapic_next_event(&g.l), NEVER);
}

static void a_deadline_in_the_past_fires_at_once(void **state)
{
	struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);

	(void)state;
	assert_int_equal(lapic_deadline_write(&g.l, g.now_ns, g.now_ns, &one_ghz), LAPIC_TIMER | LAPIC_IRR);
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
	assert_true(took_interrupt(&g));
	assert_int_equal(lapic_deadline_write(&g.l, 1, g.now_ns, &one_ghz), LAPIC_TIMER | LAPIC_IRR);
	assert_true(took_interrupt(&g));
}

static void deadline_zero_disarms(void **state)
{
	struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);

	(void)state;
	lapic_deadline_write(&g.l, g.now_ns + 5000, g.now_ns, &one_ghz);
	assert_int_equal(lapic_deadline_write(&g.l, 0, g.now_ns, &one_ghz), LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_true(lapic_valid(&g.l));
}

/* For any frequency and offset: the event is the first nanosecond at which the TSC has got to the deadline. */
static void deadlines_convert_exactly(void **state)
{
	(void)state;
	srand(2);
	for (int i = 0; i < 20000; i++) {
		struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);
		u64 zero = rand() % 2 ? (u64)rand() << (rand() % 20) : -((u64)rand() << (rand() % 20));
		struct lapic_clock clock = {.tsc_khz = 1 + (u64)rand() % 5000000, .tsc_at_zero = zero};
		u64 tsc_now, ahead = (u64)rand() << (rand() % 16), at, tsc_at, tsc_before;

		g.now_ns = (u64)rand() << (rand() % 16);
		tsc_now = (u64)((unsigned __int128)g.now_ns * clock.tsc_khz / 1000000);
		if (tsc_now + zero < zero && (s64)zero >= 0)
			continue;
		if (tsc_now + zero + ahead < ahead || (s64)(tsc_now + zero) <= 0)
			continue; /* a TSC that has not got to zero yet is not of this world */
		lapic_deadline_write(&g.l, tsc_now + zero + ahead, g.now_ns, &clock);
		if (!ahead)
			continue;
		at = lapic_next_event(&g.l);
		tsc_at = (u64)((unsigned __int128)at * clock.tsc_khz / 1000000);
		tsc_before = (u64)((unsigned __int128)(at - 1) * clock.tsc_khz / 1000000);
		assert_true(tsc_at >= tsc_now + ahead);
		assert_true(tsc_before <= tsc_now + ahead + clock.tsc_khz / 1000000); /* at most 1 ns and 1 tick late */
	}
}

static void a_far_deadline_saturates(void **state)
{
	struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);
	const struct lapic_clock slow = {.tsc_khz = 1, .tsc_at_zero = 0};

	(void)state;
	lapic_deadline_write(&g.l, UINT64_MAX, g.now_ns, &slow);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), UINT64_MAX);
	assert_true(lapic_valid(&g.l));
}

static void a_new_tsc_moves_the_deadline(void **state)
{
	struct guest g = with_timer(DEADLINE, DIVIDE_BY_1);
	struct lapic_clock clock = one_ghz;

	(void)state;
	assert_int_equal(lapic_deadline_retime(&g.l, g.now_ns, &clock), 0);
	lapic_deadline_write(&g.l, g.now_ns + 5000, g.now_ns, &clock);
	clock.tsc_at_zero = -1000ull; /* the guest set its TSC back */
	assert_int_equal(lapic_deadline_retime(&g.l, g.now_ns, &clock), LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 6000);
	clock.tsc_at_zero = 10000;
	assert_int_equal(lapic_deadline_retime(&g.l, g.now_ns, &clock), LAPIC_TIMER | LAPIC_IRR);
	assert_true(took_interrupt(&g));
}

static void modes_do_not_leak_into_each_other(void **state)
{
	struct guest g = with_timer(ONE_SHOT, DIVIDE_BY_1);

	(void)state;
	assert_int_equal(lapic_deadline_write(&g.l, 5000, g.now_ns, &one_ghz), 0);
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
	guest_write(&g, X_TIMER_INITIAL, 1000);
	guest_write(&g, X_LVT_TIMER, DEADLINE | VECTOR); /* disarms the count */
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 0);
	guest_write(&g, X_TIMER_INITIAL, 1000); /* ignored */
	assert_int_equal(guest_read(&g, X_TIMER_INITIAL), 0);
	assert_int_equal(guest_read(&g, X_TIMER_CURRENT), 0);
	lapic_deadline_write(&g.l, g.now_ns + 5000, g.now_ns, &one_ghz);
	guest_write(&g, X_LVT_TIMER, DEADLINE | MASKED | VECTOR);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	guest_write(&g, X_LVT_TIMER, DEADLINE | VECTOR); /* still armed */
	assert_int_equal(lapic_next_event(&g.l), g.now_ns + 5000);
	guest_write(&g, X_LVT_TIMER, ONE_SHOT | VECTOR); /* disarms the deadline */
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	guest_write(&g, X_LVT_TIMER, DEADLINE | VECTOR);
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
}

static void a_masked_deadline_passes_silently(void **state)
{
	struct guest g = with_timer(DEADLINE | MASKED, DIVIDE_BY_1);

	(void)state;
	lapic_deadline_write(&g.l, g.now_ns + 5000, g.now_ns, &one_ghz);
	g.now_ns += 5000;
	assert_int_equal(lapic_deadline_read(&g.l, g.now_ns), 0);
	assert_false(took_interrupt(&g));
}

static void the_reserved_mode_runs_nothing(void **state)
{
	struct guest g = with_timer(PERIODIC, DIVIDE_BY_1);

	(void)state;
	guest_write(&g, X_TIMER_INITIAL, 1000);
	guest_write(&g, X_LVT_TIMER, PERIODIC | DEADLINE | VECTOR);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(lapic_deadline_write(&g.l, 5, g.now_ns, &one_ghz), 0);
	guest_write(&g, X_TIMER_INITIAL, 1000);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_shot_fires_once),
		cmocka_unit_test(the_count_goes_down_with_the_clock),
		cmocka_unit_test(the_largest_count_does_not_overflow),
		cmocka_unit_test(periods_do_not_drift),
		cmocka_unit_test(missed_periods_count_once_and_keep_the_phase),
		cmocka_unit_test(short_periods_are_joined),
		cmocka_unit_test(a_masked_timer_runs_silently),
		cmocka_unit_test(zero_stops_the_timer),
		cmocka_unit_test(a_new_count_restarts),
		cmocka_unit_test(a_late_tick_is_not_lost_to_a_rewrite),
		cmocka_unit_test(one_shot_and_periodic_switch_while_running),
		cmocka_unit_test(a_new_divisor_goes_on_from_the_count),
		cmocka_unit_test(software_disable_silences_the_timer),
		cmocka_unit_test(a_timer_vector_below_16_is_an_error),
		cmocka_unit_test(a_deadline_fires_once),
		cmocka_unit_test(a_deadline_in_the_past_fires_at_once),
		cmocka_unit_test(deadline_zero_disarms),
		cmocka_unit_test(deadlines_convert_exactly),
		cmocka_unit_test(a_far_deadline_saturates),
		cmocka_unit_test(a_new_tsc_moves_the_deadline),
		cmocka_unit_test(modes_do_not_leak_into_each_other),
		cmocka_unit_test(a_masked_deadline_passes_silently),
		cmocka_unit_test(the_reserved_mode_runs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
