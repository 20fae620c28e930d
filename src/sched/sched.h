/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vcpu a CPU runs next, and until when. docs/scheduler.md explains the rules and their bounds.
 *
 * An entity is whatever is scheduled: a vcpu embeds one. Each CPU has a queue. An entity is always at one CPU
 * (entity->cpu) and belongs, with all of its state, to whoever holds that CPU's lock.
 *
 *	                 sched_wake()              sched_pick()
 *	   WAITING ------------------> READY -------------------> RUNNING
 *	      ^   sched_sleep()         | ^                        |  |
 *	      |<------------------------+ +---- sched_put(READY) --+  |
 *	      |                           \                           |
 *	      |                            HELD (its cap is used up)  |
 *	      +------------------------------- sched_put(WAITING) ----+
 *
 * CPUs. sched_pick(cpu) and sched_put() are called by that CPU alone; sched_wake(), sched_sleep() and sched_remove() by
 * any. The functions take the locks that they need through `struct sched_locks`: of one CPU, or of two with the lower
 * index first; never is one held when a function returns. What CPUs know of each other without a lock is atomic, and a
 * hint: what follows from it is checked again under the lock. sched_add() and sched_remove() must not run twice at a
 * time. Interrupt handlers must not call in here unless the locks keep interrupts off.
 *
 * Kicks. A returned CPU must call sched_put() for what it runs and then sched_pick(), soon: send it an IPI. It may be
 * the caller itself.
 *
 * Time is the caller's, in nanoseconds, the same for all CPUs up to a small skew; it never goes back on one CPU.
 */
#ifndef ETERNA_SCHED_SCHED_H
#define ETERNA_SCHED_SCHED_H

#include <stdatomic.h>

#include "base/cpu_set.h"
#include "sched/heap.h"

#define SCHED_CPUS_MAX CPU_SET_MAX
#define SCHED_ENTITIES_MAX 1024 /* what is tested; no array has this size */
#define SCHED_NO_CPU UINT32_MAX
#define SCHED_NO_OWNER UINT32_MAX

#define SCHED_WEIGHT_MAX 10000
#define SCHED_WEIGHT_USUAL 100
#define SCHED_CAP_NONE 100
#define SCHED_CAP_WINDOW_NS (20 * NS_PER_MS)
#define SCHED_PERIOD_MIN_NS NS_PER_MS
#define SCHED_PERIOD_MAX_NS NS_PER_SEC
#define SCHED_BUDGET_MIN_NS (100 * NS_PER_US)
#define SCHED_RESERVED_MAX_PPM 950000 /* of a CPU: the rest keeps those without a reservation going */

/* How long one without a reservation runs while others wait: a share of the round, within these. */
#define SCHED_ROUND_NS (16 * NS_PER_MS)
#define SCHED_SLICE_MIN_NS (500 * NS_PER_US)
#define SCHED_SLICE_MAX_NS (2 * NS_PER_MS)

#define SCHED_WHY_BYTES 160

struct sched_params {
	u32 weight;          /* 1 to SCHED_WEIGHT_MAX: its share of a CPU against the others' weights */
	u32 cap_percent;     /* of a CPU, 1 to SCHED_CAP_NONE, in each SCHED_CAP_WINDOW_NS */
	u64 budget_ns;       /* reserved in each period; 0: nothing */
	u64 period_ns;       /* SCHED_PERIOD_MIN_NS to SCHED_PERIOD_MAX_NS where there is a budget */
	struct cpu_set cpus; /* where it may run; empty: on all CPUs that are nobody's own */
	u32 owner;           /* who it belongs to, for CPUs that are somebody's own */
	bool stays;          /* on the CPU that it is given first, even if it may run on others */
};

enum sched_state { SCHED_ABSENT, SCHED_WAITING, SCHED_READY, SCHED_HELD, SCHED_RUNNING };

/* In which of a CPU's heaps a ready entity is. */
enum sched_queue { SCHED_QUEUE_NONE, SCHED_QUEUE_DEADLINE, SCHED_QUEUE_FIXED, SCHED_QUEUE_MOVABLE };

struct sched_entity {
	/* constant from sched_add() on */
	u32 weight;
	bool is_movable;        /* more than one CPU, no reservation, and it need not stay */
	struct cpu_set allowed; /* never empty */
	u64 budget_ns;
	u64 period_ns;
	u64 cap_ns; /* in each window; the whole window: no cap */

	_Atomic u32 cpu; /* changes under the locks of the old and the new one */

	/* under that CPU's lock */
	enum sched_state state;
	enum sched_queue queue;
	bool is_on_budget; /* runs on its reservation */
	bool was_woken;    /* while it ran */
	u32 last_cpu;      /* where it ran last; SCHED_NO_CPU: nowhere yet */
	u64 vtime;         /* what it got, divided by its weight, on the time line of its CPU */
	u64 started_ns;
	u64 service_ns; /* what it got in all, and of that on its reservation */
	u64 reserved_service_ns;
	u64 deadline_ns; /* the reservation's current period ends */
	s64 budget_left_ns;
	u64 cap_start_ns; /* of the current window */
	u64 cap_used_ns;
	struct heap_node ready;
	struct heap_node timer; /* held, or out of budget: when that ends */
};

/* Sets that CPUs change without a lock. */
struct sched_shared_set {
	_Atomic u64 word[CPU_SET_MAX / 64];
};

struct sched_cpu {
	/* under its lock */
	struct sched_entity *running;
	const struct sched_entity *yielded; /* lets another go first, in the next sched_pick(); only compared */
	struct heap deadlines;              /* those with budget, by deadline */
	struct heap fixed;                  /* those that only this CPU may run, by vtime */
	struct heap movable;                /* the others, by vtime */
	struct heap timers;                 /* by time */
	u64 vnow;                           /* vtime that this CPU has reached */
	u64 base;                           /* added to vtimes here to compare them with other CPUs' */
	u32 weights;                        /* of those in `fixed` and `movable` */
	u32 reserved_ppm;
	u32 owner;
	u64 until_ns; /* what sched_pick() said */
	u32 scan;     /* the CPU to look at next */
	u64 scan_steps;
	u64 picks;
	u64 busy_ns; /* with somebody to run, until the last sched_put() */
	u64 pulls;   /* entities taken from other CPUs */

	/* hints for others */
	_Atomic u32 entity_count;
	_Atomic u32 load;                     /* weights, that of the running one included */
	struct sched_shared_set head_allowed; /* where the first in `movable` may run */
	_Atomic u64 head;                     /* comparable vtime of the first in `movable` */
	_Atomic u64 level;                    /* comparable vtime of the running one when it started */
	_Atomic u64 level_ns;                 /* when that was */
	_Atomic u32 level_weight;             /* 0: not advancing */
	_Atomic u32 look_at;                  /* a CPU that is behind this one, or SCHED_NO_CPU */
	_Atomic bool is_endless;              /* runs without an end of its slice */
} ALIGNED(64);

/* How a CPU's queue is locked. */
struct sched_locks {
	void (*take)(struct sched_locks *locks, u32 cpu);
	void (*give)(struct sched_locks *locks, u32 cpu);
};

struct sched {
	struct sched_cpu *cpu;
	struct cpu_set cpus; /* that take part */
	u32 cpu_count;
	struct sched_locks *locks;
	u32 scan_count;                           /* CPUs that a busy one looks at in one decision: O(log n) */
	struct sched_shared_set idle ALIGNED(64); /* CPUs with nothing to run */
	struct sched_shared_set full ALIGNED(64); /* CPUs where movable ones wait for another to end */
};

/* What sched_pick() decided. */
struct sched_choice {
	struct sched_entity *entity; /* NULL: nothing to run */
	u64 until_ns;                /* call sched_put(), sched_pick() then at the latest; NEVER */
	u32 kick;                    /* another CPU has reason to look; SCHED_NO_CPU */
	u32 last_cpu;                /* where the entity ran before; SCHED_NO_CPU: nowhere */
};

/*
 * Prepare for the CPUs `cpus`; `cpu` is an array with an entry up to the highest of them.
 * Context: before anything else; cleared memory is not needed. All pointers must live on.
 */
void sched_init(struct sched *s, struct sched_cpu *cpu, const struct cpu_set *cpus, struct sched_locks *locks);

/*
 * Make a CPU the own one of `owner`: entities of others never run there.
 * Context: after sched_init(), before the first sched_add(). ERR_NOENT: no such CPU; ERR_BUSY: another's already.
 */
err_t sched_own(struct sched *s, u32 cpu, u32 owner) MUST_CHECK;

/*
 * Take an entity in; it waits for sched_wake(). A reservation is kept for it on one of its CPUs.
 *
 * @return OK; ERR_RANGE for parameters out of range; ERR_NOENT when there is no CPU that it may run on; ERR_SPACE when
 *         its reservation fits none of them. `why` (SCHED_WHY_BYTES) says then which and by what sum.
 */
err_t sched_add(struct sched *s, struct sched_entity *e, const struct sched_params *params, u64 now_ns, char *why)
	MUST_CHECK;

/* Forget an entity. ERR_BUSY: it runs; kick entity->cpu and try again. */
err_t sched_remove(struct sched *s, struct sched_entity *e) MUST_CHECK;

/* It has something to do. Returns the CPU to kick, or SCHED_NO_CPU. Nothing happens to one that is ready already; one
 * that runs will be ready when it is put. */
u32 sched_wake(struct sched *s, struct sched_entity *e, u64 now_ns);

/* Let it not run any more until it is woken, as when its VM is paused. Returns the CPU to kick when it runs. */
u32 sched_sleep(struct sched *s, struct sched_entity *e);

/* Choose what `cpu` runs. Context: that CPU, which runs nothing: sched_put() came before. */
struct sched_choice sched_pick(struct sched *s, u32 cpu, u64 now_ns);

/* The entity ran until now: it could go on (true), or has to wait. Context: the CPU that ran it. */
void sched_put(struct sched *s, struct sched_entity *e, bool is_ready, u64 now_ns);

/* sched_put() and sched_pick() in one. Context: as sched_put(). */
struct sched_choice sched_switch(struct sched *s, struct sched_entity *e, bool is_ready, u64 now_ns);

/*
 * sched_wake() and sched_pick() in one, for less, where an entity that waits is the only one that this CPU could run.
 * False: it is not so, and nothing was done. Context: that CPU, which runs nothing.
 */
bool sched_resume(struct sched *s, struct sched_entity *e, u32 cpu, u64 now_ns, struct sched_choice *choice);

/* For `ns` of its turn the CPU did something that is not on the account of what runs. Context: the CPU that runs it. */
void sched_excuse(struct sched *s, struct sched_entity *e, u64 ns);

/* What runs lets the first that waits, if one does, go before it. Context: the CPU that runs it, before sched_put(). */
void sched_yield_turn(struct sched *s, struct sched_entity *e, u64 now_ns);

/* Operations' steps of this CPU so far. */
u64 sched_steps(const struct sched_cpu *c);

/* Do queues, sums, states and hints agree? Context: no other function runs. */
bool sched_valid(const struct sched *s);

#endif
