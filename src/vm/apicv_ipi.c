// SPDX-License-Identifier: Apache-2.0
// IPIs that the processor sends for guests by itself (SDM 3C, IPI Virtualization): who may be sent one, and how a vcpu
// that does not run gets it.
#include "base/assert.h"
#include "host/apic.h"
#include "host/trap.h"
#include "vm/apicv.h"
#include "vm/run_priv.h"

/*
 * A guest's IPI to a vcpu that runs costs no exit: the sender's processor finds the receiver's descriptor by the VM's
 * table and sets the bit of the vector there, then HVM_POSTED_OUTSTANDING, and if that was not set sends what the
 * descriptor names with it, its vector to its destination. The notification arrives some time later.
 *
 * A vcpu is *open* while its CPU goes round in guest_run() with it. Its descriptor names HOST_VECTOR_POSTED then, and
 * the table has it: the processor takes the vectors over in the guest. At any other time the descriptor names
 * HOST_VECTOR_WAKE, for which every guest is left, and the table does not have it, so that senders exit and
 * board_deliver() does the rest. The destination is always the CPU that has the vcpu in its list (vcpu.cpu).
 *
 * The table alone would lose wake-ups: a sender may have found the entry before it went, and post whenever it likes
 * after that. What counts is the word `control`, which senders, vm/ and the receiver's processor change by atomic
 * operations only, so that these have an order. A sender that comes
 *
 * - before apicv_close(): that finds OUTSTANDING set, and makes it PENDING_POSTED; whoever lets go of the vcpu looks at
 *   that (leave_chosen()). The notification may arrive when the CPU runs another vcpu, which then has nothing posted,
 *   or in root mode, and does nothing.
 * - after it: it notifies the CPU that has the vcpu in its list by HOST_VECTOR_WAKE. That CPU goes round its list, and
 *   finds OUTSTANDING set (apicv_look()), unless something of the following came first:
 * - before the vcpu is opened again: apicv_open() finds OUTSTANDING set, before the guest is entered.
 * - before the vcpu is another CPU's: apicv_move() finds OUTSTANDING set, when the vcpu is in the new list already, so
 *   that who comes after that finds the right CPU. The new CPU has chosen it, and looks at what it has pending.
 * - while OUTSTANDING is set: then there was another sender before, of whom one of these is true, and who sees to that
 *   one clears OUTSTANDING before it reads the vectors (posted_pull(), and the processor).
 *
 * While the vcpu is open its CPU may take the notification in root mode, between an exit and the next entry, or by an
 * exit, when the timer is posted ahead and the processor waits for that one's vector: the handler makes it
 * PENDING_POSTED (posted_interrupt()), which is looked at before the entry.
 *
 * A vector that came level-triggered before keeps that mode until software has to do with the local APIC: the I/O APIC
 * is told of the end of such an IPI, and finds nothing to end.
 */

static bool is_outstanding(const struct vcpu *v)
{
	return __atomic_load_n(&v->hvm.posted.control, __ATOMIC_SEQ_CST) & HVM_POSTED_OUTSTANDING;
}

/* Who is notified from now on; what came before is pending. */
static void notified_set(struct vcpu *v, u8 vector)
{
	u64 *control = &v->hvm.posted.control;
	u64 old = __atomic_load_n(control, __ATOMIC_RELAXED);
	u64 named = PUT(HVM_POSTED_VECTOR, vector) |
		    PUT(HVM_POSTED_DESTINATION, apic_posted_destination(cpu_at[v->cpu]->apic_id));

	while (!__atomic_compare_exchange_n(control, &old, named | (old & HVM_POSTED_OUTSTANDING), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	if (old & HVM_POSTED_OUTSTANDING)
		vcpu_pending_add(v, PENDING_POSTED);
}

/* In xAPIC mode a guest can give its local APICs what ids it likes, and several the same one. */
static bool has_own_id(const struct vcpu *v)
{
	return v->lapic.base & APIC_BASE_X2APIC || v->lapic.xapic_id == (u8)v->lapic.id;
}

static u64 *entry_of(const struct vcpu *v)
{
	return &v->vm->hvm.ipi_table[v->lapic.id];
}

/* From here on no vcpu of the VM is found by its id. */
static void table_give_up(struct vm *vm)
{
	__atomic_store_n(&vm->has_alien_ids, true, __ATOMIC_SEQ_CST);
	for (u32 id = 0; id < HVM_IPI_IDS; id++)
		__atomic_store_n(&vm->hvm.ipi_table[id], 0, __ATOMIC_SEQ_CST);
}

/* Who gives the table up meanwhile does so before this looks, or clears the entry after this has set it. */
static void entry_update(struct vcpu *v)
{
	bool is_found = v->is_open && lapic_takes_fixed(&v->lapic);

	if (v->lapic.id >= HVM_IPI_IDS)
		return;
	__atomic_store_n(entry_of(v), is_found ? v->hvm.ipi_entry : 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->vm->has_alien_ids, __ATOMIC_SEQ_CST))
		__atomic_store_n(entry_of(v), 0, __ATOMIC_SEQ_CST);
}

void apicv_open(struct vcpu *v)
{
	if (v->is_open || !apicv_is_lent(v) || v->vm->debug)
		return;
	v->is_open = true;
	notified_set(v, HOST_VECTOR_POSTED);
	entry_update(v);
}

void apicv_close(struct vcpu *v)
{
	if (!v->is_open)
		return;
	v->is_open = false;
	entry_update(v);
	notified_set(v, HOST_VECTOR_WAKE);
}

void apicv_registers_changed(struct vcpu *v)
{
	if (!has_own_id(v) && !v->vm->has_alien_ids)
		table_give_up(v->vm);
	entry_update(v);
}

void apicv_move(struct vcpu *v)
{
	ASSERT(!v->is_open);
	notified_set(v, HOST_VECTOR_WAKE);
}

/* The VM need not be locked: nobody but this CPU clears the bit while it has the vcpu in its list. */
void apicv_look(struct vcpu *v)
{
	if (is_outstanding(v))
		vcpu_kick(v, PENDING_POSTED);
}

static void posted_interrupt(void)
{
	struct vcpu *v = this_run()->loaded;

	apic_eoi();
	if (!v || !v->is_open)
		return;
	v->was_posted = true;
	vcpu_pending_add(v, PENDING_POSTED);
}

static void wake_interrupt(void)
{
	apic_eoi();
	run_request_work();
}

void apicv_vectors_init(void)
{
	trap_set_handler(HOST_VECTOR_POSTED, posted_interrupt);
	trap_set_handler(HOST_VECTOR_WAKE, wake_interrupt);
}
