// SPDX-License-Identifier: Apache-2.0
// A parsed Rust file. Lists of children are read with a cursor: asking for the n-th child takes time n.
#include "syntax.h"

#include <string.h>

#include "text.h"

const TSLanguage *tree_sitter_rust(void);

bool syntax_parse(struct syntax *s, struct arena *arena, const char *text, size_t length)
{
	TSParser *parser = ts_parser_new();

	*s = (struct syntax){.arena = arena, .text = text, .length = (u32)length};
	if (length <= SYNTAX_BYTES_MAX && parser && ts_parser_set_language(parser, tree_sitter_rust())) {
		ts_parser_set_timeout_micros(parser, SYNTAX_TIMEOUT_US);
		s->tree = ts_parser_parse_string(parser, NULL, text, (u32)length);
	}
	ts_parser_delete(parser);
	return s->tree != NULL;
}

void syntax_fini(struct syntax *s)
{
	if (s->tree)
		ts_tree_delete(s->tree);
	s->tree = NULL;
}

TSNode syntax_root(const struct syntax *s)
{
	return ts_tree_root_node(s->tree);
}

bool node_has(TSNode n)
{
	return !ts_node_is_null(n);
}

bool node_is(TSNode n, const char *type)
{
	return node_has(n) && !strcmp(ts_node_type(n), type);
}

TSNode node_field(TSNode n, const char *name)
{
	return node_has(n) ? ts_node_child_by_field_name(n, name, (u32)strlen(name)) : n;
}

u32 node_line(TSNode n)
{
	return ts_node_start_point(n).row + 1;
}

bool node_is_comment(TSNode n)
{
	return node_is(n, "line_comment") || node_is(n, "block_comment");
}

static TSNode find_child(TSNode n, const char *type)
{
	TSTreeCursor cursor;
	TSNode found = {0};

	if (!node_has(n))
		return found;
	cursor = ts_tree_cursor_new(n);
	if (ts_tree_cursor_goto_first_child(&cursor))
		do {
			TSNode child = ts_tree_cursor_current_node(&cursor);

			if (type ? node_is(child, type) : ts_node_is_named(child) && !node_is_comment(child)) {
				found = child;
				break;
			}
		} while (ts_tree_cursor_goto_next_sibling(&cursor));
	ts_tree_cursor_delete(&cursor);
	return found;
}

TSNode node_first(TSNode n)
{
	return find_child(n, NULL);
}

TSNode node_child_of_type(TSNode n, const char *type)
{
	return find_child(n, type);
}

const char *node_text(const struct syntax *s, TSNode n)
{
	u32 start, end;

	if (!node_has(n))
		return "";
	start = ts_node_start_byte(n);
	end = ts_node_end_byte(n);
	return arena_copy(s->arena, s->text + start, end - start);
}

bool node_reads(const struct syntax *s, TSNode n, const char *text)
{
	size_t length = strlen(text);

	if (!node_has(n))
		return false;
	return ts_node_end_byte(n) - ts_node_start_byte(n) == length &&
	       !memcmp(s->text + ts_node_start_byte(n), text, length);
}

static struct nodes list_children(const struct syntax *s, TSNode n, bool named)
{
	struct nodes list = {0};
	TSTreeCursor cursor;

	if (!node_has(n))
		return list;
	list.at = arena_alloc(s->arena, sizeof(TSNode) * (ts_node_child_count(n) + 1));
	cursor = ts_tree_cursor_new(n);
	if (ts_tree_cursor_goto_first_child(&cursor))
		do {
			TSNode child = ts_tree_cursor_current_node(&cursor);

			if (!named || (ts_node_is_named(child) && !node_is_comment(child)))
				list.at[list.count++] = child;
		} while (ts_tree_cursor_goto_next_sibling(&cursor));
	ts_tree_cursor_delete(&cursor);
	return list;
}

struct nodes node_named(const struct syntax *s, TSNode n)
{
	return list_children(s, n, true);
}

struct nodes node_all(const struct syntax *s, TSNode n)
{
	return list_children(s, n, false);
}

const char *node_last_name(const struct syntax *s, TSNode n)
{
	for (unsigned depth = 0; depth < 16; depth++) {
		TSNode name = node_field(n, "name");

		if (node_is(n, "generic_type") || node_is(n, "generic_type_with_turbofish"))
			name = node_field(n, "type");
		else if (node_is(n, "generic_function"))
			name = node_field(n, "function");
		else if (node_is(n, "field_expression"))
			name = node_field(n, "field");
		if (!node_has(name))
			break;
		n = name;
	}
	return node_text(s, n);
}

void node_walk(TSNode root, node_visit_fn visit, void *context)
{
	TSTreeCursor cursor = ts_tree_cursor_new(root);
	u32 depth = 0;

	for (;;) {
		bool enter = visit(context, ts_tree_cursor_current_node(&cursor));

		if (enter && ts_tree_cursor_goto_first_child(&cursor)) {
			depth++;
			continue;
		}
		while (depth && !ts_tree_cursor_goto_next_sibling(&cursor)) {
			ts_tree_cursor_goto_parent(&cursor);
			depth--;
		}
		if (!depth)
			break;
	}
	ts_tree_cursor_delete(&cursor);
}
