// SPDX-License-Identifier: Apache-2.0
// Arbitrary ranges as a memory map: the result keeps its promise and calls nothing usable that a range forbids.
#include "boot/info/memory_map.h"

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"

#define ENTRY_BYTES 17 /* base, bytes, kind */
#define ENTRIES_MAX 64

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

static struct memory_map map;

static void check_usable(const struct memory_range *usable, const struct memory_range *in, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (in[i].kind != MEMORY_USABLE)
			ASSERT(!ranges_overlap(usable->base, usable->bytes, in[i].base, in[i].bytes));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct memory_range in[ENTRIES_MAX];
	struct memory_range out[ENTRIES_MAX];
	char text[200];
	u32 out_count;
	u32 count = 0;

	for (; bytes >= ENTRY_BYTES && count < ENTRIES_MAX; data += ENTRY_BYTES, bytes -= ENTRY_BYTES)
		in[count++] = (struct memory_range){load_u64(data), load_u64(data + 8), 1 + data[16] % 5u};
	(void)!memory_map_normalise(in, count, 46, &map);
	ASSERT(memory_map_valid(&map));
	for (u32 i = 0; i < map.count; i++)
		if (map.ranges[i].kind == MEMORY_USABLE)
			check_usable(&map.ranges[i], in, count);
	for (u32 i = 0; i < MIN(map.finding_count, (u32)MEMORY_MAP_FINDINGS_MAX); i++)
		ASSERT(memory_finding_text(&map.findings[i], text, sizeof(text)) < sizeof(text));
	(void)!memory_map_free(&map, in, MIN(count, 2u), out, ENTRIES_MAX, &out_count);
	for (u32 i = 0; i < out_count; i++)
		for (u32 j = 0; j < MIN(count, 2u); j++)
			ASSERT(!ranges_overlap(out[i].base, out[i].bytes, in[j].base, in[j].bytes));
	return 0;
}
