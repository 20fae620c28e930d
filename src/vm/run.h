/* SPDX-License-Identifier: Apache-2.0 */
/* The host loop: which vcpu a CPU runs, and what is done between exits. */
#ifndef ETERNA_VM_RUN_H
#define ETERNA_VM_RUN_H

#include "base/err.h"

struct sched_params;
struct vm;
struct vcpu;
struct vnuma;

/* All VMs there are. Changed by the host loop's work only. */
#define VMS_MAX 16
extern struct vm *vms[VMS_MAX];

/* The CPU that does the host loop's work: the console, and VMs that come and go. COM1's interrupt is routed to it. */
#define RUN_WORK_CPU 0

/* Called by the loop between exits: moves the console's bytes, sees to VMs that stopped. False: end the loop. */
typedef bool run_work_fn(void);

/* Prepare the loops of all CPUs. Context: boot CPU, after smp_start(), before the others are released. */
void run_init(void);

/*
 * Let the loops know the VM, and give each vcpu a CPU to begin with, of those that the VM may use: one of its node, or
 * any where that has none. ERR_SPACE when there are VMS_MAX VMs or a reservation does not fit; ERR_NOENT, ERR_RANGE as
 * sched_add(), whose words go to the log. Forget them again: the VM does not run and is evicted.
 * Context: the host loop's work, or before it.
 */
err_t run_add(struct vm *vm) MUST_CHECK;
void run_remove(struct vm *vm);

/* Would the scheduler take the vcpus of a VM that is made so? Errors and what is logged as with run_add(); nothing
 * is changed. Context: as there. */
err_t run_check(const char *name, u32 vcpu_count, const struct vnuma *numa, const struct sched_params *schedule)
	MUST_CHECK;

/* Give the vcpus CPUs anew, after the VM's nodes moved. Context: the host loop's work; the VM is paused. */
void run_move(struct vm *vm);

/* The VM's state is VM_RUNNING now: its vcpus are looked at. */
void run_start(struct vm *vm);

/* Run vcpus until `work` says to stop. Context: RUN_WORK_CPU. */
void run_loop(run_work_fn *work);

/* Have `work` called within about that time, even if nothing else happens; once. Context: called by `work`. */
void run_request_work_in(u64 ns);

/* The loop of another CPU. */
void run_loop_other(void) __attribute__((noreturn));

/* An interrupt handler has something for this CPU's loop, or for that of another: leave the guest soon. */
void run_request_work(void);
void run_request_work_of(u32 cpu);

/* The vcpu has something pending: see that its CPU looks at it. Context: any CPU. */
void run_tell(struct vcpu *v);

/* Does the vcpu run on another CPU, or will it at once? It may have stopped when this returns. */
bool run_is_on_other_cpu(const struct vcpu *v);

/* The same for vectors that were posted: a vcpu in its guest goes on there. Context: another CPU than the vcpu's. */
void run_notify(struct vcpu *v);

/*
 * The next event of a vcpu's local APIC moved (context: the vcpu's CPU), or the board's came closer (any CPU, VM not
 * locked): the timer of the CPU that keeps its time has to follow.
 */
void run_lapic_moved(struct vcpu *v);
void run_board_moved(struct vm *vm);

/* If the next that this CPU's timer does is for the vcpu that it is about to run, it can do so in the guest. False:
 * there is other work to do before. Context: the vcpu's CPU, no lock is held. */
bool run_timer_post(struct vcpu *v);

/* The timer of the vcpu's local APIC went off without this CPU's noticing (apicv.h). Context: the vcpu's CPU. */
void run_timer_ran_out(struct vcpu *v);

/* Let other vcpus of this CPU run, if any can, before the loaded one goes on. */
void run_yield(void);

/* Put the vcpu that this CPU has loaded away, if there is one. */
void run_put(void);

/*
 * Wait until no CPU holds or runs any vcpu of the VM, which is not VM_RUNNING any more. Afterwards all of it is the
 * caller's until vm_start() or vm_resume(). Context: no lock is held, no vcpu runs on this CPU.
 */
void run_evict(struct vm *vm);

/* What a CPU does, for the prompt: the vcpu that it runs, NULL for none, and the time its timer is set to by
 * clock_tsc(); NEVER. Context: RUN_WORK_CPU. */
const struct vcpu *run_chosen(u32 cpu);
u64 run_timer_tsc(u32 cpu);

/* The vcpu that a CPU holds or held last, or NULL, for the prompt: only to be looked at on RUN_WORK_CPU. */
const struct vcpu *run_loaded(u32 cpu);

#endif
