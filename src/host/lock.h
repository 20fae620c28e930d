/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks between CPUs: tickets, so that nobody waits for ever. Held for short times, with interrupts off.
 * Which may be taken while which is held: host/lock_rank.h.
 */
#ifndef ETERNA_HOST_LOCK_H
#define ETERNA_HOST_LOCK_H

#include "host/lock_rank.h"
#include "x86/insn.h"

struct lock {
	u32 next;    /* the ticket of who comes next */
	u32 serving; /* the ticket of who holds it; `next` when nobody does */
	u32 rank;    /* enum lock_rank */
};

#define LOCK_INIT(lock_rank) ((struct lock){.rank = (lock_rank)})

/* lock.c, in debug builds: panics when the order forbids it, or when the lock is not held. */
void lock_check_take(const struct lock *l);
void lock_check_drop(const struct lock *l);

/* Panics when this CPU holds a lock: before it waits for another CPU. Debug builds only; nothing otherwise. */
void lock_check_none(void);

static inline void lock_take(struct lock *l)
{
	u32 ticket;

	if (CONFIG_DEBUG)
		lock_check_take(l);
	ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	while (__builtin_expect(__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != ticket, 0))
		pause();
}

static inline void lock_drop(struct lock *l)
{
	if (CONFIG_DEBUG)
		lock_check_drop(l);
	__atomic_store_n(&l->serving, l->serving + 1, __ATOMIC_RELEASE);
}

#endif
