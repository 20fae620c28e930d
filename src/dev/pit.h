/* SPDX-License-Identifier: Apache-2.0 */
/* The 8254 of a PC: three counters at ports 0x40-0x43, and port 0x61 that gates and shows counter 2. */
#ifndef ETERNA_DEV_PIT_H
#define ETERNA_DEV_PIT_H

#include "dev/pit_channel.h"

#define PIT_HZ 1193182ull

#define PIT_FIELDS(F, A, S)                                                                                            \
	S(struct pit_channel, channel, 3, pit_channel_desc, "counters: IRQ 0, refresh, speaker")                       \
	F(u8, port61, "bits 3..0 of port 0x61 as written")                                                             \
	F(u64, edge_tick, "when edges of IRQ 0 were fetched last")

struct pit {
	PIT_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc pit_desc;

/* As PC firmware leaves it: all counters in mode 3 with the longest count, the gate of counter 2 low. */
void pit_reset(struct pit *p, u64 now_ns);

bool pit_valid(const struct pit *p);

/*
 * Ports 0x40 to 0x43 (only the low two bits of `port` count), a byte at a time. `now_ns` never goes back and stays
 * below 2^62: ticks are derived from it by one exact multiplication, so nothing drifts.
 * Source: Intel 8254 data sheet, "Programming the 8254" and "Read Operations".
 */
u8 pit_read(struct pit *p, u16 port, u64 now_ns);
void pit_write(struct pit *p, u16 port, u8 value, u64 now_ns);

/* Level of IRQ 0, which is OUT of counter 0. */
bool pit_irq0(const struct pit *p, u64 now_ns);

/* How many times IRQ 0 rose since the last call. A caller that finds some pulses the line: low, then pit_irq0(). */
u32 pit_irq0_edges(struct pit *p, u64 now_ns);

/*
 * When the caller is to fetch edges next, after now_ns; NEVER when idle. That is when IRQ 0 rises, but edges of periods
 * below 100 us are joined: a guest that asked for one of 2 us would else never execute an instruction.
 */
u64 pit_next_edge(const struct pit *p, u64 now_ns);

/*
 * Port 0x61: bit 0 gate of counter 2, bit 1 speaker data, bits 3..2 kept, bit 4 toggles with each refresh request,
 * bit 5 OUT of counter 2, bits 7..6 (memory and channel errors) 0.
 */
u8 port61_read(const struct pit *p, u64 now_ns);
void port61_write(struct pit *p, u8 value, u64 now_ns);

#endif
