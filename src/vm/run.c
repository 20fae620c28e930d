// SPDX-License-Identifier: Apache-2.0
// The host loop of a CPU: pick a vcpu, run it, handle its exits, do soft work; run to completion, never preempted.
#include "vm/run.h"

#include "base/assert.h"
#include "host/apic.h"
#include "host/clock.h"
#include "host/console.h"
#include "host/ipi.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/numa.h"
#include "host/panic.h"
#include "host/trap.h"
#include "vm/apicv.h"
#include "vm/board.h"
#include "vm/debug.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/gpa.h"
#include "vm/run_priv.h"
#include "vm/schedule.h"
#include "vm/vcpu.h"
#include "x86/insn.h"

/* A guest that polls a device gets the host's interrupts in by a window each so many exits. */
#define POLL_EXITS 32

struct run_cpu *runs[CPUS_MAX];

/* When `work` wants to be called at the latest; NEVER: it does not care. RUN_WORK_CPU's own. */
static u64 work_tsc = NEVER;

static void timer_interrupt(void)
{
	struct run_cpu *r = this_run();

	r->armed_tsc = NEVER;
	__atomic_store_n(&r->has_work, true, __ATOMIC_RELAXED);
	apic_timer_stop();
	apic_eoi();
}

void run_request_work(void)
{
	__atomic_store_n(&this_run()->has_work, true, __ATOMIC_SEQ_CST);
}

/*
 * Who waits for it asks again and again: kicks without end could leave it no time but for their handler, and a single
 * one may be lost where the machine is emulated (docs/testing.md).
 */
#define KICKS_APART_NS NS_PER_MS

void run_request_work_of(u32 cpu)
{
	struct run_cpu *r = runs[cpu];

	if (__atomic_exchange_n(&r->has_work, true, __ATOMIC_SEQ_CST)) {
		u64 now = clock_tsc();

		if (now - __atomic_load_n(&r->kicked_tsc, __ATOMIC_RELAXED) < clock_ns_to_tsc(KICKS_APART_NS))
			return;
		__atomic_store_n(&r->kicked_tsc, now, __ATOMIC_RELAXED);
	}
	ipi_kick(cpu);
}

void run_request_choice(u32 cpu)
{
	if (cpu == SCHED_NO_CPU)
		return;
	__atomic_store_n(&runs[cpu]->must_choose, true, __ATOMIC_SEQ_CST);
	if (cpu != this_cpu()->index || !runs[cpu]->will_choose)
		run_request_work_of(cpu);
}

/* The scheduler is told, or will be in a moment by this CPU, which is about to choose (vcpus_attend()). */
static void wake(struct vcpu *v)
{
	struct run_cpu *r = this_run();

	if (r->will_choose && !r->chosen && !r->woken && v->cpu == r->index)
		r->woken = v;
	else
		run_request_choice(schedule_wake(v));
}

/*
 * A CPU that has chosen the vcpu sees `pending` before it enters the guest, which the IPI then leaves at once; else the
 * vcpu is woken. `is_chosen` and `pending` are written and read in opposite order here and there, so that one of the
 * two sees the other's. Whoever chooses it next, on whichever CPU, sees `pending` in any case.
 */
static inline void tell_by(struct vcpu *v, void (*interrupt)(u32 cpu))
{
	if (__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST))
		interrupt(__atomic_load_n(&v->cpu, __ATOMIC_SEQ_CST));
	else
		wake(v);
}

void run_tell(struct vcpu *v)
{
	tell_by(v, ipi_kick);
}

bool run_is_on_other_cpu(const struct vcpu *v)
{
	return __atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&v->cpu, __ATOMIC_SEQ_CST) != this_cpu()->index;
}

static void ring(u32 cpu)
{
	hvm->apic_doorbell(cpu_at[cpu]->apic_id);
}

void run_notify(struct vcpu *v)
{
	tell_by(v, apicv_has_tables ? ring : ipi_notify);
}

void run_yield(void)
{
	struct run_cpu *r = this_run();

	if (r->until_tsc == NEVER)
		return;
	schedule_yield(r->loaded);
	run_request_choice(r->index);
}

const struct vcpu *run_chosen(u32 cpu)
{
	return __atomic_load_n(&runs[cpu]->chosen, __ATOMIC_RELAXED);
}

u64 run_timer_tsc(u32 cpu)
{
	return __atomic_load_n(&runs[cpu]->armed_tsc, __ATOMIC_RELAXED);
}

const struct vcpu *run_loaded(u32 cpu)
{
	return runs[cpu]->loaded;
}

void run_request_work_in(u64 ns)
{
	work_tsc = MIN(work_tsc, clock_tsc() + clock_ns_to_tsc(ns));
}

/* For the panic dump: what the vcpu on this CPU did last. */
static void exits_report(void)
{
	const struct run_cpu *r = this_run();

	if (!r->loaded)
		return;
	console_print("  last exits of VM %s, vcpu %u:\n", r->loaded->vm->name, r->loaded->index);
	exit_trace_print(r->loaded, EXIT_LAST_RECORDS, &console_sink);
}

void run_init(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		memory_lock_take();
		runs[i] = pool_alloc(host_numa_pool(cpu_at[i]->apic_id), pool_pages(sizeof(*runs[i])));
		memory_lock_drop();
		if (!runs[i])
			fatal("no memory for the loop of CPU %u", i);
		runs[i]->index = i;
		runs[i]->armed_tsc = NEVER;
		runs[i]->until_tsc = NEVER;
		runs[i]->lock = LOCK_INIT(LOCK_RUN);
	}
	schedule_init();
	panic_set_reporter(exits_report);
	trap_set_handler(HOST_VECTOR_TIMER, timer_interrupt);
	ipi_init();
	apicv_vectors_init();
}

static void put_loaded(struct run_cpu *r)
{
	struct vcpu *v = r->loaded;

	if (v)
		hvm->vcpu_put(&v->hvm);
	r->loaded = NULL;
	gpa_enter(NULL);
	if (v)
		__atomic_store_n(&v->loaded_on, 0, __ATOMIC_SEQ_CST);
}

void run_put(void)
{
	put_loaded(this_run());
}

/* Somebody wants what this CPU has loaded and does not run. */
static void put_if_asked(struct run_cpu *r)
{
	if (__builtin_expect(__atomic_exchange_n(&r->must_put, false, __ATOMIC_SEQ_CST), 0))
		put_loaded(r);
}

/* Make `v` be loaded nowhere but, perhaps, here. Both sides of two such wishes come true: each serves while it waits.
 */
static void fetch_from_other(struct run_cpu *r, struct vcpu *v)
{
	u32 on;

	while ((on = __atomic_load_n(&v->loaded_on, __ATOMIC_SEQ_CST)) && on != r->index + 1) {
		__atomic_store_n(&runs[on - 1]->must_put, true, __ATOMIC_SEQ_CST);
		run_request_work_of(on - 1);
		put_if_asked(r);
		ipi_poll();
		pause();
	}
}

/*
 * The chosen vcpu is not, from here on; can it go on nevertheless? Who has something for it from here on wakes it,
 * which the scheduler remembers until it is put; what came before is seen here. run_evict() waits for the end of this
 * look.
 */
static struct vcpu *leave_chosen(struct run_cpu *r, bool *is_ready)
{
	struct vcpu *v = r->chosen;

	r->chosen = NULL;
	__atomic_store_n(&v->is_leaving, true, __ATOMIC_SEQ_CST);
	__atomic_store_n(&v->is_chosen, false, __ATOMIC_SEQ_CST);
	*is_ready = vcpu_is_runnable(v);
	__atomic_store_n(&v->is_leaving, false, __ATOMIC_SEQ_CST);
	return v;
}

/* A CPU that chooses it anew sees that its VM does not run, and leaves it alone. */
static void wait_until_left(struct run_cpu *r, struct vcpu *v)
{
	/* Nor does who keeps its timers look at it after this. */
	struct run_cpu *keeper = runs[__atomic_load_n(&v->cpu, __ATOMIC_SEQ_CST)];

	lock_take(&keeper->lock);
	lock_drop(&keeper->lock);
	while (__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST) || __atomic_load_n(&v->is_leaving, __ATOMIC_SEQ_CST)) {
		run_request_work_of(__atomic_load_n(&v->cpu, __ATOMIC_SEQ_CST));
		put_if_asked(r);
		ipi_poll();
		pause();
	}
}

void run_evict(struct vm *vm)
{
	struct run_cpu *r = this_run();

	lock_check_none();
	if (r->chosen && r->chosen->vm == vm) {
		bool is_ready;
		struct vcpu *v = leave_chosen(r, &is_ready);

		schedule_put(v, is_ready);
	}
	if (r->loaded && r->loaded->vm == vm)
		put_loaded(r);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		wait_until_left(r, vm->vcpu[i]);
		fetch_from_other(r, vm->vcpu[i]);
	}
}

static void load(struct run_cpu *r, struct vcpu *v)
{
	if (r->loaded == v)
		return;
	put_loaded(r);
	fetch_from_other(r, v);
	__atomic_store_n(&v->loaded_on, r->index + 1, __ATOMIC_SEQ_CST);
	/* What the guest's TSC is ahead of this CPU's is not what it was of another's. */
	if (v->loaded_last != r->index + 1)
		hvm_mark_dirty(&v->hvm, STATE_TSC);
	v->loaded_last = r->index + 1;
	gpa_enter(v->vm);
	hvm->vcpu_load(&v->hvm);
	r->loaded = v;
}

/* From the scheduler to this CPU; whether the vcpu has anything to do is not known yet. */
static void follow(struct run_cpu *r, const struct schedule_choice *choice)
{
	run_request_choice(choice->kick);
	r->until_tsc = choice->until_tsc;
	r->chosen = choice->vcpu;
	if (!r->chosen)
		return;
	run_take_over(r, r->chosen);
	__atomic_store_n(&r->chosen->is_chosen, true, __ATOMIC_SEQ_CST);
}

/* With the list locked, so that the vcpu's VM is still there: whoever evicts it finds it woken, chosen, or neither. */
static void resume_woken(struct run_cpu *r)
{
	struct schedule_choice choice;

	if (schedule_resume(r->woken, r->index, &choice))
		follow(r, &choice);
	else
		run_request_choice(schedule_wake(r->woken));
	r->woken = NULL;
}

/*
 * When what happens to vcpus that do not run must be seen to. One that could run is looked at before it does, so its
 * own timer need not end another's turn; the board's may be for another vcpu of the VM. One that waits is woken in time
 * where time is reserved for it, and else ends another's turn so rarely that a guest which asks for as many timers as
 * it can does not eat up its neighbours' time. What the loop does when a turn ends is part of that turn.
 */
#define OTHERS_APART_NS (500 * NS_PER_US)

struct deadlines {
	u64 reserved;
	u64 others;
};

static void deadline_note(struct deadlines *d, const struct vcpu *v, u64 tsc)
{
	u64 *which = v->entity.budget_ns ? &d->reserved : &d->others;

	*which = MIN(*which, tsc);
}

/* All but the timer of the chosen one's own local APIC. */
static u64 limit_of(const struct deadlines *d, struct vcpu *chosen)
{
	u64 limit;

	if (!chosen)
		return MIN(d->reserved, d->others);
	limit = MIN(d->reserved, MAX(d->others, clock_tsc() + clock_ns_to_tsc(OTHERS_APART_NS)));
	return chosen->index ? limit : MIN(limit, run_board_event_tsc(chosen->vm));
}

static void vcpu_attend(struct vcpu *v, struct deadlines *d)
{
	if (!vm_is_running(v->vm))
		return;
	if (apicv_has_ipis(v))
		apicv_look(v);
	board_tick(v);
	if (v->is_waiting)
		deadline_note(d, v, run_event_tsc(v));
	else if (!v->index && v->vm->vcpu_count > 1)
		deadline_note(d, v, run_board_event_tsc(v->vm));
}

/* The timers of all vcpus that this CPU keeps, and the board's with vcpu 0. */
static void vcpus_attend(struct run_cpu *r, struct deadlines *d)
{
	r->will_choose = true;
	lock_take(&r->lock);
	for (struct vcpu *v = r->first; v; v = v->next)
		vcpu_attend(v, d);
	if (r->woken)
		resume_woken(r);
	lock_drop(&r->lock);
	r->will_choose = false;
}

/* Can the vcpu that was chosen run? Its registers are here then. */
static bool is_chosen_runnable(struct run_cpu *r)
{
	if (!vm_is_running(r->chosen->vm))
		return false;
	fetch_from_other(r, r->chosen);
	return vcpu_is_runnable(r->chosen);
}

/* Who runs goes on where nothing speaks against it; else the scheduler chooses. */
static void choose(struct run_cpu *r, struct deadlines *d)
{
	bool must_choose = __atomic_exchange_n(&r->must_choose, false, __ATOMIC_SEQ_CST);
	struct schedule_choice choice;

	if (r->chosen && !must_choose && clock_tsc() < r->until_tsc && is_chosen_runnable(r))
		return;
	do {
		bool is_ready;

		if (r->chosen) {
			struct vcpu *v = leave_chosen(r, &is_ready);

			choice = schedule_switch(v, is_ready);
		} else {
			choice = schedule_pick(r->index);
		}
		follow(r, &choice);
		/* It may have brought its timers from another CPU. */
		if (r->chosen && vm_is_running(r->chosen->vm))
			deadline_note(d, r->chosen, run_event_tsc(r->chosen));
	} while (r->chosen && !is_chosen_runnable(r));
}

/*
 * Enter the guest again and again. What its exits take is noted where it is traced: the loop is there twice, so that
 * the one without a trace has nothing of it.
 */
static inline void __attribute__((always_inline))
guest_run(const struct run_cpu *r, struct vcpu *v, const bool is_traced)
{
	enum exit_next next = NEXT_RESUME;
	u64 began_tsc = 0;
	struct exit x;

	while (next != NEXT_LEAVE && !has_work(r)) {
		if (vcpu_pending(v) && !event_deliver(v))
			break;
		if (is_traced && began_tsc)
			exit_trace_note(v, &x, began_tsc);
		hvm->run(&v->hvm, &x);
		if (is_traced)
			began_tsc = clock_tsc();
		if (__builtin_expect(v->hvm.interrupted.is_valid, 0))
			vcpu_pending_add(v, PENDING_INTERRUPTED);
		next = exit_handle(v, &x);
		if (!(v->trace.next % POLL_EXITS))
			interrupt_window();
		if (next == NEXT_ADVANCE)
			vcpu_advance(v, x.insn_len);
	}
	if (is_traced && began_tsc)
		exit_trace_note(v, &x, began_tsc);
}

/* Run one vcpu until it waits, its VM stops, its slice is over or there is work. */
static void vcpu_run(struct run_cpu *r, struct vcpu *v)
{
	load(r, v);
	if (apicv_has_ipis(v))
		apicv_open(v);
	run_guest_timer_arm(r, v);
	if (apicv_is_lent(v) && !run_timer_post(v))
		return;
	apicv_run_begin(v);
	if (v->vm->debug && !debug_enter(v))
		debug_step(v);
	else if (v->trace.costs)
		guest_run(r, v, true);
	else
		guest_run(r, v, false);
	apicv_run_end(v);
}

/* What an emulator that counts instructions measures a boot by. */
static void first_entry_tell(const struct vcpu *v)
{
	static bool is_told;

	if (is_told || __atomic_exchange_n(&is_told, true, __ATOMIC_RELAXED))
		return;
	log_info("VM %s: first entry, %lu TSC ticks after the loader", v->vm->name, clock_tsc() - boot_tsc);
}

/* The deadline, or what `work` asked for, once. */
static u64 work_due(u64 deadline)
{
	u64 due = MIN(deadline, work_tsc);

	work_tsc = NEVER;
	return due;
}

/* What took long was not for the vcpu whose turn it is; who makes the loop go round often pays for the rest. */
#define WORK_LONG_NS (10 * NS_PER_US)

static bool work_do(const struct run_cpu *r, run_work_fn *work)
{
	u64 begin = clock_tsc();
	u64 took;

	if (!work())
		return false;
	took = clock_tsc() - begin;
	if (r->chosen && took > clock_ns_to_tsc(WORK_LONG_NS))
		schedule_excuse(r->chosen, took);
	return true;
}

/* `work` may be NULL. What is asked for from here on is seen below, or in the next round. */
static bool round_do(struct run_cpu *r, run_work_fn *work)
{
	struct deadlines d = {NEVER, NEVER};
	u64 deadline;

	(void)__atomic_exchange_n(&r->has_work, false, __ATOMIC_SEQ_CST);
	put_if_asked(r);
	trap_tell_nmis();
	if (work && !work_do(r, work))
		return false;
	vcpus_attend(r, &d);
	choose(r, &d);
	deadline = MIN(limit_of(&d, r->chosen), r->until_tsc);
	if (work)
		deadline = work_due(deadline);
	r->limit_tsc = deadline;
	if (r->chosen)
		deadline = run_timer_limit(MIN(deadline, run_lapic_event_tsc(r->chosen)));
	run_timer_arm(r, deadline);
	if (r->chosen) {
		first_entry_tell(r->chosen);
		vcpu_run(r, r->chosen);
		apicv_timer_unpost(r->chosen);
		if (apicv_has_ipis(r->chosen))
			apicv_close(r->chosen);
	} else if (!has_work(r)) {
		interrupt_wait();
	}
	return true;
}

void run_loop(run_work_fn *work)
{
	struct run_cpu *r = this_run();

	while (round_do(r, work))
		;
	put_loaded(r);
}

void run_loop_other(void)
{
	struct run_cpu *r = this_run();

	for (;;)
		(void)round_do(r, NULL);
}
