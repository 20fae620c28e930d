// SPDX-License-Identifier: Apache-2.0
// Page tables of the runtime.
#include "paging.h"

#include "base/assert.h"

#define TABLES 32

extern u64 page_tables[];
static u64 pool[TABLES][512] ALIGNED(4096);
static unsigned pool_used;

static u64 *table_make(void)
{
	ASSERT(pool_used < TABLES);
	return pool[pool_used++];
}

static unsigned index_of(u64 at, unsigned level)
{
	return (unsigned)(at >> (12 + 9 * (level - 1)) & 511);
}

static u64 *table_of(u64 entry)
{
	return phys_pointer(entry & PTE_ADDRESS);
}

/* Make `*entry`, at `level`, point to a table. */
static u64 *descend(u64 *entry, unsigned level)
{
	u64 old = *entry;
	u64 *table;

	if (old & PTE_P && !(old & PTE_PS))
		return table_of(old);
	table = table_make();
	if (old & PTE_P)
		for (u64 i = 0; i < 512; i++)
			table[i] = (old & ~(level == 2 ? PTE_PS : 0)) + (i << (12 + 9 * (level - 2)));
	*entry = (u64)table | PTE_P | PTE_W | PTE_U;
	return table;
}

volatile u64 *paging_entry(u64 at)
{
	u64 *table = page_tables;

	for (unsigned level = 4; level > 1; level--)
		table = descend(&table[index_of(at, level)], level);
	return &table[index_of(at, 1)];
}

void paging_map(u64 at, u64 physical, u64 flags)
{
	*paging_entry(at) = physical | flags;
	invlpg((void *)at);
}

volatile u64 *paging_table_entry(u64 at, unsigned level)
{
	u64 *table = page_tables;

	for (unsigned l = 4; l > level; l--)
		table = table_of(table[index_of(at, l)]);
	return &table[index_of(at, level)];
}
