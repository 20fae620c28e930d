// SPDX-License-Identifier: Apache-2.0
// When the loop of a CPU has to do what: events of boards and local APICs, this CPU's timer, and that of its guest.
#include "host/apic.h"
#include "host/clock.h"
#include "host/trap.h"
#include "vm/apicv.h"
#include "vm/board.h"
#include "vm/run_priv.h"
#include "vm/vcpu.h"
#include "x86/insn.h"

/* A time of the VM's as the host's. */
static u64 tsc_of(const struct vm *vm, u64 ns)
{
	return ns == NEVER ? NEVER : vm->tsc_at_zero + clock_ns_to_tsc(ns);
}

/* When the VM's devices want to be looked at. Context: the CPU of vcpu 0, which keeps the board's time. */
u64 run_board_event_tsc(struct vm *vm)
{
	if (board_next_event(&vm->board) == vm->event_ns)
		return vm->event_tsc;
	/* Another CPU that has a device's event moved forward compares it with event_ns, with the VM locked. */
	vm_lock(vm);
	vm->event_ns = board_next_event(&vm->board);
	vm->event_tsc = tsc_of(vm, vm->event_ns);
	vm_unlock(vm);
	return vm->event_tsc;
}

/* The same for the vcpu's local APIC. Context: its CPU. */
u64 run_lapic_event_tsc(struct vcpu *v)
{
	u64 ns = lapic_next_event(&v->lapic);

	if (ns != v->event_ns) {
		v->event_ns = ns;
		v->event_tsc = tsc_of(v->vm, ns);
	}
	return v->event_tsc;
}

u64 run_event_tsc(struct vcpu *v)
{
	u64 own = run_lapic_event_tsc(v);

	return v->index ? own : MIN(own, run_board_event_tsc(v->vm));
}

void run_timer_arm(struct run_cpu *r, u64 tsc)
{
	if (r->loaded)
		apicv_timer_unpost(r->loaded);
	if (tsc == r->armed_tsc)
		return;
	r->armed_tsc = tsc;
	apic_timer_arm(tsc);
}

/*
 * Bochs 3.0 does not let interrupts end a guest that runs with IF clear, though external-interrupt exiting ignores IF
 * (SDM 3C, Changes to Instruction Behavior; Other Causes of VM Exits). So that such a guest keeps neither its
 * neighbours nor the prompt waiting, it is left by its own timer as well, and a guest that polls a device by a window.
 */
#define GUEST_TIMER_MAX_NS (50 * NS_PER_MS)

static void guest_timer_set(const struct run_cpu *r, struct vcpu *v, u64 tsc)
{
	u64 now = clock_tsc();
	u64 most = MIN(r->limit_tsc, now + clock_ns_to_tsc(GUEST_TIMER_MAX_NS));

	hvm->deadline_set(&v->hvm, MAX(MIN(tsc, most), now) - now);
}

void run_guest_timer_arm(const struct run_cpu *r, struct vcpu *v)
{
	guest_timer_set(r, v, r->armed_tsc);
}

/* The same where there is no such timer, for interrupts that are lost (apic_timer_cpu_init()). In steps, so that it is
 * seldom armed for this alone. */
u64 run_timer_limit(u64 tsc)
{
	static u64 step;
	u64 now;

	if (apic_timer_is_exact())
		return tsc;
	if (!step) /* the same whoever writes it */
		__atomic_store_n(&step, clock_ns_to_tsc(GUEST_TIMER_MAX_NS), __ATOMIC_RELAXED);
	now = clock_tsc();
	return tsc <= now + 2 * step ? tsc : (now / step + 2) * step;
}

/* The timer may have to come earlier: this CPU's own, and that of the guest which it runs. */
static void timer_rearm(struct run_cpu *r, u64 tsc)
{
	run_timer_arm(r, tsc);
	if (r->loaded && r->loaded->is_chosen)
		run_guest_timer_arm(r, r->loaded);
}

static void timer_advance(struct run_cpu *r, u64 tsc)
{
	if (tsc < r->armed_tsc)
		timer_rearm(r, tsc);
}

/* The same for what is not the timer of the guest's own local APIC. */
static void limit_advance(struct run_cpu *r, u64 tsc)
{
	if (tsc >= r->limit_tsc)
		return;
	r->limit_tsc = tsc;
	timer_advance(r, tsc);
	if (r->loaded && r->loaded->is_chosen)
		run_guest_timer_arm(r, r->loaded);
}

bool run_timer_post(struct vcpu *v)
{
	struct run_cpu *r = this_run();

	if (!apicv_is_lent(v) || !apic_timer_is_exact() || r->armed_tsc == NEVER ||
	    run_lapic_event_tsc(v) != r->armed_tsc)
		return true;
	interrupt_window(); /* what is pending of an earlier deadline */
	if (has_work(r))
		return false;
	if (apicv_timer_post(v)) /* its interrupt will not end the guest: all else has to */
		guest_timer_set(r, v, NEVER);
	return true;
}

void run_lapic_moved(struct vcpu *v)
{
	struct run_cpu *r = this_run();
	u64 due, tsc;

	if (!v->is_chosen || lapic_next_event(&v->lapic) >= v->event_ns)
		return;
	due = MIN(r->limit_tsc, v->event_tsc);
	tsc = run_lapic_event_tsc(v);
	if (r->armed_tsc < due) /* by run_timer_limit() alone, and perhaps for nothing now */
		timer_rearm(r, run_timer_limit(MIN(due, tsc)));
	else
		timer_advance(r, tsc);
	if (apicv_is_lent(v))
		vcpu_pending_add(v, PENDING_TIMER);
}

void run_timer_ran_out(struct vcpu *v)
{
	this_run()->armed_tsc = NEVER;
	v->event_ns = NEVER;
	v->event_tsc = NEVER;
}

/* A CPU that takes vcpu 0 over at this moment says so, and looks at the board after that. */
void run_board_moved(struct vm *vm)
{
	u32 cpu;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpu = __atomic_load_n(&vm->vcpu[0]->cpu, __ATOMIC_SEQ_CST);
	if (cpu == this_cpu()->index)
		limit_advance(this_run(), run_board_event_tsc(vm));
	else
		run_request_work_of(cpu);
}
