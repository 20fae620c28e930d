/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's other CPUs: brought up one after another, held in a gate, and released to do their work. */
#ifndef ETERNA_HOST_SMP_H
#define ETERNA_HOST_SMP_H

#include "base/err.h"
#include "iface/memory_range.h"

struct acpi_info;
struct cpu;

/* Milliseconds that a CPU is given to come up. Real ones take less than one, emulated ones a few. */
#define SMP_PATIENCE_MS 1000

/*
 * Choose the page below 1 MiB where other CPUs begin. It stays theirs for good: one that comes too late must find its
 * instructions there and be sent to sleep by them.
 *
 * @free  usable memory, as for memory_init(), which leaves all below 1 MiB alone
 */
void smp_reserve(const struct memory_range *free, u32 free_count);

/*
 * Bring up the CPUs that the MADT names as enabled, until `limit` run (the boot CPU counted). Each gets tables, stacks
 * and local APIC, the boot CPU's control registers, memory types and features, and its TSC is compared
 * (cpu->tsc_offset). One that does not come within SMP_PATIENCE_MS, or that lacks something, is told in the log and
 * left out.
 *
 * Context: boot CPU, interrupts off, after apic_timer_init() and memory_seal().
 */
void smp_start(const struct acpi_info *acpi, u32 limit, err_t (*enable_one)(struct cpu *cpu));

/* Let all other CPUs do `run`, which does not return. Context: boot CPU, once, after smp_start(). */
void smp_release(void (*run)(struct cpu *cpu));

/* Where another CPU comes out of boot/trampoline.S. */
void smp_ap_start(struct cpu *cpu) __attribute__((noreturn));

#endif
