// SPDX-License-Identifier: Apache-2.0
// Waiting for a lock. Pure.
#include "host/lock_word.h"

/* While it is held: with reads only, so that the holder keeps the cache line. */
static bool is_held(const struct lock_word *w)
{
	return __atomic_load_n(&w->held, __ATOMIC_RELAXED);
}

/* The one inheritance at a time: who finds another heir waits on as before. */
static bool become_heir(struct lock_word *w, u32 me)
{
	u32 nobody = 0;

	return __atomic_compare_exchange_n(&w->heir, &nobody, me, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* The last holder may have looked before there was an heir: then the lock is free, and the heir takes it itself. */
static void heir_wait(struct lock_word *w, u32 me)
{
	while (__atomic_load_n(&w->heir, __ATOMIC_ACQUIRE) == me) {
		if (!is_held(w) && lock_word_try(w)) {
			__atomic_store_n(&w->heir, 0, __ATOMIC_RELAXED);
			return;
		}
		__builtin_ia32_pause();
	}
}

void lock_word_wait(struct lock_word *w, u32 me, u32 patience)
{
	for (u32 looks = 0; is_held(w) || !lock_word_try(w); looks++) {
		if (looks >= patience && become_heir(w, me)) {
			heir_wait(w, me);
			return;
		}
		__builtin_ia32_pause();
	}
}
