// SPDX-License-Identifier: Apache-2.0
// Shifts and rotates with their flags (SDM 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD).
#include "emul/arith.h"

static u32 count_masked(u32 count, u32 bytes)
{
	return count & (bytes == 8 ? 63 : 31);
}

static u64 msb(u64 a, u32 bytes)
{
	return a >> (8 * bytes - 1) & 1;
}

/* All flags of a shift: CF is the last bit out, OF as the caller finds it, AF stays as Intel's processors leave it: 0.
 */
static u64 shift_done(u64 r, u32 bytes, u64 carry, u64 overflow, u64 *flags)
{
	u64 f = arith_result_flags(r, bytes) | (carry ? RFLAGS_CF : 0) | (overflow ? RFLAGS_OF : 0);

	*flags = (*flags & ~RFLAGS_STATUS) | f;
	return r;
}

static u64 rotate_done(u64 r, u64 carry, u64 overflow, u64 *flags)
{
	*flags = (*flags & ~(RFLAGS_CF | RFLAGS_OF)) | (carry ? RFLAGS_CF : 0) | (overflow ? RFLAGS_OF : 0);
	return r;
}

u64 arith_shl(u64 a, u32 count, u32 bytes, u64 *flags)
{
	u32 bits = 8 * bytes;
	u64 carry, r;

	count = count_masked(count, bytes);
	if (!count)
		return a;
	carry = count <= bits ? a >> (bits - count) & 1 : 0;
	r = a << count & bits_byte_mask(bytes);
	return shift_done(r, bytes, carry, carry ^ msb(r, bytes), flags);
}

u64 arith_shr(u64 a, u32 count, u32 bytes, u64 *flags)
{
	count = count_masked(count, bytes);
	if (!count)
		return a;
	return shift_done(a >> count, bytes, a >> (count - 1) & 1, msb(a, bytes), flags);
}

u64 arith_sar(u64 a, u32 count, u32 bytes, u64 *flags)
{
	s64 wide = (s64)bits_sign_extend(a, bytes);

	count = count_masked(count, bytes);
	if (!count)
		return a;
	return shift_done((u64)(wide >> count) & bits_byte_mask(bytes), bytes, (u64)(wide >> (count - 1)) & 1, 0,
			  flags);
}

u64 arith_rol(u64 a, u32 count, u32 bytes, u64 *flags)
{
	u32 bits = 8 * bytes;
	u32 by;
	u64 r = a;

	count = count_masked(count, bytes);
	if (!count)
		return a;
	by = count % bits;
	if (by)
		r = (a << by | a >> (bits - by)) & bits_byte_mask(bytes);
	return rotate_done(r, r & 1, (r & 1) ^ msb(r, bytes), flags);
}

u64 arith_ror(u64 a, u32 count, u32 bytes, u64 *flags)
{
	u32 bits = 8 * bytes;
	u32 by;
	u64 r = a;

	count = count_masked(count, bytes);
	if (!count)
		return a;
	by = count % bits;
	if (by)
		r = (a >> by | a << (bits - by)) & bits_byte_mask(bytes);
	return rotate_done(r, msb(r, bytes), (r >> (bits - 1) ^ r >> (bits - 2)) & 1, flags);
}

/* Through the carry: one step at a time, at most 63 of them. */
u64 arith_rcl(u64 a, u32 count, u32 bytes, u64 *flags)
{
	u64 carry = *flags & RFLAGS_CF ? 1 : 0;

	count = count_masked(count, bytes) % (8 * bytes + 1);
	if (!count)
		return a;
	for (; count; count--) {
		u64 out = msb(a, bytes);

		a = (a << 1 | carry) & bits_byte_mask(bytes);
		carry = out;
	}
	return rotate_done(a, carry, carry ^ msb(a, bytes), flags);
}

u64 arith_rcr(u64 a, u32 count, u32 bytes, u64 *flags)
{
	u64 carry = *flags & RFLAGS_CF ? 1 : 0;
	u32 bits = 8 * bytes;

	count = count_masked(count, bytes) % (bits + 1);
	if (!count)
		return a;
	for (; count; count--) {
		u64 out = a & 1;

		a = a >> 1 | carry << (bits - 1);
		carry = out;
	}
	return rotate_done(a, carry, (a >> (bits - 1) ^ a >> (bits - 2)) & 1, flags);
}

/* A 16-bit shift by more than 16 is undefined; Intel's processors then go on with the destination's own bits. */
static unsigned __int128 joined(u64 high, u64 middle, u64 low, u32 bits)
{
	unsigned __int128 all = high;

	all = all << bits | middle;
	return bits == 16 ? all << bits | low : all;
}

u64 arith_shld(u64 a, u64 filler, u32 count, u32 bytes, u64 *flags)
{
	u32 bits = 8 * bytes;
	u32 total = bits == 16 ? 48 : 2 * bits;
	unsigned __int128 wide = joined(a, filler, a, bits);
	u64 carry, r;

	count = count_masked(count, bytes);
	if (!count)
		return a;
	r = (u64)(wide >> (total - bits - count)) & bits_byte_mask(bytes);
	carry = (u64)(wide >> (total - count)) & 1;
	return shift_done(r, bytes, carry, msb(r, bytes) ^ msb(a, bytes), flags);
}

u64 arith_shrd(u64 a, u64 filler, u32 count, u32 bytes, u64 *flags)
{
	u32 bits = 8 * bytes;
	unsigned __int128 wide = bits == 16 ? joined(a, filler, a, bits) : joined(filler, a, 0, bits);
	u64 carry, r;

	count = count_masked(count, bytes);
	if (!count)
		return a;
	r = (u64)(wide >> count) & bits_byte_mask(bytes);
	carry = (u64)(wide >> (count - 1)) & 1;
	return shift_done(r, bytes, carry, msb(r, bytes) ^ msb(a, bytes), flags);
}
