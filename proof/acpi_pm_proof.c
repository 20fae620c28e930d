// SPDX-License-Identifier: Apache-2.0
// The ACPI registers from any valid state: accesses of every width at every offset stay inside the block and leave a
// valid state, and only SLP_EN with S5 powers off.
// cbmc: src/dev/acpi_pm.c src/base/mem.c --unwind 21 -D __builtin_memcpy=memcpy
#include "dev/acpi_pm.h"
#include "proof.h"

void harness_write(void)
{
	struct acpi_pm p; /* any value */
	u32 value = nondet_u32(), offset = nondet_u32(), log2 = nondet_u32();
	unsigned bytes;

	p.timer_32bit = nondet_bool();
	ASSUME(acpi_pm_valid(&p) && log2 < 3);
	bytes = 1u << log2;
	enum power_request r = acpi_pm_write(&p, (u16)offset, bytes, value, 0);

	PROVE(acpi_pm_valid(&p));
	PROVE(r == POWER_NONE || r == POWER_OFF);
	if (offset % 65536 == 4 && bytes == 2)
		PROVE((r == POWER_OFF) == ((value & 0x3c00) == 0x2000));
	REACHED();
}
