// SPDX-License-Identifier: Apache-2.0
// The HPET in closed form: matches are counted when somebody looks, from the distance between counter and comparators.
#include "dev/hpet.h"

#include "base/bits.h"

/* Registers. */
#define REG_CAPABILITIES 0x000
#define REG_CONFIG 0x010
#define REG_STATUS 0x020
#define REG_COUNTER 0x0f0
#define REG_TIMERS 0x100 /* 32 bytes each: */
#define TIMER_CONFIG 0x00
#define TIMER_COMPARATOR 0x08

#define PERIOD_FS 10000000ull /* HPET_PERIOD_NS */

#define CONFIG_ENABLE 0x1
#define CONFIG_LEGACY 0x2

#define T_LEVEL BIT(1)
#define T_ENABLE BIT(2)
#define T_PERIODIC BIT(3)
#define T_VAL_SET BIT(6)
#define T_32BIT BIT(8)
#define T_ROUTE BITS(13, 9)
#define T_WRITABLE (T_LEVEL | T_ENABLE | T_PERIODIC | T_VAL_SET | T_32BIT | T_ROUTE)
#define T_CAPABILITIES (BIT(4) | BIT(5)) /* periodic, 64 bits; no front side bus delivery */
#define T_ROUTE_CAPS 0x00f00000u         /* pins 20 to 23, apart from what PCI uses */

#define PULSES_APART 10000u /* 100 us: pulses of shorter periods are announced no more often */

#define LEGACY_PIN_0 2
#define LEGACY_PIN_1 8
#define LEGACY_PINS ((u32)(BIT(LEGACY_PIN_0) | BIT(LEGACY_PIN_1)))

#define DESC_STRUCT struct hpet_timer
DESC_DEFINE(hpet_timer, HPET_TIMER_FIELDS, 1);
#undef DESC_STRUCT
#define DESC_STRUCT struct hpet
DESC_DEFINE(hpet, HPET_FIELDS, 2);
#undef DESC_STRUCT

void hpet_reset(struct hpet *h)
{
	*h = (struct hpet){0};
	for (unsigned i = 0; i < HPET_TIMERS; i++)
		h->timer[i].comparator = ~0ull;
}

static u64 mask_of(const struct hpet_timer *t)
{
	return t->config & T_32BIT ? UINT32_MAX : UINT64_MAX;
}

static bool timer_valid(const struct hpet_timer *t)
{
	u32 route = (u32)GET(T_ROUTE, t->config);

	return !(t->config & ~T_WRITABLE) && (!route || (T_ROUTE_CAPS >> route & 1)) && t->comparator <= mask_of(t) &&
	       t->period <= mask_of(t);
}

bool hpet_valid(const struct hpet *h)
{
	for (unsigned i = 0; i < HPET_TIMERS; i++) {
		if (!timer_valid(&h->timer[i]) || ((h->status >> i & 1) && !(h->timer[i].config & T_LEVEL)))
			return false;
	}
	return h->config <= (CONFIG_ENABLE | CONFIG_LEGACY) && h->status < 1u << HPET_TIMERS &&
	       !(h->pulses & ~(T_ROUTE_CAPS | LEGACY_PINS));
}

bool hpet_is_legacy(const struct hpet *h)
{
	return h->config & CONFIG_LEGACY;
}

static bool is_running(const struct hpet *h)
{
	return h->config & CONFIG_ENABLE;
}

static u64 count_at(const struct hpet *h, u64 now_ns)
{
	return h->held_count + (is_running(h) ? (now_ns - h->started_ns) / HPET_PERIOD_NS : 0);
}

/* The I/O APIC pins of timer i, none or one. */
static u32 pins_of(const struct hpet *h, unsigned i)
{
	u32 route = (u32)GET(T_ROUTE, h->timer[i].config);

	if (hpet_is_legacy(h) && i < 2)
		return i ? 1u << LEGACY_PIN_1 : 1u << LEGACY_PIN_0;
	return route ? 1u << route : 0;
}

/* --- matches --- */

/* Counts from `count` to the next match, at least 1; NEVER where that is a whole turn of 64 bits. */
static u64 match_distance(const struct hpet_timer *t, u64 count)
{
	u64 distance = (t->comparator - count) & mask_of(t);

	if (distance)
		return distance;
	return t->config & T_32BIT ? BIT(32) : NEVER;
}

/* Counts from one match to the next. */
static u64 match_repeat(const struct hpet_timer *t)
{
	if ((t->config & T_PERIODIC) && t->period)
		return t->period;
	return t->config & T_32BIT ? BIT(32) : NEVER;
}

/* Matches after synced_count and up to `count`. */
static u64 matches_due(const struct hpet *h, const struct hpet_timer *t, u64 count)
{
	u64 passed = count - h->synced_count;
	u64 distance = match_distance(t, h->synced_count);

	return passed < distance ? 0 : 1 + (passed - distance) / match_repeat(t);
}

static void timer_sync(struct hpet *h, unsigned i, u64 count)
{
	struct hpet_timer *t = &h->timer[i];
	u64 matches = matches_due(h, t, count);

	if (!matches)
		return;
	if (t->config & T_PERIODIC)
		t->comparator = (t->comparator + matches * t->period) & mask_of(t);
	if (t->config & T_LEVEL)
		h->status |= 1u << i;
	else if (t->config & T_ENABLE)
		h->pulses |= pins_of(h, i);
	if (!i && (t->config & (T_LEVEL | T_ENABLE)) == T_ENABLE)
		h->ticks = (u32)MIN(h->ticks + matches, UINT32_MAX);
}

static void hpet_sync(struct hpet *h, u64 now_ns)
{
	u64 count = count_at(h, now_ns);

	for (unsigned i = 0; i < HPET_TIMERS; i++)
		timer_sync(h, i, count);
	h->synced_count = count;
}

/* --- lines --- */

u32 hpet_levels(const struct hpet *h, u64 now_ns)
{
	u64 count = count_at(h, now_ns);
	u32 pins = 0;

	for (unsigned i = 0; i < HPET_TIMERS && is_running(h); i++) {
		const struct hpet_timer *t = &h->timer[i];

		if ((t->config & (T_LEVEL | T_ENABLE)) != (T_LEVEL | T_ENABLE))
			continue;
		if ((h->status >> i & 1) || matches_due(h, t, count))
			pins |= pins_of(h, i);
	}
	return pins;
}

u32 hpet_take_pulses(struct hpet *h, u64 now_ns)
{
	u32 pulses;

	hpet_sync(h, now_ns);
	pulses = h->pulses;
	h->pulses = 0;
	if (pulses)
		h->pulsed_count = h->synced_count;
	return pulses;
}

u32 hpet_take_ticks(struct hpet *h)
{
	u32 ticks = h->ticks;

	h->ticks = 0;
	return ticks;
}

/* Counts that the next pulse of a short period has to wait. */
static u64 pulse_wait(const struct hpet *h, const struct hpet_timer *t)
{
	u64 since = h->synced_count - h->pulsed_count;

	if (!(t->config & T_PERIODIC) || (t->config & T_LEVEL) || since >= PULSES_APART || t->period >= PULSES_APART)
		return 0;
	return PULSES_APART - since;
}

/* Counts until timer i makes a pulse or raises its line; NEVER if it does neither. */
static u64 event_distance(const struct hpet *h, unsigned i)
{
	const struct hpet_timer *t = &h->timer[i];

	if (!(t->config & T_ENABLE) || !pins_of(h, i) || (h->status >> i & 1))
		return NEVER;
	return MAX(match_distance(t, h->synced_count), pulse_wait(h, t));
}

u64 hpet_next_event(const struct hpet *h, u64 now_ns)
{
	struct hpet now = *h;
	u64 distance = NEVER;

	if (!is_running(h))
		return NEVER;
	hpet_sync(&now, now_ns);
	for (unsigned i = 0; i < HPET_TIMERS; i++)
		distance = MIN(distance, event_distance(&now, i));
	if (distance >= BIT(62) / HPET_PERIOD_NS)
		return NEVER;
	return now.started_ns + (now.synced_count - now.held_count + distance) * HPET_PERIOD_NS;
}

/* --- registers --- */

static u64 read_timer(const struct hpet_timer *t, u32 reg)
{
	switch (reg) {
	case TIMER_CONFIG:
		return (u64)T_ROUTE_CAPS << 32 | T_CAPABILITIES | (t->config & ~T_VAL_SET);
	case TIMER_COMPARATOR:
		return t->comparator;
	default:
		return 0;
	}
}

static u64 read_register(const struct hpet *h, u32 reg)
{
	if (reg >= REG_TIMERS && reg < REG_TIMERS + 32 * HPET_TIMERS)
		return read_timer(&h->timer[(reg - REG_TIMERS) / 32], reg % 32);
	switch (reg) {
	case REG_CAPABILITIES:
		return PERIOD_FS << 32 | HPET_BLOCK_ID;
	case REG_CONFIG:
		return h->config;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return h->synced_count;
	default:
		return 0;
	}
}

u64 hpet_read(struct hpet *h, u32 offset, unsigned bytes, u64 now_ns)
{
	hpet_sync(h, now_ns);
	return read_register(h, offset & ~7u) >> 8 * (offset & 7) & bits_byte_mask(bytes);
}

/* Replaces the bits of `mask`. */
static u64 merge(u64 old, u64 value, u64 mask)
{
	return (old & ~mask) | (value & mask);
}

static void write_config(struct hpet *h, u32 value, u64 now_ns)
{
	bool ran = is_running(h);

	if (ran)
		h->held_count = h->synced_count;
	h->config = value & (CONFIG_ENABLE | CONFIG_LEGACY);
	h->started_ns = !ran || !is_running(h) ? now_ns : now_ns - (now_ns - h->started_ns) % HPET_PERIOD_NS;
}

static void write_counter(struct hpet *h, u64 value, u64 mask)
{
	if (is_running(h))
		return; /* it is to be written only while it stands still */
	h->held_count = merge(h->held_count, value, mask);
	h->synced_count = h->held_count;
}

static void write_timer_config(struct hpet *h, unsigned i, u64 value, u64 mask)
{
	struct hpet_timer *t = &h->timer[i];
	u64 new = merge(t->config, value, mask) & T_WRITABLE;

	/* a route that is not in the capabilities does not stick */
	if (!(T_ROUTE_CAPS >> GET(T_ROUTE, new) & 1))
		new = merge(new, t->config, T_ROUTE);
	t->config = (u32) new;
	t->comparator &= mask_of(t);
	t->period &= mask_of(t);
	if (!(t->config & T_LEVEL))
		h->status &= ~(1u << i);
}

/* VAL_SET lets one write through to the comparator of a periodic timer; all writes set its period. */
static void write_comparator(struct hpet_timer *t, u64 value, u64 mask)
{
	if (t->config & T_32BIT)
		mask = mask & 1 ? UINT64_MAX : 0; /* all of it with the low half; the high half is not there */
	value &= mask_of(t);
	if (!(t->config & T_PERIODIC) || (t->config & T_VAL_SET))
		t->comparator = merge(t->comparator, value, mask);
	if (t->config & T_PERIODIC)
		t->period = merge(t->period, value, mask);
	t->config &= (u32)~T_VAL_SET;
}

static void write_timer(struct hpet *h, unsigned i, u32 reg, u64 value, u64 mask)
{
	if (reg == TIMER_CONFIG)
		write_timer_config(h, i, value, mask);
	else if (reg == TIMER_COMPARATOR)
		write_comparator(&h->timer[i], value, mask);
}

void hpet_write(struct hpet *h, u32 offset, unsigned bytes, u64 value, u64 now_ns)
{
	u32 reg = offset & ~7u;
	unsigned shift = 8 * (offset & 7);
	u64 mask = bits_byte_mask(bytes) << shift;

	value = value << shift & mask;
	hpet_sync(h, now_ns);
	if (reg >= REG_TIMERS && reg < REG_TIMERS + 32 * HPET_TIMERS)
		write_timer(h, (reg - REG_TIMERS) / 32, reg % 32, value, mask);
	else if (reg == REG_CONFIG)
		write_config(h, (u32)merge(h->config, value, mask), now_ns);
	else if (reg == REG_STATUS)
		h->status &= (u32)~value;
	else if (reg == REG_COUNTER)
		write_counter(h, value, mask);
}
