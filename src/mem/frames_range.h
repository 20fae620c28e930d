/* SPDX-License-Identifier: Apache-2.0 */
/* One contiguous range of the frame allocator: which of its frames are free, and the summaries to find them by. */
#ifndef ETERNA_MEM_FRAMES_RANGE_H
#define ETERNA_MEM_FRAMES_RANGE_H

#include "base/bitmap.h"
#include "mem/frames.h"

#define FRAMES_PER_REGION (1u << FRAMES_INDEX_BITS)
#define REGIONS_PER_GIB (1u << FRAMES_INDEX_BITS)

/* 2 MiB, aligned. Frames of it that are not in the range are never free. */
struct frames_region {
	u64 free[BITMAP_WORDS(FRAMES_PER_REGION)]; /* set: the 4 KiB frame is free */
	u64 free_count;
};

/* 1 GiB, aligned. A region is whole (all free), broken (some free) or neither (none free). */
struct frames_gib {
	u64 whole[BITMAP_WORDS(REGIONS_PER_GIB)];
	u64 broken[BITMAP_WORDS(REGIONS_PER_GIB)];
	u32 whole_count;
	u32 broken_count;
};

struct frames_range {
	u64 first; /* frame numbers, half-open: hpa / 4096 */
	u64 end;
	struct frames_gib *gib;       /* the one that `first` lies in, and on */
	struct frames_region *region; /* likewise */
	u32 metadata_pages;           /* of the pool, from `gib` on */
	u32 whole_count;              /* sums over gib[] */
	u32 broken_count;
	u32 whole_gib_count; /* gibs with all 512 regions whole */
	u8 node;
};

/* Where to take a frame from, cheapest first. */
enum frames_source {
	SOURCE_BROKEN_REGION, /* a region already broken */
	SOURCE_BROKEN_GIB,    /* a whole region of a GiB that is not whole */
	SOURCE_WHOLE_GIB,
};

/* Pool pages that the bookkeeping of [first, end) takes. */
u64 frames_range_metadata_pages(u64 first, u64 end);

/* Set up r over zeroed metadata; first, end, node and metadata_pages are filled in. All its frames are free. */
void frames_range_init(struct frames_range *r, void *metadata);

/* Find a free block of `size` in that source; false if there is none. FRAME_1G is found in SOURCE_WHOLE_GIB only. */
bool frames_range_find(const struct frames_range *r, enum frames_source source, enum frame_size size, u64 *frame);

/* Are all `count` frames from `frame` on, which are in the range, free (or all used)? */
bool frames_range_all(const struct frames_range *r, u64 frame, u64 count, bool is_free);

/* Make the frames free or used; all are the other before. */
void frames_range_mark(struct frames_range *r, u64 frame, u64 count, bool is_free);

/* Bitmaps and summaries agree; adds the free frames to *free_count. */
bool frames_range_valid(const struct frames_range *r, u64 *free_count);

#endif
