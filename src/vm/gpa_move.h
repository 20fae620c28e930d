/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of a running VM change under it (mem/page_move.h). The guest's accesses wait by faulting: the leaf cannot be
 * written meanwhile. ETERNA's own writes to guest memory ask first; its reads, and its pointers into the window, need
 * nothing, since the address stays.
 */
#ifndef ETERNA_VM_GPA_MOVE_H
#define ETERNA_VM_GPA_MOVE_H

#include "mem/pagetable.h"
#include "vm/vm.h"

struct exit;

/*
 * Pages of the VM may move from now on, or not any more: until then nobody who writes asks. Context: `true` while the
 * VM is evicted; RUN_WORK_CPU.
 */
void gpa_moves_allow(struct vm *vm, bool is_allowed);

/**
 * Move what the leaf maps to a frame of that node, the VM's vcpus going on.
 *
 * @return OK; ERR_NOMEM: there is no such frame there, or no page for a split; ERR_BUSY: the leaf is to be split first.
 *         Nothing is changed on an error.
 * Context: RUN_WORK_CPU, moves are allowed, the VM's address space is loaded, no lock is held. The leaf stays what it
 * is until this returns: no debugger works at this VM's tables meanwhile.
 */
err_t gpa_move(struct vm *vm, const struct mapping *leaf, u8 node) MUST_CHECK;

/* Make small leaves of a large one, in both tables, where no large frame is to be had. ERR_NOMEM. Context: as above. */
err_t gpa_split(struct vm *vm, const struct mapping *leaf) MUST_CHECK;

/**
 * Move the VM's second-level tables to the pool that new ones come from, as pagetable_move() with its `max`, `at` and
 * `moved`, and its errors; the old ones are free afterwards. Context: the VM is evicted, no lock is held.
 */
err_t gpa_tables_move(struct vm *vm, u32 max, u64 *at, u32 *moved) MUST_CHECK;

/*
 * An access of a vcpu to RAM was not permitted, though something is mapped. Was that because its page is on its way?
 * Then it is there when this returns true, and the guest can try again. Context: the vcpu's CPU, no lock is held.
 */
bool gpa_move_awaited(struct vcpu *v, const struct exit *x);

/* The slow half of gpa_write_begin(): wait until the range is under no move, and keep it so. */
void gpa_write_wait(struct vm *vm, gpa_t gpa, u64 bytes);

/*
 * Around each write through a pointer that gpa_pointer() gave. Returns what gpa_write_end() wants.
 * Context: the VM's address space is loaded. A move may be waited for, and ipi_poll() is called then; what is held
 * ranks below LOCK_FILL.
 */
static inline bool gpa_write_begin(struct vm *vm, gpa_t gpa, u64 bytes)
{
	if (__builtin_expect(!vm->has_moves, 1))
		return false;
	gpa_write_wait(vm, gpa, bytes);
	return true;
}

static inline void gpa_write_end(struct vm *vm, bool is_kept)
{
	if (__builtin_expect(is_kept, 0))
		lock_drop(&vm->fill_lock);
}

#endif
