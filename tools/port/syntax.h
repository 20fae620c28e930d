/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed Rust file: tree-sitter's tree with the text it is of, and what every reader of it asks a node. */
#ifndef ETERNA_PORT_SYNTAX_H
#define ETERNA_PORT_SYNTAX_H

#include <tree_sitter/api.h>

#include "arena.h"

/* Files above this are refused before they are parsed; a parse that takes longer is given up. */
#define SYNTAX_BYTES_MAX ((size_t)4 << 20)
#define SYNTAX_TIMEOUT_US ((u64)10 * 1000 * 1000)

struct syntax {
	struct arena *arena;
	const char *text;
	u32 length;
	TSTree *tree;
};

/* Children of a node, in order, in the arena. */
struct nodes {
	TSNode *at;
	u32 count;
};

/* False when the parser gave up. `text` and `arena` must outlive it; the arena is where answers go. */
bool syntax_parse(struct syntax *s, struct arena *arena, const char *text, size_t length) MUST_CHECK;
void syntax_fini(struct syntax *s);
TSNode syntax_root(const struct syntax *s);

bool node_is(TSNode n, const char *type);
/* The null node has no fields, no children and no text. */
TSNode node_field(TSNode n, const char *name);
bool node_has(TSNode n); /* not the null node */
u32 node_line(TSNode n); /* from 1 */

/* The first named child that is no comment; null when there is none. */
TSNode node_first(TSNode n);
/* The child of that type; null when there is none. */
TSNode node_child_of_type(TSNode n, const char *type);
bool node_is_comment(TSNode n);

const char *node_text(const struct syntax *s, TSNode n);
/* The text equals `text`. */
bool node_reads(const struct syntax *s, TSNode n, const char *text);

/* Named children without comments; or all of them, tokens and comments too. */
struct nodes node_named(const struct syntax *s, TSNode n);
struct nodes node_all(const struct syntax *s, TSNode n);

/* The last segment of a path: `a::b::C` gives "C"; generic arguments are left out. */
const char *node_last_name(const struct syntax *s, TSNode n);

/* Every node in order, parents first; visit() returns false to leave a node's children out. Any depth. */
typedef bool (*node_visit_fn)(void *context, TSNode n);
void node_walk(TSNode root, node_visit_fn visit, void *context);

#endif
