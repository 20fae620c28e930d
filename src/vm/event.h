/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions, NMIs and interrupts on their way into a vcpu. */
#ifndef ETERNA_VM_EVENT_H
#define ETERNA_VM_EVENT_H

#include "vm/vm.h"

/*
 * The instruction at RIP, or the delivery of an event, raises an exception. With one already under way the manual's
 * table decides: both in turn, #DF, or shutdown (SDM 3A, Interrupt 8, Double Fault Exception).
 */
void event_raise(struct vcpu *v, u8 vector);
void event_raise_error(struct vcpu *v, u8 vector, u32 error);
void event_raise_page_fault(struct vcpu *v, u64 address, u32 error);

/* INT1's #DB: a trap that leaves DR6 alone; the instruction has `insn_len` bytes. */
void event_raise_icebp(struct vcpu *v, u8 insn_len);

/* INT3's #BP: a trap; the instruction has `insn_len` bytes. */
void event_raise_breakpoint(struct vcpu *v, u8 insn_len);

/* A #DB with these DR6 bits. */
void event_raise_debug(struct vcpu *v, u64 dr6_bits);

/*
 * Hand the hardware what is to be delivered at the next entry, by the manual's priorities (SDM 3A, Priority Among
 * Concurrent Events); ask for a window where the guest is not ready. False: the vcpu is not to be entered (it stopped
 * or waits).
 */
bool event_deliver(struct vcpu *v);

/* Would something pending end the vcpu's HLT? Context: its CPU, VM locked. */
bool event_wakes(struct vcpu *v);

#endif
