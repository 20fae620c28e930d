// SPDX-License-Identifier: Apache-2.0
// Puts the guest's ACPI tables where PC firmware has them.
#include "dev/acpi/tables.h"
#include "vm/apicv.h"
#include "vm/board_priv.h"
#include "vm/gpa.h"
#include "vm/vm.h"

/* The system BIOS's segment, which the guest's memory map calls reserved. */
#define TABLES_BASE 0xf0000u
#define TABLES_BYTES 0x10000u

err_t board_place_tables(struct vm *vm, u64 *rsdp_gpa)
{
	const struct acpi_config config = {
		.base = TABLES_BASE,
		.vcpu_count = vm->vcpu_count,
		.numa = &vm->numa,
		.low_ram_bytes = vm->low_bytes,
		.com_mask = vm->com_mask,
		.ioapic_id = vm->board.ioapic.id,
		.pm_timer_32bit = true,
		.wants_physical = apicv_sends_ipis(vm),
	};
	u8 *out = gpa_pointer(vm, GPA(TABLES_BASE), TABLES_BYTES);

	if (!out)
		return ERR_NOMEM;
	*rsdp_gpa = TABLES_BASE;
	return acpi_tables_build(&config, out, TABLES_BYTES);
}
