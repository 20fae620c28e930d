/* SPDX-License-Identifier: Apache-2.0 */
/* What a Rust file holds and what porting it will cost: counts, constructs of ARM64, a judgement with its reasons. */
#ifndef ETERNA_PORT_ANALYSIS_H
#define ETERNA_PORT_ANALYSIS_H

#include <jansson.h>

#include "constructs.h"

enum complexity { COMPLEXITY_LOW, COMPLEXITY_MEDIUM, COMPLEXITY_HIGH };

#define ANALYSIS_REASONS_MAX 12

struct analysis {
	u32 lines;
	u32 code_lines; /* with at least one token that is no comment */
	u32 asm_blocks;
	u32 unsafe_blocks;
	u32 functions; /* with a body or in a trait */
	u32 structs;
	u32 enums;
	u32 traits;
	u32 impls;
	u32 macros; /* defined */
	u32 generics;
	u32 syntax_errors;
	u32 first_error_line; /* 0 without errors */
	enum complexity complexity;
	const char *reasons[ANALYSIS_REASONS_MAX];
	u32 reason_count;
	u32 minutes;
	bool needs_planner;
	struct constructs constructs;
};

void analysis_make(struct analysis *a, const struct syntax *s);

/* The answer of `analyze`; a new reference. `path` is how the file was asked for. */
json_t *analysis_json(const struct analysis *a, const char *path);

/* The same for people. */
void analysis_print(const struct analysis *a, const char *path);

const char *complexity_word(enum complexity complexity);

#endif
