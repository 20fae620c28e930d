/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler (sched/sched.h) over this machine's CPUs and its vcpus. */
#ifndef ETERNA_VM_SCHEDULE_H
#define ETERNA_VM_SCHEDULE_H

#include "sched/sched.h"

struct vcpu;
struct vm;

/* For all CPUs that came up. Panics when there is no memory for it. */
void schedule_init(void);

/* Keep all but `owner` off a CPU. Errors as sched_own(). Context: before the first VM is made. */
err_t schedule_own(u32 cpu, u32 owner) MUST_CHECK;

/*
 * Choose a CPU among `cpus` (empty: all) for a vcpu, by its VM's parameters; it stays there, v->cpu.
 * What is refused is logged. Errors as sched_add().
 */
err_t schedule_add(struct vcpu *v, const struct cpu_set *cpus) MUST_CHECK;
void schedule_remove(struct vcpu *v);

/* The vcpu can run, or its VM must not any more. Context: its CPU. */
void schedule_wake(struct vcpu *v);
void schedule_sleep(struct vcpu *v);

/* Who runs on this CPU, NULL: nobody; and till when, by clock_tsc(). Then schedule_put(). */
struct vcpu *schedule_pick(u32 cpu, u64 *until_tsc);
void schedule_put(struct vcpu *v, bool is_ready);

/* The CPU did something on the vcpu's account while it did not run. */
void schedule_owe(struct vcpu *v, u64 tsc);

/* What runs lets the first that waits go before it. */
void schedule_yield(struct vcpu *v);

#endif
