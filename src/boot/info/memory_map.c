// SPDX-License-Identifier: Apache-2.0
// Memory maps: firmware's list in, sorted disjoint ranges and findings out; and what of it is free.
#include "boot/info/memory_map.h"

#include "base/checked.h"
#include "base/fmt.h"

/* [start, end), within the address width, so that neither can wrap. */
struct span {
	u64 start;
	u64 end;
};

static void finding_add(struct memory_map *map, u32 kind, struct memory_range a, struct memory_range b)
{
	if (map->finding_count < MEMORY_MAP_FINDINGS_MAX)
		map->findings[map->finding_count] = (struct memory_finding){kind, a, b};
	map->finding_count++;
}

static bool range_wraps(const struct memory_range *range)
{
	return range->bytes && range->base + (range->bytes - 1) < range->base;
}

/* The part of a foreign range that can be believed. False: none. */
static bool range_clip(const struct memory_range *range, u64 limit, struct span *out)
{
	if (!range->bytes || range->base >= limit)
		return false;
	if (range_wraps(range) && range->kind == MEMORY_USABLE)
		return false;
	out->start = range->base;
	out->end = range->bytes > limit - range->base ? limit : range->base + range->bytes;
	return true;
}

/* How little a kind lets itself be used: the greater wins where ranges overlap. */
static unsigned kind_weight(u32 kind)
{
	switch (kind) {
	case MEMORY_NONE:
		return 0;
	case MEMORY_USABLE:
		return 1;
	case MEMORY_ACPI_RECLAIM:
		return 2;
	case MEMORY_ACPI_NVS:
		return 3;
	case MEMORY_BAD:
		return 5;
	default:
		return 4;
	}
}

static void check_range(struct memory_map *map, const struct memory_range *range, u64 limit)
{
	const struct memory_range none = {0};

	if (!range->bytes)
		finding_add(map, FINDING_EMPTY, *range, none);
	else if (range_wraps(range))
		finding_add(map, FINDING_WRAPS, *range, none);
	else if (range->base >= limit || range->bytes > limit - range->base)
		finding_add(map, FINDING_TOO_HIGH, *range, none);
}

static void check_overlaps(struct memory_map *map, const struct memory_range *in, u32 count, u32 i, u64 limit)
{
	struct span a;
	struct span b;

	for (u32 j = 0; j < i && j < count; j++)
		if (range_clip(&in[i], limit, &a) && range_clip(&in[j], limit, &b) && a.start < b.end &&
		    b.start < a.end)
			finding_add(map, FINDING_OVERLAP, in[j], in[i]);
}

/* Where the next range starts or ends above `after`; `limit` if nowhere. */
static u64 next_boundary(const struct memory_range *in, u32 count, u64 limit, u64 after)
{
	u64 best = limit;

	for (u32 i = 0; i < count; i++) {
		struct span span;

		if (!range_clip(&in[i], limit, &span))
			continue;
		if (span.start > after)
			best = MIN(best, span.start);
		else if (span.end > after)
			best = MIN(best, span.end);
	}
	return best;
}

static u32 kind_at(const struct memory_range *in, u32 count, u64 limit, u64 address)
{
	u32 kind = MEMORY_NONE;

	for (u32 i = 0; i < count; i++) {
		struct span span;

		if (range_clip(&in[i], limit, &span) && span.start <= address && address < span.end &&
		    kind_weight(in[i].kind) > kind_weight(kind))
			kind = in[i].kind;
	}
	return kind;
}

/* Append [start, end) to the sorted result. */
static err_t append(struct memory_map *map, u64 start, u64 end, u32 kind)
{
	struct memory_range *last = map->count ? &map->ranges[map->count - 1] : NULL;

	if (last && last->kind == kind && last->base + last->bytes == start) {
		last->bytes += end - start;
		return OK;
	}
	if (map->count == MEMORY_MAP_RANGES_MAX)
		return ERR_SPACE;
	map->ranges[map->count++] = (struct memory_range){start, end - start, kind};
	return OK;
}

static u64 usable_end(const struct memory_map *map)
{
	for (u32 i = map->count; i > 0; i--)
		if (map->ranges[i - 1].kind == MEMORY_USABLE)
			return map->ranges[i - 1].base + map->ranges[i - 1].bytes;
	return 0;
}

static void find_holes(struct memory_map *map)
{
	const struct memory_range none = {0};
	u64 end = usable_end(map);
	u64 at = 0;

	for (u32 i = 0; i < map->count && at < end; i++) {
		const struct memory_range *range = &map->ranges[i];

		if (range->base > at)
			finding_add(map, FINDING_HOLE, (struct memory_range){at, range->base - at, MEMORY_NONE}, none);
		at = range->base + range->bytes;
	}
}

err_t memory_map_normalise(const struct memory_range *in, u32 count, unsigned phys_bits, struct memory_map *out)
{
	u64 limit = 1ull << phys_bits;
	err_t err = OK;

	out->count = 0;
	out->finding_count = 0;
	for (u32 i = 0; i < count; i++) {
		check_range(out, &in[i], limit);
		check_overlaps(out, in, count, i, limit);
	}
	for (u64 at = 0; at < limit && !err;) {
		u64 end = next_boundary(in, count, limit, at);
		u32 kind = kind_at(in, count, limit, at);

		if (kind != MEMORY_NONE)
			err = append(out, at, end, kind);
		at = end;
	}
	find_holes(out);
	return err;
}

/* Its exclusive end, or the highest address where that would be 2^64 or more. */
static u64 range_end(const struct memory_range *range)
{
	u64 end;

	return checked_add(range->base, range->bytes, &end) ? end : UINT64_MAX;
}

/* The end of the used range that covers `address`, the furthest of them; `address` itself if none does. */
static u64 used_until(const struct memory_range *used, u32 used_count, u64 address)
{
	u64 end = address;

	for (u32 i = 0; i < used_count; i++)
		if (used[i].bytes && used[i].base <= address && address - used[i].base < used[i].bytes)
			end = MAX(end, range_end(&used[i]));
	return end;
}

/* Where the next used range starts at or above `address`; `limit` if none below it. */
static u64 next_used(const struct memory_range *used, u32 used_count, u64 address, u64 limit)
{
	u64 best = limit;

	for (u32 i = 0; i < used_count; i++)
		if (used[i].bytes && used[i].base >= address)
			best = MIN(best, used[i].base);
	return best;
}

struct free_list {
	struct memory_range *out;
	u32 max;
	u32 count;
};

static err_t free_add(struct free_list *list, u64 start, u64 end)
{
	u64 first = 0;
	u64 last = ALIGN_DOWN(end, PAGE_BYTES);

	if (!checked_align_up(start, PAGE_BYTES, &first) || first >= last)
		return OK;
	if (list->count == list->max)
		return ERR_SPACE;
	list->out[list->count++] = (struct memory_range){first, last - first, MEMORY_USABLE};
	return OK;
}

static err_t free_of_range(struct free_list *list, const struct memory_range *range, const struct memory_range *used,
			   u32 used_count)
{
	u64 end = range->base + range->bytes;
	u64 at = range->base;

	while (at < end) {
		u64 until = used_until(used, used_count, at);

		if (until > at) {
			at = until;
			continue;
		}
		u64 stop = next_used(used, used_count, at, end);
		err_t err = free_add(list, at, stop);
		if (err)
			return err;
		at = stop;
	}
	return OK;
}

err_t memory_map_free(const struct memory_map *map, const struct memory_range *used, u32 used_count,
		      struct memory_range *out, u32 max, u32 *count)
{
	struct free_list list = {.out = out, .max = max};
	err_t err = OK;

	for (u32 i = 0; i < map->count && !err; i++)
		if (map->ranges[i].kind == MEMORY_USABLE)
			err = free_of_range(&list, &map->ranges[i], used, used_count);
	*count = list.count;
	return err;
}

u64 memory_map_bytes(const struct memory_map *map, u32 kind)
{
	u64 sum = 0;

	for (u32 i = 0; i < map->count; i++)
		if (map->ranges[i].kind == kind)
			sum += map->ranges[i].bytes;
	return sum;
}

const char *memory_kind_text(u32 kind)
{
	static const char *const text[MEMORY_KIND_COUNT] = {
		[MEMORY_NONE] = "hole",         [MEMORY_USABLE] = "usable",
		[MEMORY_RESERVED] = "reserved", [MEMORY_ACPI_RECLAIM] = "ACPI tables",
		[MEMORY_ACPI_NVS] = "ACPI NVS", [MEMORY_BAD] = "bad",
	};

	return kind < MEMORY_KIND_COUNT ? text[kind] : "reserved";
}

/* Ends are printed inclusive: that of a range which reaches 2^64 has a number, too. */
static size_t range_text(const struct memory_range *range, char *buf, size_t size)
{
	return fmt_string(buf, size, "[%#llx-%#llx] %s", (unsigned long long)range->base,
			  (unsigned long long)(range->base + range->bytes - 1), memory_kind_text(range->kind));
}

size_t memory_finding_text(const struct memory_finding *finding, char *buf, size_t size)
{
	char a[80];
	char b[80];

	range_text(&finding->a, a, sizeof(a));
	range_text(&finding->b, b, sizeof(b));
	switch (finding->kind) {
	case FINDING_EMPTY:
		return fmt_string(buf, size, "%#llx %s has no bytes: dropped", (unsigned long long)finding->a.base,
				  memory_kind_text(finding->a.kind));
	case FINDING_WRAPS:
		return fmt_string(buf, size, "%#llx %s of %#llx bytes passes the end of all addresses: %s",
				  (unsigned long long)finding->a.base, memory_kind_text(finding->a.kind),
				  (unsigned long long)finding->a.bytes,
				  finding->a.kind == MEMORY_USABLE ? "dropped" : "cut");
	case FINDING_TOO_HIGH:
		return fmt_string(buf, size, "%s is beyond what this CPU can address: cut", a);
	case FINDING_OVERLAP:
		return fmt_string(buf, size, "%s and %s overlap: the less usable kind wins", a, b);
	case FINDING_HOLE:
		return fmt_string(buf, size, "%s, not described by the firmware: not used", a);
	default:
		return fmt_string(buf, size, "unknown finding %u", finding->kind);
	}
}

bool memory_map_valid(const struct memory_map *map)
{
	u64 end = 0;

	if (map->count > MEMORY_MAP_RANGES_MAX)
		return false;
	for (u32 i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->ranges[i];

		if (!range->bytes || range->kind == MEMORY_NONE || range_wraps(range) || range->base < end)
			return false;
		if (i && range->base == end && range->kind == map->ranges[i - 1].kind)
			return false;
		end = range->base + range->bytes;
	}
	return true;
}
