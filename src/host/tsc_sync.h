/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing a new CPU's TSC with the boot CPU's. Both sides at once. */
#ifndef ETERNA_HOST_TSC_SYNC_H
#define ETERNA_HOST_TSC_SYNC_H

#include "host/cpu.h"
#include "host/tsc_bounds.h"

/* The boot CPU's side: measures, sets cpu->tsc_offset, and returns what was measured. */
struct tsc_bounds tsc_sync_measure(struct cpu *cpu);

/* The new CPU's side. */
void tsc_sync_answer(struct cpu *cpu);

#endif
