// SPDX-License-Identifier: Apache-2.0
// What a Rust file holds: one walk over its tree counts and finds; the judgement follows from the counts.
#include "analysis.h"

#include <string.h>

#include "asm_text.h"

struct walk {
	struct analysis *a;
	const struct syntax *s;
	u32 last_code_line; /* the last line counted, from 1 */
};

const char *complexity_word(enum complexity complexity)
{
	static const char *const words[] = {"low", "medium", "high"};

	return words[complexity];
}

/* Tokens come in the order of the file: a line is counted when the first one reaches it. */
static void count_code_lines(struct walk *w, TSNode n)
{
	u32 first = node_line(n), end = ts_node_end_point(n).row + 1;

	if (ts_node_end_byte(n) == ts_node_start_byte(n))
		return;
	if (ts_node_end_point(n).column == 0 && end > first)
		end--;
	if (first <= w->last_code_line)
		first = w->last_code_line + 1;
	if (end >= first) {
		w->a->code_lines += end - first + 1;
		w->last_code_line = end;
	}
}

static void count_kind(struct walk *w, TSNode n)
{
	struct analysis *a = w->a;
	const struct {
		const char *type;
		u32 *count;
	} kinds[] = {
		{"function_item", &a->functions},    {"function_signature_item", &a->functions},
		{"struct_item", &a->structs},        {"enum_item", &a->enums},
		{"trait_item", &a->traits},          {"impl_item", &a->impls},
		{"unsafe_block", &a->unsafe_blocks}, {"macro_definition", &a->macros},
		{"type_parameters", &a->generics},
	};

	for (u32 i = 0; i < ARRAY_COUNT(kinds); i++)
		*kinds[i].count += node_is(n, kinds[i].type);
	a->asm_blocks += asm_is_block(w->s, n);
	if (ts_node_is_missing(n) || node_is(n, "ERROR")) {
		a->syntax_errors++;
		if (!a->first_error_line)
			a->first_error_line = node_line(n);
	}
}

/* asm!(...) in the rule of a macro, where there are only tokens. */
static void count_asm_tokens(struct walk *w, TSNode n)
{
	struct nodes all = node_all(w->s, n);

	for (u32 i = 0; i + 2 < all.count; i++)
		w->a->asm_blocks += node_reads(w->s, all.at[i], "asm") && node_reads(w->s, all.at[i + 1], "!") &&
				    node_is(all.at[i + 2], "token_tree");
}

static bool visit(void *context, TSNode n)
{
	struct walk *w = context;

	if (node_is_comment(n))
		return false;
	if (ts_node_is_named(n))
		count_kind(w, n);
	if (node_is(n, "token_tree"))
		count_asm_tokens(w, n);
	if (ts_node_child_count(n) == 0 || node_is(n, "string_literal") || node_is(n, "raw_string_literal") ||
	    node_is(n, "use_declaration"))
		count_code_lines(w, n);
	return constructs_visit(&w->a->constructs, w->s, n);
}

static u32 count_lines(const char *text, u32 length)
{
	u32 lines = 0;

	for (u32 i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines + (length && text[length - 1] != '\n');
}

static u32 count_unsure(const struct analysis *a)
{
	u32 unsure = 0;

	for (u32 i = 0; i < a->constructs.count; i++)
		unsure += !a->constructs.at[i].row || a->constructs.at[i].row->fit == MAP_NEAR;
	return unsure;
}

/* Adds `low` at the first threshold, `high` at the second, and says why. */
static u32 weigh(struct analysis *a, struct arena *arena, u32 count, const u32 at[2], const char *what)
{
	if (count < at[0])
		return 0;
	if (a->reason_count < ANALYSIS_REASONS_MAX)
		a->reasons[a->reason_count++] = arena_print(arena, "%u %s", count, what);
	return count >= at[1] ? 3 : 1;
}

static void judge(struct analysis *a, struct arena *arena)
{
	u32 unsure = count_unsure(a), points = 0, cost;

	points += weigh(a, arena, a->code_lines, (u32[]){200, 600}, "lines of code");
	points += weigh(a, arena, a->asm_blocks, (u32[]){1, 6}, "asm blocks");
	points += weigh(a, arena, a->unsafe_blocks, (u32[]){3, 12}, "unsafe blocks");
	points += weigh(a, arena, unsure, (u32[]){4, 16}, "ARM64 constructs without an exact counterpart");
	points += weigh(a, arena, a->traits, (u32[]){1, 4}, "traits");
	points += weigh(a, arena, a->macros, (u32[]){1, 4}, "macros defined here");
	points += weigh(a, arena, a->generics, (u32[]){1, 5}, "lists of generic parameters or lifetimes");
	points += weigh(a, arena, a->syntax_errors, (u32[]){1, 1}, "syntax errors");
	if (!points)
		a->reasons[a->reason_count++] = "short, plain data and functions";
	a->complexity = points < 2 ? COMPLEXITY_LOW : points < 6 ? COMPLEXITY_MEDIUM : COMPLEXITY_HIGH;
	cost = 5 + a->code_lines / 5 + 8 * a->asm_blocks + 2 * a->unsafe_blocks + 3 * unsure + 10 * a->traits +
	       10 * a->macros + 3 * a->generics;
	a->minutes = (cost + 4) / 5 * 5;
	a->needs_planner = a->complexity == COMPLEXITY_HIGH || a->minutes > 60;
}

void analysis_make(struct analysis *a, const struct syntax *s)
{
	struct walk w = {.a = a, .s = s};

	memset(a, 0, sizeof(*a));
	a->constructs.arena = s->arena;
	a->lines = count_lines(s->text, s->length);
	node_walk(syntax_root(s), visit, &w);
	judge(a, s->arena);
}
