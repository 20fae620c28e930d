/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is under a lock: who comes first has it, but who has waited long is its heir and gets it next.
 *
 * Tickets would be fairer, but fail where processors are not always there, as those of a virtual machine on a busy
 * host: each hand-over then waits until the one processor whose turn it is runs again. Pure.
 */
#ifndef ETERNA_HOST_LOCK_WORD_H
#define ETERNA_HOST_LOCK_WORD_H

#include "base/types.h"

struct lock_word {
	u32 held; /* 1: somebody has it */
	u32 heir; /* who gets it next, not 0; 0: whoever comes */
};

/* Takes it, or does nothing. */
static inline bool lock_word_try(struct lock_word *w)
{
	return !__atomic_exchange_n(&w->held, 1, __ATOMIC_ACQUIRE);
}

/* Waits for it. `me` is not 0 and differs for each who may wait; after `patience` looks, one becomes the heir. */
void lock_word_wait(struct lock_word *w, u32 me, u32 patience);

/* Gives it to the heir, who sees that it is heir no more, or back. */
static inline void lock_word_drop(struct lock_word *w)
{
	if (__builtin_expect(__atomic_load_n(&w->heir, __ATOMIC_RELAXED) != 0, 0))
		__atomic_store_n(&w->heir, 0, __ATOMIC_RELEASE);
	else
		__atomic_store_n(&w->held, 0, __ATOMIC_RELEASE);
}

#endif
