/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of exits, a file for each family. Context: the vcpu is loaded on this CPU, interrupts off. */
#ifndef ETERNA_VM_EXITS_H
#define ETERNA_VM_EXITS_H

#include "vm/vcpu.h"

/* exit.c: the table; one call an exit. */
enum exit_next exit_handle(struct vcpu *v, const struct exit *x);

/* exit_cpuid.c */
enum exit_next exit_cpuid(struct vcpu *v, const struct exit *x);

/* exit_msr.c */
enum exit_next exit_rdmsr(struct vcpu *v, const struct exit *x);
enum exit_next exit_wrmsr(struct vcpu *v, const struct exit *x);

/* exit_register.c */
enum exit_next exit_cr(struct vcpu *v, const struct exit *x);
enum exit_next exit_dr(struct vcpu *v, const struct exit *x);
enum exit_next exit_xsetbv(struct vcpu *v, const struct exit *x);
/* With PAE paging, loading CR3 (or turning it on) loads four entries; false for #GP. STATE_CONTROL is dirty. */
bool exit_load_pdptes(struct vcpu *v);

/* exit_io.c */
enum exit_next exit_io(struct vcpu *v, const struct exit *x);

/* exit_apic.c */
enum exit_next exit_apic_write(struct vcpu *v, const struct exit *x);
enum exit_next exit_apic_access(struct vcpu *v, const struct exit *x);
enum exit_next exit_ipi(struct vcpu *v, const struct exit *x);
enum exit_next exit_virtual_eoi(struct vcpu *v, const struct exit *x);

/* exit_memory.c */
enum exit_next exit_memory(struct vcpu *v, const struct exit *x);
enum exit_next exit_memory_bad_entry(struct vcpu *v, const struct exit *x);

/* exit_exception.c */
enum exit_next exit_exception(struct vcpu *v, const struct exit *x);

/* exit_task.c */
enum exit_next exit_task_switch(struct vcpu *v, const struct exit *x);

/* debug_exit.c: a step that a debugger asked for */
enum exit_next exit_step(struct vcpu *v, const struct exit *x);
enum exit_next exit_emulate(struct vcpu *v, const struct exit *x);

/* exit_hypercall.c */
enum exit_next exit_hypercall(struct vcpu *v, const struct exit *x);

#endif
