// SPDX-License-Identifier: Apache-2.0
// if, match, loops, blocks.
#include <string.h>

#include "port.h"

bool node_is_control(TSNode n)
{
	static const char *const types[] = {"if_expression",   "match_expression", "while_expression",
					    "loop_expression", "for_expression",   "block",
					    "unsafe_block",    "const_block",      NULL};

	return node_has(n) && text_is_one_of(ts_node_type(n), types);
}

static void else_clause(struct port *p, TSNode n, struct dest dest)
{
	TSNode body = node_first(n);

	if (!node_has(n)) {
		line_put(p, "}");
		return;
	}
	line_put(p, "} else {");
	p->indent++;
	port_control(p, body, dest);
	p->indent--;
	line_put(p, "}");
}

/* if let PATTERN = VALUE: a call that can fail is run first; else the pattern is a condition, its names bound inside.
 */
static void if_let(struct port *p, TSNode n, TSNode condition, struct dest dest)
{
	TSNode pattern = node_field(condition, "pattern");
	struct variable *outer = p->variables;
	struct expr e = port_expr(p, node_field(condition, "value"), NULL);
	const char *error, *test;

	if (e.call) {
		bool wants_error = text_starts(node_text(p->s, pattern), "Err");

		if (!wants_error && !text_starts(node_text(p->s, pattern), "Ok") &&
		    !text_starts(node_text(p->s, pattern), "Some"))
			port_fail(p, "if let of a result with another pattern");
		e = fallible_run(p, e, &error);
		line_put(p, "if (%s%s) {", wants_error ? "" : "!", error);
		p->indent++;
		if (wants_error)
			e = expr_of(error, &type_err, LEVEL_PRIMARY);
		if (pattern_parts(p, pattern).count == 2 && e.text)
			pattern_bind(p, pattern_parts(p, pattern).at[1], e, false);
	} else {
		if (!e.is_simple)
			e = expr_temporary(p, e, "value");
		test = pattern_condition(p, pattern, e);
		line_put(p, "if (%s) {", *test ? test : "true");
		p->indent++;
		pattern_bind(p, pattern, e, false);
	}
	port_block(p, node_field(n, "consequence"), dest);
	p->indent--;
	p->variables = outer;
	else_clause(p, node_field(n, "alternative"), dest);
}

static void if_expression(struct port *p, TSNode n, struct dest dest)
{
	TSNode condition = node_field(n, "condition");
	struct expr e;

	if (node_is(condition, "let_condition")) {
		if_let(p, n, condition, dest);
		return;
	}
	if (node_is(condition, "let_chain"))
		port_fail(p, "a chain of let conditions");
	e = expr_checked(p, port_expr(p, condition, &type_bool));
	if (e.type->kind != TYPE_BOOL)
		port_fail(p, "a condition whose type is not known");
	line_put(p, "if (%s) {", e.text);
	p->indent++;
	port_block(p, node_field(n, "consequence"), dest);
	p->indent--;
	else_clause(p, node_field(n, "alternative"), dest);
}

/* --- loops ---------------------------------------------------------------------------------------------------------
 */

static void loop_begin(struct port *p, struct loop *l, TSNode n, struct dest dest)
{
	TSNode label = node_child_of_type(n, "label");

	*l = (struct loop){.outer = p->loop, .dest = dest};
	if (node_has(label))
		l->label = node_text(p->s, label);
	p->loop = l;
}

static void loop_body(struct port *p, struct loop *l, TSNode body)
{
	p->indent++;
	port_block(p, body, (struct dest){.kind = DEST_NOWHERE});
	if (l->continue_used)
		line_put(p, "next_%u:;", l->number);
	p->indent--;
}

static void loop_end(struct port *p, struct loop *l)
{
	line_put(p, "}");
	if (l->break_used)
		line_put(p, "done_%u:;", l->number);
	p->loop = l->outer;
}

static void while_loop(struct port *p, TSNode n)
{
	TSNode condition = node_field(n, "condition"), pattern = node_field(condition, "pattern");
	struct variable *outer = p->variables;
	struct text *out = p->out, first = {.arena = p->arena};
	struct loop l;
	struct expr e;
	const char *test;

	if (node_is(condition, "let_chain"))
		port_fail(p, "a chain of let conditions");
	loop_begin(p, &l, n, (struct dest){.kind = DEST_NOWHERE});
	p->out = &first; /* what the condition needs first is needed again each time */
	p->indent++;
	if (node_is(condition, "let_condition")) {
		e = port_expr(p, node_field(condition, "value"), NULL);
		if (e.call)
			port_fail(p, "while let of a call that can fail");
		e = e.is_simple ? e : expr_temporary(p, e, "value");
		test = pattern_condition(p, pattern, e);
		line_put(p, "if (!(%s))", test);
		line_put(p, "\tbreak;");
		pattern_bind(p, pattern, e, false);
		test = NULL;
	} else {
		test = expr_checked(p, port_expr(p, condition, &type_bool)).text;
		if (first.length) {
			line_put(p, "if (!(%s))", test);
			line_put(p, "\tbreak;");
			test = NULL;
		}
	}
	p->indent--;
	p->out = out;
	line_put(p, test ? "while (%s) {" : "for (;;) {", test);
	text_put(p->out, text_get(&first));
	loop_body(p, &l, node_field(n, "body"));
	p->variables = outer;
	loop_end(p, &l);
}

static void endless_loop(struct port *p, TSNode n, struct dest dest)
{
	struct loop l;

	loop_begin(p, &l, n, dest);
	line_put(p, "for (;;) {");
	loop_body(p, &l, node_field(n, "body"));
	loop_end(p, &l);
}

struct iteration {
	struct expr from, to; /* of a range */
	bool inclusive, backwards;
	struct expr step; /* text NULL: 1 */
	struct expr list; /* text NULL: a range */
	bool numbered;    /* .enumerate() */
	bool by_value;
};

static void read_range(struct port *p, TSNode n, struct iteration *it)
{
	struct nodes bounds = node_named(p->s, n);

	if (bounds.count != 2)
		port_fail(p, "a loop over a range without an end");
	it->inclusive = strstr(node_text(p->s, n), "..=") != NULL;
	it->to = expr_checked(p, port_expr(p, bounds.at[1], NULL));
	it->from = expr_checked(p, port_expr(p, bounds.at[0], it->to.type));
	if (it->to.type->is_literal && !it->from.type->is_literal)
		it->to = expr_checked(p, port_expr(p, bounds.at[1], it->from.type));
	if (!type_is_number(it->from.type))
		port_fail(p, "a range of what are no numbers");
}

static void read_iteration(struct port *p, TSNode n, struct iteration *it)
{
	TSNode function = node_field(n, "function");
	struct nodes args;

	port_enter(p);
	while (node_is(n, "parenthesized_expression"))
		n = node_first(n);
	if (node_is(n, "range_expression")) {
		read_range(p, n, it);
	} else if (node_is(n, "call_expression") && node_is(function, "field_expression")) {
		const char *name = node_text(p->s, node_field(function, "field"));

		args = node_named(p->s, node_field(n, "arguments"));
		read_iteration(p, node_field(function, "value"), it);
		if (text_equal(name, "rev") && !it->list.text && !it->numbered)
			it->backwards = !it->backwards;
		else if (text_equal(name, "step_by") && !it->list.text && args.count == 1 && !it->backwards)
			it->step = expr_checked(p, port_expr(p, args.at[0], it->from.type));
		else if (text_equal(name, "enumerate") && it->list.text)
			it->numbered = true;
		else if (text_equal(name, "take") && it->list.text && args.count == 1)
			it->list.count = arena_print(p->arena, "MIN(%s, %s)",
						     expr_checked(p, port_expr(p, args.at[0], &type_usize)).text,
						     it->list.count);
		else if ((text_equal(name, "copied") || text_equal(name, "cloned")) && it->list.text)
			it->by_value = true;
		else if ((text_equal(name, "iter") || text_equal(name, "iter_mut")) && it->list.text)
			it->by_value = false;
		else
			port_fail(p, "a loop over %s()", name);
	} else {
		it->by_value = !node_is(n, "reference_expression");
		while (node_is(n, "reference_expression"))
			n = node_field(n, "value");
		it->list = expr_checked(p, port_expr(p, n, NULL));
		if (it->list.type->kind == TYPE_POINTER)
			it->list = expr_deref(p, it->list);
		if (it->list.type->kind == TYPE_ARRAY)
			it->list.count = it->list.type->count;
		if ((it->list.type->kind != TYPE_ARRAY && it->list.type->kind != TYPE_SLICE) || !it->list.count)
			port_fail(p, "a loop over what is no range and no array");
		if (it->list.type->kind == TYPE_SLICE)
			it->by_value = false;
	}
	port_leave(p);
}

/* for i in 0..4: what i meets in the body tells its type; nothing, and any that holds all numbers will do. */
static struct type *type_of_range(struct port *p, TSNode pattern, const struct iteration *it)
{
	struct type *type;

	if (!it->from.type->is_literal)
		return it->from.type;
	if (!it->to.type->is_literal)
		return it->to.type;
	if (!node_is(pattern, "identifier"))
		return &type_u32;
	type = type_by_use(p, node_text(p->s, pattern));
	return type ? type : &type_s64;
}

static void for_range(struct port *p, TSNode n, struct iteration *it)
{
	TSNode pattern = node_field(n, "pattern");
	struct type *type = type_of_range(p, pattern, it);
	const char *to = it->to.is_constant ? it->to.text : NULL;
	struct variable *v;
	const char *i;

	if (!node_is(pattern, "identifier") && !node_reads(p->s, pattern, "_"))
		port_fail(p, "a loop variable that is a pattern");
	if (!to) { /* Rust reads the end once */
		to = name_temporary(p, "end");
		line_put(p, "%s = %s;", type_declare(p, type, to), it->to.text);
	}
	v = variable_declare(p, node_is(pattern, "identifier") ? node_text(p->s, pattern) : "i", type);
	i = v->c;
	if (it->backwards && it->inclusive)
		port_fail(p, "a range with an inclusive end, backwards");
	if (it->backwards)
		line_put(p, "for (%s = %s; %s-- > %s;) {", type_declare(p, type, i), to, i,
			 expr_at(p, it->from, LEVEL_SHIFT));
	else if (it->inclusive && !it->to.is_constant)
		port_fail(p, "a range whose inclusive end may be the last number there is");
	else
		line_put(p, it->step.text ? "for (%s = %s; %s %s %s; %s += %s) {" : "for (%s = %s; %s %s %s; %s++) {",
			 type_declare(p, type, i), it->from.text, i, it->inclusive ? "<=" : "<", to, i, it->step.text);
}

static void for_list(struct port *p, TSNode n, struct iteration *it)
{
	TSNode pattern = node_field(n, "pattern");
	struct nodes parts = node_named(p->s, pattern);
	const char *index = name_temporary(p, "i");
	struct expr element;
	struct variable *v;

	if (it->numbered && (!node_is(pattern, "tuple_pattern") || parts.count != 2))
		port_fail(p, "enumerate() without a pair");
	if (it->numbered && node_is(parts.at[0], "identifier")) {
		v = variable_declare(p, node_text(p->s, parts.at[0]), &type_usize);
		index = v->c;
	}
	if (it->numbered)
		pattern = parts.at[1];
	line_put(p, "for (size_t %s = 0; %s < %s; %s++) {", index, index, it->list.count, index);
	element = expr_of(arena_print(p->arena, "%s[%s]", expr_at(p, it->list, LEVEL_PRIMARY), index),
			  it->list.type->of, LEVEL_PRIMARY);
	element.is_place = element.is_simple = true;
	if (node_reads(p->s, pattern, "_"))
		return;
	if (node_is(pattern, "reference_pattern")) {
		pattern = node_first(pattern);
		it->by_value = true;
	}
	if (!node_is(pattern, "identifier"))
		port_fail(p, "a loop variable that is a pattern");
	if (!it->by_value) {
		bool is_const = it->list.type->kind == TYPE_SLICE
					? it->list.type->is_const
					: !strstr(node_text(p->s, node_field(n, "value")), "mut");

		element = expr_of(arena_print(p->arena, "&%s", element.text),
				  type_pointer_to(p, element.type, is_const), LEVEL_UNARY);
	}
	if (element.type->kind == TYPE_ARRAY)
		port_fail(p, "an array is copied");
	v = variable_declare(p, node_text(p->s, pattern), element.type);
	p->indent++;
	line_put(p, "%s = %s;", type_declare(p, element.type, v->c), element.text);
	p->indent--;
}

static void for_loop(struct port *p, TSNode n)
{
	struct variable *outer = p->variables;
	struct iteration it = {0};
	struct loop l;

	read_iteration(p, node_field(n, "value"), &it);
	if (it.list.text)
		for_list(p, n, &it);
	else
		for_range(p, n, &it);
	loop_begin(p, &l, n, (struct dest){.kind = DEST_NOWHERE});
	loop_body(p, &l, node_field(n, "body"));
	p->variables = outer;
	loop_end(p, &l);
}

/* Braces only where the block declares something. */
static void plain_block(struct port *p, TSNode block, struct dest dest)
{
	struct nodes list = node_named(p->s, block);
	bool declares = false;

	for (u32 i = 0; i < list.count; i++)
		declares |= node_is(list.at[i], "let_declaration");
	if (declares)
		port_block_braced(p, block, dest, "{", "}");
	else
		port_block(p, block, dest);
}

/* --- the type of a branch ---------------------------------------------------------------------------------------- */

static void guess_step(struct port *p, TSNode n, void *context)
{
	struct type **type = context;
	struct text scratch = {.arena = p->arena};
	struct nodes list;

	p->out = &scratch;
	while (node_is_control(n)) {
		if (node_is(n, "if_expression"))
			n = node_field(n, "consequence");
		else if (node_is(n, "match_expression"))
			n = node_field(node_first(node_field(n, "body")), "value");
		else if (node_is(n, "unsafe_block"))
			n = node_child_of_type(n, "block");
		else if (!node_is(n, "block"))
			port_fail(p, "a loop as a value");
		while (node_is(n, "block")) {
			list = node_named(p->s, n);
			if (!list.count || (p->s->text[ts_node_end_byte(list.at[list.count - 1]) - 1] == ';'))
				port_fail(p, "a block without a value");
			for (u32 i = 0; i + 1 < list.count; i++)
				if (node_is(list.at[i], "let_declaration"))
					port_let(p, list.at[i]);
			n = list.at[list.count - 1];
			n = node_is(n, "expression_statement") ? node_first(n) : n;
		}
	}
	*type = expr_checked(p, port_expr(p, n, NULL)).type;
}

struct type *control_type(struct port *p, TSNode n)
{
	struct variable *variables = p->variables;
	struct text *out = p->out;
	struct type *type = NULL;
	u32 temporaries = p->temporaries;

	if (!port_try(p, guess_step, n, &type))
		type = NULL;
	p->variables = variables;
	p->temporaries = temporaries;
	p->out = out;
	if (type && (type->is_literal || type->kind == TYPE_UNIT || type->kind == TYPE_NEVER || !type_is_known(type)))
		return NULL;
	return type;
}

void port_control(struct port *p, TSNode n, struct dest dest)
{
	port_enter(p);
	if (node_is(n, "if_expression"))
		if_expression(p, n, dest);
	else if (node_is(n, "match_expression"))
		port_match(p, n, dest);
	else if (node_is(n, "while_expression"))
		while_loop(p, n);
	else if (node_is(n, "loop_expression"))
		endless_loop(p, n, dest);
	else if (node_is(n, "for_expression"))
		for_loop(p, n);
	else if (node_is(n, "unsafe_block"))
		plain_block(p, node_child_of_type(n, "block"), dest);
	else if (node_is(n, "block"))
		plain_block(p, n, dest);
	else
		port_fail(p, "%s here", ts_node_type(n));
	port_leave(p);
}
