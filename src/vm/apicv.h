/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APICs that the processor works by itself: which vcpu's, when, and what is left to do for it. Lent, as it is
 * said here, is a local APIC of which the processor has the priorities (dev/lapic_page.h).
 *
 * It is lent in x2APIC mode, and in xAPIC mode while the VM's page for APIC accesses is mapped at the usual address;
 * that page goes for good when the first vcpu leaves xAPIC mode or moves its APIC, as all vcpus share the mappings.
 */
#ifndef ETERNA_VM_APICV_H
#define ETERNA_VM_APICV_H

#include "dev/lapic_page.h"
#include "vm/apicv_table.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

/* Use what the processor offers, or nothing of it; logged. Context: boot, hvm_select() was. */
void apicv_init(bool is_allowed);

/* A new VM's page for APIC accesses. Context: memory locked, hvm->vm_init() was. ERR_NOMEM: no table for it. */
err_t apicv_vm_init(struct vm *vm) MUST_CHECK;

/* Do processors send the VM's IPIs, so far as these are for physical destinations? */
bool apicv_sends_ipis(const struct vm *vm);

/* What a new vcpu has pending (PENDING_ bits), so that its first entry sees to its mode. */
u32 apicv_first_pending(void);

static inline bool apicv_is_lent(const struct vcpu *v)
{
	return v->hvm.apic_mode != HVM_APIC_SOFTWARE;
}

/*
 * Context, of all below where nothing else is said: the vcpu's CPU, where it is loaded, VM locked.
 */

/* Lend the local APIC or take it back for good, as its mode is now. */
void apicv_update(struct vcpu *v);

/* Before IA32_APIC_BASE is written, and after: from the one to the other it is not lent. */
void apicv_leave(struct vcpu *v);
void apicv_base_changed(struct vcpu *v);

/* For a moment, if it is lent: to look at it or change it as a whole. */
void apicv_borrow(struct vcpu *v);
void apicv_return(struct vcpu *v);

/* Before an access of the guest is carried out on struct lapic: what it stored without telling. */
static inline void apicv_command_take(struct vcpu *v)
{
	if (apicv_is_lent(v))
		lapic_page_take_command(&v->lapic, v->hvm.apic_page);
}

/*
 * apicv_ipi.c, of VMs that have an ipi_table. Others may post to the vcpu by themselves, or no more, as far as its
 * local APIC lets them; the latter before it stops running here, and before it is not lent any more. Context: loaded.
 */
void apicv_open(struct vcpu *v);
void apicv_close(struct vcpu *v);
/* Registers of its local APIC changed. Context: loaded, VM locked. */
void apicv_registers_changed(struct vcpu *v);
/* It is in another CPU's list now. Context: no CPU runs it but, if it is this one's, the caller will look at it. */
void apicv_move(struct vcpu *v);
/* Did somebody post to it while nobody ran it? Context: the CPU that has it in its list, which is locked. */
void apicv_look(struct vcpu *v);
/* Boot, for all VMs. */
void apicv_vectors_init(void);

static inline bool apicv_has_ipis(const struct vcpu *v)
{
	return v->vm->hvm.ipi_table;
}
/* The VM's page for APIC accesses is mapped, so that vcpus can be lent theirs in xAPIC mode; or no longer, and all that
 * used it are told to do without. Context: VM locked. ERR_NOMEM: no table for it. */
err_t apicv_page_map(struct vm *vm) MUST_CHECK;
void apicv_page_remove(struct vm *vm);

/* Registers other than the priorities were changed. */
static inline void apicv_refresh(struct vcpu *v)
{
	if (!apicv_is_lent(v))
		return;
	lapic_page_refresh(&v->lapic, v->hvm.apic_page);
	if (apicv_has_ipis(v))
		apicv_registers_changed(v);
	if (apicv_has_tables)
		apicv_table_update(v);
}

/* What was posted comes to struct lapic, which is not lent any more. */
void apicv_pull(struct vcpu *v);

/* What was requested goes to the processor, which delivers it, or holds it for as long as the vcpu masks interrupts. */
void apicv_merge(struct vcpu *v);
void apicv_hold(struct vcpu *v);

/* Would the processor deliver something now, were the guest's IF set? Context: the vcpu need not be loaded. */
bool apicv_has_interrupt(struct vcpu *v);

/*
 * A lent APIC was requested a vector: hand it to a vcpu that runs on another CPU without its leaving the guest. False:
 * that cannot be, the vcpu is to be kicked. Context: any CPU, VM locked.
 */
bool apicv_post(struct vcpu *v);

/*
 * The timer, posted ahead. Where the next thing that this CPU's timer has to do is to give the vcpu the interrupt of
 * its own, one-shot timer, that vector is among what was posted already, and the CPU's timer interrupt is the
 * notification: the guest gets it without an exit. While that is so, other notifications exit; so it is not done for a
 * vcpu to which others post.
 *
 * Post it, if that can be. True: it is. Context: the vcpu's CPU, loaded, lent, no interrupt of this CPU's timer is
 * pending from before it was armed.
 */
bool apicv_timer_post(struct vcpu *v);

/* The vcpu has timer_vector posted: no longer. */
void apicv_timer_take_back(struct vcpu *v);

/* The CPU's timer is to do something else, or the vcpu stops running here. Context: as above. */
static inline void apicv_timer_unpost(struct vcpu *v)
{
	if (v->timer_vector)
		apicv_timer_take_back(v);
}

/* The same, and the local APIC knows how it went. Context: the vcpu's CPU, VM locked; loaded if it was posted. */
static inline void apicv_timer_settle(struct vcpu *v)
{
	apicv_timer_unpost(v);
	if (!v->timer_is_delivered)
		return;
	v->timer_is_delivered = false;
	lapic_timer_delivered(&v->lapic);
}

/* The local APIC as the guest sees it. Context: the vcpu does not run. */
void apicv_snapshot(const struct vcpu *v, struct lapic *out);

#endif
