// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the physical memory that holds a PVH start info at address 0x1000.
#include "boot/info/pvh.h"

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"

#define MEMORY_START 0x1000

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

struct memory {
	const u8 *data;
	size_t bytes;
};

static struct boot_info info;

static bool memory_read(void *context, u64 address, void *dst, u64 bytes)
{
	const struct memory *memory = context;

	if (address < MEMORY_START || !range_is_inside(address - MEMORY_START, bytes, memory->bytes))
		return false;
	memcpy(dst, memory->data + (address - MEMORY_START), bytes);
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct memory memory = {data, bytes};
	const struct pvh_memory access = {&memory, memory_read};

	(void)!pvh_parse(&access, MEMORY_START, &info);
	ASSERT(boot_info_valid(&info));
	return 0;
}
