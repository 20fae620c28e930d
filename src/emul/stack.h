/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's stack, for the instructions that use it. */
#ifndef ETERNA_EMUL_STACK_H
#define ETERNA_EMUL_STACK_H

#include "emul/exec.h"

/* Push the low `bytes` of value; RSP moves only when that worked. */
err_t stack_push(struct exec *x, u64 value, u32 bytes) MUST_CHECK;

/* Push `count` bytes of memory, one or more values at once, the last of them first. */
err_t stack_push_bytes(struct exec *x, const void *bytes, u32 count) MUST_CHECK;

/* Read the top of the stack; RSP stays, stack_move() pops it. */
err_t stack_top(struct exec *x, u32 bytes, u64 *value) MUST_CHECK;
void stack_move(struct exec *x, s64 move);

#endif
