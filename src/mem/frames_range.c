// SPDX-License-Identifier: Apache-2.0
// Bitmaps and summaries of one range: a bit a frame, two bits a 2 MiB region, two counts a GiB.
#include "mem/frames_range.h"

#include "base/assert.h"

static u64 first_gib(const struct frames_range *r)
{
	return r->first / FRAMES_PER_REGION / REGIONS_PER_GIB;
}

static u64 first_region(const struct frames_range *r)
{
	return r->first / FRAMES_PER_REGION;
}

static u64 region_count(u64 first, u64 end)
{
	return (end - 1) / FRAMES_PER_REGION - first / FRAMES_PER_REGION + 1;
}

static u64 gib_count(u64 first, u64 end)
{
	return region_count(first / FRAMES_PER_REGION, (end - 1) / FRAMES_PER_REGION + 1);
}

u64 frames_range_metadata_pages(u64 first, u64 end)
{
	u64 bytes = gib_count(first, end) * sizeof(struct frames_gib) +
		    region_count(first, end) * sizeof(struct frames_region);

	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

void frames_range_init(struct frames_range *r, void *metadata)
{
	r->gib = metadata;
	r->region = (void *)(r->gib + gib_count(r->first, r->end));
	frames_range_mark(r, r->first, r->end - r->first, true);
}

/* Bits [low, low + count) of one word. */
static u64 word_mask(u32 low, u32 count)
{
	return (~0ull >> (64 - count)) << low;
}

/* How much of [at, at + count) lies in the word of a bitmap that `at` lies in. */
static u32 piece_count(u32 at, u32 count)
{
	return MIN(64 - at % 64, count);
}

static bool region_all(const struct frames_region *region, u32 at, u32 count, bool is_free)
{
	while (count) {
		u32 piece = piece_count(at, count);
		u64 mask = word_mask(at % 64, piece);

		if ((region->free[at / 64] & mask) != (is_free ? mask : 0))
			return false;
		at += piece;
		count -= piece;
	}
	return true;
}

static void region_mark(struct frames_region *region, u32 at, u32 count, bool is_free)
{
	region->free_count = is_free ? region->free_count + count : region->free_count - count;
	while (count) {
		u32 piece = piece_count(at, count);

		region->free[at / 64] ^= word_mask(at % 64, piece);
		at += piece;
		count -= piece;
	}
}

static bool is_whole(const struct frames_region *region)
{
	return region->free_count == FRAMES_PER_REGION;
}

static bool is_broken(const struct frames_region *region)
{
	return region->free_count && !is_whole(region);
}

/* Enter region `number` of the range into the summaries (by = 1), or take it out (by = -1), as it is now. */
static void summary_count(struct frames_range *r, u64 number, u32 by)
{
	const struct frames_region *region = &r->region[number - first_region(r)];
	struct frames_gib *gib = &r->gib[number / REGIONS_PER_GIB - first_gib(r)];
	u32 bit = (u32)(number % REGIONS_PER_GIB);

	r->whole_gib_count -= gib->whole_count == REGIONS_PER_GIB;
	if (is_whole(region)) {
		gib->whole[bit / 64] ^= BIT(bit % 64);
		gib->whole_count += by;
		r->whole_count += by;
	} else if (is_broken(region)) {
		gib->broken[bit / 64] ^= BIT(bit % 64);
		gib->broken_count += by;
		r->broken_count += by;
	}
	r->whole_gib_count += gib->whole_count == REGIONS_PER_GIB;
}

void frames_range_mark(struct frames_range *r, u64 frame, u64 count, bool is_free)
{
	while (count) {
		u64 number = frame / FRAMES_PER_REGION;
		u32 at = (u32)(frame % FRAMES_PER_REGION);
		u32 piece = (u32)MIN(FRAMES_PER_REGION - at, count);

		summary_count(r, number, -1u);
		region_mark(&r->region[number - first_region(r)], at, piece, is_free);
		summary_count(r, number, 1);
		frame += piece;
		count -= piece;
	}
}

bool frames_range_all(const struct frames_range *r, u64 frame, u64 count, bool is_free)
{
	while (count) {
		u32 at = (u32)(frame % FRAMES_PER_REGION);
		u32 piece = (u32)MIN(FRAMES_PER_REGION - at, count);

		if (!region_all(&r->region[frame / FRAMES_PER_REGION - first_region(r)], at, piece, is_free))
			return false;
		frame += piece;
		count -= piece;
	}
	return true;
}

/* Does this GiB hold a block of that source? */
static bool gib_has(const struct frames_gib *gib, enum frames_source source)
{
	switch (source) {
	case SOURCE_BROKEN_REGION:
		return gib->broken_count;
	case SOURCE_BROKEN_GIB:
		return gib->whole_count && gib->whole_count < REGIONS_PER_GIB;
	default:
		return gib->whole_count == REGIONS_PER_GIB;
	}
}

/* Does the whole range? */
static bool range_has(const struct frames_range *r, enum frames_source source)
{
	switch (source) {
	case SOURCE_BROKEN_REGION:
		return r->broken_count;
	case SOURCE_BROKEN_GIB:
		return r->whole_count > r->whole_gib_count * REGIONS_PER_GIB;
	default:
		return r->whole_gib_count;
	}
}

bool frames_range_find(const struct frames_range *r, enum frames_source source, enum frame_size size, u64 *frame)
{
	const struct frames_gib *gib = r->gib;
	u64 number = first_gib(r) * REGIONS_PER_GIB;
	u32 at = 0;

	if (!range_has(r, source))
		return false;
	for (; !gib_has(gib, source); gib++)
		number += REGIONS_PER_GIB;
	if (size != FRAME_1G)
		number +=
			bitmap_find_set(source == SOURCE_BROKEN_REGION ? gib->broken : gib->whole, 0, REGIONS_PER_GIB);
	if (size == FRAME_4K)
		at = bitmap_find_set(r->region[number - first_region(r)].free, 0, FRAMES_PER_REGION);
	*frame = number * FRAMES_PER_REGION + at;
	return true;
}

/* One region's bitmap against its count, its summary bits and the ends of the range. */
static bool region_valid(const struct frames_range *r, u64 number)
{
	const struct frames_region *region = &r->region[number - first_region(r)];
	const struct frames_gib *gib = &r->gib[number / REGIONS_PER_GIB - first_gib(r)];
	u32 bit = (u32)(number % REGIONS_PER_GIB);
	u32 count = 0;

	for (u32 i = 0; i < FRAMES_PER_REGION; i++) {
		u64 frame = number * FRAMES_PER_REGION + i;

		if (!bitmap_test(region->free, i))
			continue;
		if (frame < r->first || frame >= r->end)
			return false;
		count++;
	}
	return count == region->free_count && bitmap_test(gib->whole, bit) == is_whole(region) &&
	       bitmap_test(gib->broken, bit) == is_broken(region);
}

static u32 bits_count(const u64 *map)
{
	u32 count = 0;

	for (u32 i = 0; i < REGIONS_PER_GIB; i++)
		count += bitmap_test(map, i);
	return count;
}

bool frames_range_valid(const struct frames_range *r, u64 *free_count)
{
	u32 whole = 0, broken = 0, whole_gib = 0;

	for (u64 i = 0; i < region_count(r->first, r->end); i++) {
		if (!region_valid(r, first_region(r) + i))
			return false;
		*free_count += r->region[i].free_count;
	}
	for (u64 i = 0; i < gib_count(r->first, r->end); i++) {
		const struct frames_gib *gib = &r->gib[i];

		if (gib->whole_count != bits_count(gib->whole) || gib->broken_count != bits_count(gib->broken))
			return false;
		whole += gib->whole_count;
		broken += gib->broken_count;
		whole_gib += gib->whole_count == REGIONS_PER_GIB;
	}
	return whole == r->whole_count && broken == r->broken_count && whole_gib == r->whole_gib_count;
}
