/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of one vcpu: xAPIC by MMIO, x2APIC by MSR, its timer, and the priorities that decide what is injected.
 *
 * Source: SDM 3A, Advanced Programmable Interrupt Controller (APIC). The struct knows neither other local APICs nor
 * the vcpu: what concerns them comes back as flags (enum lapic_flag) and, for accesses of the guest, as effects.
 * Callers serialise all calls on one struct.
 *
 * Choices where the manual leaves one:
 * - Version 0x15, six LVT entries (no CMCI), EOI-broadcast suppression.
 * - The xAPIC ID register can be written (model specific); entering x2APIC mode puts the initial id back.
 * - An id of more than 8 bits is found by its low 8 in xAPIC mode, as that mode's ID register says them, and by itself:
 *   so INIT and start-up IPIs reach it from x2APIC mode (KVM does the same for processors that are plugged in).
 * - A pin that is asserted is active whatever the polarity bit of its LVT entry says: the board's wires carry no
 *   voltage, so a wrong polarity setting has nothing to be wrong about. The bit reads back as written.
 * - Delivery status always reads idle: nothing is ever under way between two calls.
 * - Of periods below 100 us not each gives an interrupt; the count runs on exactly.
 */
#ifndef ETERNA_DEV_LAPIC_H
#define ETERNA_DEV_LAPIC_H

#include "base/err.h"
#include "base/fields.h"
#include "iface/apic_msg.h"

/* Entries of the local vector table, in register order. */
enum lapic_lvt {
	LAPIC_LVT_TIMER,
	LAPIC_LVT_THERMAL,
	LAPIC_LVT_PERF,
	LAPIC_LVT_LINT0,
	LAPIC_LVT_LINT1,
	LAPIC_LVT_ERROR,
	LAPIC_LVT_COUNT
};

/* What a call leaves to do for the caller. */
enum lapic_flag {
	LAPIC_IRR = 1 << 0,     /* a vector was requested: lapic_pending_vector() may have changed, wake the vcpu */
	LAPIC_NMI = 1 << 1,     /* the vcpu gets an NMI */
	LAPIC_INIT = 1 << 2,    /* the vcpu gets INIT; it then calls lapic_init_signal() */
	LAPIC_STARTUP = 1 << 3, /* the vcpu, if it waits for one, starts at page msg->vector */
	LAPIC_EXTINT = 1 << 4,  /* the vcpu is to fetch a vector from the 8259 pair */
	LAPIC_SMI = 1 << 5,     /* the vcpu gets an SMI; ignored where there is no SMM */
	LAPIC_IPI = 1 << 6,     /* effects.ipi is to be sent */
	LAPIC_EOI = 1 << 7,     /* effects.eoi_vector goes to the I/O APICs */
	LAPIC_MODE = 1 << 8,    /* enabled state, mode or base address changed: CPUID.1:EDX[9], MMIO window */
	LAPIC_TIMER = 1 << 9,   /* lapic_next_event() changed */
};

/* What a guest's access leads to; flags tells which of the others hold something. */
struct lapic_effects {
	u32 flags; /* enum lapic_flag */
	u8 eoi_vector;
	struct apic_msg ipi;
};

/* What does not change while the machine runs. */
struct lapic_config {
	u32 apic_id;  /* the initial APIC id, CPUID.0xB:EDX; its low 8 bits are the xAPIC id */
	u32 timer_hz; /* input clock of the timer's divider, 1 to 1,000,000,000 */
	u8 phys_bits; /* MAXPHYADDR of the guest, 32 to 52 */
	bool is_bsp;
	bool has_x2apic;
	bool starts_x2apic; /* firmware has entered x2APIC mode, as it must where ids pass 254 */
	bool has_tsc_deadline;
};

/* How the guest's TSC runs: it reads tsc_at_zero + now_ns * tsc_khz / 1,000,000, modulo 2^64. */
struct lapic_clock {
	u64 tsc_khz; /* 1 to 2^32 */
	u64 tsc_at_zero;
};

#define LAPIC_FIELDS(F, A, S)                                                                                          \
	F(u64, event_ns, "when the timer asks for a call, NEVER when idle; follows from the timer fields")             \
	F(u8, pending, "vector to inject, 0 for none; follows from irr_max and ppr")                                   \
	F(u8, irr_max, "highest vector in irr, 0 for none")                                                            \
	F(u8, isr_max, "highest vector in isr, 0 for none")                                                            \
	F(u8, tpr, "task priority")                                                                                    \
	F(u8, ppr, "processor priority; follows from tpr and isr_max")                                                 \
	F(u8, xapic_id, "ID register in xAPIC mode")                                                                   \
	F(u8, phys_bits, "MAXPHYADDR of the guest")                                                                    \
	F(u8, lint, "bit n: pin LINTn is asserted")                                                                    \
	A(u64, irr, 4, "interrupt request register")                                                                   \
	A(u64, isr, 4, "in-service register")                                                                          \
	A(u64, tmr, 4, "trigger mode register")                                                                        \
	F(u64, base, "IA32_APIC_BASE")                                                                                 \
	F(u32, id, "initial APIC id, and the ID register in x2APIC mode")                                              \
	F(u32, svr, "spurious interrupt vector register")                                                              \
	F(u32, esr, "error status as last latched by a write")                                                         \
	F(u32, esr_pending, "errors since then")                                                                       \
	F(u32, ldr, "logical destination register of xAPIC mode")                                                      \
	F(u32, dfr, "destination format register")                                                                     \
	F(u32, icr_low, "interrupt command register, bits 31:0")                                                       \
	F(u32, icr_high, "bits 63:32")                                                                                 \
	A(u32, lvt, LAPIC_LVT_COUNT, "local vector table")                                                             \
	F(u32, timer_hz, "input clock of the timer's divider")                                                         \
	F(u32, timer_divide, "divide configuration register")                                                          \
	F(u32, timer_initial, "initial count, 0 when stopped")                                                         \
	F(u64, timer_expiry, "input clocks since now_ns 0 when the count gets to 0; 0 when stopped")                   \
	F(u64, deadline_tsc, "IA32_TSC_DEADLINE, 0 when not armed")                                                    \
	F(u64, deadline_ns, "the same as a time")                                                                      \
	F(u32, arbitrations, "lowest-priority messages won, for taking turns")                                         \
	F(bool, has_x2apic, "x2APIC mode can be entered")                                                              \
	F(bool, has_tsc_deadline, "the timer has the TSC-deadline mode")

struct lapic {
	LAPIC_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc lapic_desc;

/* Power-up state. The configuration is ours, so out of range is a bug. */
void lapic_init(struct lapic *l, const struct lapic_config *config);

/* Are all fields in range and consistent? What a restored state must pass before it is used. */
bool lapic_valid(const struct lapic *l);

/* RESET: as after lapic_init(), in xAPIC mode; `is_bsp` is the outcome of the BSP selection. */
void lapic_reset(struct lapic *l, bool is_bsp);

/* INIT: registers as after RESET, IA32_APIC_BASE and the ids stay (SDM 3A, Local APIC State After It Receives INIT). */
void lapic_init_signal(struct lapic *l);

/*
 * Leaves the APIC as PC firmware does on the bootstrap processor: software-enabled, LINT0 takes the 8259's
 * interrupts, LINT1 NMIs (MP Specification, Virtual Wire Mode). For loaders that start kernels without firmware.
 */
void lapic_virtual_wire(struct lapic *l);

/* --- the guest's accesses --------------------------------------------------------------------------------------- */

/*
 * A 32-bit load or store at `offset` from the base address; the APIC is in xAPIC mode (else reads give all ones and
 * writes nothing, as memory that nobody answers for).
 *
 * Registers are 32 bits wide at multiples of 16. The bytes between read 0 and drop writes; for a narrower load, the
 * read gives the register shifted so that the byte at `offset` is the lowest. Narrower stores, which the manual
 * forbids, the caller drops. `*fx` need not be initialised.
 *
 * A read changes nothing, with one exception: of a reserved register it is an error, which may request the error
 * interrupt. Callers that act on LAPIC_IRR look at lapic_pending_vector() after a read.
 */
u32 lapic_mmio_read(struct lapic *l, u32 offset, u64 now_ns);
void lapic_mmio_write(struct lapic *l, u32 offset, u32 value, u64 now_ns, struct lapic_effects *fx);

/*
 * RDMSR and WRMSR of 0x800 to 0x8ff.
 *
 * @return OK; ERR_FAULT for #GP: not in x2APIC mode, no such register, wrong direction, reserved bits set.
 *         Then nothing has changed, but `*fx` is still written.
 */
err_t lapic_msr_read(const struct lapic *l, u32 msr, u64 now_ns, u64 *value) MUST_CHECK;
err_t lapic_msr_write(struct lapic *l, u32 msr, u64 value, u64 now_ns, struct lapic_effects *fx) MUST_CHECK;

/* WRMSR of IA32_APIC_BASE (read: l->base). ERR_FAULT for #GP: reserved bits, illegal transition. */
err_t lapic_base_write(struct lapic *l, u64 value, struct lapic_effects *fx) MUST_CHECK;

/* IA32_TSC_DEADLINE; outside the TSC-deadline mode it reads 0 and ignores writes. Returns flags. */
u64 lapic_deadline_read(const struct lapic *l, u64 now_ns);
u32 lapic_deadline_write(struct lapic *l, u64 tsc, u64 now_ns, const struct lapic_clock *clock);

/* The guest's TSC was set or its offset changed: an armed deadline moves with it. Returns flags. */
u32 lapic_deadline_retime(struct lapic *l, u64 now_ns, const struct lapic_clock *clock);

/* MOV to CR8 (0 to 15); from it: l->tpr >> 4. */
void lapic_set_cr8(struct lapic *l, u8 cr8);

/* --- messages and pins ------------------------------------------------------------------------------------------- */

/* Is the message for this APIC? All shorthands, physical and logical, broadcast (SDM 3A, Determining IPI Destination).
 */
bool lapic_is_destination(const struct lapic *l, const struct apic_msg *msg);

/*
 * Of the destinations of an APIC_LOWEST message the one with the lowest value takes it: APR class first, then turns.
 * LAPIC_ARBITRATE_NEVER: it cannot take one (disabled).
 */
u64 lapic_arbitrate(const struct lapic *l);
#define LAPIC_ARBITRATE_NEVER UINT64_MAX

/* Does it take fixed interrupts that are for it? */
bool lapic_takes_fixed(const struct lapic *l);

/* Takes a message that is for this APIC (for APIC_LOWEST: that it has won). Returns flags; 0: it was not accepted. */
u32 lapic_accept(struct lapic *l, const struct apic_msg *msg);

/* Pin LINT0 or LINT1 (`pin` 0 or 1) is now asserted or not. Returns flags. */
u32 lapic_lint_set(struct lapic *l, unsigned pin, bool asserted);

/* Does the CPU take interrupts of the 8259 pair now? LINT0 is unmasked as ExtINT, or the APIC is globally disabled. */
bool lapic_extint_accepted(const struct lapic *l);

/* A local source other than timer, LINT and error fires: thermal sensor or performance counter. Returns flags. */
u32 lapic_local_raise(struct lapic *l, enum lapic_lvt source);

/* --- injection: these run on every entry ------------------------------------------------------------------------- */

/* The vector to inject as soon as the CPU is interruptible: the highest request above PPR; 0 if there is none. */
static inline u8 lapic_pending_vector(const struct lapic *l)
{
	return l->pending;
}

/* `vector`, just given by lapic_pending_vector(), is being injected: it goes from IRR to ISR. */
void lapic_ack(struct lapic *l, u8 vector);

/*
 * The processor has ended the service of `vector` by itself, and its trigger mode is level: what is left to do
 * (dev/lapic_page.h; SDM 3C, EOI Virtualization). `*fx` need not be initialised.
 */
void lapic_level_ended(struct lapic *l, u8 vector, struct lapic_effects *fx);

/*
 * For the TPR threshold of virtualised CR8: the priority class that TPR must fall below before something can be
 * injected; 0 if nothing is held back by TPR.
 */
static inline u8 lapic_tpr_threshold(const struct lapic *l)
{
	u8 class = l->irr_max & 0xf0;

	return class > (l->isr_max & 0xf0) && class <= (l->tpr & 0xf0) ? class >> 4 : 0;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

/* When lapic_tick() is to be called; NEVER when the timer has nothing to deliver. */
static inline u64 lapic_next_event(const struct lapic *l)
{
	return l->event_ns;
}

/* The vector that the timer will request, once and then no more; 0: it is not armed for that, or masked. */
u8 lapic_timer_vector_once(const struct lapic *l);

/* The processor has delivered that vector when it was due: the timer has run out, and requests nothing more. */
void lapic_timer_delivered(struct lapic *l);

/* Delivers what is due; time never goes backwards between calls that take it. Returns flags. */
u32 lapic_tick_due(struct lapic *l, u64 now_ns);
static inline u32 lapic_tick(struct lapic *l, u64 now_ns)
{
	return now_ns < l->event_ns ? 0 : lapic_tick_due(l, now_ns);
}

#endif
