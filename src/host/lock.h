/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks between CPUs (host/lock_word.h says whose turn it is). Held for short times, with interrupts off.
 * Which may be taken while which is held: host/lock_rank.h.
 */
#ifndef ETERNA_HOST_LOCK_H
#define ETERNA_HOST_LOCK_H

#include "host/lock_rank.h"
#include "host/lock_word.h"
#include "x86/insn.h"

struct lock {
	struct lock_word word;
	u32 rank; /* enum lock_rank */
};

#define LOCK_INIT(lock_rank) ((struct lock){.rank = (lock_rank)})

/* lock.c, in debug builds: panics when the order forbids it, or when the lock is not held. */
void lock_check_take(const struct lock *l);
void lock_check_drop(const struct lock *l);

/* Panics when this CPU holds a lock: before it waits for another CPU. Debug builds only; nothing otherwise. */
void lock_check_none(void);

/* lock.c: for a lock that was not there at once. */
void lock_wait(struct lock *l);

static inline void lock_take(struct lock *l)
{
	if (CONFIG_DEBUG)
		lock_check_take(l);
	if (__builtin_expect(!lock_word_try(&l->word), 0))
		lock_wait(l);
}

static inline void lock_drop(struct lock *l)
{
	if (CONFIG_DEBUG)
		lock_check_drop(l);
	lock_word_drop(&l->word);
}

#endif
