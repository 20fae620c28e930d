/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the memory of a running VM to other NUMA nodes, a page at a time (vm/gpa_move.h). The guest goes on; a vcpu
 * that writes to the page which is being moved waits until it is there.
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
	u64 awaited;   /* after the last step: how often somebody who wanted to write had to wait */
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

/* Look at the next pages, up to one that has to be moved, and move it. False: that was all. Context: as above. */
bool rebalance_step(struct rebalance *r);

static inline void rebalance_cancel(struct rebalance *r)
{
	r->vm = NULL;
}

#endif
