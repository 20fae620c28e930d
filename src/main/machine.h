/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as the boot log shows it. */
#ifndef ETERNA_MAIN_MACHINE_H
#define ETERNA_MAIN_MACHINE_H

struct acpi_info;
struct boot_info;

/* Find and read the ACPI tables; a machine without them is fatal: its interrupt controllers are not known. */
void machine_read_acpi(const struct boot_info *boot, struct acpi_info *acpi);

/* CPU, clock and interrupt controllers, to the log. */
void machine_tell(const struct acpi_info *acpi);

#endif
