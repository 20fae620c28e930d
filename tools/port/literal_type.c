// SPDX-License-Identifier: Apache-2.0
// Numbers without a type: Rust finds it by what they meet later, and so does this, in the function's text.
#include <string.h>

#include "port.h"

struct search {
	struct port *p;
	const char *name;
	struct type *type;
};

static void type_step(struct port *p, TSNode n, void *context)
{
	struct search *s = context;
	struct text scratch = {.arena = p->arena};
	struct expr e;

	p->out = &scratch;
	e = expr_checked(p, port_expr(p, n, NULL));
	if (e.type->kind == TYPE_POINTER)
		e = expr_deref(p, e);
	if (e.type->kind == TYPE_INT && !e.type->is_literal)
		s->type = e.type;
}

/* Is it the name, or a sum with it: of one type with what stands beside it? */
static bool is_made_of(struct search *s, TSNode n)
{
	while (node_is(n, "parenthesized_expression"))
		n = node_first(n);
	if (node_is(n, "binary_expression") && strchr("+-*/%&|^", node_text(s->p->s, node_field(n, "operator"))[0]) &&
	    ts_node_end_byte(n) - ts_node_start_byte(n) < 200)
		return is_made_of(s, node_field(n, "left")) || is_made_of(s, node_field(n, "right"));
	return node_is(n, "identifier") && node_reads(s->p->s, n, s->name);
}

static void type_of_other(struct search *s, TSNode mine, TSNode other)
{
	u32 temporaries = s->p->temporaries;
	struct text *out = s->p->out;

	if (s->type || !is_made_of(s, mine))
		return;
	(void)!port_try(s->p, type_step, other, s);
	s->p->out = out;
	s->p->temporaries = temporaries;
}

static void type_of_argument(struct search *s, TSNode call)
{
	TSNode function = node_field(call, "function");
	struct nodes args = node_named(s->p->s, node_field(call, "arguments"));
	struct symbol *sym;

	for (u32 i = 0; i < args.count; i++) {
		if (!node_is(args.at[i], "identifier") || !node_reads(s->p->s, args.at[i], s->name))
			continue;
		if (node_reads(s->p->s, function, "Ok") || node_reads(s->p->s, function, "Some"))
			s->type = type_value(s->p->function->type);
		if (!node_is(function, "identifier"))
			continue;
		sym = symbol_find_value(s->p, NULL, node_text(s->p->s, function));
		if (sym && sym->kind == SYM_FUNCTION && i < sym->field_count)
			s->type = sym->fields[i].type;
	}
}

static bool find_use(void *context, TSNode n)
{
	struct search *s = context;

	if (s->type)
		return false;
	if (node_is(n, "index_expression") && is_made_of(s, node_named(s->p->s, n).at[1])) {
		s->type = &type_usize;
	} else if (node_is(n, "binary_expression") || node_is(n, "assignment_expression") ||
		   node_is(n, "compound_assignment_expr")) {
		const char *op = node_text(s->p->s, node_field(n, "operator"));

		if (!text_starts(op, "<<") && !text_starts(op, ">>")) {
			type_of_other(s, node_field(n, "left"), node_field(n, "right"));
			type_of_other(s, node_field(n, "right"), node_field(n, "left"));
		}
	} else if (node_is(n, "call_expression")) {
		type_of_argument(s, n);
	}
	return true;
}

/* The function's last word, or `return x`. */
static void type_of_result(struct search *s, TSNode body)
{
	struct nodes list = node_named(s->p->s, body);

	if (!s->type && list.count && node_is(list.at[list.count - 1], "identifier") &&
	    node_reads(s->p->s, list.at[list.count - 1], s->name))
		s->type = s->p->function->type;
}

struct type *type_by_use(struct port *p, const char *name)
{
	struct search s = {p, name, NULL};
	TSNode body;

	if (!p->function || p->s != p->file)
		return NULL;
	body = node_field(p->function->node, "body");
	node_walk(body, find_use, &s);
	type_of_result(&s, body);
	return s.type && s.type->kind == TYPE_INT ? s.type : NULL;
}

struct type *literal_type(struct port *p, const char *name)
{
	struct type *type = type_by_use(p, name);

	if (!type)
		port_fail(p, "a number whose type is not written, and no use of it shows it");
	return type;
}
