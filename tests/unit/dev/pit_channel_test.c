// SPDX-License-Identifier: Apache-2.0
// A counter of the 8254 against a model that steps clock by clock, as the data sheet's mode definitions are written.
#include "dev/pit_channel.h"

#include "unit/dev/restored.h"

/* The model: CE is the counting element, CR the count register. */
struct model {
	unsigned mode, modulus, cr, ce, rises;
	bool gate, out, written, loading, running, odd, expired;
};

static void model_out(struct model *m, bool level)
{
	m->rises += level && !m->out;
	m->out = level;
}

static void model_control(struct model *m, unsigned mode, unsigned modulus)
{
	m->mode = mode;
	m->modulus = modulus;
	m->written = m->loading = m->running = false;
	model_out(m, mode != 0);
}

static void model_write(struct model *m, unsigned count)
{
	m->cr = count;
	m->written = true;
	if (m->mode == 0) {
		m->running = false;
		model_out(m, false);
	}
	if (m->mode == 0 || m->mode == 4 || ((m->mode == 2 || m->mode == 3) && !m->running))
		m->loading = true;
}

static void model_gate(struct model *m, bool level)
{
	bool rises = level && !m->gate;

	m->gate = level;
	if ((m->mode == 2 || m->mode == 3) && !level && m->running)
		model_out(m, true);
	if ((m->mode == 2 || m->mode == 3) && rises)
		m->running = false;
	if (rises && m->written && m->mode != 0 && m->mode != 4)
		m->loading = true;
}

/* Mode 3 counts by two from an even number; an odd count makes the high half one clock longer. */
static void model_load(struct model *m)
{
	m->ce = m->mode == 3 ? m->cr & ~1u : m->cr;
	m->odd = m->cr & 1;
	m->running = true;
	m->expired = false;
}

static void model_count_mode3(struct model *m)
{
	bool ends = m->out && m->odd ? m->ce == 0 : m->ce == 2;

	if (ends) {
		model_out(m, !m->out);
		model_load(m);
	} else {
		m->ce -= 2;
	}
}

static void model_count(struct model *m)
{
	if (m->mode == 3) {
		model_count_mode3(m);
		return;
	}
	if (m->mode == 2 && m->ce == 1) {
		model_load(m);
		model_out(m, true);
		return;
	}
	if (m->mode >= 4 && m->expired)
		model_out(m, true);
	m->ce = (m->ce + m->modulus - 1) % m->modulus;
	if (m->mode == 2 && m->ce == 1)
		model_out(m, false);
	if (m->mode != 2 && m->ce == 0 && !m->expired) {
		m->expired = true;
		model_out(m, m->mode < 4);
	}
}

static void model_clock(struct model *m)
{
	if (m->loading) {
		m->loading = false;
		model_load(m);
		model_out(m, m->mode > 1);
		if ((m->mode == 2 || m->mode == 3) && !m->gate)
			model_out(m, true);
	} else if (m->running && (m->gate || m->mode == 1 || m->mode == 5)) {
		model_count(m);
	}
}

static unsigned from_shown(u16 shown, bool bcd)
{
	return bcd ? (shown >> 12) * 1000u + (shown >> 8 & 15u) * 100u + (shown >> 4 & 15u) * 10u + (shown & 15u)
		   : shown;
}

static u16 to_shown(unsigned count, bool bcd)
{
	count %= bcd ? 10000 : 65536;
	return bcd ? (u16)(count / 1000 << 12 | count / 100 % 10 << 8 | count / 10 % 10 << 4 | count % 10) : (u16)count;
}

static void same(const struct model *m, struct pit_channel *c, u64 tick, bool bcd)
{
	assert_true(pit_channel_valid(c));
	assert_int_equal(pit_channel_out(c, tick), m->out);
	if (m->running && !m->loading)
		assert_int_equal(from_shown(pit_channel_count(c, tick), bcd), m->ce % m->modulus);
}

/* Do the same to both: write a control word and a count, a count, or move the gate. */
static void touch(struct model *m, struct pit_channel *c, struct rng *r, u8 control, unsigned what, u64 tick)
{
	unsigned count = 2 + rng_below(r, rng_below(r, 4) ? 9 : 60);
	bool bcd = control & 1;

	if (what == 0) {
		pit_channel_control(c, control, tick);
		model_control(m, control >> 1 & 7, bcd ? 10000 : 65536);
	}
	if (what < 4) {
		pit_channel_load(c, to_shown(count, bcd), tick);
		model_write(m, count);
	} else if (m->mode < 4 || !m->running || m->ce) { /* the sheet is silent on a gate that moves in the strobe */
		pit_channel_gate(c, what & 1, tick);
		model_gate(m, what & 1);
	}
}

static void run_mode(unsigned mode, bool bcd, u64 seed)
{
	struct pit_channel c = {.gate = true, .active = 65536, .reload = 65536, .control = 0x30};
	struct model m = {.gate = true, .out = false};
	struct rng r = {seed};
	u64 tick = 1000, promised;
	unsigned fetched = 0, before;
	u8 control = (u8)(PIT_ACCESS_BOTH << 4 | mode << 1 | bcd);

	c.counted_tick = tick;
	touch(&m, &c, &r, control, 0, tick);
	for (int step = 0; step < 40000; step++) {
		while (rng_below(&r, 12) == 0)
			touch(&m, &c, &r, control, rng_below(&r, 8), tick);
		same(&m, &c, tick, bcd);
		if (rng_below(&r, 8) == 0)
			fetched += pit_channel_take_rises(&c, tick);
		promised = pit_channel_next_rise(&c, tick);
		before = m.rises;
		model_clock(&m);
		tick++;
		same(&m, &c, tick, bcd);
		assert_int_equal(m.rises != before, promised == tick);
	}
	fetched += pit_channel_take_rises(&c, tick);
	assert_int_equal(fetched, m.rises);
	assert_true(m.rises > 100);
}

static void modes_match_the_model(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 6; mode++) {
		for (u64 seed = 1; seed < 4; seed++) {
			run_mode(mode, false, seed * 77777);
			run_mode(mode, true, seed * 99999);
		}
	}
}

static void longest_counts(void **state)
{
	struct pit_channel c = {.gate = true, .active = 65536, .reload = 65536, .control = 0x30};

	(void)state;
	pit_channel_control(&c, 0x34, 0);
	pit_channel_load(&c, 0, 0);
	assert_true(pit_channel_next_rise(&c, 0) == 1 + 65536);
	assert_int_equal(pit_channel_count(&c, 1), 0);
	assert_int_equal(pit_channel_count(&c, 2), 0xffff);
	pit_channel_control(&c, 0x35, 10);
	pit_channel_load(&c, 0, 10);
	assert_true(pit_channel_next_rise(&c, 10) == 11 + 10000);
	assert_int_equal(pit_channel_count(&c, 11), 0);
	assert_int_equal(pit_channel_count(&c, 12), 0x9999);
}

static void modes_6_and_7_are_2_and_3(void **state)
{
	struct pit_channel c = {.gate = true, .active = 65536, .reload = 65536, .control = 0x30};

	(void)state;
	pit_channel_control(&c, 0x3c, 0);
	pit_channel_load(&c, 10, 0);
	assert_false(pit_channel_out(&c, 10));
	assert_true(pit_channel_out(&c, 9));
	pit_channel_control(&c, 0x3e, 20);
	pit_channel_load(&c, 10, 20);
	assert_true(pit_channel_out(&c, 25));
	assert_false(pit_channel_out(&c, 26));
	assert_true(pit_channel_out(&c, 31));
}

/* A count of 1 in modes 2 and 3 is illegal: no interrupt storm comes of it. */
static void count_of_one_is_quiet(void **state)
{
	struct pit_channel c = {.gate = true, .active = 65536, .reload = 65536, .control = 0x30};

	(void)state;
	for (u8 mode = 2; mode < 4; mode++) {
		pit_channel_control(&c, (u8)(0x30 | mode << 1), 0);
		pit_channel_load(&c, 1, 0);
		assert_true(pit_channel_next_rise(&c, 5) == NEVER);
		assert_true(pit_channel_out(&c, 5));
	}
}

static void rises_of_ages_are_counted(void **state)
{
	struct pit_channel c = {.gate = true, .active = 65536, .reload = 65536, .control = 0x30};

	(void)state;
	pit_channel_control(&c, 0x34, 0);
	pit_channel_load(&c, 2, 0);
	(void)pit_channel_take_rises(&c, 1);
	assert_int_equal(pit_channel_take_rises(&c, 1 + 2000001), 1000000);
	assert_int_equal(pit_channel_take_rises(&c, 1ull << 50), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_match_the_model),     cmocka_unit_test(longest_counts),
		cmocka_unit_test(modes_6_and_7_are_2_and_3), cmocka_unit_test(count_of_one_is_quiet),
		cmocka_unit_test(rises_of_ages_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
