/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the local APIC, and what its files share. Source: SDM 3A, Local APIC Register Address Map. */
#ifndef ETERNA_DEV_LAPIC_PRIV_H
#define ETERNA_DEV_LAPIC_PRIV_H

#include "base/bits.h"
#include "dev/lapic.h"

#define BIT32(n) ((u32)1 << (n))

#define BASE_BSP BIT(8)
#define BASE_EXTD BIT(10)
#define BASE_EN BIT(11)
#define BASE_DEFAULT 0xfee00000ull

/* Numbers of registers: MMIO offset / 16, x2APIC MSR - 0x800. */
enum lapic_reg {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32,
	REG_LVT_LAST = 0x37,
	REG_TIMER_INITIAL = 0x38,
	REG_TIMER_CURRENT = 0x39,
	REG_TIMER_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
	REG_COUNT
};

/* 0x15: integrated APIC with x2APIC; highest LVT entry in 23:16; bit 24: EOI broadcasts can be suppressed. */
#define VERSION_VALUE (0x15u | (LAPIC_LVT_COUNT - 1) << 16 | BIT32(24))

#define SVR_RESET 0xffu
#define SVR_ENABLE BIT32(8)
#define SVR_NO_EOI_BROADCAST BIT32(12)
#define SVR_WRITABLE (0xffu | SVR_ENABLE | BIT32(9) | SVR_NO_EOI_BROADCAST)

#define DFR_RESET 0xffffffffu
#define DFR_MODEL BITS(31, 28)
#define DFR_FLAT 0xfu
#define DFR_CLUSTER 0x0u

#define ESR_SEND_VECTOR BIT32(5)
#define ESR_RECEIVED_VECTOR BIT32(6)
#define ESR_ILLEGAL_REGISTER BIT32(7)
#define ESR_BITS (ESR_SEND_VECTOR | ESR_RECEIVED_VECTOR | ESR_ILLEGAL_REGISTER)

#define ICR_VECTOR BITS(7, 0)
#define ICR_DELIVERY BITS(10, 8)
#define ICR_LOGICAL BIT32(11)
#define ICR_STATUS BIT32(12)
#define ICR_ASSERT BIT32(14)
#define ICR_LEVEL BIT32(15)
#define ICR_SHORTHAND BITS(19, 18)
#define ICR_DEFINED 0x000cdfffu /* in x2APIC mode the others fault; the delivery status is ignored there */
#define ICR_WRITABLE (ICR_DEFINED & ~ICR_STATUS)

#define LVT_VECTOR BITS(7, 0)
#define LVT_DELIVERY BITS(10, 8)
#define LVT_STATUS BIT32(12)
#define LVT_POLARITY BIT32(13)
#define LVT_REMOTE_IRR BIT32(14)
#define LVT_LEVEL BIT32(15)
#define LVT_MASKED BIT32(16)
#define LVT_TIMER_MODE BITS(18, 17)
#define LVT_READ_ONLY (LVT_STATUS | LVT_REMOTE_IRR)

enum lapic_timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_DEADLINE, TIMER_RESERVED };

#define TIMER_DIVIDE_WRITABLE 0xbu

/* Vectors below are reserved for exceptions: sending or receiving one is an error (SDM 3A, Valid Interrupt Vectors). */
#define FIRST_VECTOR 16

#define CLASS(priority) ((u8)((priority)&0xf0))

/* PPR by TPR and the highest vector in service, 0: none (SDM 3A, Task and Processor Priorities). */
static inline u8 lapic_ppr(u8 tpr, u8 in_service)
{
	return CLASS(tpr) >= CLASS(in_service) ? tpr : CLASS(in_service);
}

static inline bool is_enabled(const struct lapic *l)
{
	return l->base & BASE_EN;
}

static inline bool is_x2apic(const struct lapic *l)
{
	return l->base & BASE_EXTD;
}

static inline bool is_software_enabled(const struct lapic *l)
{
	return l->svr & SVR_ENABLE;
}

/* Bits that the guest can write in LVT entry `i` (lapic.c). */
u32 lapic_lvt_writable(const struct lapic *l, unsigned i);

/* Brings ppr and pending in line with tpr, isr_max and irr_max. */
void lapic_update(struct lapic *l);

/* Registers to their reset values; base, ids and the configuration stay (lapic.c). */
void lapic_clear(struct lapic *l);

/* Nothing requested, nothing in service, nothing held back. */
void lapic_priorities_clear(struct lapic *l);

/* The highest vector of a map at or below `from`, 0 for none. */
u8 lapic_highest_from(const u64 *map, unsigned from);

/* lapic_irq.c: these return flags for the vcpu. */
u32 lapic_request(struct lapic *l, u8 vector, bool level);
u32 lapic_lvt_deliver(struct lapic *l, unsigned i, bool level);
u32 lapic_error(struct lapic *l, u32 esr_bit);
void lapic_eoi(struct lapic *l, struct lapic_effects *fx);
u8 lapic_apr(const struct lapic *l);

/* lapic_lint.c */
u32 lapic_lint_recheck(struct lapic *l);
u32 lapic_lint_eoi(struct lapic *l, u8 vector);

/* lapic_ipi.c */
void lapic_icr_send(struct lapic *l, struct lapic_effects *fx);
void lapic_self_ipi(struct lapic *l, u8 vector, struct lapic_effects *fx);
u32 lapic_logical_id(const struct lapic *l);

/* lapic_regs.c: `reg` is defined for the access. Reads do not see ICR as 64 bits. */
u32 lapic_reg_read(const struct lapic *l, u32 reg, u64 now_ns);
void lapic_reg_write(struct lapic *l, u32 reg, u32 value, u64 now_ns, struct lapic_effects *fx);

/* lapic_timer.c */
enum lapic_timer_mode lapic_timer_mode(const struct lapic *l);
u64 lapic_timer_event(const struct lapic *l);
u32 lapic_timer_current(const struct lapic *l, u64 now_ns);
u32 lapic_timer_run(struct lapic *l, u64 now_ns);
void lapic_timer_start(struct lapic *l, u32 initial, u64 now_ns);
void lapic_timer_set_divide(struct lapic *l, u32 value, u64 now_ns);
void lapic_timer_set_lvt(struct lapic *l, u32 value);
void lapic_timer_stop(struct lapic *l);

#endif
