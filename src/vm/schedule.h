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
 * Let a vcpu be scheduled by its VM's parameters on `cpus` (empty: all), first on v->entity.cpu; it waits. What is
 * refused is logged. Errors as sched_add().
 */
err_t schedule_add(struct vcpu *v, const struct cpu_set *cpus) MUST_CHECK;

/* The same for vcpu `index` of a VM that is not made, to see whether it is taken; and forget it again. */
err_t schedule_try(struct sched_entity *e, const char *vm, u32 index, const struct sched_params *params,
		   const struct cpu_set *cpus) MUST_CHECK;
void schedule_end_try(struct sched_entity *e);

/* ERR_BUSY: a CPU has it, v->entity.cpu. */
err_t schedule_remove(struct vcpu *v) MUST_CHECK;

/* It may have something to do. Returns the CPU that has reason to choose anew, or SCHED_NO_CPU. Context: any CPU. */
u32 schedule_wake(struct vcpu *v);

/* Who runs on this CPU, NULL: nobody; until when, by clock_tsc(); and another CPU that has reason to choose anew. */
struct schedule_choice {
	struct vcpu *vcpu;
	u64 until_tsc;
	u32 kick;
};

struct schedule_choice schedule_pick(u32 cpu);

/* The chosen vcpu does not run any more; schedule_switch() picks the next one in the same go. Context: its CPU. */
void schedule_put(struct vcpu *v, bool is_ready);
struct schedule_choice schedule_switch(struct vcpu *v, bool is_ready);

/* As schedule_wake() and schedule_pick(), for less; false: not this time (sched_resume()). */
bool schedule_resume(struct vcpu *v, u32 cpu, struct schedule_choice *choice);

/* For the prompt, and close to the truth: how long a vcpu ran, how long a CPU had somebody to run, and how many it has.
 */
u64 schedule_service_ns(const struct vcpu *v);
u64 schedule_busy_ns(u32 cpu);
u32 schedule_count(u32 cpu);

/* The CPU did something else for that time of the vcpu's turn. Context: its CPU, which has chosen it. */
void schedule_excuse(struct vcpu *v, u64 tsc);

/* What runs lets the first that waits go before it. */
void schedule_yield(struct vcpu *v);

#endif
