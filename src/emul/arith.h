/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer operations with their flags, as SDM 1 (EFLAGS Register) and SDM 2's operation sections define them.
 *
 * Operands are zero-extended from `bytes` (1, 2, 4 or 8) on entry, results on return. *flags holds RFLAGS and gets the
 * flags that the instruction changes; where the manual leaves one undefined it gets what Intel's processors do.
 */
#ifndef ETERNA_EMUL_ARITH_H
#define ETERNA_EMUL_ARITH_H

#include "x86/regs/control.h"

#define RFLAGS_STATUS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static inline u64 sign_bit(u32 bytes)
{
	return BIT(8 * bytes - 1);
}

/* ZF, SF and PF of a result. */
u64 arith_result_flags(u64 result, u32 bytes);

u64 arith_add(u64 a, u64 b, bool carry, u32 bytes, u64 *flags);
u64 arith_sub(u64 a, u64 b, bool borrow, u32 bytes, u64 *flags);
u64 arith_logic(u64 result, u32 bytes, u64 *flags); /* after AND, OR, XOR, TEST */
u64 arith_inc(u64 a, u32 bytes, u64 *flags);
u64 arith_dec(u64 a, u32 bytes, u64 *flags);

/* Shifts and rotates; `count` is as the instruction has it, masked here. */
u64 arith_shl(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_shr(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_sar(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_rol(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_ror(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_rcl(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_rcr(u64 a, u32 count, u32 bytes, u64 *flags);
u64 arith_shld(u64 a, u64 filler, u32 count, u32 bytes, u64 *flags); /* bytes: 2, 4, 8 */
u64 arith_shrd(u64 a, u64 filler, u32 count, u32 bytes, u64 *flags);

/* Products: the low half is returned, the high half is in *high. */
u64 arith_mul(u64 a, u64 b, u32 bytes, u64 *high, u64 *flags);
u64 arith_imul(u64 a, u64 b, u32 bytes, u64 *high, u64 *flags);

/* high:low / divisor. False where #DE is due: by zero, or a quotient that does not fit; the outputs are then alone. */
bool arith_div(u64 high, u64 low, u64 divisor, u32 bytes, u64 *quotient, u64 *remainder);
bool arith_idiv(u64 high, u64 low, u64 divisor, u32 bytes, u64 *quotient, u64 *remainder);

/* Condition `code` (0..15) of Jcc, SETcc and CMOVcc (SDM 1, EFLAGS Condition Codes). */
bool arith_condition(u64 flags, unsigned code);

#endif
