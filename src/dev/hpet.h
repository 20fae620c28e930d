/* SPDX-License-Identifier: Apache-2.0 */
/* An IA-PC HPET 1.0a: a 64-bit counter of 100 MHz and three timers, each periodic or one-shot, edge or level. */
#ifndef ETERNA_DEV_HPET_H
#define ETERNA_DEV_HPET_H

#include "base/fields.h"

#define HPET_BASE 0xfed00000ull
#define HPET_BYTES 0x400
#define HPET_TIMERS 3
#define HPET_PERIOD_NS 10

/*
 * Low half of the capabilities register, which the ACPI table repeats: revision 1, three timers, 64 bits, legacy
 * replacement. The vendor is the one that wrote the specification: nothing beyond it is promised.
 */
#define HPET_BLOCK_ID 0x8086a201u
/* The shortest period that a guest should ask for, in ticks: 10 us. */
#define HPET_MIN_TICKS 1000

#define HPET_TIMER_FIELDS(F, A, S)                                                                                     \
	F(u32, config, "configuration, the writable bits")                                                             \
	F(u64, comparator, "count that matches next; 32 bits in 32-bit mode")                                          \
	F(u64, period, "what a match adds to the comparator in periodic mode")

struct hpet_timer {
	HPET_TIMER_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

#define HPET_FIELDS(F, A, S)                                                                                           \
	F(u32, config, "general configuration")                                                                        \
	F(u32, status, "general interrupt status: level-triggered timers that matched")                                \
	F(u64, held_count, "main counter when it stood still last")                                                    \
	F(u64, started_ns, "when it began to run from held_count, if it runs")                                         \
	F(u64, synced_count, "main counter that status, pulses and timers are brought up to")                          \
	F(u64, pulsed_count, "main counter when pulses were fetched last")                                             \
	F(u32, pulses, "I/O APIC pins that edge-triggered timers pulsed and nobody fetched")                           \
	F(u32, ticks, "how often timer 0 did, at most UINT32_MAX")                                                     \
	S(struct hpet_timer, timer, HPET_TIMERS, hpet_timer_desc, "the timers")

extern const struct desc hpet_timer_desc;

struct hpet {
	HPET_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc hpet_desc;

void hpet_reset(struct hpet *h);

bool hpet_valid(const struct hpet *h);

/*
 * Access `bytes` (1 to 8) at `offset` in the block, inside one aligned 8-byte register; what crosses its end is cut
 * off. `now_ns` never goes back and stays below 2^62.
 * Source: IA-PC HPET specification 1.0a, "Register Definitions" and "Theory of Operation".
 */
u64 hpet_read(struct hpet *h, u32 offset, unsigned bytes, u64 now_ns);
void hpet_write(struct hpet *h, u32 offset, unsigned bytes, u64 value, u64 now_ns);

/* I/O APIC pins that level-triggered timers hold active, a bit for each. */
u32 hpet_levels(const struct hpet *h, u64 now_ns);

/* I/O APIC pins that edge-triggered timers pulsed since the last call, once or more often. */
u32 hpet_take_pulses(struct hpet *h, u64 now_ns);

/* How many pulses of timer 0 the ones fetched since the last call stand for. */
u32 hpet_take_ticks(struct hpet *h);

/*
 * When hpet_levels() changes or a pulse comes by time alone, after now_ns; NEVER if none does. Pulses of periods below
 * 100 us are joined: a guest that asked for one of 10 ns would else never execute an instruction.
 */
u64 hpet_next_event(const struct hpet *h, u64 now_ns);

/*
 * Legacy replacement is on: timers 0 and 1 are at pins 2 and 8 (and at IRQ 0 and IRQ 8 of the 8259s), and the PIT and
 * the RTC are connected to nothing.
 */
bool hpet_is_legacy(const struct hpet *h);

#endif
