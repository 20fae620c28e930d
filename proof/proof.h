/* SPDX-License-Identifier: Apache-2.0 */
/* What every proof uses: any value, assumptions, claims, and the mark that shows that something was proved. */
#ifndef ETERNA_PROOF_H
#define ETERNA_PROOF_H

#include "base/types.h"

/* Any value of the type; CBMC knows functions of this name without a body. */
u64 nondet_u64(void);
u32 nondet_u32(void);
u8 nondet_u8(void);
bool nondet_bool(void);

#define ASSUME(cond) __CPROVER_assume(cond)
#define PROVE(cond) __CPROVER_assert(cond, #cond)

/* At the end of each harness: CBMC must be able to get here, else the assumptions exclude everything. */
#define REACHED() __CPROVER_assert(false, "REACHED")

/* An ASSERT of the code that fails is a failure of the proof; no path goes on from there. */
void assert_fail(const char *expr, const char *file, unsigned line)
{
	(void)expr;
	(void)file;
	(void)line;
	__CPROVER_assert(false, "ASSERT");
	__CPROVER_assume(false);
	__builtin_unreachable();
}

#endif
