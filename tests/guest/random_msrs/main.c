// SPDX-License-Identifier: Apache-2.0
// Hostile: 100,000 reads and writes of random MSRs. Each is done or #GP(0); nothing else, and the machine lives.
#include "check.h"
#include "random.h"
#include "trap.h"

#define ROUNDS 100000

static u32 pick(u64 r)
{
	u32 low = (u32)(r >> 32);

	switch (r & 7) {
	case 0:
		return low;
	case 1:
		return 0xc0000000u + (low & 0x1fff);
	case 2:
		return 0xc0000080u + (low & 0x1f);
	case 3:
		return 0x40000000u + (low & 0xff);
	case 4:
		return 0x800u + (low & 0x3f);
	case 5:
		return low & 0x3ff;
	default:
		return low & 0x1fff;
	}
}

/* Moving the local APIC, or waking and resetting through it, is not what this is about. */
static bool may_write(u32 msr)
{
	return msr != MSR_APIC_BASE && msr != 0x830 && !(msr >= 0x79 && msr <= 0x7a) && msr != 0x8b;
}

void guest_main(void)
{
	unsigned answered = 0, refused = 0, wrong = 0;
	u64 seed = 0x6d737273;

	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 r = random_next(&seed), value = 0;
		u32 msr = pick(r);
		u32 vector;

		if (r >> 8 & 1 && may_write(msr)) {
			u64 v = random_next(&seed);

			/* Half of the values are what is there, with one bit changed. */
			if (r >> 9 & 1 && try_rdmsr(msr, &value) == TRAP_NONE)
				v = value ^ BIT(v & 63);
			vector = try_wrmsr(msr, v);
		} else {
			vector = try_rdmsr(msr, &value);
		}
		if (vector == TRAP_NONE)
			answered++;
		else if (vector == VECTOR_GP && trap_last.error == 0)
			refused++;
		else
			wrong++;
	}
	check_equal(wrong, 0, "accesses that raised anything but #GP(0)");
	check_equal(answered + refused, ROUNDS, "%u answered, %u refused", answered, refused);
}
