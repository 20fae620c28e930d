// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the memory that holds the machine's ACPI tables, at address 0x1000: first of them the RSDP.
// Sums are put right, or hardly an input would get anywhere.
#include "boot/info/acpi.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"

#define MEMORY_START 0x1000u
#define MEMORY_MAX 4096

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

struct memory {
	struct acpi_memory access;
	u8 *bytes; /* on the heap, as many as there are: a read past them is seen */
	size_t count;
};

static void set_sum(u8 *bytes, u64 count, u64 where)
{
	u8 sum = 0;

	bytes[where] = 0;
	for (u64 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[where] = (u8)(0 - sum);
}

static const void *memory_map(struct acpi_memory *access, u64 hpa, u64 bytes)
{
	struct memory *memory = CONTAINER_OF(access, struct memory, access);

	if (hpa < MEMORY_START || !range_is_inside(hpa - MEMORY_START, bytes, memory->count))
		return NULL;
	if (bytes > 9) /* a whole table, or its header */
		set_sum(memory->bytes + (hpa - MEMORY_START), bytes, 9);
	return memory->bytes + (hpa - MEMORY_START);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static struct memory memory = {.access.map = memory_map};
	static struct acpi_info info;

	if (bytes < ACPI_RSDP_BYTES_V2 || bytes > MEMORY_MAX)
		return 0;
	memory.bytes = malloc(bytes);
	memcpy(memory.bytes, data, bytes);
	memory.count = bytes;
	memcpy(memory.bytes, "RSD PTR ", 8);
	set_sum(memory.bytes, ACPI_RSDP_BYTES_V1, 8);

	u8 rsdp[ACPI_RSDP_BYTES_V2];
	memcpy(rsdp, memory.bytes, sizeof(rsdp));
	(void)!acpi_parse(&memory.access, rsdp, sizeof(rsdp), &info);
	ASSERT(info.ioapic_count <= ACPI_IOAPICS_MAX);
	ASSERT(acpi_find_rsdp(data, bytes) <= bytes);
	free(memory.bytes);
	return 0;
}
