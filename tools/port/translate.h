/* SPDX-License-Identifier: Apache-2.0 */
/* One pass of translation: a parsed Rust file into the text of a C file, with marks that lead back from its lines. */
#ifndef ETERNA_PORT_TRANSLATE_H
#define ETERNA_PORT_TRANSLATE_H

#include "port.h"

struct translation {
	const char *text;
	struct mark *marks; /* marks[0] is not used */
	u32 mark_count;
	struct todo *todos;
	u32 todo_count;
};

/* `demotions`: what an earlier pass left uncompilable. `fills`: what a model proposed. `imports` may be NULL. All
 * results are in `arena`. */
struct translation translate(struct arena *arena, const struct syntax *s, const char *path, struct demotion *demotions,
			     const struct fill *fills, const struct imports *imports);

#endif
