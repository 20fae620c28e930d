// SPDX-License-Identifier: Apache-2.0
// The 8254's registers: control words, byte order of counts, latches; and time in ns to input clocks and back.
#include "dev/pit.h"

#include "dev/rate.h"

#include "base/bits.h"

#define PORT_CONTROL 3

#define CONTROL_SELECT 0xc0ull
#define CONTROL_ACCESS 0x30ull
#define SELECT_READ_BACK 3

/* Read-back command: the latch bits are active low. */
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

#define STATUS_OUT 0x80
#define STATUS_NULL 0x40

#define PORT61_GATE 0x01
#define PORT61_WRITABLE 0x0f
#define PORT61_REFRESH 0x10
#define PORT61_OUT2 0x20

/* Counter 1 of a PC asks for a memory refresh each 18 clocks (15 us), whatever a guest makes of it today. */
#define REFRESH_TICKS 18

/* 100 us: edges of periods below it are announced no more often. */
#define EDGES_APART_TICKS 119

#define DESC_STRUCT struct pit
DESC_DEFINE(pit, PIT_FIELDS, 1);
#undef DESC_STRUCT

static u64 tick_at(u64 now_ns)
{
	return rate_ticks(now_ns, PIT_HZ);
}

void pit_reset(struct pit *p, u64 now_ns)
{
	u64 tick = tick_at(now_ns);

	*p = (struct pit){.edge_tick = tick};
	for (unsigned i = 0; i < 3; i++) {
		struct pit_channel *c = &p->channel[i];

		*c = (struct pit_channel){.gate = i != 2, .active = 65536, .counted_tick = tick};
		pit_channel_control(c, PIT_ACCESS_BOTH << 4 | 3 << 1, tick);
		pit_channel_load(c, 0, tick);
		c->rises = 0;
	}
}

bool pit_valid(const struct pit *p)
{
	return pit_channel_valid(&p->channel[0]) && pit_channel_valid(&p->channel[1]) &&
	       pit_channel_valid(&p->channel[2]) && p->channel[0].gate && p->channel[1].gate &&
	       p->port61 <= PORT61_WRITABLE && p->channel[2].gate == !!(p->port61 & PORT61_GATE);
}

/* --- reading --- */

static u8 pick_byte(struct pit_channel *c, u16 count)
{
	unsigned access = (unsigned)GET(CONTROL_ACCESS, c->control);
	bool high = access == PIT_ACCESS_HIGH || (access == PIT_ACCESS_BOTH && c->read_high);

	if (access == PIT_ACCESS_BOTH)
		c->read_high = !c->read_high;
	return high ? (u8)(count >> 8) : (u8)count;
}

static u8 channel_read(struct pit_channel *c, u64 tick)
{
	u8 byte;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (!c->count_latched)
		return pick_byte(c, pit_channel_count(c, tick));
	byte = pick_byte(c, c->latch);
	c->count_latched = c->read_high; /* held until all of it is read */
	return byte;
}

u8 pit_read(struct pit *p, u16 port, u64 now_ns)
{
	port &= 3;
	if (port == PORT_CONTROL)
		return 0xff; /* "no operation": nobody drives the bus */
	return channel_read(&p->channel[port], tick_at(now_ns));
}

/* --- writing --- */

static void latch_count(struct pit_channel *c, u64 tick)
{
	if (c->count_latched)
		return; /* the first one holds until it is read */
	c->latch = pit_channel_count(c, tick);
	c->count_latched = true;
	c->read_high = false;
}

static void latch_status(struct pit_channel *c, u64 tick)
{
	if (c->status_latched)
		return;
	c->status = (u8)(c->control | (pit_channel_out(c, tick) ? STATUS_OUT : 0) |
			 (pit_channel_null(c, tick) ? STATUS_NULL : 0));
	c->status_latched = true;
}

static void read_back(struct pit *p, u8 command, u64 tick)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!(command & 2u << i))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			latch_count(&p->channel[i], tick);
		if (!(command & READ_BACK_NO_STATUS))
			latch_status(&p->channel[i], tick);
	}
}

static void write_control(struct pit *p, u8 value, u64 tick)
{
	unsigned select = (unsigned)GET(CONTROL_SELECT, value);

	if (select == SELECT_READ_BACK)
		read_back(p, value, tick);
	else if (!GET(CONTROL_ACCESS, value))
		latch_count(&p->channel[select], tick);
	else
		pit_channel_control(&p->channel[select], value & 0x3f, tick);
}

static void write_count(struct pit_channel *c, u8 value, u64 tick)
{
	unsigned access = (unsigned)GET(CONTROL_ACCESS, c->control);

	if (access == PIT_ACCESS_BOTH && !c->write_high) {
		c->write_low = value;
		c->write_high = true;
		pit_channel_first_byte(c, tick);
		return;
	}
	c->write_high = false;
	if (access == PIT_ACCESS_LOW)
		pit_channel_load(c, value, tick);
	else if (access == PIT_ACCESS_HIGH)
		pit_channel_load(c, (u16)(value << 8), tick);
	else
		pit_channel_load(c, (u16)(value << 8 | c->write_low), tick);
}

void pit_write(struct pit *p, u16 port, u8 value, u64 now_ns)
{
	u64 tick = tick_at(now_ns);

	port &= 3;
	if (port == PORT_CONTROL)
		write_control(p, value, tick);
	else
		write_count(&p->channel[port], value, tick);
}

/* --- IRQ 0 and port 0x61 --- */

bool pit_irq0(const struct pit *p, u64 now_ns)
{
	return pit_channel_out(&p->channel[0], tick_at(now_ns));
}

u32 pit_irq0_edges(struct pit *p, u64 now_ns)
{
	u64 tick = tick_at(now_ns);
	u32 edges = pit_channel_take_rises(&p->channel[0], tick);

	if (edges)
		p->edge_tick = tick;
	return edges;
}

u64 pit_next_edge(const struct pit *p, u64 now_ns)
{
	u64 tick = pit_channel_next_rise(&p->channel[0], tick_at(now_ns));

	if (tick != NEVER && pit_channel_is_periodic(&p->channel[0]))
		tick = MAX(tick, p->edge_tick + EDGES_APART_TICKS);
	return tick == NEVER ? NEVER : rate_start_ns(tick, PIT_HZ);
}

u8 port61_read(const struct pit *p, u64 now_ns)
{
	u64 tick = tick_at(now_ns);

	return (u8)(p->port61 | (tick / REFRESH_TICKS & 1 ? PORT61_REFRESH : 0) |
		    (pit_channel_out(&p->channel[2], tick) ? PORT61_OUT2 : 0));
}

void port61_write(struct pit *p, u8 value, u64 now_ns)
{
	p->port61 = value & PORT61_WRITABLE;
	pit_channel_gate(&p->channel[2], value & PORT61_GATE, tick_at(now_ns));
}
