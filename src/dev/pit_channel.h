/* SPDX-License-Identifier: Apache-2.0 */
/* One counter of an 8254 in closed form: what it shows at a clock tick, without counting through the ticks between. */
#ifndef ETERNA_DEV_PIT_CHANNEL_H
#define ETERNA_DEV_PIT_CHANNEL_H

#include "base/fields.h"

#define PIT_CHANNEL_FIELDS(F, A, S)                                                                                    \
	F(u8, control, "control word bits 5..0: access, mode, BCD")                                                    \
	F(bool, gate, "level of the GATE input")                                                                       \
	F(bool, has_count, "a count was written since the control word")                                               \
	F(bool, started, "the counting element runs from start_tick")                                                  \
	F(bool, load_pending, "the count register goes to the counting element at load_tick")                          \
	F(bool, null_count, "the count register holds a count that was not loaded yet")                                \
	F(u32, reload, "count register: 1 to 65536 clocks")                                                            \
	F(u32, active, "count that the sequence in progress began with")                                               \
	F(u64, start_tick, "when the sequence in progress began; less than 0 wraps")                                   \
	F(u64, load_tick, "see load_pending")                                                                          \
	F(u64, held_ticks, "clocks counted when GATE stopped the counter")                                             \
	F(u16, idle_count, "counting element while nothing is started")                                                \
	F(u64, counted_tick, "rises are counted up to here")                                                           \
	F(u32, rises, "rising edges of OUT that nobody fetched")                                                       \
	F(bool, write_high, "the next byte written is the high one")                                                   \
	F(u8, write_low, "low byte of a count half written")                                                           \
	F(bool, read_high, "the next byte read is the high one")                                                       \
	F(bool, count_latched, "reads give `latch`")                                                                   \
	F(u16, latch, "latched count")                                                                                 \
	F(bool, status_latched, "the next read gives `status`")                                                        \
	F(u8, status, "latched status")

struct pit_channel {
	PIT_CHANNEL_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc pit_channel_desc;

/* Access field of the control word. */
#define PIT_ACCESS_LOW 1
#define PIT_ACCESS_HIGH 2
#define PIT_ACCESS_BOTH 3

bool pit_channel_valid(const struct pit_channel *c);

/* All `tick` arguments count input clocks since time 0 and never go back. */

/* Level of OUT, and the counting element as a read shows it (binary or BCD). */
bool pit_channel_out(const struct pit_channel *c, u64 tick);
u16 pit_channel_count(const struct pit_channel *c, u64 tick);

/* Is the last count written still waiting to be loaded? The status byte's NULL COUNT. */
bool pit_channel_null(const struct pit_channel *c, u64 tick);

/* A control word selects this counter; `control` is its bits 5..0 and the access field is not 0. */
void pit_channel_control(struct pit_channel *c, u8 control, u64 tick);

/* The guest writes a count: its first byte of two, or all of it. */
void pit_channel_first_byte(struct pit_channel *c, u64 tick);
void pit_channel_load(struct pit_channel *c, u16 value, u64 tick);

/* Modes 2 and 3: rising edges come again and again by themselves. */
bool pit_channel_is_periodic(const struct pit_channel *c);

void pit_channel_gate(struct pit_channel *c, bool level, u64 tick);

/* Rising edges of OUT since the last call, up to and with `tick`. */
u32 pit_channel_take_rises(struct pit_channel *c, u64 tick);

/* The next rising edge of OUT after `tick`; NEVER if none is due. */
u64 pit_channel_next_rise(const struct pit_channel *c, u64 tick);

#endif
