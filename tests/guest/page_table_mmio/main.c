// SPDX-License-Identifier: Apache-2.0
// Hostile: page tables in device memory and where no memory is. Each access ends in an exception or with a value, or
// the hypervisor stops this guest.
#include "apic.h"
#include "check.h"
#include "paging.h"
#include "print.h"
#include "trap.h"

extern u64 page_tables[];

static void walk_through(u64 table, const char *where)
{
	u64 v = 0, at = 0x200000000000ull; /* slot 64 */

	print("page table in %s now\n", where);
	print_drain();
	page_tables[64] = table | PTE_P | PTE_W;
	write_cr3(read_cr3());
	try_read64(at, &v);
	check(trap_vector() == TRAP_NONE || trap_vector() == VECTOR_PF, "read through %s: vector %#x", where,
	      trap_vector());
	page_tables[64] = 0;
	write_cr3(read_cr3());
}

void guest_main(void)
{
	walk_through(0xd0000000, "no memory");
	walk_through(LAPIC_BASE, "the local APIC");
}
