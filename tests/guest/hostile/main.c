// SPDX-License-Identifier: Apache-2.0
// Hostile: writes to every address, port and MSR, calls whom it should not. For tests/emu/isolation_test, beside a
// witness.
#include "hostile.h"

#include "acpi.h"
#include "apic.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

static void ignore(struct trap_frame *f)
{
	(void)f;
}

/* The console may have been left in any state. */
static void told(const char *what, u64 accesses)
{
	print_init();
	print("\nhostile: %s: %llu accesses\n", what, (unsigned long long)accesses);
	print_drain();
}

void guest_main(void)
{
	u16 pm1_control = acpi_pm1_control_port();
	u64 ram_bytes = MIB + machine_memory_above_1m();

	trap_set_handler(VECTOR_NMI, ignore);
	told("calls", hostile_calls());
	told("msrs", hostile_msrs());
	told("ports", hostile_ports(pm1_control));
	told("devices", hostile_devices());
	told("far", hostile_far());
	told("ram", hostile_ram(ram_bytes));
	print("hostile: done\n");
	print_drain();
	for (;;)
		pause();
}
