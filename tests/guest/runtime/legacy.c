// SPDX-License-Identifier: Apache-2.0
// Running code outside long mode.
#include "legacy.h"

#include "base/assert.h"
#include "base/mem.h"
#include "trap.h"

#define SWITCH 0x7000

extern const u8 switch_start[], switch_end[];
u32 legacy_enter(u32 code);
void real_from_32(void);

u32 legacy_call(void (*code32)(void))
{
	return legacy_enter((u32)(u64)code32);
}

u16 real_call(const void *start, const void *end)
{
	size_t bytes = (size_t)((const u8 *)end - (const u8 *)start);

	ASSERT(bytes <= LOW_CODE_MAX);
	memcpy(phys_pointer(SWITCH), switch_start, (size_t)(switch_end - switch_start));
	memcpy(phys_pointer(LOW_CODE), start, bytes);
	return (u16)legacy_enter((u32)(u64)real_from_32);
}
