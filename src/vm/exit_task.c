// SPDX-License-Identifier: Apache-2.0
// Hardware task switches (SDM 3C, Treatment of Task Switches).
#include "emul/task_switch.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "x86/regs/control.h"

_Static_assert((int)TASK_CALL == (int)TASK_FROM_CALL && (int)TASK_IRET == (int)TASK_FROM_IRET &&
		       (int)TASK_JUMP == (int)TASK_FROM_JMP && (int)TASK_EVENT == (int)TASK_FROM_GATE,
	       "the emulator's causes are the exit's");

/* The switch that the exit and the event under way ask for; an exception or interrupt saves RIP as it is. */
static struct task_switch task_of(const struct vcpu *v, const struct exit *x)
{
	const struct event *event = &v->hvm.interrupted;
	struct task_switch t = {.cause = (enum task_cause)x->task.source, .selector = x->task.selector};

	if (t.cause != TASK_EVENT) {
		t.insn_bytes = x->insn_len;
		return t;
	}
	t.insn_bytes = event->insn_len;
	t.is_external = event->type != EVENT_SOFT_INTERRUPT && event->type != EVENT_SOFT_EXCEPTION;
	t.has_error = event->has_error;
	t.error = event->error;
	return t;
}

/* The event went with the switch. Only an exception still counts, for what a fault of the new task adds up to. */
static void consume_event(struct vcpu *v, bool has_fault)
{
	if (!has_fault || v->hvm.interrupted.type <= EVENT_NMI)
		v->hvm.interrupted.is_valid = false;
}

/* An NMI through a task gate blocks others till IRET; IRET to another task ends that. */
static void block_nmi(struct vcpu *v, const struct task_switch *t)
{
	struct cpu_state *s = &v->hvm.state;

	s->blocking &= ~(u32)(BLOCKING_STI | BLOCKING_MOV_SS);
	if (t->cause == TASK_EVENT && v->hvm.interrupted.is_valid && v->hvm.interrupted.type == EVENT_NMI)
		s->blocking |= (u32)BLOCKING_NMI;
	else if (t->cause == TASK_IRET)
		s->blocking &= ~(u32)BLOCKING_NMI;
}

enum exit_next exit_task_switch(struct vcpu *v, const struct exit *x)
{
	const u32 groups =
		STATE_RIP | STATE_RSP | STATE_RFLAGS | STATE_BLOCKING | STATE_SEGMENTS | STATE_CONTROL | STATE_DR7;
	struct task_switch t = task_of(v, x);
	struct emul_result r;
	struct emul e = vcpu_emulator(v);
	enum emul_status status;

	hvm_fetch(&v->hvm, groups);
	status = task_switch(&e, &t, &r);
	if (t.is_committed) {
		block_nmi(v, &t);
		consume_event(v, status == EMUL_FAULT);
		hvm_mark_dirty(&v->hvm, groups);
		hvm->vcpu_flush(&v->hvm);
		if (!exit_load_pdptes(v) && status != EMUL_FAULT)
			event_raise_error(v, VECTOR_GP, 0);
	}
	if (status == EMUL_FAULT)
		vcpu_raise_fault(v, &r);
	else if (t.traps)
		event_raise_debug(v, DR6_BT);
	if (status != EMUL_FAILED && status != EMUL_UNSUPPORTED)
		return v->hvm.debug.what & HVM_DEBUG_SPACES ? NEXT_LEAVE : NEXT_RESUME;
	vm_fault(v, x, "task switch to selector %#x failed: %s", t.selector, err_text(r.err));
	return NEXT_LEAVE;
}
