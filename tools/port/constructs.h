/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what is ARM64's own in a Rust source: registers, instructions, firmware calls, devices. */
#ifndef ETERNA_PORT_CONSTRUCTS_H
#define ETERNA_PORT_CONSTRUCTS_H

#include "port_map.h"
#include "syntax.h"

enum construct_access { ACCESS_NAMED, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* One finding. `row` is NULL for a system register that the table does not have. */
struct construct {
	u32 line;
	const char *name; /* as the source has it, the register or instruction alone */
	enum construct_access access;
	const struct map_row *row;
};

struct constructs {
	struct construct *at;
	u32 count;
	u32 room;
	struct arena *arena;
};

/* What one node shows: an identifier, a number, an asm macro. Findings are added to `list`; one of the same line, name
 * and access is taken once. False: the node's children are not to be looked at. */
bool constructs_visit(struct constructs *list, const struct syntax *s, TSNode n);

const char *construct_access_word(enum construct_access access);

#endif
