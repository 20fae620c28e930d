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
#include "vm/board.h"
#include "vm/debug.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/gpa.h"
#include "vm/schedule.h"
#include "vm/vcpu.h"
#include "x86/insn.h"

struct vm *vms[VMS_MAX];

/* What a CPU does. Its own but for the last two members, which any CPU sets, and the list, which has the lock. */
struct run_cpu {
	u32 index;
	struct vcpu *loaded;
	const struct vcpu *ended; /* whose turn ended in the round before; only to be compared */
	u64 ended_tsc;
	u64 armed_tsc; /* the timer's deadline */
	u32 runnable;  /* how many could run when one was picked */
	struct lock lock;
	u32 vcpu_count;
	struct vcpu *vcpus[RUN_VCPUS_MAX];
	bool has_work ALIGNED(64); /* atomic: look at everything */
	bool must_put;             /* atomic: somebody waits for what is loaded here */
};

static struct run_cpu *runs[CPUS_MAX];

/* When `work` wants to be called at the latest; NEVER: it does not care. RUN_WORK_CPU's own. */
static u64 work_tsc = NEVER;

static inline struct run_cpu *this_run(void)
{
	return runs[this_cpu()->index];
}

static inline bool has_work(const struct run_cpu *r)
{
	return __atomic_load_n(&r->has_work, __ATOMIC_RELAXED);
}

static void timer_interrupt(void)
{
	struct run_cpu *r = this_run();

	r->armed_tsc = NEVER;
	__atomic_store_n(&r->has_work, true, __ATOMIC_RELAXED);
	apic_eoi();
}

void run_request_work(void)
{
	__atomic_store_n(&this_run()->has_work, true, __ATOMIC_SEQ_CST);
}

void run_request_work_of(u32 cpu)
{
	__atomic_store_n(&runs[cpu]->has_work, true, __ATOMIC_SEQ_CST);
	ipi_kick(cpu);
}

/*
 * Its CPU either sees `pending` before it enters the guest, which the IPI then leaves at once, or it has not chosen the
 * vcpu and is told to look at all of its vcpus. `is_chosen` and `pending` are written and read in opposite order here
 * and there, so that one of the two sees the other's.
 */
void run_tell(struct vcpu *v)
{
	if (v->cpu == this_cpu()->index) {
		if (v->is_waiting && !v->is_chosen)
			run_request_work();
		return;
	}
	if (!__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST))
		__atomic_store_n(&runs[v->cpu]->has_work, true, __ATOMIC_SEQ_CST);
	ipi_kick(v->cpu);
}

void run_yield(void)
{
	struct run_cpu *r = this_run();

	if (r->runnable < 2)
		return;
	schedule_yield(r->loaded);
	run_request_work();
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
		runs[i]->lock = LOCK_INIT(LOCK_RUN);
	}
	schedule_init();
	panic_set_reporter(exits_report);
	trap_set_handler(HOST_VECTOR_TIMER, timer_interrupt);
	ipi_init();
}

/* On one of `cpus`, by the scheduler's choice. */
static err_t vcpu_place(struct vcpu *v, const struct cpu_set *cpus)
{
	struct run_cpu *r;
	err_t err = schedule_add(v, cpus);

	if (err)
		return err;
	r = runs[v->cpu];
	err = ERR_SPACE;
	lock_take(&r->lock);
	if (r->vcpu_count < RUN_VCPUS_MAX) {
		r->vcpus[r->vcpu_count++] = v;
		err = OK;
	}
	lock_drop(&r->lock);
	if (err)
		schedule_remove(v);
	return err;
}

static void vcpu_forget(struct vcpu *v)
{
	struct run_cpu *r = runs[v->cpu];
	u32 kept = 0;

	lock_take(&r->lock);
	for (u32 i = 0; i < r->vcpu_count; i++)
		if (r->vcpus[i] != v)
			r->vcpus[kept++] = r->vcpus[i];
	r->vcpu_count = kept;
	lock_drop(&r->lock);
	schedule_remove(v);
}

/* Those that its VM may use and its node has; where there are none, all that its VM may use. */
static struct cpu_set cpus_of(const struct vcpu *v)
{
	u8 node = v->vm->numa.node[vnuma_node_of_vcpu(&v->vm->numa, v->index)].host_node;
	const struct cpu_set *wanted = &v->vm->schedule.cpus;
	struct cpu_set there = {{0}};

	for (u32 i = 0; i < cpu_count; i++)
		if (host_numa_node_of(cpu_at[i]->apic_id) == node &&
		    (cpu_set_is_empty(wanted) || cpu_set_has(wanted, i)))
			cpu_set_add(&there, i);
	return cpu_set_is_empty(&there) ? *wanted : there;
}

err_t run_add(struct vm *vm)
{
	u32 slot = 0;
	err_t err = OK;

	while (slot < VMS_MAX && vms[slot])
		slot++;
	if (slot == VMS_MAX)
		return ERR_SPACE;
	vms[slot] = vm;
	vm->id = slot;
	for (u32 i = 0; i < vm->vcpu_count && !err; i++) {
		struct cpu_set cpus = cpus_of(vm->vcpu[i]);

		err = vcpu_place(vm->vcpu[i], &cpus);
	}
	if (err)
		run_remove(vm);
	return err;
}

void run_remove(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_forget(vm->vcpu[i]);
	vms[vm->id] = NULL;
}

void run_move(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];
		struct cpu_set cpus = cpus_of(v);
		struct cpu_set back = {{0}};

		if (cpu_set_has(&cpus, v->cpu))
			continue;
		cpu_set_add(&back, v->cpu);
		vcpu_forget(v);
		if (vcpu_place(v, &cpus)) { /* full: back to where it left room */
			err_t err = vcpu_place(v, &back);

			ASSERT(!err);
		}
	}
}

static void put(struct run_cpu *r)
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
	put(this_run());
}

/* Somebody wants what this CPU has loaded and does not run. */
static void put_if_asked(struct run_cpu *r)
{
	if (__builtin_expect(__atomic_exchange_n(&r->must_put, false, __ATOMIC_SEQ_CST), 0))
		put(r);
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

void run_evict(struct vm *vm)
{
	struct run_cpu *r = this_run();

	lock_check_none();
	if (r->loaded && r->loaded->vm == vm)
		put(r);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];

		/* Who picks under this lock from now on sees that the VM does not run. */
		lock_take(&runs[v->cpu]->lock);
		lock_drop(&runs[v->cpu]->lock);
		while (__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST)) {
			run_request_work_of(v->cpu);
			ipi_poll();
			pause();
		}
		fetch_from_other(r, v);
	}
}

static void load(struct run_cpu *r, struct vcpu *v)
{
	if (r->loaded == v)
		return;
	put(r);
	fetch_from_other(r, v);
	__atomic_store_n(&v->loaded_on, r->index + 1, __ATOMIC_SEQ_CST);
	/* What the guest's TSC is ahead of this CPU's is not what it was of another's. */
	if (v->hvm.tags.cpu != r->index)
		hvm_mark_dirty(&v->hvm, STATE_TSC);
	gpa_enter(v->vm);
	hvm->vcpu_load(&v->hvm);
	r->loaded = v;
}

/* A time of the VM's as the host's. */
static u64 tsc_of(const struct vm *vm, u64 ns)
{
	return ns == NEVER ? NEVER : vm->tsc_at_zero + clock_ns_to_tsc(ns);
}

/* When the VM's devices want to be looked at. Context: the CPU of vcpu 0, which keeps the board's time. */
static u64 board_event_tsc(struct vm *vm)
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
static u64 lapic_event_tsc(struct vcpu *v)
{
	u64 ns = lapic_next_event(&v->lapic);

	if (ns != v->event_ns) {
		v->event_ns = ns;
		v->event_tsc = tsc_of(v->vm, ns);
	}
	return v->event_tsc;
}

static u64 event_tsc(struct vcpu *v)
{
	u64 own = lapic_event_tsc(v);

	return v->index ? own : MIN(own, board_event_tsc(v->vm));
}

static void timer_arm(struct run_cpu *r, u64 tsc)
{
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
#define POLL_EXITS 32
#define GUEST_TIMER_MAX_NS (50 * NS_PER_MS)

static void guest_timer_arm(const struct run_cpu *r, struct vcpu *v)
{
	u64 now = clock_tsc();
	u64 most = now + clock_ns_to_tsc(GUEST_TIMER_MAX_NS);

	hvm->deadline_set(&v->hvm, MAX(MIN(r->armed_tsc, most), now) - now);
}

/* The timer may have to come earlier: this CPU's own, and that of the guest which it runs. */
static void timer_advance(struct run_cpu *r, u64 tsc)
{
	if (tsc >= r->armed_tsc)
		return;
	timer_arm(r, tsc);
	if (r->loaded && r->loaded->is_chosen)
		guest_timer_arm(r, r->loaded);
}

void run_lapic_moved(struct vcpu *v)
{
	if (v->is_chosen && lapic_next_event(&v->lapic) < v->event_ns)
		timer_advance(this_run(), lapic_event_tsc(v));
}

void run_board_moved(struct vm *vm)
{
	u32 cpu = vm->vcpu[0]->cpu;

	if (cpu == this_cpu()->index)
		timer_advance(this_run(), board_event_tsc(vm));
	else
		run_request_work_of(cpu);
}

/*
 * When what happens to vcpus that do not run must be seen to. One that could run is looked at before it does, so its
 * own timer need not end another's turn; the board's may be for another vcpu of the VM. One that waits is woken in time
 * where time is reserved for it, and else ends another's turn so rarely that a guest which asks for as many timers as
 * it can does not eat up its neighbours' time.
 */
#define OTHERS_APART_NS (500 * NS_PER_US)
#define ROUND_OWED_MAX_NS (100 * NS_PER_US)

struct deadlines {
	u64 reserved;
	u64 others;
};

static void deadline_note(struct deadlines *d, const struct vcpu *v, u64 tsc)
{
	u64 *which = v->entity.budget_ns ? &d->reserved : &d->others;

	*which = MIN(*which, tsc);
}

/* Tell the scheduler whether the vcpu can run. */
static bool vcpu_attend(struct vcpu *v, struct deadlines *d)
{
	if (!vm_is_running(v->vm)) {
		schedule_sleep(v);
		return false;
	}
	board_tick(v);
	if (!vcpu_is_runnable(v)) {
		deadline_note(d, v, event_tsc(v));
		return false;
	}
	if (!v->index && v->vm->vcpu_count > 1)
		deadline_note(d, v, board_event_tsc(v->vm));
	schedule_wake(v);
	return true;
}

static u64 deadline_of(const struct deadlines *d, struct vcpu *chosen)
{
	u64 soon;

	if (!chosen)
		return MIN(d->reserved, d->others);
	soon = clock_tsc() + clock_ns_to_tsc(OTHERS_APART_NS);
	return MIN(MIN(d->reserved, MAX(d->others, soon)), event_tsc(chosen));
}

/*
 * What the loop does with all vcpus of its CPU, with the list locked: their timers, and the board's with vcpu 0; when
 * the next of them is due, or the turn of who runs next is over; and who that is.
 */
static struct vcpu *vcpus_attend(struct run_cpu *r, u64 *deadline)
{
	struct deadlines d = {NEVER, NEVER};
	struct vcpu *ended = NULL;
	struct vcpu *chosen;
	u64 until;

	r->runnable = 0;
	lock_take(&r->lock);
	for (u32 i = 0; i < r->vcpu_count; i++) {
		r->runnable += vcpu_attend(r->vcpus[i], &d);
		if (r->vcpus[i] == r->ended)
			ended = r->vcpus[i];
	}
	chosen = schedule_pick(r->index, &until);
	/*
	 * Who makes the loop go round often pays for it, or it would have more of the CPU than its share; but not for
	 * what the round did of greater work, such as starting a VM.
	 */
	if (ended && chosen)
		schedule_owe(ended, MIN(clock_tsc() - r->ended_tsc, clock_ns_to_tsc(ROUND_OWED_MAX_NS)));
	r->ended = chosen;
	*deadline = MIN(deadline_of(&d, chosen), until);
	if (chosen)
		__atomic_store_n(&chosen->is_chosen, true, __ATOMIC_SEQ_CST);
	lock_drop(&r->lock);
	return chosen;
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
	guest_timer_arm(r, v);
	if (v->vm->debug && !debug_enter(v))
		debug_step(v);
	else if (v->trace.costs)
		guest_run(r, v, true);
	else
		guest_run(r, v, false);
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

/* `work` may be NULL. What is asked for from here on is seen below, or in the next round. */
static bool round_do(struct run_cpu *r, run_work_fn *work)
{
	struct vcpu *v;
	u64 deadline;

	(void)__atomic_exchange_n(&r->has_work, false, __ATOMIC_SEQ_CST);
	put_if_asked(r);
	trap_tell_nmis();
	if (work && !work())
		return false;
	v = vcpus_attend(r, &deadline);
	if (work)
		deadline = work_due(deadline);
	timer_arm(r, deadline);
	if (v) {
		first_entry_tell(v);
		vcpu_run(r, v);
		schedule_put(v, !v->is_waiting && vm_is_running(v->vm));
		r->ended_tsc = clock_tsc();
		__atomic_store_n(&v->is_chosen, false, __ATOMIC_SEQ_CST);
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
	put(r);
}

void run_loop_other(void)
{
	struct run_cpu *r = this_run();

	for (;;)
		(void)round_do(r, NULL);
}
