// SPDX-License-Identifier: Apache-2.0
// The MC146818 in closed form: time and flags are brought up to date when somebody looks, by counting divider ticks.
#include "dev/rtc.h"

#include "dev/calendar.h"
#include "dev/rate.h"

#include "base/bits.h"

/* Registers. */
#define REG_SECOND 0x00
#define REG_SECOND_ALARM 0x01
#define REG_MINUTE 0x02
#define REG_MINUTE_ALARM 0x03
#define REG_HOUR 0x04
#define REG_HOUR_ALARM 0x05
#define REG_WEEKDAY 0x06
#define REG_DAY 0x07
#define REG_MONTH 0x08
#define REG_YEAR 0x09
#define REG_A 0x0a
#define REG_B 0x0b
#define REG_C 0x0c
#define REG_D 0x0d
#define REG_CENTURY 0x32

#define A_UIP 0x80
#define A_DIVIDER 0x70
#define A_DIVIDER_32768 0x20
#define A_RATE 0x0f
#define A_DEFAULT 0x26 /* 32768 Hz, 1024 Hz rate: what firmware sets */

#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_SQWE 0x08
#define B_BINARY 0x04
#define B_24H 0x02

#define C_IRQF 0x80
#define C_PF 0x40
#define C_AF 0x20
#define C_UF 0x10
#define C_FLAGS (C_PF | C_AF | C_UF) /* at the bits that enable them in register B */

#define D_VALID 0x80

#define HOUR_PM 0x80
#define ALARM_ANY 0xc0

#define CHAIN_HZ 32768u
/* The first update comes half a second after the divider is let go: updates end at these ticks, modulo CHAIN_HZ. */
#define UPDATE_TICK (CHAIN_HZ / 2)
#define UIP_TICKS 73 /* 244 us of warning and 1984 us of update */
#define DAY_SECONDS 86400

#define DESC_STRUCT struct rtc
DESC_DEFINE(rtc, RTC_FIELDS, 1);
#undef DESC_STRUCT

bool rtc_valid(const struct rtc *r)
{
	return r->index < RTC_CMOS_BYTES && !(r->flags & ~C_FLAGS) && !(r->cmos[REG_A] & A_UIP);
}

/* --- the divider chain --- */

static bool chain_runs(const struct rtc *r)
{
	return (r->cmos[REG_A] & A_DIVIDER) == A_DIVIDER_32768;
}

static bool updates_run(const struct rtc *r)
{
	return chain_runs(r) && !(r->cmos[REG_B] & B_SET);
}

static u64 tick_at(const struct rtc *r, u64 now_ns)
{
	return chain_runs(r) ? rate_ticks(now_ns - r->divider_ns, CHAIN_HZ) : r->synced_tick;
}

/* Update cycles that have ended by `tick`. */
static u64 updates_until(u64 tick)
{
	return (tick + CHAIN_HZ - UPDATE_TICK) / CHAIN_HZ;
}

/* Ticks between periodic interrupts; 0 for none. */
static u64 periodic_ticks(const struct rtc *r)
{
	unsigned rate = r->cmos[REG_A] & A_RATE;

	if (!rate)
		return 0;
	return 1ull << (rate <= 2 ? rate + 6 : rate - 1);
}

/* --- register format --- */

static u8 encode(const struct rtc *r, u32 v)
{
	return (u8)(r->cmos[REG_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}

static u32 decode(const struct rtc *r, u8 reg)
{
	return r->cmos[REG_B] & B_BINARY ? reg : (u32)(reg >> 4) * 10 + (reg & 15);
}

static u8 encode_hour(const struct rtc *r, u32 hour)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, hour);
	return encode(r, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0);
}

static u32 decode_hour(const struct rtc *r, u8 reg)
{
	if (r->cmos[REG_B] & B_24H)
		return decode(r, reg);
	return decode(r, reg & (u8)~HOUR_PM) % 12 + (reg & HOUR_PM ? 12 : 0);
}

/* What the time registers say. Values that no clock shows, which a guest may write, count as the lowest. */
static struct calendar clock_get(const struct rtc *r)
{
	struct calendar c = {
		.year = decode(r, r->cmos[REG_CENTURY]) % 100 * 100 + decode(r, r->cmos[REG_YEAR]) % 100,
		.month = decode(r, r->cmos[REG_MONTH]),
		.day = decode(r, r->cmos[REG_DAY]),
		.weekday = decode(r, r->cmos[REG_WEEKDAY]),
		.hour = decode_hour(r, r->cmos[REG_HOUR]),
		.minute = decode(r, r->cmos[REG_MINUTE]),
		.second = decode(r, r->cmos[REG_SECOND]),
	};

	c.month = c.month >= 1 && c.month <= 12 ? c.month : 1;
	c.day = c.day >= 1 && c.day <= calendar_month_days(c.year, c.month) ? c.day : 1;
	c.weekday = c.weekday >= 1 && c.weekday <= 7 ? c.weekday : 1;
	c.hour = c.hour < 24 ? c.hour : 0;
	c.minute = c.minute < 60 ? c.minute : 0;
	c.second = c.second < 60 ? c.second : 0;
	return c;
}

static void clock_set(struct rtc *r, const struct calendar *c)
{
	r->cmos[REG_SECOND] = encode(r, c->second);
	r->cmos[REG_MINUTE] = encode(r, c->minute);
	r->cmos[REG_HOUR] = encode_hour(r, c->hour);
	r->cmos[REG_WEEKDAY] = encode(r, c->weekday);
	r->cmos[REG_DAY] = encode(r, c->day);
	r->cmos[REG_MONTH] = encode(r, c->month);
	r->cmos[REG_YEAR] = encode(r, c->year % 100);
	r->cmos[REG_CENTURY] = encode(r, c->year / 100);
}

static void clock_advance(struct rtc *r, u64 seconds)
{
	struct calendar old = clock_get(r);
	s64 from = calendar_to_seconds(&old);
	struct calendar new = calendar_from_seconds(from + (s64)seconds);
	u64 second_of_day = old.hour * 3600 + old.minute * 60 + old.second;
	u64 days = (second_of_day + seconds) / DAY_SECONDS;

	new.weekday = (u32)((old.weekday - 1 + days) % 7) + 1; /* a counter of its own */
	clock_set(r, &new);
}

/* --- alarm --- */

static bool alarm_matches(u8 alarm, u8 shown)
{
	return (alarm & ALARM_ANY) == ALARM_ANY || alarm == shown;
}

/* Seconds from the time shown to the next alarm, 1 to 86400; NEVER if no time of day matches. */
static u64 alarm_seconds(const struct rtc *r)
{
	struct calendar c = clock_get(r);
	u32 start = c.hour * 3600 + c.minute * 60 + c.second;
	u32 at = start + 1;

	while (at <= start + DAY_SECONDS) {
		u32 t = at % DAY_SECONDS;

		if (!alarm_matches(r->cmos[REG_HOUR_ALARM], encode_hour(r, t / 3600)))
			at += 3600 - t % 3600;
		else if (!alarm_matches(r->cmos[REG_MINUTE_ALARM], encode(r, t / 60 % 60)))
			at += 60 - t % 60;
		else if (!alarm_matches(r->cmos[REG_SECOND_ALARM], encode(r, t % 60)))
			at++;
		else
			return at - start;
	}
	return NEVER;
}

/* --- bringing it up to date --- */

/* Updates since synced_tick that change the time. */
static u64 updates_due(const struct rtc *r, u64 tick)
{
	return updates_run(r) ? updates_until(tick) - updates_until(r->synced_tick) : 0;
}

/* Flags of `wanted` that rise after synced_tick and by `tick`; looking for an alarm is the dear one. */
static u8 flags_due(const struct rtc *r, u64 tick, u8 wanted)
{
	u64 updates = updates_due(r, tick);
	u64 period = periodic_ticks(r);
	u8 flags = 0;

	if (updates)
		flags |= C_UF;
	if (updates && (wanted & ~r->flags & C_AF) && alarm_seconds(r) <= updates)
		flags |= C_AF;
	if (period && tick / period != r->synced_tick / period)
		flags |= C_PF;
	return flags & wanted;
}

static void rtc_sync(struct rtc *r, u64 now_ns)
{
	u64 tick = tick_at(r, now_ns);
	u64 updates = updates_due(r, tick);

	r->flags |= flags_due(r, tick, C_FLAGS);
	if (updates)
		clock_advance(r, updates);
	r->synced_tick = tick;
}

bool rtc_irq(const struct rtc *r, u64 now_ns)
{
	u8 enabled = r->cmos[REG_B] & C_FLAGS;

	return enabled && ((r->flags & enabled) || flags_due(r, tick_at(r, now_ns), enabled));
}

/* The tick at which the n-th update from now ends. */
static u64 update_tick(u64 tick, u64 n)
{
	return (updates_until(tick) + n) * CHAIN_HZ - (CHAIN_HZ - UPDATE_TICK);
}

static u64 next_event_tick(const struct rtc *r, u64 tick)
{
	u64 next = NEVER, period = periodic_ticks(r), alarm;

	if ((r->cmos[REG_B] & B_PIE) && period)
		next = (tick / period + 1) * period;
	if (!updates_run(r))
		return next;
	if (r->cmos[REG_B] & B_UIE)
		next = MIN(next, update_tick(tick, 1));
	if (r->cmos[REG_B] & B_AIE) {
		alarm = alarm_seconds(r);
		if (alarm != NEVER)
			next = MIN(next, update_tick(tick, alarm));
	}
	return next;
}

u64 rtc_next_event(const struct rtc *r, u64 now_ns)
{
	struct rtc now = *r;
	u64 tick;

	if (!(r->cmos[REG_B] & C_FLAGS) || !chain_runs(r))
		return NEVER;
	rtc_sync(&now, now_ns);
	if (now.flags & now.cmos[REG_B])
		return NEVER; /* high already: only a read of register C changes it */
	tick = next_event_tick(&now, now.synced_tick);
	return tick == NEVER ? NEVER : r->divider_ns + rate_start_ns(tick, CHAIN_HZ);
}

/* --- registers --- */

static u8 read_a(const struct rtc *r)
{
	u64 to_update = update_tick(r->synced_tick, 1) - r->synced_tick;

	return r->cmos[REG_A] | (updates_run(r) && to_update <= UIP_TICKS ? A_UIP : 0);
}

static u8 read_c(struct rtc *r)
{
	u8 value = r->flags | (r->flags & r->cmos[REG_B] ? C_IRQF : 0);

	r->flags = 0;
	return value;
}

u8 rtc_read(struct rtc *r, u16 port, u64 now_ns)
{
	if (!(port & 1))
		return 0xff;
	rtc_sync(r, now_ns);
	switch (r->index) {
	case REG_A:
		return read_a(r);
	case REG_C:
		return read_c(r);
	case REG_D:
		return D_VALID;
	default:
		return r->cmos[r->index];
	}
}

static void write_a(struct rtc *r, u8 value, u64 now_ns)
{
	bool ran = chain_runs(r);

	r->cmos[REG_A] = value & (u8)~A_UIP;
	if (chain_runs(r) && !ran) {
		r->divider_ns = now_ns;
		r->synced_tick = 0;
	}
}

static void write_b(struct rtc *r, u8 value)
{
	if (value & ~r->cmos[REG_B] & B_SET)
		value &= (u8)~B_UIE;
	r->cmos[REG_B] = value;
}

void rtc_write(struct rtc *r, u16 port, u8 value, u64 now_ns)
{
	if (!(port & 1)) {
		r->index = value & (RTC_CMOS_BYTES - 1);
		r->nmi_masked = value & 0x80;
		return;
	}
	rtc_sync(r, now_ns);
	switch (r->index) {
	case REG_A:
		write_a(r, value, now_ns);
		break;
	case REG_B:
		write_b(r, value);
		break;
	case REG_C:
	case REG_D:
		break; /* read only */
	default:
		r->cmos[r->index] = value;
	}
}

/* --- setting up --- */

void rtc_init(struct rtc *r, s64 unix_seconds, u64 now_ns)
{
	struct calendar c = calendar_from_seconds(unix_seconds);

	*r = (struct rtc){.divider_ns = now_ns - NS_PER_SEC / 2, .synced_tick = UPDATE_TICK};
	r->cmos[REG_A] = A_DEFAULT;
	r->cmos[REG_B] = B_24H;
	clock_set(r, &c);
}

void rtc_reset(struct rtc *r, u64 now_ns)
{
	rtc_sync(r, now_ns);
	r->cmos[REG_B] &= (u8) ~(B_PIE | B_AIE | B_UIE | B_SQWE);
	r->flags = 0;
	r->index = 0;
	r->nmi_masked = false;
}

static void put_number(struct rtc *r, unsigned index, unsigned bytes, u64 value)
{
	for (unsigned i = 0; i < bytes; i++)
		r->cmos[index + i] = (u8)(value >> 8 * i);
}

void rtc_set_memory(struct rtc *r, u64 low_bytes, u64 high_bytes)
{
	u64 above_1m = low_bytes > MIB ? low_bytes - MIB : 0;
	u64 above_16m = low_bytes > 16 * MIB ? low_bytes - 16 * MIB : 0;
	u16 sum = 0;

	put_number(r, 0x15, 2, MIN(low_bytes / KIB, 640));
	put_number(r, 0x17, 2, MIN(above_1m / KIB, 0xffff));
	put_number(r, 0x30, 2, MIN(above_1m / KIB, 0xffff));
	put_number(r, 0x34, 2, MIN(above_16m / (64 * KIB), 0xffff));
	put_number(r, 0x5b, 3, MIN(high_bytes / (64 * KIB), 0xffffff));
	for (unsigned i = 0x10; i <= 0x2d; i++) /* the checksum of firmware's settings, high byte first */
		sum = (u16)(sum + r->cmos[i]);
	r->cmos[0x2e] = (u8)(sum >> 8);
	r->cmos[0x2f] = (u8)sum;
}
