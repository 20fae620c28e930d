// SPDX-License-Identifier: Apache-2.0
// 100,000 random values into CR0, CR4 and EFER from 64-bit code: each is taken whole or refused whole.
#include "check.h"
#include "machine.h"
#include "random.h"
#include "trap.h"

#define ROUNDS 100000

/* Bits that software reads back as something else than it wrote. */
#define CR0_DEFINED (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

static unsigned taken, refused, wrong;

static void count(u32 vector, bool as_it_should)
{
	if (vector == TRAP_NONE)
		taken++;
	else
		refused++;
	if (!as_it_should || (vector != TRAP_NONE && vector != VECTOR_GP))
		wrong++;
}

static void try_cr0(u64 v)
{
	u64 before = read_cr0(), after;
	u32 vector = try_write_cr0(v);

	after = read_cr0();
	count(vector, vector == TRAP_NONE ? (after & CR0_DEFINED) == (v & CR0_DEFINED) : after == before);
	write_cr0(before);
}

static void try_cr4(u64 v)
{
	u64 before = read_cr4(), after;
	u32 vector = try_write_cr4(v);

	after = read_cr4();
	count(vector, after == (vector == TRAP_NONE ? v : before));
	write_cr4(before);
}

static void try_efer(u64 v)
{
	u64 before = rdmsr(MSR_EFER), after;
	u32 vector = try_wrmsr(MSR_EFER, v);

	after = rdmsr(MSR_EFER);
	count(vector, vector == TRAP_NONE ? (after & ~EFER_LMA) == (v & ~EFER_LMA) : after == before);
	wrmsr(MSR_EFER, before);
}

void guest_main(void)
{
	u64 seed = 20261122;

	if (machine_is_tcg()) {
		check(true, "nothing to try: this emulator drops bits instead of refusing");
		return;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 v = random_next(&seed);
		u64 few = BIT(v & 63) | BIT(v >> 6 & 63); /* two bits changed: often a legal value */

		switch (v >> 60 & 7) {
		case 0:
			try_cr0(v);
			break;
		case 1:
		case 2:
			try_cr0(read_cr0() ^ (few & 0xffffffff));
			break;
		case 3:
			try_cr4(v);
			break;
		case 4:
		case 5:
			try_cr4(read_cr4() ^ (few & 0x3ffffff));
			break;
		case 6:
			try_efer(v);
			break;
		default:
			try_efer(rdmsr(MSR_EFER) ^ (few & 0xffff));
		}
	}
	check(taken > 0 && refused > 0, "%u values taken, %u refused", taken, refused);
	check_equal(wrong, 0, "values that were half taken, or raised anything but #GP");
}
