/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the machine's ACPI tables, the way an operating system does (ACPI, Finding the RSDP on IA-PC Systems). */
#ifndef GUEST_RUNTIME_ACPI_H
#define GUEST_RUNTIME_ACPI_H

#include "base/types.h"

struct acpi_table {
	char signature[4];
	u32 bytes;
	u8 revision, checksum;
	char oem_id[6], oem_table_id[8];
	u32 oem_revision, creator_id, creator_revision;
} PACKED;

/* The table, or NULL where there is none or its checksum is wrong. `signature` has 4 characters. */
const struct acpi_table *acpi_find(const char *signature);

/* Port of the PM timer by the FADT, 0 where there is none. */
u16 acpi_pm_timer_port(void);

/* Port of PM1a_CNT by the FADT, 0 where there is none. */
u16 acpi_pm1_control_port(void);

#endif
