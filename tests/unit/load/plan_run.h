/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of loaders: carries a plan out into a sparse guest memory, so that what a guest would see can be read. */
#ifndef ETERNA_TESTS_LOAD_PLAN_RUN_H
#define ETERNA_TESTS_LOAD_PLAN_RUN_H

#include "load/load.h"

/* Copy guest-physical [gpa, gpa + bytes) as the plan leaves it; what no copy covers reads as 0xcc. */
static inline void guest_read(const struct load_plan *plan, u64 gpa, void *dst, u64 bytes)
{
	for (u64 i = 0; i < bytes; i++)
		((u8 *)dst)[i] = 0xcc;
	for (u32 c = 0; c < plan->copy_count; c++) {
		const struct load_copy *copy = &plan->copies[c];

		for (u64 i = 0; i < bytes; i++)
			if (gpa + i >= copy->to && gpa + i - copy->to < copy->bytes)
				((u8 *)dst)[i] = copy->source ? ((const u8 *)copy->source)[gpa + i - copy->to] : 0;
	}
}

static inline u64 guest_read_u64(const struct load_plan *plan, u64 gpa)
{
	u64 v;

	guest_read(plan, gpa, &v, sizeof(v));
	return v;
}

static inline u32 guest_read_u32(const struct load_plan *plan, u64 gpa)
{
	u32 v;

	guest_read(plan, gpa, &v, sizeof(v));
	return v;
}

#endif
