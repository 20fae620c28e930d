/* SPDX-License-Identifier: Apache-2.0 */
/* Memory type range registers: all CPUs must have the same (SDM 3A, MTRR Considerations in MP Systems). */
#ifndef ETERNA_HOST_MTRR_H
#define ETERNA_HOST_MTRR_H

#include "base/types.h"

#define MTRR_FIXED_COUNT 11
#define MTRR_VARIABLE_MAX 16

struct mtrr_state {
	u32 variable_count;
	u32 has_fixed;    /* not a bool: states are compared as bytes, of which none is padding */
	u64 default_type; /* 0 and no counts: the CPU has no MTRRs */
	u64 fixed[MTRR_FIXED_COUNT];
	u64 base[MTRR_VARIABLE_MAX];
	u64 mask[MTRR_VARIABLE_MAX];
};

/* This CPU's. */
void mtrr_read(struct mtrr_state *state);

/* Give this CPU the same where it differs. Context: a new CPU, interrupts off. */
void mtrr_adopt(const struct mtrr_state *wanted);

#endif
