/* SPDX-License-Identifier: Apache-2.0 */
/* The MC146818 of a PC: time of day, alarm, periodic interrupt and 114 bytes of memory behind ports 0x70 and 0x71. */
#ifndef ETERNA_DEV_RTC_H
#define ETERNA_DEV_RTC_H

#include "base/fields.h"

#define RTC_CMOS_BYTES 128

#define RTC_FIELDS(F, A, S)                                                                                            \
	F(u8, index, "register that port 0x71 accesses, 0 to 127")                                                     \
	F(bool, nmi_masked, "bit 7 of port 0x70")                                                                      \
	A(u8, cmos, RTC_CMOS_BYTES, "time, alarm, registers A and B as written, memory; C and D not used")             \
	F(u8, flags, "register C: PF AF UF up to synced_tick")                                                         \
	F(u64, divider_ns, "when the divider chain began to run; less than 0 wraps")                                   \
	F(u64, synced_tick, "32768 Hz ticks of the divider that time and flags are brought up to")

struct rtc {
	RTC_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc rtc_desc;

/* A clock whose battery lasted: it shows `unix_seconds` (UTC) from now_ns on, in BCD and 24-hour mode. */
void rtc_init(struct rtc *r, s64 unix_seconds, u64 now_ns);

/* The RESET pin: disables and clears interrupts; time and memory stay. */
void rtc_reset(struct rtc *r, u64 now_ns);

bool rtc_valid(const struct rtc *r);

/*
 * Ports 0x70 (index; reads give 0xff) and 0x71 (data), by bit 0 of `port`. `now_ns` never goes back and stays below
 * 2^62. Source: MC146818 data sheet, "Registers" and "Update Cycle".
 */
u8 rtc_read(struct rtc *r, u16 port, u64 now_ns);
void rtc_write(struct rtc *r, u16 port, u8 value, u64 now_ns);

/* Level of IRQ 8, and when it may rise by time alone, after now_ns (NEVER if it will not). */
bool rtc_irq(const struct rtc *r, u64 now_ns);
u64 rtc_next_event(const struct rtc *r, u64 now_ns);

/* Bit 7 of port 0x70: NMIs are to be held back. */
static inline bool rtc_nmi_masked(const struct rtc *r)
{
	return r->nmi_masked;
}

/*
 * Describe the machine's memory where PC firmware does: 0x15-0x18, 0x30-0x31, 0x34-0x35, 0x5b-0x5d.
 * @low_bytes  RAM below 4 GiB, including the first MiB; @high_bytes  RAM above 4 GiB
 */
void rtc_set_memory(struct rtc *r, u64 low_bytes, u64 high_bytes);

#endif
