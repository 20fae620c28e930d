/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ETERNA takes from the machine's own ACPI tables (ACPI 6.5, System Description Tables): interrupt controllers,
 * processors, the PM timer, and how to power off and reset. Every length is checked; a table that makes no sense is
 * left out.
 */
#ifndef ETERNA_BOOT_INFO_ACPI_H
#define ETERNA_BOOT_INFO_ACPI_H

#include "base/err.h"

/* Bytes of an RSDP of ACPI 1.0, and of one since 2.0. */
#define ACPI_RSDP_BYTES_V1 20
#define ACPI_RSDP_BYTES_V2 36

#define ACPI_CPUS_MAX 256
#define ACPI_IOAPICS_MAX 8

/* How the parser sees physical memory: `bytes` at `hpa`, or NULL where that cannot be read. */
struct acpi_memory {
	const void *(*map)(struct acpi_memory *memory, u64 hpa, u64 bytes);
};

struct acpi_ioapic {
	u32 id;
	u32 gsi_base;
	u64 hpa;
};

struct acpi_info {
	u64 lapic_hpa;
	u32 cpu_count; /* enabled ones; more than ACPI_CPUS_MAX are counted, not kept */
	u32 cpu_apic_id[ACPI_CPUS_MAX];
	u32 ioapic_count;
	struct acpi_ioapic ioapic[ACPI_IOAPICS_MAX];
	/* ISA interrupt n arrives at this GSI, with these MPS INTI flags. */
	u32 isa_gsi[16];
	u16 isa_flags[16];
	u16 pm_timer_port; /* 0: none */
	bool is_pm_timer_32bit;
	u16 pm1a_control_port; /* 0: none */
	u16 pm1b_control_port;
	bool has_s5;
	u8 s5_type_a;
	u8 s5_type_b;
	u16 reset_port; /* 0: no reset register in I/O space */
	u8 reset_value;
};

/*
 * Read the tables that an RSDP of `bytes` (20 or 36) leads to.
 *
 * @return OK; ERR_NOENT: the RSDP is not valid, or leads to no RSDT or XSDT. Tables that are missing leave their
 *         members 0, isa_gsi is the identity then.
 */
err_t acpi_parse(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct acpi_info *out) MUST_CHECK;

/* How a search for one table ended. */
enum acpi_search {
	ACPI_TABLE_FOUND,
	ACPI_TABLE_MISSING,
	ACPI_TABLE_BAD_LENGTH, /* shorter than its header, absurdly long, or not all of it can be read */
	ACPI_TABLE_BAD_SUM,
};

/*
 * The first table of that signature that an RSDP as in acpi_parse() leads to: its bytes, `length` of them, when
 * *search is ACPI_TABLE_FOUND; else NULL. A damaged one is named only when there is no whole one of the signature.
 */
const u8 *acpi_table_find(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, const char signature[4], u32 *length,
			  enum acpi_search *search);

/* Look for an RSDP where BIOSes put it, on 16-byte borders of `area`: its offset, or `bytes` when there is none. */
u64 acpi_find_rsdp(const u8 *area, u64 bytes);

#endif
