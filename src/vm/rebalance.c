// SPDX-License-Identifier: Apache-2.0
// Moving a VM's pages: promises first, then page by page.
#include "vm/rebalance.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "host/clock.h"
#include "host/memory.h"
#include "host/numa.h"
#include "vm/gpa.h"
#include "vm/gpa_move.h"
#include "vm/gpa_numa.h"
#include "vm/run.h"
#include "vm/vm.h"

/* --- promises ------------------------------------------------------------------------------------------------------
 */

/* What a node of the VM needs of its new host node: all but what is there. */
static u64 pages_needed(struct vm *vm, u32 vnode, u8 to)
{
	u64 pages[FRAMES_NODES_MAX];

	gpa_count_pages(vm, vnode, pages);
	return vm->numa.node[vnode].memory_bytes / PAGE_BYTES - pages[to];
}

static err_t promise_new(struct vm *vm, u8 to, u64 pages, char *why)
{
	struct frames_policy policy = host_numa_policy(to, true);
	const struct frames_node *n = &memory_frames()->node[to];
	err_t err = frames_reserve(memory_frames(), &vm->claim, &policy, pages * PAGE_BYTES);

	if (err)
		fmt_string(why, REBALANCE_WHY_BYTES, "VM %s wants %lu MiB of node %u, which has %lu MiB free", vm->name,
			   pages * PAGE_BYTES / MIB, to, (n->free - n->claimed) * PAGE_BYTES / MIB);
	return err;
}

/* Promise again what was just taken back, node by node: it is there. */
static void promises_restore(struct vm *vm, const struct frames_claim *old)
{
	frames_unreserve(memory_frames(), &vm->claim);
	for (u32 i = 0; i < FRAMES_NODES_MAX; i++) {
		struct frames_policy policy = {.node_count = 1, .node = {(u8)i}};
		err_t err = frames_reserve(memory_frames(), &vm->claim, &policy, old->pages[i] * PAGE_BYTES);

		ASSERT(!err);
	}
}

/* All promises to the VM are made anew. On an error they are as before. */
static err_t promises_make(struct vm *vm, const u8 *to, char *why)
{
	struct frames_claim old = vm->claim;
	err_t err = OK;

	frames_unreserve(memory_frames(), &vm->claim);
	for (u32 i = 0; i < vm->numa.node_count && !err; i++)
		err = promise_new(vm, to[i], pages_needed(vm, i, to[i]), why);
	if (err)
		promises_restore(vm, &old);
	return err;
}

/* Tables that are made from now on come from the new node, too. */
static void homes_set(struct vm *vm, const u8 *to)
{
	for (u32 i = 0; i < vm->numa.node_count; i++) {
		vm->numa.node[i].host_node = to[i];
		vm->near[i] = host_numa_policy(to[i], vm->numa.is_strict);
	}
	vm->hvm.second_level.pool = memory_pool_of(to[0]);
	vm->window.pool = memory_pool_of(to[0]);
}

err_t rebalance_start(struct rebalance *r, struct vm *vm, const u8 to[VNUMA_NODES_MAX], char *why)
{
	bool was_running = vm_is_running(vm);
	err_t err;

	for (u32 i = 0; i < vm->numa.node_count; i++) {
		if (to[i] >= host_numa()->node_count) {
			fmt_string(why, REBALANCE_WHY_BYTES, "there is no node %u: the machine has 0 to %u", to[i],
				   host_numa()->node_count - 1);
			return ERR_RANGE;
		}
	}
	run_put();
	if (was_running)
		vm_pause(vm);
	memory_lock_take();
	err = promises_make(vm, to, why);
	if (!err)
		homes_set(vm, to);
	memory_lock_drop();
	if (!err) {
		run_move(vm);
		gpa_moves_allow(vm, true);
		*r = (struct rebalance){.vm = vm};
	}
	if (was_running)
		vm_resume(vm);
	return err;
}

/* --- the walk ------------------------------------------------------------------------------------------------------
 */

/* Look for a leaf from r->at on that is not where it belongs. */
static bool leaf_find(struct rebalance *r, struct mapping *m, u8 *to)
{
	struct vm *vm = r->vm;
	u64 end = GPA_HIGH + vm->high_bytes;

	while (r->at < end) {
		if (r->at >= vm->low_bytes && r->at < GPA_HIGH)
			r->at = GPA_HIGH;
		if (pagetable_lookup(&vm->hvm.second_level, r->at, m)) {
			r->at += PAGE_BYTES;
			continue;
		}
		*to = vm->numa.node[gpa_node(vm, GPA(m->va))].host_node;
		if (frames_node_of(memory_frames(), m->pa) != *to)
			return true;
		r->there += m->bytes / PAGE_BYTES;
		r->at = m->va + m->bytes;
	}
	return false;
}

static void leaf_take(struct rebalance *r, const struct mapping *m, u8 to)
{
	if (!gpa_move(r->vm, m, to))
		r->moved += m->bytes / PAGE_BYTES;
	else if (m->bytes > PAGE_BYTES && !gpa_split(r->vm, m))
		return; /* its parts are looked at next */
	else
		r->stuck += m->bytes / PAGE_BYTES;
	r->at = m->va + m->bytes;
}

/*
 * The guest runs while its page moves. But a debugger's breakpoints are bytes and rights in those pages: with one that
 * may work at them, the vcpus stand still meanwhile.
 */
static bool page_step(struct rebalance *r)
{
	struct vm *vm = r->vm;
	bool must_stand = vm->debug && vm_is_running(vm);
	struct mapping m;
	bool found;
	u8 to;

	if (must_stand)
		vm_pause(vm);
	gpa_enter(vm);
	memory_lock_take();
	found = leaf_find(r, &m, &to);
	memory_lock_drop();
	if (found)
		leaf_take(r, &m, to);
	gpa_enter(NULL);
	if (must_stand)
		vm_resume(vm);
	return found;
}

/*
 * Processors write to tables, too: what is accessed and dirty. So the vcpus stand still, but not for long: 64 tables
 * are 400,000 instructions, and the guest runs in between.
 */
#define TABLES_A_STEP 64

static bool table_step(struct rebalance *r)
{
	struct vm *vm = r->vm;
	bool must_stand = vm_is_running(vm);
	u64 start = clock_tsc();
	err_t err;

	if (must_stand)
		vm_pause(vm);
	run_evict(vm);
	err = gpa_tables_move(vm, TABLES_A_STEP, &r->table_at, &r->tables_moved);
	if (must_stand)
		vm_resume(vm);
	r->pause_ns = MAX(r->pause_ns, clock_tsc_to_ns(clock_tsc() - start));
	r->is_stuck = err == ERR_NOMEM;
	return err == ERR_BUSY;
}

bool rebalance_step(struct rebalance *r)
{
	struct vm *vm = r->vm;

	run_put();
	if (r->has_pages)
		return table_step(r);
	if (!page_step(r)) {
		r->has_pages = true;
		gpa_moves_allow(vm, false);
		r->awaited = __atomic_exchange_n(&vm->moves_awaited, 0, __ATOMIC_RELAXED);
	}
	return true;
}
