/* SPDX-License-Identifier: Apache-2.0 */
/* Inside load/: the strings of protocols that pass a name and its arguments as one. */
#ifndef ETERNA_LOAD_STRINGS_H
#define ETERNA_LOAD_STRINGS_H

#include "load/plan.h"

/* "NAME ARGUMENTS", or "NAME" alone where the arguments are NULL or empty, as a blob of the plan. */
err_t strings_place(struct load_plan *plan, const char *what, const char *name, const char *arguments, u64 *base)
	MUST_CHECK;

#endif
