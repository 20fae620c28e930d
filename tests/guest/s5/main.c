// SPDX-License-Identifier: Apache-2.0
// Soft-off by ACPI: the sleep type comes out of \_S5 in the DSDT, then SLP_EN is set. Nothing comes after.
#include "acpi.h"
#include "base/mem.h"
#include "check.h"
#include "cpu.h"
#include "print.h"

#define FADT_DSDT 40
#define SLP_EN 0x2000

/* The first element of the package \_S5_, 0xff where there is none (ACPI, AML encodings: 12 PkgLength NumElements). */
static u8 sleep_type(const u8 *aml, u32 bytes)
{
	for (u32 i = 0; i + 12 < bytes; i++) {
		const u8 *p = aml + i;

		if (memcmp(p, "_S5_", 4) != 0 || p[4] != 0x12)
			continue;
		p += 5;
		p += (*p >> 6) + 2; /* the length of the length, and the number of elements */
		return *p == 0x0a ? p[1] : *p;
	}
	return 0xff;
}

void guest_main(void)
{
	const struct acpi_table *fadt = acpi_find("FACP");
	const struct acpi_table *dsdt;
	u16 port = acpi_pm1_control_port();
	u8 type;

	if (!check(fadt && port, "FADT with a PM1a control port"))
		return;
	dsdt = phys_pointer(load_u32((const u8 *)fadt + FADT_DSDT));
	type = sleep_type((const u8 *)dsdt, dsdt->bytes);
	if (!check(type <= 7, "\\_S5 in the DSDT"))
		return;
	if (!(inw(port) & 1)) /* SCI_EN: ask for ACPI mode where there is a port to ask */
		print("ACPI mode is off\n");
	print("power off now: %#x to port %#x\n", SLP_EN | (unsigned)type << 10, port);
	print_drain();
	outw(port, (u16)(SLP_EN | type << 10));
	for (int i = 0; i < 10000000; i++)
		pause();
	check(false, "power off ends the machine");
}
