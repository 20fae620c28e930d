// SPDX-License-Identifier: Apache-2.0
// Reader of the machine's ACPI tables: RSDP, RSDT/XSDT, MADT, FADT, and \_S5 out of the DSDT's byte code.
#include "boot/info/acpi.h"

#include "base/mem.h"

/* Offsets of the members that are read (ACPI 6.5, tables of each structure). */
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_XSDT 24
#define HEADER_LENGTH 4
#define HEADER_BYTES 36
#define TABLE_BYTES_MAX (16 * MIB)
#define FADT_DSDT 40
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_PM_TIMER 76
#define FADT_FLAGS 112
#define FADT_RESET_REGISTER 116
#define FADT_RESET_VALUE 128
#define FADT_FLAG_TIMER_32BIT (1u << 8)
#define FADT_FLAG_RESET (1u << 10)
#define ADDRESS_SPACE_IO 1
#define MADT_LAPIC 36
#define MADT_ENTRIES 44
#define MADT_TYPE_LAPIC 0
#define MADT_TYPE_IOAPIC 1
#define MADT_TYPE_OVERRIDE 2
#define MADT_TYPE_LAPIC_ADDRESS 5
#define MADT_TYPE_X2APIC 9
#define MADT_CPU_ENABLED 1u

static bool checksum_is_zero(const u8 *bytes, u64 count)
{
	u8 sum = 0;

	for (u64 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	return sum == 0;
}

static bool rsdp_is_valid(const u8 *rsdp, u64 bytes)
{
	return bytes >= ACPI_RSDP_BYTES_V1 && !memcmp(rsdp, "RSD PTR ", 8) &&
	       checksum_is_zero(rsdp, ACPI_RSDP_BYTES_V1);
}

u64 acpi_find_rsdp(const u8 *area, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += 16)
		if (rsdp_is_valid(area + at, bytes - at))
			return at;
	return bytes;
}

static const u8 *header_at(struct acpi_memory *memory, u64 hpa)
{
	return hpa ? memory->map(memory, hpa, HEADER_BYTES) : NULL;
}

/* A whole table with a sane length and sum, or NULL and why not; `length` gets its bytes. */
static const u8 *table_check(struct acpi_memory *memory, u64 hpa, u32 *length, enum acpi_search *search)
{
	const u8 *header = header_at(memory, hpa);
	const u8 *table;

	*search = ACPI_TABLE_BAD_LENGTH;
	if (!header)
		return NULL;
	*length = load_u32(header + HEADER_LENGTH);
	if (*length < HEADER_BYTES || *length > TABLE_BYTES_MAX)
		return NULL;
	table = memory->map(memory, hpa, *length);
	if (!table)
		return NULL;
	*search = checksum_is_zero(table, *length) ? ACPI_TABLE_FOUND : ACPI_TABLE_BAD_SUM;
	return *search == ACPI_TABLE_FOUND ? table : NULL;
}

static const u8 *table_at(struct acpi_memory *memory, u64 hpa, u32 *length)
{
	enum acpi_search search;

	return table_check(memory, hpa, length, &search);
}

/* The RSDT or XSDT: a list of tables' addresses. */
struct root {
	const u8 *table;
	u32 length;
	u32 entry_bytes;
};

static err_t root_find(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct root *root)
{
	*root = (struct root){.entry_bytes = 8};
	if (!rsdp_is_valid(rsdp, bytes))
		return ERR_NOENT;
	if (rsdp[RSDP_REVISION] >= 2 && bytes >= ACPI_RSDP_BYTES_V2)
		root->table = table_at(memory, load_u64(rsdp + RSDP_XSDT), &root->length);
	if (!root->table) {
		root->table = table_at(memory, load_u32(rsdp + RSDP_RSDT), &root->length);
		root->entry_bytes = 4;
	}
	return root->table ? OK : ERR_NOENT;
}

/* Address of the table that entry `at` (a byte offset, HEADER_BYTES first) leads to; false behind the last one. */
static bool root_entry(const struct root *root, u32 at, u64 *hpa)
{
	if (at + root->entry_bytes > root->length)
		return false;
	*hpa = root->entry_bytes == 8 ? load_u64(root->table + at) : load_u32(root->table + at);
	return true;
}

const u8 *acpi_table_find(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, const char signature[4], u32 *length,
			  enum acpi_search *search)
{
	struct root root;
	u64 hpa;

	*search = ACPI_TABLE_MISSING;
	if (root_find(memory, rsdp, bytes, &root))
		return NULL;
	for (u32 at = HEADER_BYTES; root_entry(&root, at, &hpa); at += root.entry_bytes) {
		const u8 *header = header_at(memory, hpa);
		const u8 *table;

		if (!header || memcmp(header, signature, 4))
			continue;
		table = table_check(memory, hpa, length, search);
		if (table)
			return table;
	}
	return NULL;
}

static void madt_override(const u8 *entry, struct acpi_info *out)
{
	u8 irq = entry[3];

	if (irq < 16) {
		out->isa_gsi[irq] = load_u32(entry + 4);
		out->isa_flags[irq] = load_u16(entry + 8);
	}
}

static void madt_cpu(u32 apic_id, u32 flags, struct acpi_info *out)
{
	if (!(flags & MADT_CPU_ENABLED))
		return;
	if (out->cpu_count < ACPI_CPUS_MAX)
		out->cpu_apic_id[out->cpu_count] = apic_id;
	out->cpu_count++;
}

static void madt_ioapic(const u8 *entry, struct acpi_info *out)
{
	if (out->ioapic_count < ACPI_IOAPICS_MAX)
		out->ioapic[out->ioapic_count++] = (struct acpi_ioapic){
			.id = entry[2], .hpa = load_u32(entry + 4), .gsi_base = load_u32(entry + 8)};
}

static void madt_entry(const u8 *entry, u8 bytes, struct acpi_info *out)
{
	switch (entry[0]) {
	case MADT_TYPE_LAPIC:
		if (bytes >= 8)
			madt_cpu(entry[3], load_u32(entry + 4), out);
		break;
	case MADT_TYPE_X2APIC:
		if (bytes >= 16)
			madt_cpu(load_u32(entry + 4), load_u32(entry + 8), out);
		break;
	case MADT_TYPE_IOAPIC:
		if (bytes >= 12)
			madt_ioapic(entry, out);
		break;
	case MADT_TYPE_OVERRIDE:
		if (bytes >= 10)
			madt_override(entry, out);
		break;
	case MADT_TYPE_LAPIC_ADDRESS:
		if (bytes >= 12)
			out->lapic_hpa = load_u64(entry + 4);
		break;
	default:
		break;
	}
}

static void madt_parse(const u8 *madt, u32 length, struct acpi_info *out)
{
	if (length < MADT_ENTRIES)
		return;
	out->lapic_hpa = load_u32(madt + MADT_LAPIC);
	for (u32 at = MADT_ENTRIES; at + 2 <= length;) {
		u8 bytes = madt[at + 1];

		if (bytes < 2 || bytes > length - at)
			return;
		madt_entry(madt + at, bytes, out);
		at += bytes;
	}
}

/* One integer of AML (ACPI 6.5, Data Objects Encoding): ZeroOp, OneOp or BytePrefix; false for anything else. */
static bool aml_small_integer(const u8 *aml, u32 length, u32 *at, u8 *value)
{
	if (*at >= length)
		return false;
	if (aml[*at] <= 1) {
		*value = aml[(*at)++];
		return true;
	}
	if (aml[*at] != 0x0a || *at + 1 >= length)
		return false;
	*value = aml[*at + 1];
	*at += 2;
	return true;
}

/*
 * \_S5 is Name(_S5_, Package { SLP_TYPa, SLP_TYPb, ... }) in all firmware that is not hostile: NameOp, the name,
 * PackageOp, PkgLength of one to four bytes, the element count. No interpreter is needed to read two integers.
 */
static void dsdt_find_s5(const u8 *aml, u32 length, struct acpi_info *out)
{
	for (u32 i = HEADER_BYTES; i + 8 < length; i++) {
		u32 at = i + 5;

		if (memcmp(aml + i, "_S5_\x12", 5))
			continue;
		at += 2u + (aml[at] >> 6);
		if (aml_small_integer(aml, length, &at, &out->s5_type_a) &&
		    aml_small_integer(aml, length, &at, &out->s5_type_b)) {
			out->has_s5 = true;
			return;
		}
	}
}

static void fadt_parse(struct acpi_memory *memory, const u8 *fadt, u32 length, struct acpi_info *out)
{
	const u8 *dsdt;
	u32 dsdt_length;
	u32 flags;

	if (length < FADT_FLAGS + 4)
		return;
	flags = load_u32(fadt + FADT_FLAGS);
	out->pm_timer_port = (u16)load_u32(fadt + FADT_PM_TIMER);
	out->is_pm_timer_32bit = flags & FADT_FLAG_TIMER_32BIT;
	out->pm1a_control_port = (u16)load_u32(fadt + FADT_PM1A_CONTROL);
	out->pm1b_control_port = (u16)load_u32(fadt + FADT_PM1B_CONTROL);
	if (flags & FADT_FLAG_RESET && length > FADT_RESET_VALUE && fadt[FADT_RESET_REGISTER] == ADDRESS_SPACE_IO) {
		out->reset_port = load_u16(fadt + FADT_RESET_REGISTER + 4);
		out->reset_value = fadt[FADT_RESET_VALUE];
	}
	dsdt = table_at(memory, load_u32(fadt + FADT_DSDT), &dsdt_length);
	if (dsdt)
		dsdt_find_s5(dsdt, dsdt_length, out);
}

static void table_parse(struct acpi_memory *memory, u64 hpa, struct acpi_info *out)
{
	u32 length;
	const u8 *table = table_at(memory, hpa, &length);

	if (!table)
		return;
	if (!memcmp(table, "APIC", 4))
		madt_parse(table, length, out);
	else if (!memcmp(table, "FACP", 4))
		fadt_parse(memory, table, length, out);
}

err_t acpi_parse(struct acpi_memory *memory, const u8 *rsdp, u32 bytes, struct acpi_info *out)
{
	struct root root;
	err_t err;
	u64 hpa;

	memset(out, 0, sizeof(*out));
	for (u32 i = 0; i < 16; i++)
		out->isa_gsi[i] = i;
	err = root_find(memory, rsdp, bytes, &root);
	if (err)
		return err;
	for (u32 at = HEADER_BYTES; root_entry(&root, at, &hpa); at += root.entry_bytes)
		table_parse(memory, hpa, out);
	return OK;
}
