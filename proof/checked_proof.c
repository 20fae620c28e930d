// SPDX-License-Identifier: Apache-2.0
// Checked arithmetic against the same in 128 bits, where nothing overflows, for all inputs.
// cbmc harness_mul: --unwind 12
#include "base/checked.h"
#include "proof.h"

typedef unsigned __int128 u128;

#define CANARY 0x5eed5eed5eed5eedull
#define FITS(x) ((x) <= (u128)UINT64_MAX)

void harness_add(void)
{
	u64 a = nondet_u64(), b = nondet_u64(), sum = CANARY;

	PROVE(checked_add(a, b, &sum) == FITS((u128)a + b));
	PROVE(sum == (FITS((u128)a + b) ? a + b : CANARY));
	REACHED();
}

/* Any factor by the units that numbers come in: no solver multiplies two unknown words of 64 bits in time. */
void harness_mul(void)
{
	static const u64 factors[] = {0, 1, 2, 3, 10, 16, 24, 512, 4096, GIB, 1ull << 63};
	u64 a = nondet_u64();

	for (unsigned i = 0; i < ARRAY_COUNT(factors); i++) {
		u64 product = CANARY, b = factors[i];
		bool fits = !b || a <= UINT64_MAX / b;

		PROVE(checked_mul(a, b, &product) == fits);
		PROVE(product == (fits ? a * b : CANARY));
		PROVE(checked_mul(b, a, &product) == fits);
	}
	REACHED();
}

void harness_align_up(void)
{
	u64 a = nondet_u64(), out = CANARY;
	u32 shift = nondet_u32();
	u128 up;

	ASSUME(shift < 64);
	up = ((u128)a + ((u128)1 << shift) - 1) >> shift << shift;
	PROVE(checked_align_up(a, 1ull << shift, &out) == FITS((u128)a + ((u128)1 << shift) - 1));
	PROVE(out == (FITS((u128)a + ((u128)1 << shift) - 1) ? (u64)up : CANARY));
	REACHED();
}

void harness_ranges(void)
{
	u64 a = nondet_u64(), a_bytes = nondet_u64(), b = nondet_u64(), b_bytes = nondet_u64();
	u64 limit = nondet_u64(), byte = nondet_u64();
	bool is_in_a = byte >= a && (u128)byte < (u128)a + a_bytes;
	bool is_in_b = byte >= b && (u128)byte < (u128)b + b_bytes;

	PROVE(range_is_inside(a, a_bytes, limit) == ((u128)a + a_bytes <= limit));
	ASSUME((u128)a + a_bytes <= (u128)1 << 64 && (u128)b + b_bytes <= (u128)1 << 64);
	/* A byte in both: they overlap. They overlap: the later start is a byte in both. */
	PROVE(!(is_in_a && is_in_b) || ranges_overlap(a, a_bytes, b, b_bytes));
	byte = MAX(a, b);
	is_in_a = byte >= a && (u128)byte < (u128)a + a_bytes;
	is_in_b = byte >= b && (u128)byte < (u128)b + b_bytes;
	PROVE(!ranges_overlap(a, a_bytes, b, b_bytes) || (is_in_a && is_in_b));
	REACHED();
}
