/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the memory of a running VM to other NUMA nodes, a page at a time (vm/gpa_move.h). The guest goes on; a vcpu
 * that writes to the page which is being moved waits until it is there. Then come the second-level tables, some at a
 * time, for which the vcpus stand still.
 */
#ifndef ETERNA_VM_REBALANCE_H
#define ETERNA_VM_REBALANCE_H

#include "base/err.h"
#include "iface/vnuma.h"

#define REBALANCE_WHY_BYTES 160

struct vm;

struct rebalance {
	struct vm *vm; /* NULL: nothing is going on */
	u64 at;        /* the next address to look at */
	u64 moved;     /* 4 KiB pages */
	u64 there;     /* of the pages looked at: were on their node already */
	u64 stuck;     /* stayed where they were, their node having no room */
	u64 awaited;   /* how often somebody who wanted to write had to wait; once all pages have been looked at */

	bool has_pages;   /* all have been looked at: the second-level tables are next */
	u64 table_at;     /* pagetable_move() */
	u32 tables_moved; /* to the pool of the first node */
	bool is_stuck;    /* some stayed where they were, that pool having no room */
	u64 pause_ns;     /* the longest that the vcpus stood for tables */
};

/**
 * Promise each of the VM's nodes its memory on host node `to[i]`, from where new pages come from now on too, take its
 * vcpus to CPUs there, and make ready to move the pages that are elsewhere.
 *
 * @return OK; ERR_RANGE: no such node; ERR_NOMEM: one has not that much free, and nothing is changed. On an error `why`
 *         (REBALANCE_WHY_BYTES) has the figures.
 * Context: the host loop's work. The VM is not destroyed before the end, or rebalance_cancel().
 */
err_t rebalance_start(struct rebalance *r, struct vm *vm, const u8 to[VNUMA_NODES_MAX], char *why) MUST_CHECK;

/* Move the next page that is not where it belongs, or the next tables. False: that was all. Context: as above. */
bool rebalance_step(struct rebalance *r);

static inline void rebalance_cancel(struct rebalance *r)
{
	r->vm = NULL;
}

#endif
