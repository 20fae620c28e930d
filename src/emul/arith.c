// SPDX-License-Identifier: Apache-2.0
// Sums, differences, logic and conditions with their flags.
#include "emul/arith.h"

/* PF by a table of 16 bits: even parity of a nibble. */
static u64 parity_flag(u64 result)
{
	unsigned nibble = (unsigned)(result ^ result >> 4) & 0xf;

	return 0x9669u >> nibble & 1 ? RFLAGS_PF : 0;
}

u64 arith_result_flags(u64 result, u32 bytes)
{
	return (result ? 0 : RFLAGS_ZF) | (result & sign_bit(bytes) ? RFLAGS_SF : 0) | parity_flag(result);
}

static void flags_put(u64 *flags, u64 mask, u64 value)
{
	*flags = (*flags & ~mask) | (value & mask);
}

u64 arith_add(u64 a, u64 b, bool carry, u32 bytes, u64 *flags)
{
	u64 r = (a + b + carry) & bits_byte_mask(bytes);
	u64 carries = (a & b) | ((a | b) & ~r);
	u64 f = arith_result_flags(r, bytes);

	f |= carries & sign_bit(bytes) ? RFLAGS_CF : 0;
	f |= (a ^ r) & (b ^ r) & sign_bit(bytes) ? RFLAGS_OF : 0;
	f |= (a ^ b ^ r) & RFLAGS_AF;
	flags_put(flags, RFLAGS_STATUS, f);
	return r;
}

u64 arith_sub(u64 a, u64 b, bool borrow, u32 bytes, u64 *flags)
{
	u64 r = (a - b - borrow) & bits_byte_mask(bytes);
	u64 borrows = (~a & b) | (~(a ^ b) & r);
	u64 f = arith_result_flags(r, bytes);

	f |= borrows & sign_bit(bytes) ? RFLAGS_CF : 0;
	f |= (a ^ b) & (a ^ r) & sign_bit(bytes) ? RFLAGS_OF : 0;
	f |= (a ^ b ^ r) & RFLAGS_AF;
	flags_put(flags, RFLAGS_STATUS, f);
	return r;
}

u64 arith_logic(u64 result, u32 bytes, u64 *flags)
{
	result &= bits_byte_mask(bytes);
	flags_put(flags, RFLAGS_STATUS, arith_result_flags(result, bytes));
	return result;
}

u64 arith_inc(u64 a, u32 bytes, u64 *flags)
{
	u64 f = *flags;
	u64 r = arith_add(a, 1, false, bytes, &f);

	flags_put(flags, RFLAGS_STATUS & ~RFLAGS_CF, f);
	return r;
}

u64 arith_dec(u64 a, u32 bytes, u64 *flags)
{
	u64 f = *flags;
	u64 r = arith_sub(a, 1, false, bytes, &f);

	flags_put(flags, RFLAGS_STATUS & ~RFLAGS_CF, f);
	return r;
}

bool arith_condition(u64 flags, unsigned code)
{
	bool is_less = !(flags & RFLAGS_SF) != !(flags & RFLAGS_OF);
	bool holds[8] = {
		flags & RFLAGS_OF, flags & RFLAGS_CF, flags & RFLAGS_ZF, flags & (RFLAGS_CF | RFLAGS_ZF),
		flags & RFLAGS_SF, flags & RFLAGS_PF, is_less,           is_less || (flags & RFLAGS_ZF),
	};

	return holds[code >> 1 & 7] != (code & 1);
}
