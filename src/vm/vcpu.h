/* SPDX-License-Identifier: Apache-2.0 */
/* One vcpu: its life, its signals, the emulation of an instruction for it. */
#ifndef ETERNA_VM_VCPU_H
#define ETERNA_VM_VCPU_H

#include "vm/event.h"
#include "vm/vm.h"

/* A vcpu of `vm` in reset state; vcpu 0 is the bootstrap processor. Its memory comes from the pool. */
err_t vcpu_create(struct vm *vm, u32 index, struct vcpu **out) MUST_CHECK;
void vcpu_destroy(struct vcpu *v);

/* INIT and start-up IPIs that arrived. False: the vcpu waits. */
bool vcpu_take_signals(struct vcpu *v);

/* May it run now, or does it wait for something? Context: its CPU. */
bool vcpu_is_runnable(struct vcpu *v);

/* HLT: wait for an event. False: none can come any more, to no vcpu of the VM. */
bool vcpu_halt(struct vcpu *v) MUST_CHECK;

/* Past an instruction that was carried out: RIP, shadows, the trap of a single step. */
static inline void vcpu_advance(struct vcpu *v, u32 insn_len)
{
	u64 due = hvm->advance(&v->hvm, insn_len);

	if (__builtin_expect(due != 0, 0))
		event_raise_debug(v, due);
}

/* TPR is also CR8, which the guest changes without an exit: bring the local APIC up to date before it is looked at;
 * after it was changed, bring CR8 up to date, and the threshold under which CR8 must fall so that what it holds back
 * comes through. A local APIC that is lent (apicv.h) has it all in its page. Context: the vcpu's CPU, VM locked. */
static inline void vcpu_tpr_fetch(struct vcpu *v)
{
	if (v->hvm.apic_mode != HVM_APIC_SOFTWARE)
		return;
	hvm_fetch(&v->hvm, STATE_TPR);
	if (v->hvm.state.cr8 != v->lapic.tpr >> 4)
		lapic_set_cr8(&v->lapic, (u8)v->hvm.state.cr8);
}
static inline void vcpu_tpr_store(struct vcpu *v)
{
	u8 threshold = lapic_tpr_threshold(&v->lapic);

	if (v->hvm.apic_mode != HVM_APIC_SOFTWARE)
		return;
	if (v->hvm.state.cr8 == v->lapic.tpr >> 4 && v->hvm.tpr_threshold == threshold)
		return;
	v->hvm.state.cr8 = v->lapic.tpr >> 4;
	v->hvm.tpr_threshold = threshold;
	hvm_mark_dirty(&v->hvm, STATE_TPR);
}

/* What a handler of an exit wants done next. */
enum exit_next {
	NEXT_RESUME,  /* enter again where it was */
	NEXT_ADVANCE, /* step over the instruction, then enter */
	NEXT_LEAVE,   /* back to the host loop: the vcpu waits or its VM stopped */
};

/* The emulator on this vcpu's state and surroundings. The caller fetches what the emulation needs. */
struct emul vcpu_emulator(struct vcpu *v);

/* Raise the exception that an emulation ended with (EMUL_FAULT). */
void vcpu_raise_fault(struct vcpu *v, const struct emul_result *r);

/*
 * Carry out the instruction at RIP in software. The hint may be NULL.
 * Faults are raised in the guest; what cannot be done stops the VM with a record.
 */
enum exit_next vcpu_emulate(struct vcpu *v, const struct emul_hint *hint);

#endif
