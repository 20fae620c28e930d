// SPDX-License-Identifier: Apache-2.0
// Reset by port 0x92, bit 0 (System Control Port A). Nothing comes after the last line.
#include "check.h"
#include "cpu.h"
#include "print.h"

void guest_main(void)
{
	print("reset now\n");
	print_drain();
	outb(0x92, (u8)(inb(0x92) & ~1u));
	outb(0x92, (u8)(inb(0x92) | 1));
	for (int i = 0; i < 10000000; i++)
		pause();
	check(false, "the reset ends the machine");
}
