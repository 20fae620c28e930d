// SPDX-License-Identifier: Apache-2.0
// The memory map that a guest is told: a PC's layout over its RAM, with the reserved parts cut out.
#include "load/plan.h"

#include "base/bits.h"
#include "base/checked.h"

/* Of a PC's first MiB: the extended BIOS data area, video memory and option ROMs, the system BIOS. */
#define EBDA_BASE 0x9fc00ull
#define VIDEO_BASE 0xa0000ull
#define BIOS_BASE 0xf0000ull

static bool map_add(struct load_plan *plan, u64 base, u64 bytes, u32 kind)
{
	u32 i = plan->map_count;

	if (!bytes)
		return true;
	if (plan->map_count == LOAD_MAP_MAX)
		return false;
	for (; i > 0 && plan->map[i - 1].base > base; i--)
		plan->map[i] = plan->map[i - 1];
	plan->map[i] = (struct memory_range){base, bytes, kind};
	plan->map_count++;
	return true;
}

/* Take [base, base + bytes) out of range `i`, which contains it, and give it another kind. */
static bool map_replace(struct load_plan *plan, u32 i, u64 base, u64 bytes, u32 kind)
{
	struct memory_range old = plan->map[i];
	u64 after = base + bytes;

	plan->map_count--;
	for (u32 j = i; j < plan->map_count; j++)
		plan->map[j] = plan->map[j + 1];
	return map_add(plan, old.base, base - old.base, old.kind) && map_add(plan, base, bytes, kind) &&
	       map_add(plan, after, old.base + old.bytes - after, old.kind);
}

static bool is_reservable(u32 kind)
{
	return kind == MEMORY_USABLE || kind == MEMORY_RESERVED;
}

/* Reserved ranges lie in RAM, or among the BIOS; they don't overlap one another. */
static bool map_reserve(struct load_plan *plan, const struct memory_range *range)
{
	if (!range->bytes)
		return true;
	for (u32 i = 0; i < plan->map_count; i++)
		if (is_reservable(plan->map[i].kind) && range->base >= plan->map[i].base &&
		    range_is_inside(range->base - plan->map[i].base, range->bytes, plan->map[i].bytes))
			return map_replace(plan, i, range->base, range->bytes, range->kind);
	return false;
}

static bool ram_is_sound(const struct load_input *input)
{
	return input->low_ram_bytes >= MIB && input->low_ram_bytes <= GUEST_LOW_RAM_MAX &&
	       IS_ALIGNED(input->low_ram_bytes | input->high_ram_bytes, PAGE_BYTES) &&
	       input->high_ram_bytes <= BITS(51, 0);
}

err_t guest_map_build(struct load_plan *plan, const struct load_input *input)
{
	if (!ram_is_sound(input))
		return plan_refuse(plan, ERR_RANGE,
				   "guest memory: %#llx bytes below 4 GiB and %#llx above are no memory",
				   (unsigned long long)input->low_ram_bytes, (unsigned long long)input->high_ram_bytes);
	if (!map_add(plan, 0, EBDA_BASE, MEMORY_USABLE) ||
	    !map_add(plan, EBDA_BASE, VIDEO_BASE - EBDA_BASE, MEMORY_RESERVED) ||
	    !map_add(plan, BIOS_BASE, MIB - BIOS_BASE, MEMORY_RESERVED) ||
	    !map_add(plan, MIB, input->low_ram_bytes - MIB, MEMORY_USABLE) ||
	    !map_add(plan, GUEST_HIGH_RAM_BASE, input->high_ram_bytes, MEMORY_USABLE))
		return plan_refuse(plan, ERR_SPACE, "guest memory: the map has too many ranges");
	for (u32 i = 0; i < input->reserved_count; i++)
		if (!map_reserve(plan, &input->reserved[i]))
			return plan_refuse(plan, ERR_RANGE, "guest memory: cannot reserve %#llx bytes at %#llx",
					   (unsigned long long)input->reserved[i].bytes,
					   (unsigned long long)input->reserved[i].base);
	return OK;
}
