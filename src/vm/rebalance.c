// SPDX-License-Identifier: Apache-2.0
// Moving a VM's pages: promises first, then page by page.
#include "vm/rebalance.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "host/layout.h"
#include "host/memory.h"
#include "host/numa.h"
#include "vm/gpa.h"
#include "vm/gpa_numa.h"
#include "vm/run.h"
#include "vm/vm.h"
#include "x86/insn.h"

/* A page of the window that no RAM reaches (gpa_init()): where the new frame is written through. */
#define COPY_AT (LAYOUT_WINDOW + LAYOUT_WINDOW_BYTES - frame_bytes(FRAME_2M))

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

static void homes_set(struct vm *vm, const u8 *to)
{
	for (u32 i = 0; i < vm->numa.node_count; i++) {
		vm->numa.node[i].host_node = to[i];
		vm->near[i] = host_numa_policy(to[i], vm->numa.is_strict);
	}
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
		*r = (struct rebalance){.vm = vm};
	}
	if (was_running)
		vm_resume(vm);
	return err;
}

/* --- one page ------------------------------------------------------------------------------------------------------
 */

static void window_flush(void)
{
	write_cr3(read_cr3());
}

/* Copy what the window shows at `gpa` into a frame that nothing maps. */
static err_t frame_write(struct vm *vm, u64 gpa, hpa_t frame, u64 bytes)
{
	err_t err = pagetable_map(&vm->window, COPY_AT, frame, bytes, PROT_RW, MEMTYPE_WB);

	if (err)
		return err;
	memcpy((void *)COPY_AT, (const void *)(LAYOUT_WINDOW + gpa), bytes);
	err = pagetable_unmap(&vm->window, COPY_AT, bytes);
	ASSERT(!err);
	window_flush();
	pagetable_reclaim(&vm->window);
	return OK;
}

/* The leaf [gpa, gpa + bytes) of both tables leads to `frame` afterwards, and nobody remembers where it led before. */
static void leaf_exchange(struct vm *vm, u64 gpa, u64 bytes, hpa_t frame)
{
	err_t err = pagetable_exchange(&vm->hvm.second_level, gpa, bytes, frame);

	ASSERT(!err);
	err = pagetable_exchange(&vm->window, LAYOUT_WINDOW + gpa, bytes, frame);
	ASSERT(!err);
	hvm->vm_flush(&vm->hvm);
	window_flush();
}

static enum frame_size size_of(u64 bytes)
{
	return bytes == frame_bytes(FRAME_2M) ? FRAME_2M : FRAME_4K;
}

/* The window may have a large leaf where the guest has small ones (gpa_fill() that found the pool empty). */
static err_t window_match(struct vm *vm, const struct mapping *m)
{
	struct mapping w;
	err_t err = pagetable_lookup(&vm->window, LAYOUT_WINDOW + m->va, &w);

	ASSERT(!err && w.bytes >= m->bytes);
	return w.bytes == m->bytes ? OK : pagetable_protect(&vm->window, LAYOUT_WINDOW + m->va, m->bytes, PROT_RW);
}

/* Move what one leaf maps to its node. OK, or ERR_NOMEM: there is no frame of this size, and nothing is changed. */
static err_t leaf_move(struct vm *vm, const struct mapping *m, u8 to)
{
	struct frames_policy policy = host_numa_policy(to, true);
	enum frame_size size = size_of(m->bytes);
	hpa_t frame;
	err_t err = window_match(vm, m);

	if (!err)
		err = frames_alloc(memory_frames(), &vm->claim, &policy, size, &frame);
	if (err)
		return err;
	err = frame_write(vm, m->va, frame, m->bytes);
	if (err) {
		err_t freed = frames_free(memory_frames(), &vm->claim, frame, size);

		ASSERT(!freed);
		return err;
	}
	leaf_exchange(vm, m->va, m->bytes, frame);
	err = frames_free(memory_frames(), NULL, m->pa, size);
	ASSERT(!err);
	return OK;
}

/* Make small leaves of a large one, in both tables, where no large frame is to be had. */
static err_t leaf_split(struct vm *vm, const struct mapping *m)
{
	err_t err = pagetable_protect(&vm->hvm.second_level, m->va, PAGE_BYTES, m->prot);

	if (!err)
		err = pagetable_protect(&vm->window, LAYOUT_WINDOW + m->va, PAGE_BYTES, PROT_RW);
	hvm->vm_flush(&vm->hvm);
	window_flush();
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
	if (!leaf_move(r->vm, m, to))
		r->moved += m->bytes / PAGE_BYTES;
	else if (m->bytes > PAGE_BYTES && !leaf_split(r->vm, m))
		return; /* its parts are looked at next */
	else
		r->stuck += m->bytes / PAGE_BYTES;
	r->at = m->va + m->bytes;
}

bool rebalance_step(struct rebalance *r)
{
	struct vm *vm = r->vm;
	bool was_running = vm_is_running(vm);
	struct mapping m;
	bool found;
	u8 to;

	run_put();
	if (was_running)
		vm_pause(vm);
	gpa_enter(vm);
	memory_lock_take();
	found = leaf_find(r, &m, &to);
	if (found)
		leaf_take(r, &m, to);
	memory_lock_drop();
	gpa_enter(NULL);
	if (was_running)
		vm_resume(vm);
	return found;
}
