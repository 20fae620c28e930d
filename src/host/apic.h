/* SPDX-License-Identifier: Apache-2.0 */
/* This machine's interrupt controllers: the local APIC with its timer, and the I/O APIC's routes. */
#ifndef ETERNA_HOST_APIC_H
#define ETERNA_HOST_APIC_H

#include "base/types.h"

struct acpi_info;
struct cpu;

/* Enable the boot CPU's local APIC, in x2APIC mode where there is one, and mask the 8259s and every I/O APIC pin. */
void apic_init(const struct acpi_info *acpi);

/* Enable the running CPU's local APIC in the boot CPU's mode; cpu->apic_id is read. Context: part of apic_init(), and
 * once on each other CPU. */
void apic_cpu_init(struct cpu *cpu);

/*
 * Messages to another CPU's local APIC (SDM 3A, Issuing Interprocessor Interrupts). What was stored before is seen by
 * who is interrupted. A start-up message names the 4 KiB page, below 1 MiB, where the CPU begins.
 */
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u8 page);
void apic_send_nmi(u32 apic_id);
void apic_send(u32 apic_id, u8 vector);

/* Is an interrupt of that vector waiting for this CPU to take it? */
bool apic_is_waiting(u8 vector);

/* Ids from 255 on are reached in x2APIC mode only. */
bool apic_can_reach(u32 apic_id);

/* Route ISA interrupt `irq` to `vector` of this CPU. False, and nothing is routed, when no I/O APIC serves it. */
bool apic_route_isa(const struct acpi_info *acpi, u8 irq, u8 vector);

/* End of interrupt. Context: last act of a handler. */
void apic_eoi(void);

/* Measure the local APIC timer's rate against the TSC. Context: after clock_init(). */
void apic_timer_init(void);

/* The same timer on another CPU, at the rate measured. Context: once on each, after apic_cpu_init(). */
void apic_timer_cpu_init(void);

/*
 * Interrupt this CPU (HOST_VECTOR_TIMER) when clock_tsc() reaches `tsc`, at once if it has; NEVER disarms. One deadline
 * at a time. An early interrupt is possible where a deadline is farther away than the timer counts: look at the clock.
 */
void apic_timer_arm(u64 tsc);

/* Its interrupt has come; without this it may come again. Context: handler of HOST_VECTOR_TIMER. */
void apic_timer_stop(void);

/* Does it interrupt at the deadline and never earlier? */
bool apic_timer_is_exact(void);

/* An APIC id as a processor finds it that sends a notification (SDM 3C, Posted-Interrupt Processing: NDST). */
u32 apic_posted_destination(u32 apic_id);

/* For the boot log. */
const char *apic_mode_name(void);
const char *apic_timer_name(void);

#endif
