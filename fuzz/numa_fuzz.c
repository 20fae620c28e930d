// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as SRAT, SLIT and HMAT: the first two tell where one ends and the next begins. Sums are right.
// fuzz: -max_len=700
#include "boot/info/numa.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"

#define RSDP 0x1000u
#define XSDT 0x2000u
#define TABLE_STEP 0x10000u
#define TABLES 3u
#define HEADER_BYTES 36u

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

struct machine {
	struct acpi_memory access;
	u8 rsdp[ACPI_RSDP_BYTES_V2];
	u8 xsdt[HEADER_BYTES + 8 * TABLES];
	u8 *table[TABLES]; /* on the heap, as long as their headers say: a read past them is seen */
	u32 length[TABLES];
};

static void set_sum(u8 *bytes, u64 count, u64 where)
{
	u8 sum = 0;

	bytes[where] = 0;
	for (u64 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[where] = (u8)(0 - sum);
}

static const void *machine_map(struct acpi_memory *access, u64 hpa, u64 bytes)
{
	struct machine *m = CONTAINER_OF(access, struct machine, access);
	u64 i = hpa / TABLE_STEP - 1;

	if (hpa == XSDT)
		return bytes <= sizeof(m->xsdt) ? m->xsdt : NULL;
	if (hpa % TABLE_STEP || i >= TABLES || bytes > m->length[i])
		return NULL;
	return m->table[i];
}

static void machine_build(struct machine *m)
{
	memcpy(m->rsdp, "RSD PTR ", 8);
	m->rsdp[15] = 2;
	store_u64(m->rsdp + 24, XSDT);
	set_sum(m->rsdp, ACPI_RSDP_BYTES_V1, 8);
	memcpy(m->xsdt, "XSDT", 4);
	store_u32(m->xsdt + 4, sizeof(m->xsdt));
	for (u32 i = 0; i < TABLES; i++)
		store_u64(m->xsdt + HEADER_BYTES + 8 * i, (i + 1) * (u64)TABLE_STEP);
	set_sum(m->xsdt, sizeof(m->xsdt), 9);
}

static void table_build(struct machine *m, u32 i, const char *signature, const u8 *data, u32 bytes)
{
	m->length[i] = HEADER_BYTES + bytes;
	m->table[i] = malloc(m->length[i]);
	memset(m->table[i], 0, HEADER_BYTES);
	memcpy(m->table[i] + HEADER_BYTES, data, bytes);
	memcpy(m->table[i], signature, 4);
	store_u32(m->table[i] + 4, m->length[i]);
	m->table[i][8] = 2;
	set_sum(m->table[i], m->length[i], 9);
}

static void pieces_check(const struct numa *n)
{
	bool is_hole;
	u8 node;

	for (u64 at = 0; at < 1ull << 40;) {
		u64 end = numa_piece(n, at, 1ull << 40, &node, &is_hole);

		ASSERT(end > at && node < n->node_count);
		at = end;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static const struct acpi_info acpi = {.cpu_count = 4, .cpu_apic_id = {0, 1, 2, 300}};
	static struct numa numa;
	struct machine m = {.access.map = machine_map};
	char text[160];
	u32 srat, slit;

	if (bytes < 2)
		return 0;
	srat = MIN(data[0] * 2u, (u32)bytes - 2);
	slit = MIN((u32)data[1], (u32)bytes - 2 - srat);
	machine_build(&m);
	table_build(&m, 0, "SRAT", data + 2, srat);
	table_build(&m, 1, "SLIT", data + 2 + srat, slit);
	table_build(&m, 2, "HMAT", data + 2 + srat + slit, (u32)bytes - 2 - srat - slit);
	numa_parse(&m.access, m.rsdp, sizeof(m.rsdp), &numa);
	ASSERT(numa_valid(&numa));
	pieces_check(&numa);
	numa_match_cpus(&numa, &acpi);
	ASSERT(numa_valid(&numa));
	for (u32 kind = 0; kind < NUMA_DEFECT_KINDS; kind++)
		ASSERT(numa_defect_text(&numa, kind, text, sizeof(text)) < sizeof(text));
	for (u32 i = 0; i < TABLES; i++)
		free(m.table[i]);
	return 0;
}
