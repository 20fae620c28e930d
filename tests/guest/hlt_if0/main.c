// SPDX-License-Identifier: Apache-2.0
// Hostile: HLT with interrupts off. Only an NMI, INIT or reset could end it; the hypervisor says so or waits.
#include "check.h"
#include "print.h"
#include "trap.h"

void guest_main(void)
{
	print("HLT with interrupts off now\n");
	print_drain();
	__asm__ volatile("cli; hlt");
	check(false, "HLT with interrupts off ended");
}
