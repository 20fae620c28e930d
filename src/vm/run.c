// SPDX-License-Identifier: Apache-2.0
// The host loop of a CPU: pick a vcpu, run it, handle its exits, do soft work; run to completion, never preempted.
#include "vm/run.h"

#include "host/apic.h"
#include "host/clock.h"
#include "host/console.h"
#include "host/log.h"
#include "host/panic.h"
#include "host/trap.h"
#include "vm/board.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "x86/insn.h"

/* How long a vcpu runs while others wait. */
#define SLICE_NS (2 * NS_PER_MS)

struct vm *vms[VMS_MAX];

/* What this CPU does. One for the boot CPU: the others are not started yet. */
static struct {
	struct vcpu *loaded;
	volatile bool has_work; /* set by interrupt handlers */
	u64 armed_tsc;          /* the timer's deadline */
	u32 last;               /* in vcpus: who ran last */
	u32 vcpu_count;
	struct vcpu *vcpus[RUN_VCPUS_MAX];
} run;

static void timer_interrupt(void)
{
	run.armed_tsc = NEVER;
	run.has_work = true;
	apic_eoi();
}

void run_request_work(void)
{
	run.has_work = true;
}

/* For the panic dump: what the vcpu on this CPU did last. */
static void exits_report(void)
{
	if (!run.loaded)
		return;
	console_print("  last exits of VM %s, vcpu %u:\n", run.loaded->vm->name, run.loaded->index);
	vcpu_history_print(run.loaded, &console_sink);
}

void run_init(void)
{
	panic_set_reporter(exits_report);
	run.armed_tsc = NEVER;
	trap_set_handler(HOST_VECTOR_TIMER, timer_interrupt);
}

err_t run_add(struct vm *vm)
{
	u32 slot = 0;

	while (slot < VMS_MAX && vms[slot])
		slot++;
	if (slot == VMS_MAX || run.vcpu_count + vm->vcpu_count > RUN_VCPUS_MAX)
		return ERR_SPACE;
	vms[slot] = vm;
	vm->id = slot;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		run.vcpus[run.vcpu_count++] = vm->vcpu[i];
	return OK;
}

void run_remove(struct vm *vm)
{
	u32 kept = 0;

	for (u32 i = 0; i < run.vcpu_count; i++)
		if (run.vcpus[i]->vm != vm)
			run.vcpus[kept++] = run.vcpus[i];
	run.vcpu_count = kept;
	run.last = 0;
	vms[vm->id] = NULL;
}

void run_put(void)
{
	if (run.loaded)
		hvm->vcpu_put(&run.loaded->hvm);
	run.loaded = NULL;
	gpa_enter(NULL);
}

static void load(struct vcpu *v)
{
	if (run.loaded == v)
		return;
	run_put();
	gpa_enter(v->vm);
	hvm->vcpu_load(&v->hvm);
	run.loaded = v;
}

/* The host TSC at which a VM's devices want to be looked at. */
static u64 vm_event_tsc(struct vm *vm)
{
	u64 ns = board_next_event(&vm->board);

	if (ns != vm->event_ns) {
		vm->event_ns = ns;
		vm->event_tsc = ns == NEVER ? NEVER : vm->tsc_at_zero + clock_ns_to_tsc(ns);
	}
	return vm->event_tsc;
}

static void timer_arm(u64 tsc)
{
	if (tsc == run.armed_tsc)
		return;
	run.armed_tsc = tsc;
	apic_timer_arm(tsc);
}

/*
 * Bochs 3.0 does not let interrupts end a guest that runs with IF clear, though external-interrupt exiting ignores IF
 * (SDM 3C, Changes to Instruction Behavior; Other Causes of VM Exits). So that such a guest keeps neither its
 * neighbours nor the prompt waiting, it is left by its own timer as well, and a guest that polls a device by a window.
 */
#define POLL_EXITS 32
#define GUEST_TIMER_MAX_NS (50 * NS_PER_MS)

static void guest_timer_arm(struct vcpu *v)
{
	u64 now = clock_tsc();
	u64 most = now + clock_ns_to_tsc(GUEST_TIMER_MAX_NS);

	hvm->deadline_set(&v->hvm, MAX(MIN(run.armed_tsc, most), now) - now);
}

/* The next time at which this CPU has to stop running what it runs. */
static u64 next_deadline(u64 first)
{
	for (u32 i = 0; i < VMS_MAX; i++)
		if (vms[i] && vms[i]->state == VM_RUNNING)
			first = MIN(first, vm_event_tsc(vms[i]));
	return first;
}

static void devices_tick(void)
{
	for (u32 i = 0; i < VMS_MAX; i++)
		if (vms[i] && vms[i]->state == VM_RUNNING)
			board_tick(vms[i]);
}

/* The next runnable vcpu after the one that ran last, in turn; `count` tells how many could run. */
static struct vcpu *pick(u32 *count)
{
	u32 start = run.last + 1;
	struct vcpu *found = NULL;

	*count = 0;
	for (u32 i = 0; i < run.vcpu_count; i++) {
		u32 at = (start + i) % run.vcpu_count;

		if (!vcpu_is_runnable(run.vcpus[at]))
			continue;
		if (!found) {
			found = run.vcpus[at];
			run.last = at;
		}
		(*count)++;
	}
	return found;
}

/* Run one vcpu until it waits, its VM stops, its slice is over or there is work. */
static void vcpu_run(struct vcpu *v)
{
	struct exit x;
	enum exit_next next;

	load(v);
	guest_timer_arm(v);
	while (!run.has_work) {
		if (v->pending && !event_deliver(v))
			return;
		if (board_next_event(&v->vm->board) != v->vm->event_ns && vm_event_tsc(v->vm) < run.armed_tsc) {
			timer_arm(v->vm->event_tsc);
			guest_timer_arm(v);
		}
		hvm->run(&v->hvm, &x);
		if (__builtin_expect(v->hvm.interrupted.is_valid, 0))
			v->pending |= PENDING_INTERRUPTED;
		next = exit_handle(v, &x);
		if (!(v->history_next % POLL_EXITS))
			interrupt_window();
		if (next == NEXT_ADVANCE)
			vcpu_advance(v, x.insn_len);
		else if (next == NEXT_LEAVE)
			return;
	}
}

/* What an emulator that counts instructions measures a boot by. */
static void first_entry_tell(const struct vcpu *v)
{
	static bool is_told;

	if (is_told)
		return;
	is_told = true;
	log_info("VM %s: first entry, %lu TSC ticks after the loader", v->vm->name, rdtsc() - boot_tsc);
}

void run_loop(run_work_fn *work)
{
	while (work()) {
		struct vcpu *v;
		u32 runnable;

		run.has_work = false;
		devices_tick();
		v = pick(&runnable);
		timer_arm(next_deadline(runnable > 1 ? clock_tsc() + clock_ns_to_tsc(SLICE_NS) : NEVER));
		if (v) {
			first_entry_tell(v);
			vcpu_run(v);
		} else if (!run.has_work) {
			interrupt_wait();
		}
	}
	run_put();
}
