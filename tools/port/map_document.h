/* SPDX-License-Identifier: Apache-2.0 */
/* docs/port-map.md, written from the table. */
#ifndef ETERNA_PORT_MAP_DOCUMENT_H
#define ETERNA_PORT_MAP_DOCUMENT_H

#include <stdio.h>

#include "base/types.h"

/* False, with the fault on stderr, when a row names a file that is not below `tree` or a kind has no row. */
bool map_document_check(const char *tree) MUST_CHECK;
void map_document_print(FILE *out);

#endif
