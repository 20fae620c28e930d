/* SPDX-License-Identifier: Apache-2.0 */
/* One range of a physical memory map, a host's or a guest's; the kinds have the numbers of the firmware's E820 map. */
#ifndef ETERNA_IFACE_MEMORY_RANGE_H
#define ETERNA_IFACE_MEMORY_RANGE_H

#include "base/types.h"

/* ACPI specification, "Address Range Types". */
enum memory_kind {
	MEMORY_NONE = 0, /* a hole */
	MEMORY_USABLE = 1,
	MEMORY_RESERVED = 2,
	MEMORY_ACPI_RECLAIM = 3, /* free once the ACPI tables are read */
	MEMORY_ACPI_NVS = 4,
	MEMORY_BAD = 5,
	MEMORY_KIND_COUNT
};

/* [base, base + bytes) in the physical address space that the holder speaks of. */
struct memory_range {
	u64 base;
	u64 bytes;
	u32 kind; /* enum memory_kind */
};

#endif
