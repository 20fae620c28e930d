// SPDX-License-Identifier: Apache-2.0
// The six modes of an 8254 counter, after the data sheet's "Mode Definitions"; CLK n is the n-th tick.
#include "dev/pit_channel.h"

#include "base/bits.h"

#define CONTROL_BCD 0x01
#define CONTROL_MODE 0x0eull
#define CONTROL_ACCESS 0x30ull

#define DESC_STRUCT struct pit_channel
DESC_DEFINE(pit_channel, PIT_CHANNEL_FIELDS, 1);
#undef DESC_STRUCT

static unsigned mode_of(const struct pit_channel *c)
{
	unsigned mode = (unsigned)GET(CONTROL_MODE, c->control);

	return mode > 5 ? mode - 4 : mode; /* bit 2 is "don't care" in modes 2 and 3 */
}

static bool is_periodic(unsigned mode)
{
	return mode == 2 || mode == 3;
}

/* Modes 1 and 5 start at a rising GATE and ignore its level. */
static bool is_gate_triggered(unsigned mode)
{
	return mode == 1 || mode == 5;
}

bool pit_channel_is_periodic(const struct pit_channel *c)
{
	return is_periodic(mode_of(c));
}

bool pit_channel_valid(const struct pit_channel *c)
{
	return c->control < 0x40 && GET(CONTROL_ACCESS, c->control) && c->reload >= 1 && c->reload <= 65536 &&
	       c->active >= 1 && c->active <= 65536 && (!c->load_pending || c->has_count) &&
	       (!c->started || c->has_count);
}

static bool is_held(const struct pit_channel *c)
{
	return !c->gate && !is_gate_triggered(mode_of(c));
}

/* Clocks that the sequence in progress has counted. */
static u64 elapsed(const struct pit_channel *c, u64 tick)
{
	return is_held(c) ? c->held_ticks : tick - c->start_tick;
}

/* Length of the high half in mode 3. */
static u64 high_ticks(u32 count)
{
	return (count + 1) / 2;
}

/* --- rising edges of OUT: the first at `first` elapsed clocks, then each `period` (0: no more) --- */

struct rise_law {
	u64 first; /* NEVER: none */
	u64 period;
};

static struct rise_law rise_law(const struct pit_channel *c)
{
	unsigned mode = mode_of(c);

	if (!c->started || is_held(c))
		return (struct rise_law){NEVER, 0};
	if (is_periodic(mode)) /* a count of 1 is illegal: OUT stays high */
		return c->active > 1 ? (struct rise_law){c->active, c->active} : (struct rise_law){NEVER, 0};
	return (struct rise_law){c->active + (mode >= 4 ? 1u : 0u), 0};
}

/* Rising edges in the first `e` clocks of the sequence. */
static u64 rises_until(struct rise_law law, u64 e)
{
	if (e < law.first)
		return 0;
	return law.period ? (e - law.first) / law.period + 1 : 1;
}

static void add_rises(struct pit_channel *c, u64 n)
{
	c->rises = n > UINT32_MAX - c->rises ? UINT32_MAX : c->rises + (u32)n;
}

static void count_rises(struct pit_channel *c, u64 to_tick)
{
	struct rise_law law = rise_law(c);
	u64 from = elapsed(c, c->counted_tick), to = elapsed(c, to_tick);

	if (law.first != NEVER)
		add_rises(c, rises_until(law, to) - rises_until(law, from));
	c->counted_tick = to_tick;
}

/* --- the counting element takes the count register --- */

static void take_count(struct pit_channel *c)
{
	u64 start = c->load_tick;

	/* in mode 3 a count written meanwhile is taken at the end of a half: the low half stays the low one */
	if (c->started && mode_of(c) == 3 && elapsed(c, start) % c->active == high_ticks(c->active))
		start -= high_ticks(c->reload);
	c->active = c->reload;
	c->start_tick = start;
	c->held_ticks = 0;
	c->started = true;
	c->load_pending = false;
	c->null_count = false;
}

/* Bring the state up to `tick`. */
static void advance(struct pit_channel *c, u64 tick)
{
	if (c->load_pending && tick >= c->load_tick) {
		/* in mode 1 a retrigger at the very end of the pulse prolongs it: no edge at load_tick itself */
		count_rises(c, mode_of(c) == 1 ? c->load_tick - 1 : c->load_tick);
		take_count(c);
		c->counted_tick = c->load_tick;
	}
	count_rises(c, tick);
}

static struct pit_channel advanced(const struct pit_channel *c, u64 tick)
{
	struct pit_channel copy = *c;

	advance(&copy, tick);
	return copy;
}

/* --- what can be seen; these take a state that is up to date --- */

static bool out_now(const struct pit_channel *c, u64 tick)
{
	unsigned mode = mode_of(c);
	u64 e;

	if (!c->started)
		return mode != 0;
	if (is_periodic(mode) && !c->gate)
		return true;
	e = elapsed(c, tick);
	switch (mode) {
	case 0:
	case 1:
		return e >= c->active;
	case 2:
		return c->active == 1 || e % c->active != c->active - 1;
	case 3:
		return e % c->active < high_ticks(c->active);
	default:
		return e != c->active;
	}
}

static u64 element_mode3(const struct pit_channel *c, u64 e)
{
	u64 position = e % c->active;

	if (position >= high_ticks(c->active))
		position -= high_ticks(c->active);
	return (c->active & ~1u) - 2 * position;
}

static u16 to_bcd(u64 v)
{
	return (u16)(v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10);
}

static u16 count_now(const struct pit_channel *c, u64 tick)
{
	bool bcd = c->control & CONTROL_BCD;
	u64 modulus = bcd ? 10000 : 65536;
	u64 value, e;

	if (!c->started)
		return c->idle_count;
	e = elapsed(c, tick);
	switch (mode_of(c)) {
	case 2:
		value = c->active - e % c->active;
		break;
	case 3:
		value = element_mode3(c, e);
		break;
	default: /* counts on through 0 */
		value = c->active + modulus * 2 - e % modulus;
		break;
	}
	return bcd ? to_bcd(value % modulus) : (u16)value;
}

bool pit_channel_out(const struct pit_channel *c, u64 tick)
{
	struct pit_channel now = advanced(c, tick);

	return out_now(&now, tick);
}

u16 pit_channel_count(const struct pit_channel *c, u64 tick)
{
	struct pit_channel now = advanced(c, tick);

	return count_now(&now, tick);
}

bool pit_channel_null(const struct pit_channel *c, u64 tick)
{
	return advanced(c, tick).null_count;
}

u32 pit_channel_take_rises(struct pit_channel *c, u64 tick)
{
	u32 rises;

	advance(c, tick);
	rises = c->rises;
	c->rises = 0;
	return rises;
}

static u64 next_by_law(const struct pit_channel *c, u64 tick)
{
	struct rise_law law = rise_law(c);
	u64 e = elapsed(c, tick), done = rises_until(law, e);

	if (law.first == NEVER || (done && !law.period))
		return NEVER;
	return tick - e + law.first + done * law.period;
}

u64 pit_channel_next_rise(const struct pit_channel *c, u64 tick)
{
	struct pit_channel at = advanced(c, tick);
	u64 rise = next_by_law(&at, tick);
	u64 load = at.load_tick;

	if (!at.load_pending || rise < load || (rise == load && mode_of(c) != 1))
		return rise;
	advance(&at, load);
	return next_by_law(&at, load);
}

/* --- what changes it --- */

static void stop(struct pit_channel *c, u64 tick)
{
	c->idle_count = count_now(c, tick);
	c->started = false;
	c->load_pending = false;
}

static void load_next_clock(struct pit_channel *c, u64 tick)
{
	c->load_pending = true;
	c->load_tick = tick + 1;
}

/* Ends a change that began with OUT at `before`. */
static void note_rise(struct pit_channel *c, bool before, u64 tick)
{
	if (!before && out_now(c, tick))
		add_rises(c, 1);
}

void pit_channel_control(struct pit_channel *c, u8 control, u64 tick)
{
	bool before;

	advance(c, tick);
	before = out_now(c, tick);
	stop(c, tick);
	c->control = control;
	c->has_count = false;
	c->null_count = true;
	c->reload = 65536;
	c->write_high = false;
	c->read_high = false;
	c->count_latched = false;
	c->status_latched = false;
	note_rise(c, before, tick);
}

void pit_channel_first_byte(struct pit_channel *c, u64 tick)
{
	advance(c, tick);
	if (mode_of(c) == 0) /* disables counting, OUT goes low */
		stop(c, tick);
}

static u32 from_bcd(u16 v)
{
	return (v >> 12) * 1000u + (v >> 8 & 15u) * 100u + (v >> 4 & 15u) * 10u + (v & 15u);
}

/* End of the cycle (mode 2) or half cycle (mode 3) in progress, after `tick`. */
static u64 sequence_end(const struct pit_channel *c, u64 tick)
{
	u64 position = elapsed(c, tick) % c->active;
	u64 high = high_ticks(c->active);

	return tick - position + (mode_of(c) == 3 && position < high ? high : c->active);
}

void pit_channel_load(struct pit_channel *c, u16 value, u64 tick)
{
	bool bcd = c->control & CONTROL_BCD;
	unsigned mode = mode_of(c);
	u32 count = bcd ? from_bcd(value) : value;

	advance(c, tick);
	c->reload = count ? count : bcd ? 10000 : 65536;
	c->has_count = true;
	c->null_count = true;
	if (is_gate_triggered(mode))
		return; /* the next trigger takes it */
	if (mode == 0)
		stop(c, tick);
	if (!is_periodic(mode) || !c->started) {
		load_next_clock(c, tick);
	} else if (c->gate) {
		c->load_pending = true;
		c->load_tick = sequence_end(c, tick);
	} /* else the rising GATE takes it */
}

static void gate_falls(struct pit_channel *c, u64 tick)
{
	u64 counted = elapsed(c, tick);

	c->gate = false;
	if (is_gate_triggered(mode_of(c)))
		return;
	c->held_ticks = counted;
	if (is_periodic(mode_of(c)) && c->started)
		c->load_pending = false;
}

static void gate_rises(struct pit_channel *c, u64 tick)
{
	unsigned mode = mode_of(c);

	if (is_periodic(mode) && c->started)
		stop(c, tick); /* waits for the clock that reloads it */
	if (!is_gate_triggered(mode))
		c->start_tick = tick - c->held_ticks;
	c->gate = true;
	if (c->has_count && (is_gate_triggered(mode) || is_periodic(mode)))
		load_next_clock(c, tick);
}

void pit_channel_gate(struct pit_channel *c, bool level, u64 tick)
{
	bool before;

	advance(c, tick);
	if (level == c->gate)
		return;
	before = out_now(c, tick);
	if (level)
		gate_rises(c, tick);
	else
		gate_falls(c, tick);
	note_rise(c, before, tick);
}
