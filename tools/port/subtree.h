/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of macros' arguments: parsed in passing, kept until the port is done. */
#ifndef ETERNA_PORT_SUBTREE_H
#define ETERNA_PORT_SUBTREE_H

#include "syntax.h"

struct subtree {
	struct syntax syntax;
	struct subtree *next;
};

void subtrees_free(struct subtree *list);

#endif
