// SPDX-License-Identifier: Apache-2.0
// Page-table isolation as Linux does it: the kernel's root and, in the page behind it, the user's, which lacks the
// kernel. tests/emu/debugger/isolated.py stops on the user's and asks for what only the kernel's has.
#include "isolated.h"

#include "check.h"
#include "paging.h"

#define KERNEL_DATA 0x240000001000ull
#define KERNEL_CODE 0x240000002000ull
#define USER_HALF 4096u
#define SECRET 0x5ec2e7ull
#define RIGHTS (PTE_P | PTE_W)
#define RET 0xc3

extern u64 page_tables[];
static u64 roots[2][512] ALIGNED(8192);
static u64 kernel_data[512] ALIGNED(4096);
static u8 kernel_code[PAGE_BYTES] ALIGNED(4096);
volatile u64 isolated_told;

/* A debugger stops here. */
static __attribute__((noipa)) void isolated_stop(void)
{
	isolated_told++;
}

void isolated_all(void)
{
	u64 cr3 = read_cr3();
	u64 kernel = (u64)roots[0];

	kernel_data[0] = SECRET;
	kernel_code[0] = RET;
	for (unsigned i = 0; i < 512; i++)
		roots[1][i] = page_tables[i];
	*paging_entry(KERNEL_DATA) = (u64)kernel_data | RIGHTS;
	*paging_entry(KERNEL_CODE) = (u64)kernel_code | RIGHTS;
	for (unsigned i = 0; i < 512; i++)
		roots[0][i] = page_tables[i];
	page_tables[KERNEL_DATA >> 39] = 0;
	write_cr3(cr3);
	isolated_stop(); /* neither: this root has no half beside it */
	write_cr3(kernel + USER_HALF);
	isolated_stop();
	write_cr3(kernel);
	((void (*)(void))KERNEL_CODE)();
	isolated_stop();
	write_cr3(cr3);
	check_equal(isolated_told, 3, "each half was stopped in");
	check(kernel_data[0] == SECRET || kernel_data[0] == SECRET + 1,
	      "the kernel's data are its own, or a debugger's");
}
