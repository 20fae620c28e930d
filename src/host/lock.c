// SPDX-License-Identifier: Apache-2.0
// Waiting for locks, and the debug builds' check of each one taken and given back.
#include "host/lock.h"

#include "base/bits.h"
#include "host/cpu.h"
#include "host/panic.h"

/* Looks, each with a PAUSE: some tenths of a second. */
#define PATIENCE BIT(20)

void lock_wait(struct lock *l)
{
	lock_word_wait(&l->word, this_cpu()->index + 1, PATIENCE);
}

void lock_check_take(const struct lock *l)
{
	struct cpu *cpu = this_cpu();

	if (!lock_ranks_push(&cpu->locks, (enum lock_rank)l->rank) && !panic_is_under_way())
		panic("lock \"%s\" is taken against the order: \"%s\" is held", lock_rank_name((enum lock_rank)l->rank),
		      cpu->locks.count ? lock_rank_name((enum lock_rank)cpu->locks.held[cpu->locks.count - 1])
				       : "none");
}

void lock_check_drop(const struct lock *l)
{
	if (!lock_ranks_pop(&this_cpu()->locks, (enum lock_rank)l->rank) && !panic_is_under_way())
		panic("lock \"%s\" is given back, but not held", lock_rank_name((enum lock_rank)l->rank));
}

void lock_check_none(void)
{
	if (CONFIG_DEBUG && this_cpu()->locks.count && !panic_is_under_way())
		panic("waits for another CPU while lock \"%s\" is held",
		      lock_rank_name((enum lock_rank)this_cpu()->locks.held[this_cpu()->locks.count - 1]));
}
