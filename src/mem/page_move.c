// SPDX-License-Identifier: Apache-2.0
// A page's way to another frame: its leaves at each step.
#include "mem/page_move.h"

#include "base/assert.h"

/* Make the window's leaf as large as the guest's; `w` is what is there then. */
static err_t window_match(const struct page_move_tables *t, const struct mapping *leaf, struct mapping *w)
{
	u64 at = t->window_at + leaf->va;
	err_t err = pagetable_lookup(t->window, at, w);

	ASSERT(!err);
	if (w->bytes > leaf->bytes) {
		err = pagetable_protect(t->window, at, leaf->bytes, w->prot);
		if (err)
			return err;
	} else if (w->bytes < leaf->bytes) {
		(void)pagetable_merge(t->window, at, leaf->bytes);
	}
	err = pagetable_lookup(t->window, at, w);
	ASSERT(!err);
	return w->bytes == leaf->bytes ? OK : ERR_BUSY;
}

/* No leaf is split by that: it has this size. */
static void rights_set(const struct page_move *m, const struct page_move_tables *t, enum prot guest, enum prot window)
{
	err_t err = pagetable_protect(t->guest, m->gpa, m->bytes, guest);

	ASSERT(!err);
	err = pagetable_protect(t->window, t->window_at + m->gpa, m->bytes, window);
	ASSERT(!err);
}

err_t page_move_begin(struct page_move *m, const struct page_move_tables *t, const struct mapping *leaf, hpa_t to)
{
	struct mapping w;
	err_t err = window_match(t, leaf, &w);

	ASSERT(m->state == PAGE_MOVE_NONE);
	if (err)
		return err;
	ASSERT(w.pa.v == leaf->pa.v);
	*m = (struct page_move){
		.state = PAGE_MOVE_PROTECTED,
		.gpa = leaf->va,
		.bytes = leaf->bytes,
		.from = leaf->pa,
		.to = to,
		.guest_prot = leaf->prot,
		.window_prot = w.prot,
	};
	rights_set(m, t, m->guest_prot & (enum prot) ~PROT_W, m->window_prot & (enum prot) ~PROT_W);
	return OK;
}

void page_move_exchange(struct page_move *m, const struct page_move_tables *t)
{
	err_t err;

	ASSERT(m->state == PAGE_MOVE_PROTECTED);
	err = pagetable_exchange(t->guest, m->gpa, m->bytes, m->to);
	ASSERT(!err);
	err = pagetable_exchange(t->window, t->window_at + m->gpa, m->bytes, m->to);
	ASSERT(!err);
	m->state = PAGE_MOVE_EXCHANGED;
}

void page_move_end(struct page_move *m, const struct page_move_tables *t)
{
	ASSERT(m->state == PAGE_MOVE_EXCHANGED);
	rights_set(m, t, m->guest_prot, m->window_prot);
	m->state = PAGE_MOVE_NONE;
}
