// SPDX-License-Identifier: Apache-2.0
// The interrupt controllers and processors: ACPI specification, "Multiple APIC Description Table (MADT)".
#include "dev/acpi/tables_priv.h"

#include "dev/acpi_pm.h"

#define MADT_REVISION 3
#define MADT_PCAT_COMPAT 1 /* there are 8259s */
#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_NMI 4
#define MADT_X2APIC 9
#define MADT_X2APIC_NMI 10
#define MADT_ENABLED 1
#define MADT_CONFORMS 0x0000
#define MADT_LEVEL_HIGH 0x000d
#define MADT_ALL_LAPICS 0xff
#define MADT_ALL_X2APICS 0xffffffff
#define MADT_LINT1 1

static void put_local_apic(struct table_writer *w, u32 uid, u32 id)
{
	if (id < XAPIC_IDS) {
		put_u8(w, MADT_LAPIC);
		put_u8(w, 8);
		put_u8(w, (u8)uid);
		put_u8(w, (u8)id);
		put_u32(w, MADT_ENABLED);
	} else {
		put_u8(w, MADT_X2APIC);
		put_u8(w, MADT_VCPU_BYTES);
		put_u16(w, 0);
		put_u32(w, id);
		put_u32(w, MADT_ENABLED);
		put_u32(w, uid);
	}
}

static void put_override(struct table_writer *w, u8 irq, u32 gsi, u16 flags)
{
	put_u8(w, MADT_OVERRIDE);
	put_u8(w, 10);
	put_u8(w, 0); /* ISA */
	put_u8(w, irq);
	put_u32(w, gsi);
	put_u16(w, flags);
}

/* LINT1 is NMI, on every processor. */
static void put_nmis(struct table_writer *w, bool has_x2apics)
{
	put_u8(w, MADT_LAPIC_NMI);
	put_u8(w, 6);
	put_u8(w, MADT_ALL_LAPICS);
	put_u16(w, MADT_CONFORMS);
	put_u8(w, MADT_LINT1);
	if (!has_x2apics)
		return;
	put_u8(w, MADT_X2APIC_NMI);
	put_u8(w, 12);
	put_u16(w, MADT_CONFORMS);
	put_u32(w, MADT_ALL_X2APICS);
	put_u8(w, MADT_LINT1);
	put_zeros(w, 3);
}

u32 put_madt(struct table_writer *w, const struct acpi_config *c)
{
	u32 at = table_begin(w, "APIC", MADT_REVISION);
	u32 id_most = 0;

	put_u32(w, (u32)ACPI_LAPIC_BASE);
	put_u32(w, MADT_PCAT_COMPAT);
	for (u32 uid = 0; uid < c->vcpu_count; uid++) {
		put_local_apic(w, uid, acpi_apic_id(c, uid));
		id_most = MAX(id_most, acpi_apic_id(c, uid));
	}
	put_u8(w, MADT_IOAPIC);
	put_u8(w, 12);
	put_u8(w, c->ioapic_id);
	put_u8(w, 0);
	put_u32(w, (u32)ACPI_IOAPIC_BASE);
	put_u32(w, 0); /* its first GSI */
	put_override(w, 0, 2, MADT_CONFORMS);
	put_override(w, ACPI_PM_SCI, ACPI_PM_SCI, MADT_LEVEL_HIGH);
	put_nmis(w, id_most >= XAPIC_IDS);
	table_end(w);
	return at;
}
