// SPDX-License-Identifier: Apache-2.0
// A guest to be started, paused, reset, shut down and killed: its memory must be empty when it starts, is filled then,
// and it powers itself off when its power button is pressed. For tests/emu/life_test.
#include "acpi.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"

#define STEP 64
#define PATTERN 0x5ec7e75ec7e75ec7ull
#define PM1_EVENT_BELOW_CONTROL 4
#define PWRBTN (1 << 8)
#define SLP_EN 0x2000

extern u8 guest_image_end[];

/* What others left there would be found; the first pages above the image may hold what the loader brought. */
static u64 count_dirty(u64 from, u64 to)
{
	u64 dirty = 0;

	for (u64 at = from; at < to; at += STEP) {
		dirty += PHYS(u64, at) != 0;
		PHYS(u64, at) = PATTERN;
	}
	return dirty;
}

void guest_main(void)
{
	u64 from = ((u64)guest_image_end + 256 * KIB) & ~4095ull;
	u64 to = MIN(MIB + machine_memory_above_1m(), GIB);
	u16 control = acpi_pm1_control_port();
	u64 dirty = count_dirty(from, to);

	if (dirty)
		print("life: %llu words of somebody's\n", (unsigned long long)dirty);
	else
		print("life: memory is clean\n");
	print_drain();
	/* No PAUSE, which gives the CPU away where others want it. */
	while (!(inw((u16)(control - PM1_EVENT_BELOW_CONTROL)) & PWRBTN))
		for (unsigned i = 0; i < 1000; i++)
			__asm__ volatile("" : : : "memory");
	print("life: power button\n");
	print_drain();
	outw(control, SLP_EN);
	for (;;)
		pause();
}
