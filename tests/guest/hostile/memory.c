// SPDX-License-Identifier: Apache-2.0
// Hostile: addresses, of RAM, of devices and of nothing.
#include "apic.h"
#include "hostile.h"
#include "paging.h"
#include "random.h"
#include "trap.h"

#define HPET_BASE 0xfed00000u
#define DEVICES_FROM 0xfe000000ull
#define FAR_WINDOW 0x10000000000ull
#define FAR_RANDOM 2000
#define HOLE_STEP (2 * MIB)

extern u8 guest_image_start[], guest_image_end[];

/* In all widths; the value of the first is one that no interrupt command takes for INIT. */
static u64 rave(u64 at)
{
	u8 b;
	u16 w;
	u32 l;
	u64 q;

	(void)try_read8(at, &b);
	(void)try_read16(at, &w);
	(void)try_read32(at, &l);
	(void)try_read64(at, &q);
	(void)try_write32(at, 0x5a5a5a5a);
	(void)try_write64(at, ~0ull);
	(void)try_write16(at, 0x5a5a);
	(void)try_write8(at, 0xff);
	(void)try_write32(at, l);
	return 9;
}

static u64 rave_page(u64 page)
{
	u64 done = 0;

	for (u64 at = page; at < page + 4096; at += 4)
		done += rave(at);
	return done;
}

u64 hostile_devices(void)
{
	u64 done = rave_page(HPET_BASE) + rave_page(IOAPIC_BASE) + rave_page(LAPIC_BASE);

	for (u64 at = 0xa0000; at < 0xc0000; at += 4096)
		done += rave(at);
	for (u64 at = DEVICES_FROM; at < 4 * GIB; at += 4096)
		if (at != LAPIC_BASE)
			done += rave(at);
	return done;
}

static u64 rave_far(u64 physical)
{
	paging_map(FAR_WINDOW, physical & ~4095ull, PTE_P | PTE_W);
	return rave(FAR_WINDOW + (physical & 0xff8));
}

u64 hostile_far(void)
{
	unsigned bits = cpuid(0x80000008).eax & 0xff;
	u64 seed = 0x666172;
	u64 done = 0;

	for (unsigned bit = 32; bit < 52; bit++) /* from MAXPHYADDR on they are reserved */
		done += rave_far(BIT(bit)) + rave_far(BIT(bit) - 4096) + rave_far(BIT(bit) | LAPIC_BASE);
	for (unsigned i = 0; i < FAR_RANDOM; i++)
		done += rave_far(random_next(&seed) >> (64 - bits));
	return done;
}

u64 hostile_ram(u64 bytes)
{
	u64 done = 0;

	for (u64 page = 0; page < bytes; page += 4096)
		if (page + 4096 <= (u64)guest_image_start || page >= (u64)guest_image_end)
			for (u64 at = page; at < page + 4096; at += 8, done++)
				PHYS(u64, at) = ~0ull;
	for (u64 at = (bytes + 4095) & ~4095ull; at < DEVICES_FROM; at += HOLE_STEP)
		done += rave(at);
	return done;
}
