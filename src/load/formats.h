/* SPDX-License-Identifier: Apache-2.0 */
/* Inside load/: does an image look as if it were for a loader? */
#ifndef ETERNA_LOAD_FORMATS_H
#define ETERNA_LOAD_FORMATS_H

#include "load/load.h"

bool linux_detect(const u8 *image, u64 bytes);
bool multiboot_detect(const u8 *image, u64 bytes);

/* Refusals on the way go to the plan's message: give one that is not in use. */
bool pvh_detect(struct load_plan *scratch, const struct load_file *file);

#endif
