/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's ACPI tables: RSDP, RSDT, XSDT, FADT, FACS, DSDT, an SSDT with the processors and COM2 to COM4, MADT and
 * HPET; SRAT and SLIT where it has several NUMA nodes. */
#ifndef ETERNA_DEV_ACPI_TABLES_H
#define ETERNA_DEV_ACPI_TABLES_H

#include "base/err.h"
#include "iface/vnuma.h"

/* What dsdt.asl says as well. Guest RAM below 4 GiB ends at the window or before it. */
#define ACPI_PCI_WINDOW_START 0xc0000000ull
#define ACPI_PCI_WINDOW_END 0xfec00000ull
#define ACPI_LAPIC_BASE 0xfee00000ull
#define ACPI_IOAPIC_BASE 0xfec00000ull

#define ACPI_VCPUS_MAX 4096
#define ACPI_COMS 4

struct acpi_config {
	u64 base;                 /* guest-physical address of the tables, a multiple of 64, all of them below 4 GiB */
	u32 vcpu_count;           /* 1 to ACPI_VCPUS_MAX; the processor's uid is the vcpu's index */
	const struct vnuma *numa; /* APIC ids are vnuma_apic_id(); NULL: one node, and they are the vcpus' indices */
	u64 low_ram_bytes;        /* with numa: RAM from 0 on; the rest begins at 4 GiB */
	u32 com_mask;             /* bit n: there is COM(n + 1); COM1 always is, up to ACPI_COMS */
	u8 ioapic_id;
	bool pm_timer_32bit; /* as acpi_pm_reset() */
	bool wants_physical; /* IPIs and interrupts are better not sent to logical destinations */
};

/* Bytes that the tables take for this number of vcpus. */
u32 acpi_tables_size(u32 vcpu_count);

/*
 * Write the tables as they are to stand at config->base. The RSDP is the first thing: where guests search for it
 * (0xe0000 to 0xfffff) the base is its address too.
 * Returns OK; ERR_RANGE (vcpu_count, or not below 4 GiB); ERR_ALIGN (base); ERR_SPACE (size), and nothing is written.
 * Source: ACPI specification 5.0, "ACPI Software Programming Model"; IA-PC HPET specification, "The ACPI HPET table".
 */
err_t acpi_tables_build(const struct acpi_config *config, u8 *out, u32 size) MUST_CHECK;

#endif
