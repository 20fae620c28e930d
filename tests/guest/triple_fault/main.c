// SPDX-License-Identifier: Apache-2.0
// Hostile: a triple fault. The machine resets, or the hypervisor stops this guest; nothing comes after the last line.
#include "check.h"
#include "print.h"
#include "trap.h"

void guest_main(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} PACKED none = {0, 0};

	print("triple fault now\n");
	print_drain();
	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	check(false, "a triple fault ends the guest");
}
