/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between CPUs in use. A CPU takes them in its guest, in HLT, and at the known points of root mode. */
#ifndef ETERNA_HOST_IPI_H
#define ETERNA_HOST_IPI_H

#include "base/types.h"

struct cpu;
struct cpu_set;

/* Who handles the vectors of kicks and calls. Context: boot CPU, once, before the others are released. */
void ipi_init(void);

/* Make that CPU leave its guest or HLT, now or as soon as it enters. Context: any but NMI; no effect on the caller. */
void ipi_kick(u32 cpu);

/* The same of this CPU: a kick waits for it when this returns, so the guest that it enters is left before the first
 * instruction, but behind the delivery of what the entry injects. Context: interrupts off. */
void ipi_kick_self(void);

/*
 * Have that CPU look at the posted interrupts of the vcpu that it runs, which goes on meanwhile; in root mode this does
 * no more than end HLT. Context: any but NMI; not for the caller's own CPU.
 */
void ipi_notify(u32 cpu);

/*
 * Carry out `function` on every CPU that runs, the caller too, and wait till all have. It runs with interrupts off, in
 * whatever address space is loaded there, and may not call this again.
 * Context: no lock is held. Two callers at once take turns, and serve one another while they wait.
 */
void ipi_call(void (*function)(void *context), void *context);

/* The same on those of `cpus` that run. */
void ipi_call_on(const struct cpu_set *cpus, void (*function)(void *context), void *context);

/* Carry out a waiting call on this CPU: for loops that wait for other CPUs. */
void ipi_poll(void);

/* No CPU uses translations of ETERNA's own tables that were removed or restricted before. Context: as ipi_call(). */
void ipi_flush_host(void);

/* Stop all other CPUs for good: for the panic. Waits a bounded time for those that do not answer. */
void ipi_stop_others(void);

#endif
