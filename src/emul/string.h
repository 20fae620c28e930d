/* SPDX-License-Identifier: Apache-2.0 */
/* What the string instructions of memory and of ports share. */
#ifndef ETERNA_EMUL_STRING_H
#define ETERNA_EMUL_STRING_H

#include "emul/exec.h"

/* Bytes of an element, by opcode and operand size. */
u32 string_bytes(const struct exec *x);

/* Make [seg:index, bytes) ready. */
err_t string_open(struct exec *x, enum gpr index, enum seg seg, u32 bytes, unsigned access, struct span *span)
	MUST_CHECK;

/* Move `index` by an element, in the direction of DF. */
void string_advance(struct exec *x, enum gpr index, u32 bytes);

/*
 * Call `iterate` as the repeat prefix says, once without one. An iteration that fails has changed nothing; the ones
 * before it stay done. After emul.repeat_max iterations the rest is left to the next step.
 */
err_t string_run(struct exec *x, op_fn *iterate, bool is_compare) MUST_CHECK;

#endif
