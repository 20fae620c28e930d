// SPDX-License-Identifier: Apache-2.0
// Code that is not mapped until right before it runs: nothing in between leaves the guest.
// tests/emu/debugger/unmapped.py has breakpoints there from the guest's first instruction on, and knows the addresses.
#include "appear.h"

#include "check.h"
#include "paging.h"

/* Each way of mapping has a page. */
enum {
	BY_STORE,
	BY_NEXT_STORE,
	BY_XCHG,
	BY_MOVS,
	BY_LARGE,
	BY_TABLE,
	BY_CR3,
	BY_EXCHANGE,
	BY_NEIGHBOUR,
	BY_OTHER,
	WAYS
};

#define ONE_TABLE 0x200000000000ull
static const u64 address[WAYS] = {
	[BY_STORE] = ONE_TABLE + 0x1000, [BY_NEXT_STORE] = ONE_TABLE + 0x2000, [BY_XCHG] = ONE_TABLE + 0x3000,
	[BY_MOVS] = ONE_TABLE + 0x4000,  [BY_LARGE] = ONE_TABLE + 0x40000000,  [BY_TABLE] = 0x210000005000,
	[BY_CR3] = 0x220000006000,       [BY_EXCHANGE] = 0x230000007000,       [BY_NEIGHBOUR] = ONE_TABLE + 0x8000,
	[BY_OTHER] = ONE_TABLE + 0x9000,
};

#define LARGE_BYTES 0x200000ull
#define RIGHTS (PTE_P | PTE_W)

extern u64 page_tables[];
static u8 code[WAYS][PAGE_BYTES] ALIGNED(4096);
static u64 tables[4][512] ALIGNED(4096);
static u64 other_root[512] ALIGNED(4096);
static volatile u8 data[PAGE_BYTES] ALIGNED(4096);
static volatile u64 ran[WAYS];
static volatile u64 errand;
static volatile u64 no_more_errands;

/* mov $&ran[way], %rax; incq (%rax); ret */
static void code_write(unsigned way)
{
	u8 *at = code[way];
	u64 counter = (u64)&ran[way];

	*at++ = 0x48;
	*at++ = 0xb8;
	for (unsigned i = 0; i < sizeof(counter); i++)
		*at++ = (u8)(counter >> 8 * i);
	*at++ = 0x48;
	*at++ = 0xff;
	*at++ = 0x00;
	*at++ = 0xc3;
}

static inline __attribute__((always_inline)) void run(unsigned way)
{
	((void (*)(void))address[way])();
}

static u64 entry_for(unsigned way)
{
	return (u64)code[way] | RIGHTS;
}

/* The table's other pages are touched meanwhile: the processor keeps its notes there. */
static void by_neighbour(void)
{
	volatile u64 *entry = paging_entry(address[BY_NEIGHBOUR]);
	volatile u64 *own = entry + 7;
	u8 *at = phys_pointer(address[BY_NEIGHBOUR] + 7 * PAGE_BYTES);

	*own = (u64)data | RIGHTS;
	check_equal(*(volatile u8 *)at, 0, "a page beside it is read");
	check_equal(*own & (PTE_A | PTE_D), PTE_A, "which its entry says");
	*(volatile u8 *)at = 5;
	check_equal(*own & (PTE_A | PTE_D), PTE_A | PTE_D, "and written");
	check_equal(data[0], 5, "for good");
	*entry = entry_for(BY_NEIGHBOUR);
	run(BY_NEIGHBOUR);
}

static void by_store(unsigned way)
{
	*paging_entry(address[way]) = entry_for(way);
	run(way);
}

static void by_xchg(void)
{
	volatile u64 *entry = paging_entry(address[BY_XCHG]);
	u64 value = entry_for(BY_XCHG);

	__asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*entry) : : "memory");
	run(BY_XCHG);
}

static void by_movs(void)
{
	const u64 values[2] = {entry_for(BY_MOVS), 0};
	volatile u64 *to = paging_entry(address[BY_MOVS]);
	const u64 *from = values;
	u64 count = 2;

	__asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	run(BY_MOVS);
}

/* The page around the code, which begins as far from a large page's begin as it does there. */
static void by_large(void)
{
	u64 physical = (u64)code[BY_LARGE];

	*paging_table_entry(address[BY_LARGE], 2) = (physical & ~(LARGE_BYTES - 1)) | RIGHTS | PTE_PS;
	((void (*)(void))(address[BY_LARGE] + physical % LARGE_BYTES))();
}

/* The lowest level is there first, and the last store is to the root. */
static u64 tables_make(u64 (*table)[512], unsigned way)
{
	table[0][address[way] >> 12 & 511] = entry_for(way);
	table[1][address[way] >> 21 & 511] = (u64)table[0] | RIGHTS;
	return (u64)table[1] | RIGHTS;
}

static volatile u64 *root_entry(u64 *root, unsigned way)
{
	return &root[address[way] >> 39 & 511];
}

static void by_table(void)
{
	static u64 top[512] ALIGNED(4096);

	top[address[BY_TABLE] >> 30 & 511] = tables_make(tables, BY_TABLE);
	*root_entry(page_tables, BY_TABLE) = (u64)top | RIGHTS;
	run(BY_TABLE);
}

static void by_cr3(void)
{
	static u64 top[512] ALIGNED(4096);
	u64 cr3 = read_cr3();

	for (unsigned i = 0; i < 512; i++)
		other_root[i] = page_tables[i];
	top[address[BY_CR3] >> 30 & 511] = tables_make(tables + 2, BY_CR3);
	*root_entry(other_root, BY_CR3) = (u64)top | RIGHTS;
	write_cr3((u64)other_root);
	run(BY_CR3);
	write_cr3(cr3);
}

/* A table that is there already gives way to another one. */
static void by_exchange(void)
{
	static u64 table[2][512] ALIGNED(4096);
	volatile u64 *entry = paging_entry(address[BY_EXCHANGE]);

	(void)entry;
	table[0][address[BY_EXCHANGE] >> 12 & 511] = entry_for(BY_EXCHANGE);
	*paging_table_entry(address[BY_EXCHANGE], 2) = (u64)table[0] | RIGHTS;
	invlpg((void *)address[BY_EXCHANGE]);
	run(BY_EXCHANGE);
}

void appear_errands(void)
{
	while (!no_more_errands) {
		if (!errand)
			continue;
		((void (*)(void))errand)();
		errand = 0;
	}
}

static void by_other(unsigned cpus)
{
	*paging_entry(address[BY_OTHER]) = entry_for(BY_OTHER);
	if (cpus > 1)
		errand = address[BY_OTHER];
	else
		run(BY_OTHER);
	while (errand)
		;
}

/* The last breakpoint first: those that were set early may have better means. */
void appear_all(unsigned cpus)
{
	for (unsigned way = 0; way < WAYS; way++)
		code_write(way);
	(void)paging_entry(ONE_TABLE);
	(void)paging_entry(address[BY_LARGE] + LARGE_BYTES);
	by_other(cpus);
	by_neighbour();
	by_exchange();
	by_cr3();
	by_table();
	by_large();
	by_movs();
	by_xchg();
	by_store(BY_NEXT_STORE);
	by_store(BY_STORE);
	no_more_errands = 1;
	for (unsigned way = 0; way < WAYS; way++)
		check_equal(ran[way], 1, "code that appeared by way %u ran once", way);
}
