// SPDX-License-Identifier: Apache-2.0
// The HPET against its specification: registers, one-shot and periodic timers, routing; and a model that steps.
#include "dev/hpet.h"

#include "unit/dev/restored.h"

#define CAP 0x000
#define CFG 0x010
#define STS 0x020
#define CNT 0x0f0
#define T_CFG(n) (0x100 + 0x20 * (n))
#define T_CMP(n) (0x108 + 0x20 * (n))
#define LEVEL 0x2
#define ENABLE 0x4
#define PERIODIC 0x8
#define VAL_SET 0x40
#define MODE_32 0x100
#define ROUTE(n) ((n) << 9)

static struct hpet h;
static u64 now;

static int start(void **state)
{
	(void)state;
	now = 12345;
	hpet_reset(&h);
	return 0;
}

static u64 in64(u32 offset)
{
	assert_true(hpet_valid(&h));
	return hpet_read(&h, offset, 8, now);
}

static u32 in32(u32 offset)
{
	assert_true(hpet_valid(&h));
	return (u32)hpet_read(&h, offset, 4, now);
}

static void out64(u32 offset, u64 v)
{
	hpet_write(&h, offset, 8, v, now);
	assert_true(hpet_valid(&h));
}

static void out32(u32 offset, u32 v)
{
	hpet_write(&h, offset, 4, v, now);
	assert_true(hpet_valid(&h));
}

static void capabilities(void **state)
{
	(void)state;
	assert_true(in64(CAP) == 0x009896808086a201); /* 10^7 fs; 3 timers, 64 bits, legacy, revision 1 */
	assert_int_equal(in32(CAP + 4), 10000000);
	assert_int_equal(hpet_read(&h, CAP + 1, 1, now), 0xa2);
	out64(CAP, 0);
	assert_int_equal(in32(CAP), 0x8086a201);
	for (u32 n = 0; n < 3; n++) {
		assert_true(in64(T_CFG(n)) == 0x00f0000000000030);
		assert_true(in64(T_CMP(n)) == UINT64_MAX);
		assert_true(in64(T_CMP(n) + 8) == 0);
	}
	assert_true(in64(0x160) == 0 && in64(0x3f8) == 0 && in64(0x30) == 0);
}

static void counter_runs_while_enabled(void **state)
{
	(void)state;
	now += 1000;
	assert_true(in64(CNT) == 0);
	out64(CNT, 0x1fffffff0);
	out64(CFG, 1);
	now += 160;
	assert_true(in64(CNT) == 0x200000000);
	now += 9;
	assert_int_equal(in32(CNT), 0);
	assert_int_equal(in32(CNT + 4), 2);
	out64(CNT, 0); /* not while it runs */
	now += 1;
	assert_true(in64(CNT) == 0x200000001);
	out64(CFG, 0);
	now += 1000;
	assert_true(in64(CNT) == 0x200000001);
	out32(CNT + 4, 7);
	assert_true(in64(CNT) == 0x700000001);
	now = 1ull << 60;
	out64(CFG, 1);
	now += NS_PER_SEC;
	assert_true(in64(CNT) == 0x700000001 + 100000000);
}

static void one_shot_edge(void **state)
{
	(void)state;
	out64(CFG, 1);
	out64(T_CFG(1), ENABLE | ROUTE(21));
	out64(T_CMP(1), 1000);
	assert_true(hpet_next_event(&h, now) == now + 10000);
	assert_int_equal(hpet_take_pulses(&h, now + 9999), 0);
	now += 10000;
	assert_int_equal(hpet_take_pulses(&h, now), 1 << 21);
	assert_int_equal(hpet_take_pulses(&h, now), 0);
	assert_true(hpet_next_event(&h, now) == NEVER);
	assert_true(in64(STS) == 0);
	assert_true(in64(T_CMP(1)) == 1000);
}

static void level_holds_until_status_is_cleared(void **state)
{
	(void)state;
	out64(CFG, 1);
	out64(T_CFG(2), LEVEL | ENABLE | ROUTE(23));
	out64(T_CMP(2), 100);
	assert_int_equal(hpet_levels(&h, now + 999), 0);
	now += 1000;
	assert_int_equal(hpet_levels(&h, now), 1 << 23);
	assert_int_equal(in32(STS), 4);
	out32(STS, 3);
	assert_int_equal(hpet_levels(&h, now), 1 << 23);
	out64(CFG, 0); /* no interrupts while disabled */
	assert_int_equal(hpet_levels(&h, now), 0);
	out64(CFG, 1);
	assert_int_equal(hpet_levels(&h, now), 1 << 23);
	out32(STS, 4);
	assert_int_equal(hpet_levels(&h, now), 0);
	assert_int_equal(hpet_take_pulses(&h, now), 0);
}

static void status_shows_without_enable(void **state)
{
	(void)state;
	out64(CFG, 1);
	out64(T_CFG(0), LEVEL | ROUTE(20));
	out64(T_CMP(0), 5);
	assert_true(hpet_next_event(&h, now) == NEVER);
	now += 50;
	assert_int_equal(in32(STS), 1);
	assert_int_equal(hpet_levels(&h, now), 0);
	out64(T_CFG(0), ENABLE | ROUTE(20)); /* edge-triggered timers have no status */
	assert_int_equal(in32(STS), 0);
}

/* The sequence of Linux: halt, reset, VAL_SET, first match, then the period; then start. */
static void periodic_as_linux_programs_it(void **state)
{
	u64 begin;

	(void)state;
	out32(CFG, 0);
	out32(CNT, 0);
	out32(CNT + 4, 0);
	out32(T_CFG(0), ENABLE | PERIODIC | VAL_SET | MODE_32);
	assert_int_equal(in32(T_CFG(0)), 0x10c | 0x30);
	out32(T_CMP(0), 400000);
	out32(T_CMP(0), 400000);
	out32(CFG, 3);
	assert_true(hpet_is_legacy(&h));
	begin = now;
	for (u64 i = 1; i < 20000; i++) { /* 80 s: past the end of 32 bits */
		assert_true(hpet_next_event(&h, now) == begin + i * 4000000);
		now = begin + i * 4000000;
		assert_int_equal(hpet_take_ticks(&h), 0);
		assert_int_equal(hpet_take_pulses(&h, now), 1 << 2);
		assert_int_equal(hpet_take_ticks(&h), 1);
	}
	assert_int_equal(in32(T_CMP(0)), (u32)(20000ull * 400000));
	now += 50 * 4000000ull + 1; /* somebody was late: one pulse, but all are counted, and the phase stays */
	assert_int_equal(hpet_take_pulses(&h, now), 1 << 2);
	assert_int_equal(hpet_take_ticks(&h), 50);
	assert_int_equal(hpet_take_ticks(&h), 0);
	assert_true(hpet_next_event(&h, now) == begin + 20050 * 4000000ull);
}

static void first_match_and_period_differ(void **state)
{
	(void)state;
	out64(T_CFG(0), ENABLE | PERIODIC | VAL_SET | ROUTE(20));
	out64(T_CMP(0), 30);
	assert_int_equal(in32(T_CFG(0)) & VAL_SET, 0);
	out64(T_CMP(0), 100);
	assert_true(in64(T_CMP(0)) == 30);
	out64(CFG, 1);
	now += 300;
	assert_true(in64(T_CMP(0)) == 130);
	now += 1000;
	assert_true(in64(T_CMP(0)) == 230);
}

static void short_periods_are_joined(void **state)
{
	u32 events = 0;
	u64 end = now + NS_PER_SEC / 100;

	(void)state;
	out64(T_CFG(0), ENABLE | PERIODIC | VAL_SET | ROUTE(20));
	out64(T_CMP(0), 1); /* each 10 ns */
	out64(CFG, 1);
	for (; now < end; events++) {
		u64 next = hpet_next_event(&h, now);

		/* looking at it in between does not put it off */
		assert_true(hpet_next_event(&h, (now + next) / 2) == next);
		now = next;
		assert_int_equal(hpet_take_pulses(&h, now), 1 << 20);
	}
	assert_in_range(events, 99, 101);
	assert_true(in64(T_CMP(0)) == in64(CNT) + 1); /* count and phase are exact */
	out64(T_CFG(0), ENABLE | ROUTE(20));          /* a one-shot is not held up */
	out64(T_CMP(0), in64(CNT) + 3);
	assert_true(hpet_next_event(&h, now) <= now + 30);
}

static void legacy_pins(void **state)
{
	(void)state;
	for (u32 n = 0; n < 3; n++) {
		out64(T_CFG(n), ENABLE | ROUTE(22));
		out64(T_CMP(n), 10);
	}
	out64(CFG, 3);
	now += 100;
	assert_int_equal(hpet_take_pulses(&h, now), 1 << 2 | 1 << 8 | 1 << 22);
}

static void routes_outside_the_capabilities_do_not_stick(void **state)
{
	(void)state;
	out64(T_CFG(0), ROUTE(21));
	assert_int_equal(in32(T_CFG(0)) & ROUTE(31), ROUTE(21));
	out64(T_CFG(0), ROUTE(2));
	assert_int_equal(in32(T_CFG(0)) & ROUTE(31), ROUTE(21));
	out64(T_CFG(0), UINT64_MAX); /* no front side bus, capabilities unchanged */
	assert_true(in64(T_CFG(0)) == (0x00f0000000000030 | 0x10e | ROUTE(21)));
}

static void comparator_of_32_bits(void **state)
{
	(void)state;
	out64(T_CFG(0), MODE_32);
	assert_true(in64(T_CMP(0)) == UINT32_MAX);
	out64(T_CMP(0), 0x123456789);
	assert_true(in64(T_CMP(0)) == 0x23456789);
	out32(T_CMP(0) + 4, 5);
	assert_true(in64(T_CMP(0)) == 0x23456789);
	out64(T_CFG(0), 0);
	out32(T_CMP(0) + 4, 5);
	assert_true(in64(T_CMP(0)) == 0x523456789);
}

/* --- a model that goes count by count --- */

struct model {
	u64 count, cmp[3], period[3];
	u32 cfg[3], status, pulses;
};

static void model_count(struct model *m)
{
	m->count++;
	for (u32 n = 0; n < 3; n++) {
		u64 mask = m->cfg[n] & MODE_32 ? UINT32_MAX : UINT64_MAX;

		if ((m->count & mask) != m->cmp[n])
			continue;
		if (m->cfg[n] & PERIODIC)
			m->cmp[n] = (m->cmp[n] + m->period[n]) & mask;
		if (m->cfg[n] & LEVEL)
			m->status |= 1u << n;
		else if (m->cfg[n] & ENABLE)
			m->pulses |= 1u << (m->cfg[n] >> 9 & 31);
	}
}

static u32 model_levels(const struct model *m)
{
	u32 pins = 0;

	for (u32 n = 0; n < 3; n++) {
		if ((m->status >> n & 1) && (m->cfg[n] & ENABLE))
			pins |= 1u << (m->cfg[n] >> 9 & 31);
	}
	return pins;
}

/* Do only edge-triggered periodic timers have these pins? */
static bool model_joins(const struct model *m, u32 pins)
{
	for (u32 n = 0; n < 3; n++) {
		if ((pins >> (m->cfg[n] >> 9 & 31) & 1) && (m->cfg[n] & (PERIODIC | LEVEL)) != PERIODIC)
			return false;
	}
	return true;
}

static void model_program(struct model *m, struct rng *r, u32 n)
{
	u32 cfg = (rng_next(r) & (LEVEL | ENABLE | PERIODIC | MODE_32)) | ROUTE(20 + n);
	u64 mask = cfg & MODE_32 ? UINT32_MAX : UINT64_MAX;
	u64 first = (m->count + 1 + rng_below(r, 40)) & mask, period = 1 + rng_below(r, 30);

	out64(T_CFG(n), cfg | VAL_SET);
	out64(T_CMP(n), first);
	if (cfg & PERIODIC)
		out64(T_CMP(n), period);
	m->cfg[n] = cfg;
	m->cmp[n] = first;
	m->period[n] = period;
	if (!(cfg & LEVEL))
		m->status &= ~(1u << n);
}

static void steps_match_the_model(void **state)
{
	struct rng r = {2024};
	struct model m = {.count = 0xffffff00, .cmp = {UINT64_MAX, UINT64_MAX, UINT64_MAX}};

	(void)state;
	out64(CNT, m.count);
	out64(CFG, 1);
	for (int step = 0; step < 100000; step++) {
		u64 next;
		u32 levels, fetched;

		if (rng_below(&r, 20) == 0)
			model_program(&m, &r, rng_below(&r, 3));
		if (rng_below(&r, 10) == 0) {
			out64(STS, 7);
			m.status = 0;
		}
		if (rng_below(&r, 5) == 0) {
			fetched = hpet_take_pulses(&h, now);
			assert_int_equal(fetched, m.pulses);
			m.pulses = 0;
		}
		next = hpet_next_event(&h, now);
		levels = model_levels(&m);
		fetched = m.pulses;
		m.pulses = 0;
		model_count(&m);
		now += 10;
		/* a change of levels is announced exactly; so is a pulse, unless short periods are joined */
		if (model_levels(&m) != levels)
			assert_true(next == now);
		if (next == now)
			assert_true(model_levels(&m) != levels || m.pulses | fetched);
		if (next != now && m.pulses)
			assert_true(next > now && model_joins(&m, m.pulses));
		m.pulses |= fetched;
		assert_int_equal(hpet_levels(&h, now), model_levels(&m));
		if (rng_below(&r, 3) == 0)
			assert_int_equal(in32(STS), m.status);
	}
	assert_true(m.count > 0x100000000 + 90000);
}

static void narrowing_a_timer_cuts_its_period(void **state)
{
	(void)state;
	out64(T_CFG(0), PERIODIC | VAL_SET | ENABLE | ROUTE(20));
	out64(T_CMP(0), 0x100000064); /* both comparator and period */
	out64(T_CFG(0), PERIODIC | ENABLE | MODE_32 | ROUTE(20));
	assert_true(in64(T_CMP(0)) == 100);
	out64(CFG, 1);
	now += 1000;
	assert_true(in64(T_CMP(0)) == 200);
}

static void restored_timer_block_is_the_same(void **state)
{
	static const u32 offsets[] = {CFG, CFG, STS, CNT, T_CFG(0), T_CMP(0), T_CFG(1), T_CMP(1), T_CFG(2), T_CMP(2)};
	struct rng r = {5};
	struct hpet other;

	(void)state;
	for (int step = 0; step < 50000; step++) {
		u32 offset = offsets[rng_below(&r, ARRAY_COUNT(offsets))] + 4 * rng_below(&r, 2);
		unsigned bytes = offset % 8 ? 4 : 8;
		u64 value = rng_next(&r) >> rng_below(&r, 32);

		now += rng_below(&r, rng_below(&r, 20) ? 3000 : 2000000000);
		if (step % 50 == 0) {
			memset(&other, 0, sizeof(other));
			restore_from(&hpet_desc, &other, &h);
		}
		if (rng_below(&r, 2)) {
			hpet_write(&h, offset, bytes, value, now);
			hpet_write(&other, offset, bytes, value, now);
		} else {
			assert_true(hpet_read(&h, offset, bytes, now) == hpet_read(&other, offset, bytes, now));
		}
		assert_true(hpet_valid(&h));
		assert_int_equal(hpet_levels(&h, now), hpet_levels(&other, now));
		assert_true(hpet_next_event(&h, now) == hpet_next_event(&other, now));
		if (rng_below(&r, 3) == 0)
			assert_int_equal(hpet_take_pulses(&h, now), hpet_take_pulses(&other, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(capabilities, start),
		cmocka_unit_test_setup(counter_runs_while_enabled, start),
		cmocka_unit_test_setup(one_shot_edge, start),
		cmocka_unit_test_setup(level_holds_until_status_is_cleared, start),
		cmocka_unit_test_setup(status_shows_without_enable, start),
		cmocka_unit_test_setup(periodic_as_linux_programs_it, start),
		cmocka_unit_test_setup(first_match_and_period_differ, start),
		cmocka_unit_test_setup(short_periods_are_joined, start),
		cmocka_unit_test_setup(legacy_pins, start),
		cmocka_unit_test_setup(routes_outside_the_capabilities_do_not_stick, start),
		cmocka_unit_test_setup(comparator_of_32_bits, start),
		cmocka_unit_test_setup(steps_match_the_model, start),
		cmocka_unit_test_setup(narrowing_a_timer_cuts_its_period, start),
		cmocka_unit_test_setup(restored_timer_block_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
