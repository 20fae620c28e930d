/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables of the runtime: 4 KiB entries of any linear address in the lower half, made on demand. */
#ifndef GUEST_RUNTIME_PAGING_H
#define GUEST_RUNTIME_PAGING_H

#include "cpu.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_G BIT(8)
#define PTE_PAT BIT(7) /* of a 4 KiB entry */
#define PTE_NX BIT(63)
#define PTE_ADDRESS BITS(51, 12)

/*
 * The 4 KiB entry that maps `at`: tables are made and large pages are split where needed, keeping what they mapped.
 * The caller changes it and flushes. The entry is 0 where nothing was mapped.
 */
volatile u64 *paging_entry(u64 at);

/* Map one page and flush it. */
void paging_map(u64 at, u64 physical, u64 flags);

/* The entry of the table at `level` (4: PML4 ... 2: page directory) on the way to `at`; the tables must be there. */
volatile u64 *paging_table_entry(u64 at, unsigned level);

#endif
