/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page's way to another frame under a running guest: what its two leaves, the guest's and the window's (where the
 * host sees the same RAM), permit and lead to at each step. The caller flushes and copies between the steps:
 *
 *	         begin                  exchange               end
 *	NONE ------------> PROTECTED ------------> EXCHANGED -------> NONE
 *	      (drop, copy)              (drop)               (free the old frame)
 *
 * "Drop" means that no CPU holds a translation from before, of either table: its caches are flushed, and it is in no
 * guest that began with an older epoch (hvm/tags.h). Why each is there:
 *	- before the copy, or somebody still writes to the old frame what the copy misses;
 *	- before `end` lets anybody write again, or one CPU writes to the new frame while another reads the old one;
 *	- and with it before the old frame is freed.
 * Readers go on all the time: both frames hold the same while neither can be written. Who wants to write meanwhile
 * waits until page_move_covers() is false.
 *
 * Pure, no lock inside: whoever moves and whoever asks holds the tables' lock.
 */
#ifndef ETERNA_MEM_PAGE_MOVE_H
#define ETERNA_MEM_PAGE_MOVE_H

#include "mem/pagetable.h"

enum page_move_state { PAGE_MOVE_NONE, PAGE_MOVE_PROTECTED, PAGE_MOVE_EXCHANGED };

/* The tables of the RAM: guest-physical addresses, and the same from `window_at` on. */
struct page_move_tables {
	struct pagetable *guest, *window;
	u64 window_at;
};

/* Zeroed: no page is under way. */
struct page_move {
	u32 state; /* enum page_move_state */
	u64 gpa, bytes;
	hpa_t from, to;
	enum prot guest_prot; /* before it began, and after its end */
	enum prot window_prot;
};

/**
 * Take the right to write from both leaves of `leaf`, one of the guest's, which is to move to `to`. A leaf of the
 * window that is larger is split, smaller ones are merged.
 *
 * @return OK; ERR_NOMEM if a split found no page; ERR_BUSY if the window has smaller leaves that are no large one;
 *         nobody's rights are changed on an error
 */
err_t page_move_begin(struct page_move *m, const struct page_move_tables *t, const struct mapping *leaf, hpa_t to)
	MUST_CHECK;

/* Let both leaves lead to the new frame, which has its contents. */
void page_move_exchange(struct page_move *m, const struct page_move_tables *t);

/* Give both leaves their rights back. */
void page_move_end(struct page_move *m, const struct page_move_tables *t);

/* May nobody write to any of [gpa, gpa + bytes)? */
static inline bool page_move_covers(const struct page_move *m, u64 gpa, u64 bytes)
{
	return m->state != PAGE_MOVE_NONE && gpa < m->gpa + m->bytes && m->gpa < gpa + bytes;
}

#endif
