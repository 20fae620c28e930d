// SPDX-License-Identifier: Apache-2.0
// Load plans: claiming guest memory, filling it, room for generated data, refusals.
#include "load/plan.h"

#include "base/assert.h"
#include "base/checked.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"

err_t plan_init(struct load_plan *plan, const struct load_input *input)
{
	plan->message[0] = '\0';
	plan->description[0] = '\0';
	plan->copy_count = 0;
	plan->claim_count = 0;
	plan->blob_bytes = 0;
	plan->map_count = 0;
	return guest_map_build(plan, input);
}

err_t plan_refuse(struct load_plan *plan, err_t err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_string_args(plan->message, sizeof(plan->message), format, args);
	va_end(args);
	return err;
}

void plan_describe(struct load_plan *plan, const char *format, ...)
{
	size_t used = strlen(plan->description);
	va_list args;

	va_start(args, format);
	fmt_string_args(plan->description + used, sizeof(plan->description) - used, format, args);
	va_end(args);
}

/* The first claim that shares a byte with [base, base + bytes); NULL if none. */
static const struct memory_range *claim_in(const struct load_plan *plan, u64 base, u64 bytes)
{
	for (u32 i = 0; i < plan->claim_count; i++)
		if (ranges_overlap(plan->claims[i].base, plan->claims[i].bytes, base, bytes))
			return &plan->claims[i];
	return NULL;
}

static bool is_usable(const struct load_plan *plan, u64 base, u64 bytes)
{
	for (u32 i = 0; i < plan->map_count; i++) {
		const struct memory_range *range = &plan->map[i];

		if (range->kind == MEMORY_USABLE && base >= range->base &&
		    range_is_inside(base - range->base, bytes, range->bytes))
			return true;
	}
	return false;
}

static bool claim_add(struct load_plan *plan, u64 base, u64 bytes)
{
	if (plan->claim_count == LOAD_CLAIMS_MAX)
		return false;
	plan->claims[plan->claim_count++] = (struct memory_range){base, bytes, MEMORY_USABLE};
	return true;
}

bool plan_claim(struct load_plan *plan, u64 base, u64 bytes)
{
	if (!bytes)
		return true;
	return is_usable(plan, base, bytes) && !claim_in(plan, base, bytes) && claim_add(plan, base, bytes);
}

/* The part of a usable range inside [from, below); false if empty. */
static bool window_in(const struct memory_range *range, u64 from, u64 below, u64 *start, u64 *end)
{
	*start = MAX(range->base, from);
	*end = MIN(range->base + range->bytes, below);
	return range->kind == MEMORY_USABLE && *start < *end;
}

/* The lowest free place in [start, end), stepping over claims; false if there is none. */
static bool lowest_in(const struct load_plan *plan, u64 start, u64 end, u64 bytes, u64 align, u64 *base)
{
	while (checked_align_up(start, align, &start) && start < end && bytes <= end - start) {
		const struct memory_range *claim = claim_in(plan, start, bytes);

		if (!claim) {
			*base = start;
			return true;
		}
		start = claim->base + claim->bytes;
	}
	return false;
}

static bool highest_in(const struct load_plan *plan, u64 start, u64 end, u64 bytes, u64 align, u64 *base)
{
	while (end > start && bytes <= end - start) {
		u64 at = ALIGN_DOWN(end - bytes, align);
		const struct memory_range *claim;

		if (at < start)
			return false;
		claim = claim_in(plan, at, bytes);
		if (!claim) {
			*base = at;
			return true;
		}
		end = claim->base;
	}
	return false;
}

bool plan_claim_lowest(struct load_plan *plan, u64 bytes, u64 align, u64 from, u64 below, u64 *base)
{
	ASSERT(bytes);
	for (u32 i = 0; i < plan->map_count; i++) {
		u64 start;
		u64 end;

		if (window_in(&plan->map[i], from, below, &start, &end) &&
		    lowest_in(plan, start, end, bytes, align, base))
			return claim_add(plan, *base, bytes);
	}
	return false;
}

bool plan_claim_highest(struct load_plan *plan, u64 bytes, u64 align, u64 from, u64 below, u64 *base)
{
	ASSERT(bytes);
	for (u32 i = plan->map_count; i > 0; i--) {
		u64 start;
		u64 end;

		if (window_in(&plan->map[i - 1], from, below, &start, &end) &&
		    highest_in(plan, start, end, bytes, align, base))
			return claim_add(plan, *base, bytes);
	}
	return false;
}

err_t plan_copy(struct load_plan *plan, u64 to, const void *source, u64 bytes)
{
	if (!bytes)
		return OK;
	if (plan->copy_count == LOAD_COPIES_MAX)
		return plan_refuse(plan, ERR_SPACE, "kernel: more than %u pieces to load", LOAD_COPIES_MAX);
	plan->copies[plan->copy_count++] = (struct load_copy){to, bytes, source};
	return OK;
}

void *plan_blob(struct load_plan *plan, u64 bytes)
{
	u8 *blob = plan->blob + plan->blob_bytes;

	if (bytes > LOAD_BLOB_BYTES - plan->blob_bytes)
		return NULL;
	memset(blob, 0, bytes);
	plan->blob_bytes += (u32)ALIGN_UP(bytes, 8); /* LOAD_BLOB_BYTES is a multiple of 8 */
	return blob;
}

err_t plan_blob_place(struct load_plan *plan, const char *what, u64 bytes, u64 align, void **blob, u64 *base)
{
	*blob = plan_blob(plan, bytes);
	if (!*blob)
		return plan_refuse(plan, ERR_SPACE, "%s: %llu bytes are too many", what, (unsigned long long)bytes);
	if (!plan_claim_lowest(plan, bytes, align, PLAN_SMALL_FROM, PLAN_SMALL_BELOW, base))
		return plan_refuse(plan, ERR_NOMEM, "%s: no room for %llu bytes in guest memory below %#llx", what,
				   (unsigned long long)bytes, PLAN_SMALL_BELOW);
	return plan_copy(plan, *base, *blob, bytes);
}

err_t plan_text_place(struct load_plan *plan, const char *what, const char *text, u64 *base)
{
	size_t bytes = strlen(text) + 1;
	void *blob;
	err_t err = plan_blob_place(plan, what, bytes, 8, &blob, base);

	if (err)
		return err;
	memcpy(blob, text, bytes);
	return OK;
}

static bool copy_valid(const struct load_plan *plan, u32 index, const struct load_input *input)
{
	const struct load_copy *copy = &plan->copies[index];

	if (!range_is_inside(copy->to, copy->bytes, input->low_ram_bytes) &&
	    (copy->to < GUEST_HIGH_RAM_BASE ||
	     !range_is_inside(copy->to - GUEST_HIGH_RAM_BASE, copy->bytes, input->high_ram_bytes)))
		return false;
	for (u32 i = 0; i < input->reserved_count; i++)
		if (ranges_overlap(copy->to, copy->bytes, input->reserved[i].base, input->reserved[i].bytes))
			return false;
	for (u32 i = 0; i < index; i++)
		if (ranges_overlap(copy->to, copy->bytes, plan->copies[i].to, plan->copies[i].bytes))
			return false;
	return true;
}

bool load_plan_valid(const struct load_plan *plan, const struct load_input *input)
{
	if (plan->copy_count > LOAD_COPIES_MAX || plan->map_count > LOAD_MAP_MAX ||
	    plan->claim_count > LOAD_CLAIMS_MAX || plan->blob_bytes > LOAD_BLOB_BYTES)
		return false;
	for (u32 i = 0; i < plan->copy_count; i++)
		if (!copy_valid(plan, i, input))
			return false;
	for (u32 i = 1; i < plan->map_count; i++)
		if (plan->map[i].base < plan->map[i - 1].base + plan->map[i - 1].bytes)
			return false;
	return true;
}
