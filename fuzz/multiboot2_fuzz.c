// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as Multiboot 2 information, and the memory map that comes out brought into order.
#include "boot/info/memory_map.h"
#include "boot/info/multiboot2.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

static struct boot_info info;
static struct memory_map map;
static struct memory_range free_ranges[64];

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	u32 count = 0;

	if (multiboot2_parse(data, bytes, &info) == OK)
		ASSERT(multiboot2_bytes(data) <= bytes);
	ASSERT(boot_info_valid(&info));
	for (u32 i = 0; i < info.module_count; i++)
		ASSERT(boot_module_find(&info, boot_module_name(&info, i)) <= i);

	(void)!memory_map_normalise(info.ranges, info.range_count, 40, &map);
	ASSERT(memory_map_valid(&map));
	(void)!memory_map_free(&map, info.ranges, MIN(info.range_count, 3u), free_ranges, ARRAY_COUNT(free_ranges),
			       &count);
	for (u32 i = 0; i < count; i++)
		ASSERT(IS_ALIGNED(free_ranges[i].base | free_ranges[i].bytes, PAGE_BYTES) && free_ranges[i].bytes);
	return 0;
}
