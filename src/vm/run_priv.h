/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the host loop share. */
#ifndef ETERNA_VM_RUN_PRIV_H
#define ETERNA_VM_RUN_PRIV_H

#include "host/cpu.h"
#include "host/lock.h"
#include "vm/run.h"

/* What a CPU does. Its own but for the last four members, which any CPU sets, and the list, which has the lock. */
struct run_cpu {
	u32 index;
	struct vcpu *chosen; /* by the scheduler, to run here; NULL: none */
	u64 until_tsc;       /* the scheduler is asked again then at the latest */
	struct vcpu *loaded;
	u64 armed_tsc;      /* the timer's deadline */
	u64 limit_tsc;      /* the guest is left then at the latest, whatever its own local APIC's timer does */
	bool will_choose;   /* looks at its vcpus, and asks the scheduler after that */
	struct vcpu *woken; /* one of its vcpus that has something to do, and the scheduler was not told yet */
	struct lock lock;
	struct vcpu *first;        /* those whose timers it keeps, linked by vcpu.next */
	bool has_work ALIGNED(64); /* atomic: look at everything */
	bool must_choose;          /* atomic: the scheduler has reason to choose anew */
	bool must_put;             /* atomic: somebody waits for what is loaded here */
	u64 kicked_tsc;            /* atomic: somebody asked it again then, before it had gone round */
};

extern struct run_cpu *runs[CPUS_MAX];

static inline struct run_cpu *this_run(void)
{
	return runs[this_cpu()->index];
}

/* Is it to leave its guest and look at everything? */
static inline bool has_work(const struct run_cpu *r)
{
	return __atomic_load_n(&r->has_work, __ATOMIC_RELAXED);
}

/* run_timer.c: when the VM's devices want to be looked at, and when the vcpu's local APIC, or with vcpu 0 either.
 * Context: the CPU that keeps its time. */
u64 run_board_event_tsc(struct vm *vm);
u64 run_lapic_event_tsc(struct vcpu *v);
u64 run_event_tsc(struct vcpu *v);

/* This CPU's timer; and, after it, that by which the guest which it runs is left. */
void run_timer_arm(struct run_cpu *r, u64 tsc);
void run_guest_timer_arm(const struct run_cpu *r, struct vcpu *v);

/* The deadline, or an earlier one by which a guest that never exits is looked after. */
u64 run_timer_limit(u64 tsc);

/* Make this CPU the keeper of a vcpu's timers. Context: it has the vcpu from the scheduler. */
void run_take_over(struct run_cpu *r, struct vcpu *v);

/* That CPU is to ask the scheduler again, soon. SCHED_NO_CPU: none is. */
void run_request_choice(u32 cpu);

#endif
