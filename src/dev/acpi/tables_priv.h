/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that grow with the number of vcpus. Each returns its place in the buffer. */
#ifndef ETERNA_DEV_ACPI_TABLES_PRIV_H
#define ETERNA_DEV_ACPI_TABLES_PRIV_H

#include "dev/acpi/table_writer.h"
#include "dev/acpi/tables.h"

#define MADT_VCPU_BYTES 16 /* at most */
#define SSDT_VCPU_BYTES 32

u32 put_madt(struct table_writer *w, const struct acpi_config *config);
u32 put_ssdt(struct table_writer *w, u32 vcpu_count);

#endif
