// SPDX-License-Identifier: Apache-2.0
// Reset by port 0xcf9: system reset, then the CPU's (PIIX and ICH datasheets, Reset Control Register). Nothing comes
// after the last line.
#include "check.h"
#include "cpu.h"
#include "print.h"

void guest_main(void)
{
	print("reset now\n");
	print_drain();
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	for (int i = 0; i < 10000000; i++)
		pause();
	check(false, "the reset ends the machine");
}
