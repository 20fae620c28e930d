// SPDX-License-Identifier: Apache-2.0
// Lays the guest's ACPI tables down one after the other; each knows the addresses of those before it.
#include "dev/acpi/tables.h"

#include "dev/acpi/dsdt.h"
#include "dev/acpi/tables_priv.h"

#include "dev/acpi_pm.h"
#include "dev/hpet.h"

#include "base/bits.h"
#include "base/mem.h"

#define SPACE_MEMORY 0
#define SPACE_PORTS 1
#define ACCESS_BYTE 1
#define ACCESS_WORD 2
#define ACCESS_DWORD 3

#define RSDP_BYTES 36
#define FACS_BYTES 64

/* The RSDP and the tables that are not as long as the number of vcpus, with room for alignment. */
#define FIXED_BYTES 2048

#define RESET_PORT 0xcf9
#define RESET_VALUE 0x06

u32 acpi_tables_size(u32 vcpu_count)
{
	u32 vcpu_bytes = MADT_VCPU_BYTES + SSDT_VCPU_BYTES + SRAT_VCPU_BYTES;

	return ALIGN_UP(FIXED_BYTES + acpi_dsdt_bytes + (ACPI_COMS - 1) * SSDT_COM_BYTES + vcpu_count * vcpu_bytes,
			64u);
}

/* --- FADT: "Fixed ACPI Description Table" --- */

#define FADT_REVISION 5
#define FADT_WBINVD BIT(0)
#define FADT_PROC_C1 BIT(2)
#define FADT_NO_SLEEP_BUTTON BIT(5)
#define FADT_NO_FIXED_RTC BIT(6)
#define FADT_TIMER_32BIT BIT(8)
#define FADT_RESET_REGISTER BIT(10)
#define FADT_HEADLESS BIT(12)
#define FADT_APIC_PHYSICAL BIT(19)
#define FADT_BOOT_LEGACY_DEVICES BIT(0) /* and not bit 1: no keyboard, so that nobody waits for one */
#define FADT_BOOT_NO_VGA BIT(2)
#define FADT_NO_C2 101 /* latencies above these say: not there */
#define FADT_NO_C3 1001
#define FADT_CENTURY 0x32 /* RTC register */

/* The part that ACPI 1.0 has, with 32-bit addresses. */
static void put_fadt_first(struct table_writer *w, u32 facs, u32 dsdt)
{
	put_u32(w, facs);
	put_u32(w, dsdt);
	put_u8(w, 0);
	put_u8(w, 0); /* power profile: unspecified */
	put_u16(w, ACPI_PM_SCI);
	put_u32(w, 0); /* SMI command port: none, ACPI mode is always on */
	put_zeros(w, 4);
	put_u32(w, ACPI_PM_PORT + ACPI_PM_EVENT);
	put_u32(w, 0);
	put_u32(w, ACPI_PM_PORT + ACPI_PM_CONTROL);
	put_u32(w, 0);
	put_u32(w, 0);
	put_u32(w, ACPI_PM_PORT + ACPI_PM_TIMER);
	put_u32(w, 0); /* general-purpose events: none */
	put_u32(w, 0);
	put_u8(w, 4); /* lengths: PM1 event, */
	put_u8(w, 2); /* PM1 control, */
	put_u8(w, 0); /* PM2 control, */
	put_u8(w, 4); /* PM timer */
	put_zeros(w, 4);
	put_u16(w, FADT_NO_C2);
	put_u16(w, FADT_NO_C3);
	put_u16(w, 0); /* cache flush size and stride: WBINVD does it */
	put_u16(w, 0);
	put_u8(w, 0); /* duty cycle: none */
	put_u8(w, 0);
	put_u8(w, 0); /* RTC: no day or month alarm */
	put_u8(w, 0);
	put_u8(w, FADT_CENTURY);
}

static void put_fadt_rest(struct table_writer *w, u32 dsdt, const struct acpi_config *c)
{
	put_u16(w, FADT_BOOT_LEGACY_DEVICES | FADT_BOOT_NO_VGA);
	put_u8(w, 0);
	put_u32(w, (u32)(FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_FIXED_RTC | FADT_RESET_REGISTER |
			 FADT_HEADLESS | (c->pm_timer_32bit ? FADT_TIMER_32BIT : 0) |
			 (c->wants_physical ? FADT_APIC_PHYSICAL : 0)));
	put_address(w, SPACE_PORTS, 8, ACCESS_BYTE, RESET_PORT);
	put_u8(w, RESET_VALUE);
	put_zeros(w, 3);
	put_u64(w, 0); /* X_FIRMWARE_CTRL: the 32-bit one counts */
	put_u64(w, dsdt);
	put_address(w, SPACE_PORTS, 32, ACCESS_WORD, ACPI_PM_PORT + ACPI_PM_EVENT);
	put_zeros(w, 12);
	put_address(w, SPACE_PORTS, 16, ACCESS_WORD, ACPI_PM_PORT + ACPI_PM_CONTROL);
	put_zeros(w, 12);
	put_zeros(w, 12);
	put_address(w, SPACE_PORTS, 32, ACCESS_DWORD, ACPI_PM_PORT + ACPI_PM_TIMER);
	put_zeros(w, 2 * 12); /* general-purpose events */
	put_zeros(w, 2 * 12); /* sleep control and status of reduced hardware */
}

static u32 put_fadt(struct table_writer *w, u32 facs, u32 dsdt, const struct acpi_config *c)
{
	u32 at = table_begin(w, "FACP", FADT_REVISION);

	put_fadt_first(w, facs, dsdt);
	put_fadt_rest(w, dsdt, c);
	table_end(w);
	return at;
}

/* "Firmware ACPI Control Structure": no header of the usual kind, and no checksum. */
static u32 put_facs(struct table_writer *w)
{
	u32 at;

	put_align(w, 64);
	at = w->at;
	put_bytes(w, "FACS", 4);
	put_u32(w, FACS_BYTES);
	put_zeros(w, 24);
	put_u8(w, 2); /* version */
	put_zeros(w, FACS_BYTES - 33);
	return at;
}

/* --- HPET description table --- */

static u32 put_hpet(struct table_writer *w)
{
	u32 at = table_begin(w, "HPET", 1);

	put_u32(w, HPET_BLOCK_ID);
	put_address(w, SPACE_MEMORY, 64, 0, HPET_BASE);
	put_u8(w, 0); /* the first HPET */
	put_u16(w, HPET_MIN_TICKS);
	put_u8(w, 0); /* no page protection */
	table_end(w);
	return at;
}

/* --- what leads to them --- */

static u32 put_root(struct table_writer *w, u64 base, const u32 *tables, u32 count, bool extended)
{
	u32 at = table_begin(w, extended ? "XSDT" : "RSDT", 1);

	for (u32 i = 0; i < count; i++) {
		if (extended)
			put_u64(w, base + tables[i]);
		else
			put_u32(w, (u32)(base + tables[i]));
	}
	table_end(w);
	return at;
}

/* "Root System Description Pointer"; `rsdp` has RSDP_BYTES of zeros. */
static void fill_rsdp(u8 *rsdp, u64 rsdt, u64 xsdt)
{
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "ETERNA", 6);
	rsdp[15] = 2; /* revision */
	store_u32(rsdp + 16, (u32)rsdt);
	store_u32(rsdp + 20, RSDP_BYTES);
	store_u64(rsdp + 24, xsdt);
	rsdp[8] = table_checksum(rsdp, 20);
	rsdp[32] = table_checksum(rsdp, RSDP_BYTES);
}

static err_t check(const struct acpi_config *c, u32 size)
{
	if (!c->vcpu_count || c->vcpu_count > ACPI_VCPUS_MAX)
		return ERR_RANGE;
	if (!IS_ALIGNED(c->base, 64))
		return ERR_ALIGN;
	if (c->numa && c->vcpu_count > VNUMA_VCPUS_MAX)
		return ERR_RANGE;
	if (c->base > 4 * GIB - acpi_tables_size(c->vcpu_count))
		return ERR_RANGE;
	return acpi_tables_size(c->vcpu_count) > size ? ERR_SPACE : OK;
}

err_t acpi_tables_build(const struct acpi_config *c, u8 *out, u32 size)
{
	struct table_writer w = {.out = out};
	err_t err = check(c, size);
	u32 facs, dsdt, rsdt, xsdt, listed[6], count = 0;

	if (err)
		return err;
	put_zeros(&w, RSDP_BYTES);
	facs = put_facs(&w);
	put_align(&w, 16);
	dsdt = w.at;
	put_bytes(&w, acpi_dsdt, acpi_dsdt_bytes);
	listed[count++] = put_fadt(&w, (u32)c->base + facs, (u32)c->base + dsdt, c);
	listed[count++] = put_ssdt(&w, c);
	listed[count++] = put_madt(&w, c);
	listed[count++] = put_hpet(&w);
	if (has_nodes(c)) {
		listed[count++] = put_srat(&w, c);
		listed[count++] = put_slit(&w, c);
	}
	rsdt = put_root(&w, c->base, listed, count, false);
	xsdt = put_root(&w, c->base, listed, count, true);
	fill_rsdp(out, c->base + rsdt, c->base + xsdt);
	put_zeros(&w, acpi_tables_size(c->vcpu_count) - w.at);
	return OK;
}
