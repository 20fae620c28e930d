/* SPDX-License-Identifier: Apache-2.0 */
/* Where the names of `use crate::...` are looked for: other files of the same source tree. */
#ifndef ETERNA_PORT_IMPORTS_H
#define ETERNA_PORT_IMPORTS_H

#include "source.h"

struct imports {
	const struct source *source;
	const char *path; /* of the file that is ported */
};

#endif
