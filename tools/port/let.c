// SPDX-License-Identifier: Apache-2.0
// let: names, their types and their first values.
#include "port.h"

static void let_slice(struct port *p, const char *name, struct expr e)
{
	const char *count = name_temporary(p, "count");
	struct variable *v;
	struct type *t = arena_alloc(p->arena, sizeof(*t));

	if (!e.count)
		port_fail(p, "a slice whose length is not known");
	line_put(p, "size_t %s = %s;", count, e.count);
	*t = *e.type;
	t->count = count;
	v = variable_declare(p, name, t);
	line_put(p, "%s = %s;", type_declare(p, t, v->c), e.text);
}

static void let_value(struct port *p, const char *name, TSNode value, struct type *type)
{
	struct variable *v;
	struct expr e;

	if (node_is_control(value)) {
		type = type ? type : control_type(p, value);
		type = type ? type : type_by_use(p, name);
		if (!type)
			port_fail(p, "let %s = ... whose type is not written", name);
		if (type->kind == TYPE_SLICE || type_is_fallible(type))
			port_fail(p, "a branch that gives a slice or a result");
		v = variable_declare(p, name, type);
		line_put(p, "%s;", type_declare(p, type, v->c));
		port_control(p, value, (struct dest){DEST_VARIABLE, v->c, type});
		return;
	}
	e = type ? expr_init(p, value, type) : port_expr(p, value, NULL);
	if (e.call && e.type->kind == TYPE_RESULT && type_value(e.type)->kind == TYPE_UNIT) {
		v = variable_declare(p, name, &type_err);
		line_put(p, "err_t %s = %s);", v->c, e.call);
		return;
	}
	e = expr_checked(p, e);
	if (e.type->kind == TYPE_UNIT || e.type->kind == TYPE_NEVER)
		port_fail(p, "a variable without a value");
	if (!type && e.type->is_literal) {
		type = literal_type(p, name);
		e = expr_init(p, value, type);
	}
	type = type ? type : e.type;
	if (type->kind == TYPE_SLICE || (e.type->kind == TYPE_SLICE)) {
		let_slice(p, name, e);
		return;
	}
	if (type->kind == TYPE_ARRAY && e.text[0] != '{')
		port_fail(p, "an array is copied");
	v = variable_declare(p, name, type);
	if (type_is_known(type))
		line_put(p, "%s = %s;", type_declare(p, type, v->c), e.text);
	else
		line_put(p, "__auto_type %s = %s;", v->c, e.text);
}

/* let (a, b) = (x, y): one by one, the names after all values as Rust has it. */
static void let_each(struct port *p, TSNode pattern, TSNode value)
{
	struct nodes names = pattern_parts(p, pattern), values = node_named(p->s, value);
	struct expr *e = arena_alloc(p->arena, (values.count + 1) * sizeof(*e));

	if (names.count != values.count)
		port_fail(p, "a tuple with other parts than its pattern");
	for (u32 i = 0; i < names.count; i++) {
		e[i] = expr_checked(p, port_expr(p, values.at[i], NULL));
		if (e[i].type->is_literal)
			port_fail(p, "a number in a tuple whose type is not written");
	}
	for (u32 i = 0; i < names.count; i++)
		pattern_bind(p, names.at[i], e[i], false);
}

void port_let(struct port *p, TSNode n)
{
	TSNode pattern = node_field(n, "pattern"), value = node_field(n, "value"), written = node_field(n, "type");
	struct type *type = node_has(written) ? type_from_node(p, written) : NULL;
	TSNode otherwise = node_field(n, "alternative");
	const char *name;

	if (node_is(pattern, "mut_pattern"))
		pattern = node_first(pattern);
	if (node_has(otherwise)) {
		struct expr e = port_expr(p, value, type);
		const char *condition;

		if (e.call) {
			const char *error;

			e.type = type_option_of(p, type_value(e.type));
			e = fallible_run(p, e, &error);
			port_block_braced(p, otherwise, (struct dest){.kind = DEST_NOWHERE},
					  arena_print(p->arena, "if (%s) {", error), "}");
			if (pattern_parts(p, pattern).count == 2 && e.text)
				pattern_bind(p, pattern_parts(p, pattern).at[1], e, false);
			return;
		}
		if (!e.is_simple)
			e = expr_temporary(p, e, "value");
		condition = pattern_condition(p, pattern, e);
		port_block_braced(p, otherwise, (struct dest){.kind = DEST_NOWHERE},
				  arena_print(p->arena, "if (!(%s)) {", condition), "}");
		pattern_bind(p, pattern, e, false);
		return;
	}
	if (node_reads(p->s, pattern, "_")) {
		port_value_to(p, port_expr(p, value, type), (struct dest){.kind = DEST_NOWHERE});
		return;
	}
	if (node_is(pattern, "tuple_pattern") && node_is(value, "tuple_expression") && !type) {
		let_each(p, pattern, value);
		return;
	}
	if (!node_is(pattern, "identifier")) {
		struct expr e = expr_checked(p, port_expr(p, value, type));

		if (!e.is_simple)
			e = expr_temporary(p, e, "parts");
		pattern_bind(p, pattern, e, false);
		return;
	}
	name = node_text(p->s, pattern);
	if (!node_has(value)) {
		if (!type)
			port_fail(p, "let %s; whose type is not written", name);
		line_put(p, "%s;", type_declare(p, type, variable_declare(p, name, type)->c));
		return;
	}
	let_value(p, name, value, type);
}

/* A constant of a function: a variable of its block that nobody changes. */
void port_let_constant(struct port *p, TSNode n)
{
	struct type *type = type_from_node(p, node_field(n, "type"));
	struct expr e = expr_checked(p, expr_init(p, node_field(n, "value"), type));
	const char *name = node_text(p->s, node_field(n, "name"));
	struct variable *v = variable_declare(p, name, type);

	line_put(p, "%s%s = %s;", type_is_scalar(type) ? "const " : "", type_declare(p, type, v->c), e.text);
}
