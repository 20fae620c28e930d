// SPDX-License-Identifier: Apache-2.0
// Moves a page of a running VM: frame, steps, copy; and lets those wait who want to write to it.
#include "vm/gpa_move.h"

#include "base/assert.h"
#include "base/mem.h"
#include "host/ipi.h"
#include "host/layout.h"
#include "host/memory.h"
#include "host/numa.h"
#include "hvm/exit.h"
#include "vm/translations.h"

/* A page of the window that no RAM reaches (gpa_init()): where the new frame is written through. */
#define COPY_AT (LAYOUT_WINDOW + LAYOUT_WINDOW_BYTES - frame_bytes(FRAME_2M))

static void tables_lock(struct vm *vm)
{
	lock_take(&vm->fill_lock);
	memory_lock_take();
}

static void tables_unlock(struct vm *vm)
{
	memory_lock_drop();
	lock_drop(&vm->fill_lock);
}

static struct page_move_tables tables_of(struct vm *vm)
{
	return (struct page_move_tables){&vm->hvm.second_level, &vm->window, LAYOUT_WINDOW};
}

void gpa_moves_allow(struct vm *vm, bool is_allowed)
{
	__atomic_store_n(&vm->has_moves, is_allowed, __ATOMIC_SEQ_CST);
}

/* --- the move ------------------------------------------------------------------------------------------------------
 */

static enum frame_size size_of(const struct mapping *leaf)
{
	return leaf->bytes == frame_bytes(FRAME_2M) ? FRAME_2M : FRAME_4K;
}

/* A frame that was allocated can be freed: anything else is our bug. */
static void frame_return(struct frames_claim *claim, hpa_t frame, enum frame_size size)
{
	err_t err = frames_free(memory_frames(), claim, frame, size);

	ASSERT(!err);
}

/* Only this CPU uses the place: others may have walked to it, and drop that before its tables are used again. */
static void copy_place_forget(struct vm *vm, u64 bytes)
{
	err_t err = pagetable_unmap(&vm->window, COPY_AT, bytes);

	ASSERT(!err);
}

/* The new frame, where it is written through, and the leaves without the right to write. Context: tables locked. */
static err_t prepare(struct vm *vm, const struct mapping *leaf, u8 node)
{
	struct page_move_tables tables = tables_of(vm);
	struct frames_policy policy = host_numa_policy(node, true);
	hpa_t frame;
	err_t err = frames_alloc(memory_frames(), &vm->claim, &policy, size_of(leaf), &frame);

	if (err)
		return err;
	err = pagetable_map(&vm->window, COPY_AT, frame, leaf->bytes, PROT_RW, MEMTYPE_WB);
	if (err)
		goto free_frame;
	err = page_move_begin(&vm->move, &tables, leaf, frame);
	if (err)
		goto unmap;
	return OK;

unmap:
	copy_place_forget(vm, leaf->bytes);
free_frame:
	frame_return(&vm->claim, frame, size_of(leaf));
	return err;
}

err_t gpa_move(struct vm *vm, const struct mapping *leaf, u8 node)
{
	struct page_move_tables tables = tables_of(vm);
	err_t err;

	ASSERT(vm->has_moves);
	tables_lock(vm);
	err = prepare(vm, leaf, node);
	tables_unlock(vm);
	translations_drop(vm);
	if (!err) {
		memcpy((void *)COPY_AT, (const void *)(LAYOUT_WINDOW + leaf->va), leaf->bytes);
		tables_lock(vm);
		page_move_exchange(&vm->move, &tables);
		copy_place_forget(vm, leaf->bytes);
		tables_unlock(vm);
		translations_drop(vm);
	}
	tables_lock(vm);
	if (!err) {
		page_move_end(&vm->move, &tables);
		frame_return(NULL, vm->move.from, size_of(leaf));
	}
	pagetable_reclaim(&vm->window);
	tables_unlock(vm);
	return err;
}

err_t gpa_split(struct vm *vm, const struct mapping *leaf)
{
	struct mapping w;
	err_t err;

	tables_lock(vm);
	err = pagetable_protect(&vm->hvm.second_level, leaf->va, PAGE_BYTES, leaf->prot);
	if (!err)
		err = pagetable_lookup(&vm->window, LAYOUT_WINDOW + leaf->va, &w);
	if (!err)
		err = pagetable_protect(&vm->window, LAYOUT_WINDOW + leaf->va, PAGE_BYTES, w.prot);
	tables_unlock(vm);
	translations_drop(vm);
	return err;
}

err_t gpa_tables_move(struct vm *vm, u32 max, u64 *at, u32 *moved)
{
	err_t err;

	tables_lock(vm);
	err = pagetable_move(&vm->hvm.second_level, max, at, moved);
	tables_unlock(vm);
	translations_drop(vm);
	tables_lock(vm);
	pagetable_reclaim(&vm->hvm.second_level);
	tables_unlock(vm);
	return err;
}

/* --- those who wait ------------------------------------------------------------------------------------------------
 */

/* Take the fill lock with no move over the range under way. Whoever moves waits for this CPU: it serves meanwhile. */
static void settle(struct vm *vm, u64 gpa, u64 bytes)
{
	bool has_waited = false;

	lock_check_none();
	for (;;) {
		lock_take(&vm->fill_lock);
		if (!page_move_covers(&vm->move, gpa, bytes))
			break;
		lock_drop(&vm->fill_lock);
		has_waited = true;
		ipi_poll();
		pause();
	}
	if (has_waited)
		__atomic_fetch_add(&vm->moves_awaited, 1, __ATOMIC_RELAXED);
}

void gpa_write_wait(struct vm *vm, gpa_t gpa, u64 bytes)
{
	settle(vm, gpa.v, bytes);
}

/* What the guest did, as rights. */
static enum prot rights_of(const struct exit *x)
{
	enum prot rights = x->memory.is_read ? PROT_R : PROT_NONE;

	if (x->memory.is_write)
		rights |= PROT_W;
	if (x->memory.is_fetch)
		rights |= PROT_X;
	return rights;
}

/*
 * The right came back with nothing flushed, since adding one needs nothing: but what this CPU knows may still lack it,
 * so the vcpu drops that, and does not come back here for the same.
 */
bool gpa_move_awaited(struct vcpu *v, const struct exit *x)
{
	struct vm *vm = v->vm;
	enum prot rights = rights_of(x);
	bool is_permitted;
	struct mapping m;

	if (!vm->has_moves)
		return false;
	settle(vm, x->memory.gpa.v, 1);
	is_permitted = !pagetable_lookup(&vm->hvm.second_level, x->memory.gpa.v, &m) && (m.prot & rights) == rights;
	lock_drop(&vm->fill_lock);
	if (is_permitted)
		vcpu_pending_add(v, PENDING_FLUSH);
	return is_permitted;
}
