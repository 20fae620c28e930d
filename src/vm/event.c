// SPDX-License-Identifier: Apache-2.0
// Event delivery (SDM 3A, Interrupt and Exception Handling; SDM 3C, Event Injection).
#include "vm/event.h"

#include "base/mem.h"
#include "vm/apicv.h"
#include "vm/board.h"
#include "vm/run.h"
#include "vm/vcpu.h"
#include "x86/regs/control.h"

enum severity { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum severity severity(const struct event *e)
{
	if (!e->is_valid || e->type != EVENT_EXCEPTION)
		return BENIGN;
	switch (e->vector) {
	case VECTOR_DE:
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
	case VECTOR_CP:
		return CONTRIBUTORY;
	case VECTOR_PF:
	case VECTOR_VE:
		return PAGE_FAULT;
	case VECTOR_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

/* The exception that stands for `second` raised while `first` was being delivered; false: shutdown. */
static bool combine(const struct event *first, struct event *second)
{
	enum severity a = severity(first), b = severity(second);

	if (a == DOUBLE_FAULT && b != BENIGN)
		return false;
	if ((a == CONTRIBUTORY && b == CONTRIBUTORY) || (a == PAGE_FAULT && b != BENIGN))
		*second = (struct event){
			.is_valid = true, .type = EVENT_EXCEPTION, .vector = VECTOR_DF, .has_error = true};
	return true;
}

static void raise(struct vcpu *v, struct event e)
{
	const struct event *first = vcpu_pending(v) & PENDING_EXCEPTION ? &v->exception : &v->hvm.interrupted;

	if (first->is_valid && !combine(first, &e)) {
		vm_fault(v, NULL, "triple fault (an exception during the delivery of #DF)");
		return;
	}
	/* The new exception takes the place of the one whose delivery failed: its instruction will raise it again. An
	 * interrupt or NMI is nobody's to raise again: it is delivered after the exception. */
	if (v->hvm.interrupted.is_valid && v->hvm.interrupted.type == EVENT_INTERRUPT &&
	    apicv_table_unserve(v, v->hvm.interrupted.vector)) {
		vcpu_pending_add(v, PENDING_POSTED);
	} else if (v->hvm.interrupted.is_valid && v->hvm.interrupted.type <= EVENT_NMI) {
		v->interrupted_before = v->hvm.interrupted;
		vcpu_pending_add(v, PENDING_INTERRUPTED);
	}
	v->hvm.interrupted.is_valid = false;
	v->exception = e;
	vcpu_pending_add(v, PENDING_EXCEPTION);
}

void event_raise(struct vcpu *v, u8 vector)
{
	raise(v, (struct event){.is_valid = true, .type = EVENT_EXCEPTION, .vector = vector});
}

void event_raise_error(struct vcpu *v, u8 vector, u32 error)
{
	raise(v,
	      (struct event){
		      .is_valid = true, .type = EVENT_EXCEPTION, .vector = vector, .has_error = true, .error = error});
}

void event_raise_page_fault(struct vcpu *v, u64 address, u32 error)
{
	v->hvm.state.cr2 = address;
	hvm_mark_dirty(&v->hvm, STATE_CR2);
	event_raise_error(v, VECTOR_PF, error);
}

void event_raise_icebp(struct vcpu *v, u8 insn_len)
{
	raise(v, (struct event){.is_valid = true, .type = EVENT_ICEBP, .vector = VECTOR_DB, .insn_len = insn_len});
}

void event_raise_breakpoint(struct vcpu *v, u8 insn_len)
{
	raise(v, (struct event){
			 .is_valid = true, .type = EVENT_SOFT_EXCEPTION, .vector = VECTOR_BP, .insn_len = insn_len});
}

void event_raise_debug(struct vcpu *v, u64 dr6_bits)
{
	struct cpu_state *s = &v->hvm.state;

	/* SDM 3A, Debug Exceptions: the B bits say which, the rest accumulates; GD is cleared on entry to the handler.
	 */
	hvm_fetch(&v->hvm, STATE_DEBUG | STATE_DR7);
	s->dr6 = (s->dr6 & ~DR6_B) | dr6_bits;
	s->dr7 &= ~DR7_GD;
	hvm_mark_dirty(&v->hvm, STATE_DEBUG | STATE_DR7);
	event_raise(v, VECTOR_DB);
}

/* The event that comes first of those that need no window; false when there is none. */
static bool take_exception(struct vcpu *v, struct event *e)
{
	if (vcpu_pending(v) & PENDING_EXCEPTION) {
		*e = v->exception;
		vcpu_pending_clear(v, PENDING_EXCEPTION);
		return true;
	}
	if (v->hvm.interrupted.is_valid) {
		*e = v->hvm.interrupted;
		v->hvm.interrupted.is_valid = false;
		return true;
	}
	return false;
}

/* An interrupt or NMI that an exception came before. It is already accepted: only RFLAGS.IF and the shadows count. */
static bool take_interrupted_before(struct vcpu *v, struct event *e)
{
	if (!v->interrupted_before.is_valid)
		return false;
	hvm_fetch(&v->hvm, STATE_RFLAGS | STATE_BLOCKING);
	if (v->hvm.state.blocking & (BLOCKING_MOV_SS | BLOCKING_STI | BLOCKING_NMI) ||
	    (v->interrupted_before.type == EVENT_INTERRUPT && !(v->hvm.state.rflags & RFLAGS_IF)))
		return false;
	*e = v->interrupted_before;
	v->interrupted_before.is_valid = false;
	return true;
}

/* Do the vcpu's interrupt controllers offer a vector? */
static bool has_interrupt(struct vcpu *v)
{
	if (apicv_is_lent(v))
		return apicv_has_interrupt(v) || board_has_extint(v);
	apicv_pull(v);
	vcpu_tpr_fetch(v);
	return lapic_pending_vector(&v->lapic) || board_has_extint(v);
}

static u8 take_interrupt(struct vcpu *v)
{
	u8 vector = lapic_pending_vector(&v->lapic);

	if (board_has_extint(v))
		return board_ack_extint(v);
	lapic_ack(&v->lapic, vector);
	return vector;
}

static bool take_nmi(struct vcpu *v, struct event *e)
{
	if (!(vcpu_pending(v) & PENDING_NMI))
		return false;
	hvm_fetch(&v->hvm, STATE_BLOCKING);
	if (v->hvm.state.blocking & (BLOCKING_NMI | BLOCKING_MOV_SS | BLOCKING_STI))
		return false;
	vcpu_pending_clear(v, PENDING_NMI);
	*e = (struct event){.is_valid = true, .type = EVENT_NMI, .vector = VECTOR_NMI};
	return true;
}

static bool can_take_external(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_RFLAGS | STATE_BLOCKING);
	return v->hvm.state.rflags & RFLAGS_IF && !(v->hvm.state.blocking & (BLOCKING_MOV_SS | BLOCKING_STI));
}

/*
 * TPR fell below the threshold, and something else came before the exit for it, or it was not the guest's MOV: no entry
 * may find it so (SDM 3C, Checks on VMX Controls).
 */
static void threshold_check(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_TPR);
	if (v->hvm.state.cr8 >= v->hvm.tpr_threshold)
		return;
	v->hvm.tpr_threshold = 0;
	hvm_mark_dirty(&v->hvm, STATE_TPR);
	vcpu_pending_add(v, PENDING_INTERRUPT);
}

#define PENDING_ANY_INTERRUPT (PENDING_INTERRUPT | PENDING_POSTED)

/* The local APIC's are the processor's to deliver: what is left is the 8259 pair. */
static bool take_external_lent(struct vcpu *v, struct event *e)
{
	bool is_taken;

	apicv_merge(v);
	is_taken = board_has_extint(v) && can_take_external(v);
	if (is_taken)
		*e = (struct event){.is_valid = true, .type = EVENT_INTERRUPT, .vector = board_ack_extint(v)};
	vcpu_pending_clear(v, PENDING_POSTED);
	if (!board_has_extint(v))
		vcpu_pending_clear(v, PENDING_INTERRUPT);
	return is_taken;
}

static bool take_external_kept(struct vcpu *v, struct event *e)
{
	bool is_taken = has_interrupt(v) && can_take_external(v);

	if (is_taken)
		*e = (struct event){.is_valid = true, .type = EVENT_INTERRUPT, .vector = take_interrupt(v)};
	if (!has_interrupt(v))
		vcpu_pending_clear(v, PENDING_ANY_INTERRUPT);
	vcpu_tpr_store(v);
	return is_taken;
}

/* The bit is cleared with the VM locked, where also whoever has an interrupt for the vcpu sets it. */
static bool take_external(struct vcpu *v, struct event *e)
{
	bool is_taken;

	if (!(vcpu_pending(v) & PENDING_ANY_INTERRUPT))
		return false;
	vm_lock(v->vm);
	is_taken = apicv_is_lent(v) ? take_external_lent(v, e) : take_external_kept(v, e);
	vm_unlock(v->vm);
	return is_taken;
}

#define PENDING_ORDERS (PENDING_INIT | PENDING_STARTUP | PENDING_FLUSH | PENDING_APIC | PENDING_TIMER)

/* What is not an event of the guest's. False: the vcpu is not to be entered. */
static bool take_orders(struct vcpu *v, u32 pending)
{
	if (pending & PENDING_FLUSH) {
		vcpu_pending_clear(v, PENDING_FLUSH);
		hvm->vcpu_flush(&v->hvm);
	}
	if (pending & (PENDING_INIT | PENDING_STARTUP) && !vcpu_take_signals(v))
		return false;
	if (pending & PENDING_APIC) {
		vm_lock(v->vm);
		vcpu_pending_clear(v, PENDING_APIC);
		apicv_update(v);
		vm_unlock(v->vm);
	}
	if (!(pending & PENDING_TIMER))
		return true;
	vcpu_pending_clear(v, PENDING_TIMER);
	return run_timer_post(v);
}

bool event_deliver(struct vcpu *v)
{
	u32 pending = vcpu_pending(v);
	struct event e;

	if (pending & PENDING_ORDERS && !take_orders(v, pending))
		return false;
	if (!vm_is_running(v->vm))
		return false;
	if (v->hvm.tpr_threshold)
		threshold_check(v);
	if (v->masks_interrupts && apicv_is_lent(v))
		apicv_hold(v);
	if (take_exception(v, &e) || take_interrupted_before(v, &e) ||
	    (!v->masks_interrupts && (take_nmi(v, &e) || take_external(v, &e))))
		hvm->inject(&v->hvm, &e);
	if (!v->interrupted_before.is_valid)
		vcpu_pending_clear(v, PENDING_INTERRUPTED);
	pending = v->masks_interrupts ? 0 : vcpu_pending(v);
	hvm->window(&v->hvm, pending & (PENDING_INTERRUPT | PENDING_INTERRUPTED), pending & PENDING_NMI);
	return true;
}

bool event_wakes(struct vcpu *v)
{
	u32 pending = vcpu_pending(v);

	if (pending & (PENDING_INIT | PENDING_STARTUP))
		return true;
	if (v->hvm.state.activity == ACTIVITY_WAIT_SIPI)
		return false;
	if (pending & PENDING_NMI)
		return true;
	if (pending & PENDING_ANY_INTERRUPT && !has_interrupt(v)) {
		vcpu_pending_clear(v, PENDING_ANY_INTERRUPT);
		return false;
	}
	return pending & PENDING_ANY_INTERRUPT && v->hvm.state.rflags & RFLAGS_IF;
}
