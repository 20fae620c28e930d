/* SPDX-License-Identifier: Apache-2.0 */
/* The other processors: found in the MADT, started by INIT and SIPI (SDM 3A, MP Initialization). */
#ifndef GUEST_RUNTIME_SMP_H
#define GUEST_RUNTIME_SMP_H

#include "base/types.h"

#define SMP_MAX 64

/* Local APIC IDs of the enabled processors of the MADT, this one first; returns how many. */
unsigned smp_find(u32 ids[SMP_MAX]);

/*
 * Start the processor and let it call `code(index)` in long mode, with interrupts off, a stack of its own, the same
 * page tables and IDT, and its local APIC enabled in the mode it has; when it returns it halts. False: it did not come
 * up. One at a time.
 */
bool smp_start(u32 apic_id, unsigned index, void (*code)(unsigned index));

#endif
