// SPDX-License-Identifier: Apache-2.0
// Hostile: 100,000 reads and writes of random widths in device memory and where nothing is. The machine lives.
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "random.h"
#include "trap.h"

#define ROUNDS 100000

static const struct {
	u32 base, bytes;
} ranges[] = {
	{LAPIC_BASE, 0x1000},   {IOAPIC_BASE, 0x1000},  {0xfed00000, 0x1000},                        /* HPET */
	{0xd0000000, 0x100000}, {0xfef00000, 0x100000}, {0xa0000, 0x20000},   {0xff000000, 0x10000}, /* pc-testdev */
	{0xe0000000, 0x100000},
};

static u32 access(u64 at, unsigned bytes, bool write, u64 value)
{
	union {
		u8 b;
		u16 w;
		u32 l;
		u64 q;
	} out;

	switch (bytes) {
	case 1:
		return write ? try_write8(at, (u8)value) : try_read8(at, &out.b);
	case 2:
		return write ? try_write16(at, (u16)value) : try_read16(at, &out.w);
	case 4:
		return write ? try_write32(at, (u32)value) : try_read32(at, &out.l);
	default:
		return write ? try_write64(at, value) : try_read64(at, &out.q);
	}
}

/* The interrupt command register can stop or reset this CPU. */
static bool is_kept(u64 at, bool write)
{
	if (machine_is_tcg() && at >= 0xfed00000 && at < 0xfed01000) /* its HPET sends messages to any address */
		return true;
	return write && at + 8 > LAPIC_BASE + LAPIC_ICR_LOW && at < LAPIC_BASE + LAPIC_ICR_LOW + 16;
}

static void ignore(struct trap_frame *f)
{
	(void)f;
}

void guest_main(void)
{
	u64 seed = 0x6d6d696f;
	unsigned done = 0, faults = 0;

	trap_set_handler(VECTOR_NMI, ignore);
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 r = random_next(&seed);
		unsigned range = (unsigned)(r % ARRAY_COUNT(ranges));
		unsigned bytes = 1u << (r >> 8 & 3);
		u64 at = ranges[range].base + (r >> 32) % (ranges[range].bytes - 8);
		bool write = r >> 10 & 1;

		if (r >> 11 & 1)
			at &= ~(u64)(bytes - 1);
		if (is_kept(at, write))
			continue;
		if (access(at, bytes, write, random_next(&seed)) != TRAP_NONE)
			faults++;
		done++;
	}
	check(done > ROUNDS / 2, "%u accesses", done);
	check_equal(faults, 0, "accesses that raised an exception");
}
