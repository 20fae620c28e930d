// SPDX-License-Identifier: Apache-2.0
// Reset by the keyboard controller: command 0xfe pulses output bit 0. Nothing comes after the last line.
#include "check.h"
#include "cpu.h"
#include "print.h"

void guest_main(void)
{
	print("reset now\n");
	print_drain();
	for (int i = 0; i < 10000 && inb(0x64) & 2; i++)
		pause();
	outb(0x64, 0xfe);
	for (int i = 0; i < 10000000; i++)
		pause();
	check(false, "the reset ends the machine");
}
