// SPDX-License-Identifier: Apache-2.0
// Into ring 3 and, by the exception it raises, back.
#include "trap.h"

#define PAGE_USER 4ull

extern u64 page_tables[];
void user_enter(void (*code)(void), void *stack);

static u8 user_stack[8192] ALIGNED(16);
static u8 kernel_stack[8192] ALIGNED(16);

static void map_for_user(void)
{
	page_tables[0] |= PAGE_USER;
	for (unsigned i = 512; i < 516; i++)
		page_tables[i] |= PAGE_USER;
	for (unsigned i = 1024; i < 1024 + 2048; i++)
		page_tables[i] |= PAGE_USER;
	write_cr3(read_cr3());
}

u32 user_run(void (*code)(void))
{
	if (!(page_tables[0] & PAGE_USER))
		map_for_user();
	tss.rsp[0] = (u64)(kernel_stack + sizeof(kernel_stack));
	user_enter(code, user_stack + sizeof(user_stack) - 8);
	return trap_vector();
}
