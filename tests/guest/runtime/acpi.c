// SPDX-License-Identifier: Apache-2.0
// ACPI tables for test guests.
#include "acpi.h"

#include "base/mem.h"
#include "cpu.h"

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 bytes;
	u64 xsdt;
} PACKED;

/* FADT offsets (ACPI, Fixed ACPI Description Table). */
#define FADT_PM1A_CNT 64
#define FADT_PM_TMR 76

static u8 checksum(const void *at, size_t bytes)
{
	const u8 *p = at;
	u8 sum = 0;

	while (bytes--)
		sum = (u8)(sum + *p++);
	return sum;
}

static const struct rsdp *rsdp_scan(u64 from, u64 to)
{
	for (u64 at = from; at < to; at += 16) {
		const struct rsdp *r = (const struct rsdp *)at;

		if (memcmp(r->signature, "RSD PTR ", 8) == 0 && checksum(r, 20) == 0)
			return r;
	}
	return NULL;
}

static const struct rsdp *rsdp_find(void)
{
	u64 ebda = (u64)PHYS(u16, 0x40e) << 4;
	const struct rsdp *r = ebda >= 0x80000 && ebda < 0xa0000 ? rsdp_scan(ebda, ebda + 1024) : NULL;

	return r ? r : rsdp_scan(0xe0000, 0x100000);
}

const struct acpi_table *acpi_find(const char *signature)
{
	const struct rsdp *r = rsdp_find();
	bool wide = r && r->revision >= 2 && r->xsdt;
	const struct acpi_table *root;

	if (!r)
		return NULL;
	root = (const struct acpi_table *)(wide ? r->xsdt : r->rsdt);
	for (const u8 *p = (const u8 *)(root + 1); p < (const u8 *)root + root->bytes; p += wide ? 8 : 4) {
		const struct acpi_table *t = (const struct acpi_table *)(wide ? load_u64(p) : load_u32(p));

		if (memcmp(t->signature, signature, 4) == 0 && checksum(t, t->bytes) == 0)
			return t;
	}
	return NULL;
}

static u16 fadt_port(u32 offset)
{
	const struct acpi_table *fadt = acpi_find("FACP");

	return fadt && fadt->bytes >= offset + 4 ? (u16)load_u32((const u8 *)fadt + offset) : 0;
}

u16 acpi_pm_timer_port(void)
{
	return fadt_port(FADT_PM_TMR);
}

u16 acpi_pm1_control_port(void)
{
	return fadt_port(FADT_PM1A_CNT);
}
