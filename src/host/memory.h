/* SPDX-License-Identifier: Apache-2.0 */
/* ETERNA's own address space (host/layout.h): final page tables, the pool, the frames for guests. */
#ifndef ETERNA_HOST_MEMORY_H
#define ETERNA_HOST_MEMORY_H

#include "base/err.h"
#include "mem/frames.h"
#include "mem/pagetable.h"
#include "mem/pool.h"

struct memory_range;

/* Borders of the image, from the linker script. */
extern const u8 text_start[], text_end[], rodata_start[], rodata_end[], data_start[], init_only_end[], bss_end[];
extern const u8 image_phys_start[], image_phys_end[];

/*
 * Take the machine's memory: the pool out of the free ranges, ETERNA's final page tables (W^X, guard pages under the
 * boot CPU's stacks) out of the pool, all else for guests' frames, by
 * nodes (host/numa.h). Nodes with much memory have a pool of their own. Returns with the new tables in CR3; the
 * one-to-one mapping of the boot code is gone then.
 *
 * @free  usable memory outside the image and the modules, sorted, whole pages
 * @cpus  the CPUs that the pool must have stacks for
 * @return OK; ERR_NOMEM when no free range below 4 GiB holds the pool
 * Context: boot CPU, once, on the boot stack.
 */
err_t memory_init(const struct memory_range *free, u32 free_count, u32 cpus) MUST_CHECK;

/* Make the data that only boot code writes read-only. Context: boot CPU, end of boot. */
void memory_seal(void);

/*
 * The pool and the frames, for all CPUs: the lock is held around each use of them, and around every change of a table
 * whose pages come from the pool. The functions below take it themselves where they need it. memory_pool_of() is a
 * node's own pool, which comes first in the ring of all; memory_pool() that of the boot CPU.
 */
struct pool *memory_pool(void);
struct pool *memory_pool_of(u32 node);
struct frames *memory_frames(void);
void memory_lock_take(void);
void memory_lock_drop(void);

/* ETERNA's own tables: address spaces of VMs share their upper half. */
const struct pagetable *memory_host_table(void);

/* Features of this CPU's own paging. */
const struct pagetable_caps *memory_host_caps(void);

/* Device registers at `hpa`, uncached; mapping the same again gives the same address. Panics when the pool is empty. */
volatile u8 *memory_map_device(hpa_t hpa, u64 bytes);

/* Boot modules and firmware tables, read-only. NULL when the range is absurd. Panics when the pool is empty. */
const void *memory_map_readonly(hpa_t hpa, u64 bytes);

/* Map the stacks of one more CPU, out of that pool. Returns OK or ERR_NOMEM. */
err_t memory_map_stacks(u32 index, struct pool *from) MUST_CHECK;

/* Top of stack `ist` (0: the CPU's normal one) of CPU `index`. */
u64 memory_stack_top(u32 index, u32 ist);

/* Is that address on one of the mapped stacks (not on a guard page)? */
bool memory_is_stack(u64 address);

#endif
