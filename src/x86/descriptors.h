/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and tables that the CPU reads in 64-bit mode (SDM 3A, Segment Descriptors; 64-Bit Mode IDT; TSS). */
#ifndef ETERNA_X86_DESCRIPTORS_H
#define ETERNA_X86_DESCRIPTORS_H

#include "base/bits.h"

#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_DATA 0x00cf93000000ffffull

struct PACKED gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_mid;
	u32 offset_high;
	u32 reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3A, 64-Bit Mode IDT");

#define GATE_INTERRUPT 0x8e

struct PACKED tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* ist[0] is IST1 */
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
};
_Static_assert(sizeof(struct tss) == 104, "SDM 3A, Task Management in 64-bit Mode");

struct PACKED table_pointer {
	u16 limit;
	u64 base;
};

static inline void lgdt(const struct table_pointer *p)
{
	__asm__ volatile("lgdt %0" : : "m"(*p));
}

static inline void lidt(const struct table_pointer *p)
{
	__asm__ volatile("lidt %0" : : "m"(*p));
}

static inline void ltr(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector));
}

#endif
