/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of entering a guest that does not hold, in words: what both backends' checkers make of their findings. */
#ifndef ETERNA_HVM_FINDING_H
#define ETERNA_HVM_FINDING_H

#include "base/types.h"

#define FINDING_FIELDS_MAX 4

struct finding {
	const char *rule;     /* what must hold */
	const char *section;  /* the manual's, by its title */
	unsigned field_count; /* 1 to FINDING_FIELDS_MAX; the first is the one to blame */
	struct finding_field {
		const char *name; /* its '_' are shown as blanks */
		u64 value;
	} field[FINDING_FIELDS_MAX];
	u64 must_be_1; /* bits of the first field; 0 where the rule is none about bits */
	u64 must_be_0;
};

/* Sections by the number of their first rule, ascending. */
struct finding_section {
	u32 first;
	const char *title;
};

/* The section that the rule is in. */
const char *finding_section_of(const struct finding_section *sections, size_t count, u32 rule);

/*
 * One line: "ss access rights 0x10093: DPL must equal ..., ss selector 0x13 (Checks on ...)".
 * Always ended by a NUL when size is not 0. Returns its full length.
 */
size_t finding_format(char *buf, size_t size, const struct finding *finding);

#endif
