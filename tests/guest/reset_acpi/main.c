// SPDX-License-Identifier: Apache-2.0
// Reset by the register that the FADT names (ACPI, Reset Register). Nothing comes after the last line.
#include "acpi.h"
#include "base/mem.h"
#include "check.h"
#include "cpu.h"
#include "print.h"

#define FADT_FLAGS 112
#define FADT_FLAG_RESET BIT(10)
#define FADT_RESET_REGISTER 116 /* space, width, offset, access size, address */
#define FADT_RESET_VALUE 128
#define SPACE_IO 1

void guest_main(void)
{
	const u8 *fadt = (const u8 *)acpi_find("FACP");
	u64 address;

	if (!fadt || load_u32(fadt + 4) < FADT_RESET_VALUE + 1 || !(load_u32(fadt + FADT_FLAGS) & FADT_FLAG_RESET)) {
		check(true, "nothing to try: no reset register");
		return;
	}
	address = load_u64(fadt + FADT_RESET_REGISTER + 4);
	if (!check(fadt[FADT_RESET_REGISTER] == SPACE_IO && address < 0x10000, "the reset register is a port"))
		return;
	print("reset now: %#x to port %#llx\n", fadt[FADT_RESET_VALUE], (unsigned long long)address);
	print_drain();
	outb((u16)address, fadt[FADT_RESET_VALUE]);
	for (int i = 0; i < 10000000; i++)
		pause();
	check(false, "the reset ends the machine");
}
