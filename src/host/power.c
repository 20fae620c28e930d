// SPDX-License-Identifier: Apache-2.0
// Soft off by ACPI's PM1 control registers (ACPI 6.5, Sleeping/Soft-Off), then whatever else may stop the machine.
#include "host/power.h"

#include "base/bits.h"
#include "boot/info/acpi.h"
#include "host/console.h"
#include "x86/insn.h"

#define PM1_SLP_TYPE(type) ((u16)((type) << 10))
#define PM1_SLP_EN BIT(13)
#define PM1_SLP_MASK (BITS(12, 10) | PM1_SLP_EN)

static const struct acpi_info *machine;

void power_init(const struct acpi_info *acpi)
{
	machine = acpi;
}

static void soft_off(u16 port, u8 type)
{
	if (port)
		outw(port, (u16)((inw(port) & ~PM1_SLP_MASK) | PM1_SLP_TYPE(type) | PM1_SLP_EN));
}

void power_off(u8 status)
{
	cli();
	console_fresh_line();
	console_print("eterna: exit status %u\n", status);
	console_flush();
	if (machine && machine->has_s5) {
		soft_off(machine->pm1a_control_port, machine->s5_type_a);
		soft_off(machine->pm1b_control_port, machine->s5_type_b);
	}
	cpu_halt();
}
