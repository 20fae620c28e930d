// SPDX-License-Identifier: Apache-2.0
// Hostile: page tables that point to themselves. The walk ends after four levels, whatever it finds.
#include "check.h"
#include "paging.h"
#include "trap.h"

#define SLOT 300ull
#define LOOP ((0xffffull << 48) | SLOT << 39 | SLOT << 30 | SLOT << 21 | SLOT << 12)

extern u64 page_tables[];

void guest_main(void)
{
	u64 v = 0, root = (u64)page_tables;

	page_tables[SLOT] = root | PTE_P | PTE_W;
	check_equal(try_read64(LOOP, &v), TRAP_NONE, "an address through the same table four times is read");
	check_equal(v & PTE_ADDRESS, page_tables[0] & PTE_ADDRESS, "and shows the table itself");
	/* Write through the loop: the tables change under the walk. */
	PHYS(u64, LOOP + 8 * 400) = 0x1000 | PTE_P | PTE_W;
	check_equal(page_tables[400], 0x1000 | PTE_P | PTE_W, "a write through the loop changes the table");
	PHYS(u64, LOOP + 8 * SLOT) = 0;
	invlpg(phys_pointer(LOOP));
	check_equal(try_read64(LOOP, &v), VECTOR_PF, "the loop closed by a write through itself");
	page_tables[SLOT] = root | PTE_P | PTE_W | BIT(51);
	if ((cpuid(0x80000008).eax & 0xff) <= 51)
		check_equal(try_read64(LOOP, &v), VECTOR_PF, "a reserved bit in the loop");
	page_tables[SLOT] = page_tables[400] = 0;
	write_cr3(read_cr3());
}
