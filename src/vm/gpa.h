/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to a guest's memory. Its RAM is mapped at LAYOUT_WINDOW while this CPU runs the VM, so a guest-physical
 * address becomes a pointer by a bounds check and an addition; pages that nobody touched yet are filled on the way.
 */
#ifndef ETERNA_VM_GPA_H
#define ETERNA_VM_GPA_H

#include "base/err.h"

struct vm;

/* The address space without RAM: [GPA_HOLE_START, GPA_HOLE_END) below 1 MiB and [GPA_DEVICES, 4 GiB). */
#define GPA_HOLE_START 0xa0000ull
#define GPA_HOLE_END 0xc0000ull
#define GPA_DEVICES 0xc0000000ull
#define GPA_HIGH (4 * GIB)

/* Lay `bytes` of RAM out and reserve frames for it. ERR_NOMEM: not that much is free; nothing is held then.
 * Context: memory locked. */
err_t gpa_init(struct vm *vm, u64 bytes) MUST_CHECK;

/* Give all RAM back; it is cleared before anybody else gets it. Context: memory locked, loaded on no CPU. */
void gpa_fini(struct vm *vm);

/* Is [gpa, gpa + bytes) RAM, all of it? */
bool gpa_is_ram(const struct vm *vm, gpa_t gpa, u64 bytes);

/* Which of the VM's own NUMA nodes an address of its RAM belongs to. */
u32 gpa_node(const struct vm *vm, gpa_t gpa);

/* Map the page of a RAM address, a large one where it fits, filled with zeros. OK also when it is there already.
 * Context: the VM's address space is loaded; takes the VM's fill lock and the memory lock. */
err_t gpa_fill(struct vm *vm, gpa_t gpa) MUST_CHECK;

/*
 * Where [gpa, gpa + bytes) can be reached, filled; NULL if it is not all RAM. Context: the VM's address space is
 * loaded (gpa_enter() or a running vcpu).
 */
void *gpa_pointer(struct vm *vm, gpa_t gpa, u64 bytes);

/* Load the VM's address space on this CPU; NULL: the host's own. */
void gpa_enter(struct vm *vm);

#endif
