/* SPDX-License-Identifier: Apache-2.0 */
/* Inside load/: the modules of protocols that pass a list of them. */
#ifndef ETERNA_LOAD_MODULES_H
#define ETERNA_LOAD_MODULES_H

#include "load/plan.h"

/* What the protocols differ in. */
struct module_layout {
	u64 from;        /* no module begins below */
	bool is_lowest;  /* one behind the other from there, in their order; else as high as there is room */
	u32 entry_bytes; /* of one in the list */
	void (*entry_fill)(u8 *entry, u64 base, u64 bytes, u64 text);
};

/*
 * Each module, page-aligned below 4 GiB, its text ("NAME ARGUMENTS"), and the list of them, whose place is *list; 0
 * where there are none. ERR_NOMEM: no room for one of these, which the refusal names.
 */
err_t modules_place(struct load_plan *plan, const struct load_input *input, const struct module_layout *layout,
		    u64 *list) MUST_CHECK;

#endif
