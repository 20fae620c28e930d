// SPDX-License-Identifier: Apache-2.0
// Hostile: code where there is no memory. Either an exception comes (a real bus reads all ones there) or the
// hypervisor stops this guest.
#include "check.h"
#include "print.h"
#include "trap.h"

#define NO_MEMORY 0xd0000000ull

void guest_main(void)
{
	print("jump to unmapped memory now\n");
	print_drain();
	__asm__ volatile(TRY_BEGIN "mov %%rsp, %%rbx; call *%0\n\t" TRY_END "mov %%rbx, %%rsp"
			 :
			 : "r"(NO_MEMORY)
			 : "rbx", "memory");
	check(trap_vector() != TRAP_NONE, "an exception came: vector %u", trap_vector());
}
