/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that grow with the number of vcpus. Each returns its place in the buffer. */
#ifndef ETERNA_DEV_ACPI_TABLES_PRIV_H
#define ETERNA_DEV_ACPI_TABLES_PRIV_H

#include "dev/acpi/table_writer.h"
#include "dev/acpi/tables.h"

static inline bool has_nodes(const struct acpi_config *config)
{
	return config->numa && config->numa->node_count > 1;
}

static inline u32 acpi_apic_id(const struct acpi_config *config, u32 vcpu)
{
	return config->numa ? vnuma_apic_id(config->numa, vcpu) : vcpu;
}

#define MADT_VCPU_BYTES 16 /* at most */
#define SSDT_VCPU_BYTES 32
#define SSDT_COM_BYTES 47
#define SRAT_VCPU_BYTES 24 /* at most */
#define XAPIC_IDS 255      /* ids below it fit a local APIC structure */

u32 put_madt(struct table_writer *w, const struct acpi_config *config);
u32 put_srat(struct table_writer *w, const struct acpi_config *config);
u32 put_slit(struct table_writer *w, const struct acpi_config *config);
u32 put_ssdt(struct table_writer *w, const struct acpi_config *config);

#endif
