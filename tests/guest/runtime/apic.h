/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC through its page, or by MSR where it is in x2APIC mode from the start; IOAPIC, and the 8259 pair. Offsets:
 * SDM 3A, Local APIC Register Address Map. */
#ifndef GUEST_RUNTIME_APIC_H
#define GUEST_RUNTIME_APIC_H

#include "cpu.h"

#define LAPIC_BASE 0xfee00000u
#define IOAPIC_BASE 0xfec00000u

#define LAPIC_ID 0x020
#define LAPIC_VERSION 0x030
#define LAPIC_TPR 0x080
#define LAPIC_PPR 0x0a0
#define LAPIC_EOI 0x0b0
#define LAPIC_LDR 0x0d0
#define LAPIC_DFR 0x0e0
#define LAPIC_SVR 0x0f0
#define LAPIC_ISR 0x100
#define LAPIC_TMR 0x180
#define LAPIC_IRR 0x200
#define LAPIC_ESR 0x280
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0

#define LVT_MASKED BIT(16)
#define LVT_PERIODIC BIT(17)
#define LVT_TSC_DEADLINE BIT(18)
#define LVT_EXTINT 0x700
#define LVT_NMI 0x400

#define ICR_NMI 0x400
#define ICR_INIT 0x500
#define ICR_STARTUP 0x600
#define ICR_ASSERT 0x4000
#define ICR_PENDING 0x1000
#define ICR_SELF 0x40000
#define ICR_ALL 0x80000
#define ICR_OTHERS 0xc0000

#define SPURIOUS_VECTOR 0xff

static inline u32 lapic_read(u32 offset)
{
	return PHYS(u32, LAPIC_BASE + offset);
}

static inline void lapic_write(u32 offset, u32 v)
{
	PHYS(u32, LAPIC_BASE + offset) = v;
}

/* Enable by software, everything masked, TPR 0, spurious vector SPURIOUS_VECTOR; the mode stays. */
void lapic_init(void);

/* In x2APIC mode, as lapic_init() found it? Then lapic_id() and lapic_ipi() use MSRs; all else here is of xAPIC mode.
 */
bool lapic_is_x2apic(void);

#define MSR_X2APIC(offset) (0x800u + (offset) / 16)

/* This processor's id, 32 bits in x2APIC mode. */
u32 lapic_id(void);

static inline void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

/* Is the bit of `vector` set in the 256-bit register at `offset` (LAPIC_ISR, _TMR, _IRR)? */
bool lapic_bit(u32 offset, unsigned vector);

void lapic_self_ipi(unsigned vector);

/* Send an IPI and wait until it has been accepted. `low` is ICR_ bits and the vector. */
void lapic_ipi(u32 apic_id, u32 low);

#define IOAPIC_LEVEL BIT(15)
#define IOAPIC_ACTIVE_LOW BIT(13)
#define IOAPIC_REMOTE_IRR BIT(14)
#define IOAPIC_MASKED BIT(16)

u32 ioapic_read(unsigned reg);
void ioapic_write(unsigned reg, u32 v);

/* Redirect a pin to this CPU: `low` is the vector and IOAPIC_ bits. */
void ioapic_route(unsigned pin, u32 low);
u32 ioapic_entry(unsigned pin);

/* Set the 8259 pair up: vectors from 0x20 and 0x28, everything masked. */
void pic_init(void);
void pic_set_mask(u16 mask);
void pic_eoi(unsigned irq);

#endif
