// SPDX-License-Identifier: Apache-2.0
// Hostile: model-specific registers.
#include "hostile.h"
#include "trap.h"

#define MSR_X2APIC_ICR 0x830u
#define MSR_DEBUGCTL 0x1d9u

static const struct {
	u32 first, last;
} ranges[] = {
	{0, 0x1fff},
	{0x40000000, 0x400001ff},
	{0xc0000000, 0xc0001fff},
	{0xc0010000, 0xc0011fff},
};

static void write(u32 msr, u64 value, u64 *done)
{
	(void)try_wrmsr(msr, value);
	(*done)++;
}

/* What is there, each bit changed, and as it was again. What is not there, with values that might please. */
static void rave(u32 msr, u64 *done)
{
	u64 value;

	(*done)++;
	if (try_rdmsr(msr, &value) != TRAP_NONE) {
		write(msr, 0, done);
		write(msr, 1, done);
		write(msr, ~0ull, done);
		return;
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		write(msr, value ^ BIT(bit), done);
		write(msr, value, done);
	}
	write(msr, 0, done);
	write(msr, value, done);
	write(msr, ~0ull, done);
	write(msr, value, done);
}

u64 hostile_msrs(void)
{
	u64 done = 0;

	for (unsigned i = 0; i < ARRAY_COUNT(ranges); i++)
		for (u32 msr = ranges[i].first; msr <= ranges[i].last; msr++)
			if (msr != MSR_X2APIC_ICR) /* INIT to itself would end this too early */
				rave(msr, &done);
	return done;
}
