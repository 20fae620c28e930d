/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VM's memory really lies among the machine's NUMA nodes. */
#ifndef ETERNA_VM_GPA_NUMA_H
#define ETERNA_VM_GPA_NUMA_H

#include "base/err.h"
#include "mem/frames.h"

struct vm;

/*
 * Count the 4 KiB pages of one of the VM's nodes that the second-level tables map, by the machine's node that they are
 * on. Context: memory locked.
 */
void gpa_count_pages(struct vm *vm, u32 vnode, u64 pages[FRAMES_NODES_MAX]);

/* The same of the second-level tables themselves. */
void gpa_count_tables(struct vm *vm, u64 tables[FRAMES_NODES_MAX]);

#endif
