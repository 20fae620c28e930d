/* SPDX-License-Identifier: Apache-2.0 */
/* This machine's interrupt controllers: the local APIC with its timer, and the I/O APIC's routes. */
#ifndef ETERNA_HOST_APIC_H
#define ETERNA_HOST_APIC_H

#include "base/types.h"

struct acpi_info;

/* Enable this CPU's local APIC (x2APIC mode if the firmware left it so) and mask the 8259s and every I/O APIC pin. */
void apic_init(const struct acpi_info *acpi);

/* Route ISA interrupt `irq` to `vector` of this CPU. False, and nothing is routed, when no I/O APIC serves it. */
bool apic_route_isa(const struct acpi_info *acpi, u8 irq, u8 vector);

/* End of interrupt. Context: last act of a handler. */
void apic_eoi(void);

/* Measure the local APIC timer's rate against the TSC. Context: after clock_init(). */
void apic_timer_init(void);

/*
 * Interrupt this CPU (HOST_VECTOR_TIMER) when the TSC reaches `tsc`, at once if it has; NEVER disarms. One deadline at
 * a time. An early interrupt is possible where a deadline is farther away than the timer counts: look at the clock.
 */
void apic_timer_arm(u64 tsc);

/* For the boot log. */
const char *apic_mode_name(void);
const char *apic_timer_name(void);

#endif
