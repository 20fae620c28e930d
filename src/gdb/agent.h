/* SPDX-License-Identifier: Apache-2.0 */
/* gdb's agent expressions: a stack machine's bytecode (gdb's manual, The GDB Agent Expression Mechanism). */
#ifndef ETERNA_GDB_AGENT_H
#define ETERNA_GDB_AGENT_H

#include "base/err.h"

/* What an expression reads. Embedded by the provider. */
struct agent_source {
	bool (*reg)(struct agent_source *source, u64 number, u64 *value);
	bool (*memory)(struct agent_source *source, u64 address, u8 *buf, u32 bytes);
};

#define AGENT_STACK_MAX 64
/* Instructions in an evaluation: loops end. */
#define AGENT_STEPS_MAX 10000

/*
 * Evaluate `bytes` of code; *value is what is on top at the end.
 * Returns OK; ERR_FORMAT for code that is none (unknown, cut short, jumps out, stack too low or too high); ERR_FAULT
 * when something could not be read or was divided by 0; ERR_UNSUPPORTED for floating point and tracing; ERR_RANGE after
 * AGENT_STEPS_MAX.
 */
err_t agent_evaluate(struct agent_source *source, const u8 *code, u32 bytes, u64 *value) MUST_CHECK;

#endif
