/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APICs that processors work by tables (HVM_APIC_HAS_TABLES, AMD's AVIC): guests request vectors in each other's
 * pages, without an exit at all for a vcpu that runs.
 *
 * They are lent while all of a VM's fit: xAPIC mode at the usual address, ids as they began, none that the 8259 pair
 * interrupts (the processor has no window for that), no debugger. The first access of a vcpu that finds this so, and
 * the others waiting, begins it; what no longer fits ends it for all, until it fits again.
 */
#ifndef ETERNA_VM_APICV_TABLE_H
#define ETERNA_VM_APICV_TABLE_H

#include "vm/vcpu.h"

/* Used at all? Set once by apicv_init(). */
extern bool apicv_has_tables;

/* Context of these three: the vcpu's CPU, VM locked. */

/* The guest has accessed its local APIC, which is not lent: may it be from now on? */
void apicv_table_begin(struct vcpu *v);

/* Registers were changed: tell the processors who takes IPIs and by which names; end it where it does not fit. */
void apicv_table_update(struct vcpu *v);

/* An IPI has left requests with vcpus of the VM that did not run. Context: any CPU. */
void apicv_table_wake(struct vm *vm);

/* The vcpu stops running: what is requested from here on comes by way of apicv_table_wake(). */
void apicv_table_rests(struct vcpu *v);

static inline void apicv_run_begin(struct vcpu *v)
{
	if (apicv_has_tables && v->hvm.apic_mode != HVM_APIC_SOFTWARE)
		hvm->apic_running_set(&v->hvm, true);
}

static inline void apicv_run_end(struct vcpu *v)
{
	if (v->hvm.apic_runs)
		apicv_table_rests(v);
}

/* An interrupt that the processor began to deliver gave way to an exception: it goes back to the page, whence it comes
 * when the guest can take it. False: that is not how it is done here. Context: the vcpu's CPU. */
bool apicv_table_unserve(struct vcpu *v, u8 vector);

#endif
