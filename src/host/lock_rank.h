/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of locks, in one place: a CPU takes a lock only while all that it holds rank lower. So two CPUs never wait
 * for one another, and none waits for itself. Debug builds check every lock taken; release builds trust them.
 *
 * Interrupts are off wherever a lock is held: ETERNA takes interrupts at known points only, and holds nothing there.
 * An NMI handler takes no lock.
 */
#ifndef ETERNA_HOST_LOCK_RANK_H
#define ETERNA_HOST_LOCK_RANK_H

#include "base/types.h"

enum lock_rank {
	LOCK_RUN = 1,  /* vm/run.c: whose timers a CPU keeps */
	LOCK_VM,       /* a VM's board: devices and local APICs of all its vcpus */
	LOCK_FILL,     /* a VM's second-level tables and window, while they change */
	LOCK_SWITCH,   /* main/console_switch.c: who is shown, what is kept of the others */
	LOCK_MEMORY,   /* host/memory.c: the pool, the frames, tables that take pages from the pool */
	LOCK_CONSOLE,  /* host/console.c, log.c: the rings of the console and of the log */
	LOCK_SCHEDULE, /* vm/schedule.c: a CPU's queue in the scheduler; a second one, of a higher CPU, may follow */
	LOCK_RANKS
};

#define LOCK_DEPTH_MAX 8

/* What one CPU holds, in the order it was taken. Zeroed: nothing. */
struct lock_ranks {
	u8 count;
	u8 held[LOCK_DEPTH_MAX];
};

/* Note that a lock of `rank` is being taken. False if the order forbids it: one held ranks as high or higher, but for
 * one of two of LOCK_SCHEDULE. */
bool lock_ranks_push(struct lock_ranks *r, enum lock_rank rank);

/* Note that it is given back. False if it is not held. */
bool lock_ranks_pop(struct lock_ranks *r, enum lock_rank rank);

/* For messages. */
const char *lock_rank_name(enum lock_rank rank);

#endif
