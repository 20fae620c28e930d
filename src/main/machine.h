/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as the boot log shows it. */
#ifndef ETERNA_MAIN_MACHINE_H
#define ETERNA_MAIN_MACHINE_H

#include "base/err.h"

struct acpi_info;
struct acpi_memory;
struct boot_info;

/* Find and read the ACPI tables through `memory`. ERR_NOENT: there are none that make sense. */
err_t machine_read_acpi(const struct boot_info *boot, struct acpi_memory *memory, struct acpi_info *acpi) MUST_CHECK;

/* Find and read the tables about NUMA nodes. Before the memory is taken. */
void machine_read_numa(const struct boot_info *boot, struct acpi_memory *memory);

/* CPU, clock, nodes and interrupt controllers, to the log. */
void machine_tell(const struct acpi_info *acpi);

#endif
