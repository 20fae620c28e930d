// SPDX-License-Identifier: Apache-2.0
// Memory touched here and there: each place keeps its own value, whatever the grain in which it was mapped.
#include "check.h"
#include "machine.h"
#include "print.h"
#include "random.h"

#define FIRST (16 * MIB)

extern u8 guest_image_end[];
static u64 end;

static u64 mark(u64 at)
{
	return at * 0x9e3779b97f4a7c15ull ^ 0x5eed;
}

static unsigned walk(u64 from, u64 to, u64 step, bool write)
{
	unsigned wrong = 0;

	for (u64 at = from; at + 8 <= to; at += step) {
		if (write)
			PHYS(u64, at) = mark(at);
		else if (PHYS(u64, at) != mark(at))
			wrong++;
	}
	return wrong;
}

static void far_apart(void)
{
	walk(FIRST + 0x1238, end, 2 * MIB, true);
	check_equal(walk(FIRST + 0x1238, end, 2 * MIB, false), 0, "one word in each 2 MiB: lost values");
}

static void close_together(void)
{
	u64 to = MIN(FIRST + 8 * MIB, end);

	walk(FIRST, to, PAGE_BYTES, true);
	check_equal(walk(FIRST, to, PAGE_BYTES, false), 0, "one word in each 4 KiB of 8 MiB: lost values");
}

static void low_memory(void)
{
	walk(0x10000, 0x80000, PAGE_BYTES, true);
	check_equal(walk(0x10000, 0x80000, PAGE_BYTES, false), 0, "one word in each 4 KiB of low memory: lost values");
}

static void last_bytes(void)
{
	walk(end - 8, end, 8, true);
	check_equal(walk(end - 8, end, 8, false), 0, "the last word of memory");
}

/* Writes across the border of two pages that were never touched. */
static void across_borders(void)
{
	unsigned wrong = 0;

	for (u64 at = FIRST + 10 * MIB; at + MIB < end && at < FIRST + 42 * MIB; at += 2 * MIB) {
		PHYS(u64, at - 4) = mark(at);
		if (PHYS(u64, at - 4) != mark(at))
			wrong++;
	}
	check_equal(wrong, 0, "writes across 2 MiB borders: lost values");
}

static void at_random(void)
{
	u64 seed = 4711;
	unsigned wrong = 0;

	for (unsigned pass = 0; pass < 2; pass++) {
		seed = 4711;
		for (unsigned i = 0; i < 2000; i++) {
			u64 at = FIRST + (random_next(&seed) % (end - FIRST) & ~7ull);

			if (!pass)
				PHYS(u64, at) = mark(at);
			else if (PHYS(u64, at) != mark(at))
				wrong++;
		}
	}
	check_equal(wrong, 0, "2000 places at random: lost values");
}

void guest_main(void)
{
	end = MIN(MIB + machine_memory_above_1m(), 3 * GIB);
	print("memory to %llu MiB\n", (unsigned long long)(end / MIB));
	if (!check(end > FIRST + 16 * MIB && (u64)guest_image_end < FIRST, "enough memory to try"))
		return;
	far_apart();
	close_together();
	low_memory();
	last_bytes();
	across_borders();
	at_random();
}
