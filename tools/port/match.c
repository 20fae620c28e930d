// SPDX-License-Identifier: Apache-2.0
// match: a switch where every arm is a constant or a variant, a chain of ifs where not.
#include <ctype.h>
#include <string.h>

#include "port.h"

static TSNode arm_pattern(struct port *p, TSNode arm)
{
	struct nodes parts = pattern_parts(p, node_field(arm, "pattern"));

	if (!parts.count)
		port_fail(p, "an arm without a pattern");
	return parts.at[0];
}

static TSNode arm_guard(TSNode arm)
{
	return node_field(node_field(arm, "pattern"), "condition");
}

static bool is_catch_all(struct port *p, TSNode pattern)
{
	return node_reads(p->s, pattern, "_") ||
	       (node_is(pattern, "identifier") && !isupper((unsigned char)node_text(p->s, pattern)[0]));
}

static bool is_plain_part(struct port *p, TSNode n)
{
	return is_catch_all(p, n) || node_is(n, "remaining_field_pattern") || node_is(n, "field_pattern") ||
	       (node_is(n, "ref_pattern") && is_catch_all(p, node_first(n)));
}

static bool fits_switch(struct port *p, TSNode n)
{
	struct nodes parts;

	if (is_catch_all(p, n) || node_is(n, "integer_literal") || node_is(n, "char_literal") ||
	    node_is(n, "scoped_identifier") || node_is(n, "negative_literal"))
		return true;
	if (node_is(n, "identifier"))
		return !node_reads(p->s, n, "None");
	if (node_is(n, "range_pattern"))
		return node_is(node_field(n, "left"), "integer_literal") && strstr(node_text(p->s, n), "..=") &&
		       node_is(node_field(n, "right"), "integer_literal");
	parts = pattern_parts(p, n);
	if (node_is(n, "or_pattern")) {
		for (u32 i = 0; i < parts.count; i++)
			if (!fits_switch(p, parts.at[i]) || is_catch_all(p, parts.at[i]))
				return false;
		return true;
	}
	if ((node_is(n, "tuple_struct_pattern") || node_is(n, "struct_pattern")) &&
	    node_is(node_field(n, "type"), "scoped_identifier") +
		    node_is(node_field(n, "type"), "scoped_type_identifier")) {
		for (u32 i = 1; i < parts.count; i++)
			if (!is_plain_part(p, parts.at[i]))
				return false;
		return true;
	}
	return false;
}

static bool can_switch(struct port *p, struct expr value, const struct nodes *arms)
{
	struct type *t = value.type->kind == TYPE_POINTER ? value.type->of : value.type;

	if (value.type->is_option ||
	    (t->kind != TYPE_INT && t->kind != TYPE_ENUM && t->kind != TYPE_SUM && t->kind != TYPE_FLAGS))
		return false;
	for (u32 i = 0; i < arms->count; i++)
		if (node_has(arm_guard(arms->at[i])) || !fits_switch(p, arm_pattern(p, arms->at[i])))
			return false;
	return true;
}

/* Is the text's last line, at this indent, one that control does not pass? */
static bool ends_leaving(const char *text, u32 indent)
{
	static const char *const leaving[] = {"return", "goto ", "continue;", "break;", NULL};
	const char *last = "";

	for (const char *line = text; *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line))
		if (*line > 2)
			last = line;
	if (strspn(last, "\t") != indent)
		return false;
	for (u32 i = 0; leaving[i]; i++)
		if (text_starts(last + indent, leaving[i]))
			return true;
	return false;
}

static void arm_body(struct port *p, TSNode arm, struct dest dest)
{
	TSNode value = node_field(arm, "value");

	if (node_is(value, "block"))
		port_block(p, value, dest);
	else
		port_expression_to(p, value, dest);
}

static void case_labels(struct port *p, TSNode n)
{
	struct nodes parts = pattern_parts(p, n);

	if (node_is(n, "or_pattern")) {
		for (u32 i = 0; i < parts.count; i++)
			case_labels(p, parts.at[i]);
	} else if (is_catch_all(p, n)) {
		line_put(p, "default:");
	} else if (node_is(n, "range_pattern")) {
		line_put(p, "case %s ... %s:", port_expr(p, node_field(n, "left"), NULL).text,
			 port_expr(p, node_field(n, "right"), NULL).text);
	} else if (node_is(n, "tuple_struct_pattern") || node_is(n, "struct_pattern") || node_is(n, "identifier") ||
		   node_is(n, "scoped_identifier")) {
		TSNode name = node_is(n, "identifier") || node_is(n, "scoped_identifier") ? n : node_field(n, "type");
		TSNode path = node_field(name, "path");
		const char *owner = node_has(path) ? node_last_name(p->s, path) : NULL;
		struct symbol *sym;

		if (owner && text_equal(owner, "Self") && p->self_type)
			owner = p->self_type;
		sym = symbol_find_value(p, owner, node_last_name(p->s, name));
		if (!sym || sym->why)
			port_fail(p, "the pattern %s is declared elsewhere", node_text(p->s, name));
		line_put(p, "case %s:", sym->c);
	} else {
		line_put(p, "case %s:", port_expr(p, n, NULL).text);
	}
}

static void switch_arm(struct port *p, TSNode arm, struct expr value, struct dest dest)
{
	TSNode pattern = arm_pattern(p, arm);
	struct variable *outer = p->variables;
	struct text *out = p->out, body = {.arena = p->arena};

	case_labels(p, pattern);
	p->out = &body;
	p->indent++;
	if (!node_is(pattern, "or_pattern"))
		pattern_bind(p, pattern, value, false);
	arm_body(p, arm, dest);
	if (!ends_leaving(text_get(&body), p->indent))
		line_put(p, "break;");
	p->indent--;
	p->out = out;
	p->variables = outer;
	/* A declaration cannot follow a label. */
	if (strstr(text_get(&body), " = ") || strchr(text_get(&body), 1) ||
	    node_is(node_field(arm, "value"), "block")) {
		out->length--;
		out->s[out->length] = 0;
		text_put(out, " {\n");
		text_put(out, text_get(&body));
		line_put(p, "}");
	} else {
		text_put(out, text_get(&body));
	}
}

static void match_by_switch(struct port *p, struct expr value, const struct nodes *arms, struct dest dest)
{
	struct type *t = value.type->kind == TYPE_POINTER ? value.type->of : value.type;
	struct loop l = {.outer = p->loop, .is_switch = true};
	const char *on = t->kind == TYPE_SUM ? arena_print(p->arena, "%s%s", expr_at(p, value, LEVEL_PRIMARY),
							   value.type->kind == TYPE_POINTER ? "->tag" : ".tag")
					     : expr_deref(p, value).text;

	line_put(p, "switch (%s) {", on);
	p->loop = &l;
	for (u32 i = 0; i < arms->count; i++)
		switch_arm(p, arms->at[i], value, dest);
	p->loop = l.outer;
	line_put(p, "}");
}

static const char *with_guard(struct port *p, TSNode arm, TSNode pattern, struct expr value, const char *condition)
{
	TSNode guard = arm_guard(arm);
	struct variable *outer = p->variables;
	struct text *out = p->out, hoisted = {.arena = p->arena};
	struct expr e;

	if (!node_has(guard))
		return condition;
	if (node_is(guard, "let_condition") || node_is(guard, "let_chain"))
		port_fail(p, "a guard with let");
	p->out = &hoisted;
	if (value.text)
		pattern_bind(p, pattern, value, true);
	e = expr_checked(p, port_expr(p, guard, &type_bool));
	p->out = out;
	p->variables = outer;
	if (hoisted.length)
		port_fail(p, "a guard that needs statements of its own");
	return *condition ? arena_print(p->arena, "%s && %s", condition, expr_at(p, e, LEVEL_EQUAL)) : e.text;
}

/* A chain: `if (a) {`, `} else if (b) {`, `} else {`. */
static void chain_arm(struct port *p, bool *is_first, const char *condition)
{
	if (!*condition && *is_first)
		line_put(p, "{");
	else if (!*condition)
		line_put(p, "} else {");
	else
		line_put(p, "%sif (%s) {", *is_first ? "" : "} else ", condition);
	*is_first = false;
}

static void match_by_ifs(struct port *p, struct expr value, const struct nodes *arms, struct dest dest)
{
	bool is_first = true;

	for (u32 i = 0; i < arms->count; i++) {
		TSNode arm = arms->at[i], pattern = arm_pattern(p, arm);
		struct variable *outer = p->variables;
		const char *condition = with_guard(p, arm, pattern, value, pattern_condition(p, pattern, value));

		if (i + 1 == arms->count && dest.kind != DEST_NOWHERE && !node_has(arm_guard(arm)) && !is_first)
			condition = ""; /* Rust has checked that one arm fits */
		chain_arm(p, &is_first, condition);
		p->indent++;
		pattern_bind(p, pattern, value, false);
		arm_body(p, arm, dest);
		p->indent--;
		p->variables = outer;
		if (!*condition)
			break;
	}
	line_put(p, "}");
}

/* match f() { Ok(x) => ..., Err(e) => ... } */
static void match_result(struct port *p, struct expr call, const struct nodes *arms, struct dest dest)
{
	const char *error, *condition;
	struct expr place = fallible_run(p, call, &error), code = expr_of(error, &type_err, LEVEL_PRIMARY);
	bool is_first = true;

	code.is_simple = true;
	for (u32 i = 0; i < arms->count; i++) {
		TSNode pattern = arm_pattern(p, arms->at[i]), inner = {0};
		struct variable *outer = p->variables;
		struct expr value = place;
		const char *word = node_text(p->s, pattern);

		if (node_is(pattern, "tuple_struct_pattern") && pattern_parts(p, pattern).count == 2)
			inner = pattern_parts(p, pattern).at[1];
		condition = "";
		if (text_starts(word, "Ok") || text_starts(word, "Some"))
			condition = arena_print(p->arena, "!%s", error);
		else if (text_starts(word, "Err") || text_equal(word, "None"))
			condition = error;
		else if (!text_equal(word, "_"))
			port_fail(p, "a result that is matched as a whole");
		if (text_starts(word, "Err")) {
			value = code;
			if (node_has(inner) && !is_catch_all(p, inner)) {
				condition = arena_print(p->arena, "%s == %s", error, error_from_node(p, inner));
				inner = (TSNode){0};
			}
		} else if (node_has(inner) && value.text) {
			const char *more = pattern_condition(p, inner, value);

			condition = *more ? arena_print(p->arena, "%s && %s", condition, more) : condition;
		}
		condition = with_guard(p, arms->at[i], inner, node_has(inner) ? value : (struct expr){0}, condition);
		if (i + 1 == arms->count && !is_first && !node_has(arm_guard(arms->at[i])))
			condition = "";
		chain_arm(p, &is_first, condition);
		p->indent++;
		if (node_has(inner) && value.text)
			pattern_bind(p, inner, value, false);
		arm_body(p, arms->at[i], dest);
		p->indent--;
		p->variables = outer;
		if (!*condition)
			break;
	}
	line_put(p, "}");
}

void port_match(struct port *p, TSNode n, struct dest dest)
{
	struct nodes list = node_named(p->s, node_field(n, "body")), arms = {list.at, 0};
	struct variable *outer = p->variables;
	struct expr value = port_expr(p, node_field(n, "value"), NULL);

	for (u32 i = 0; i < list.count; i++)
		if (node_is(list.at[i], "match_arm"))
			arms.at[arms.count++] = list.at[i];
	if (value.call) {
		match_result(p, value, &arms, dest);
	} else {
		value = expr_checked(p, value);
		if (!value.is_simple && !(can_switch(p, value, &arms) && type_is_scalar(value.type)))
			value = expr_temporary(p, value, "subject");
		if (can_switch(p, value, &arms))
			match_by_switch(p, value, &arms, dest);
		else
			match_by_ifs(p, value, &arms, dest);
	}
	p->variables = outer;
}
