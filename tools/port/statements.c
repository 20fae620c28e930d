// SPDX-License-Identifier: Apache-2.0
// Statements, blocks and where their values go.
#include <string.h>

#include "port.h"

void line_put(struct port *p, const char *format, ...)
{
	va_list args;
	const char *line;

	if (!p->out)
		port_fail(p, "a constant that needs statements");
	va_start(args, format);
	line = arena_print_args(p->arena, format, args);
	va_end(args);
	for (u32 i = 0; i < p->indent; i++)
		text_put(p->out, "\t");
	text_put(p->out, line);
	text_put(p->out, "\n");
}

struct variable *variable_find(struct port *p, const char *name)
{
	for (struct variable *v = p->variables; v; v = v->next)
		if (text_equal(v->name, name))
			return v;
	return NULL;
}

/* Rust lets a second `let` of a name hide the first in the same block; C does not. */
struct variable *variable_declare(struct port *p, const char *name, struct type *type)
{
	struct variable *v = arena_alloc(p->arena, sizeof(*v));
	bool is_taken = false;

	v->name = name;
	v->c = name_c(p, name);
	for (struct variable *w = p->variables; w; w = w->next)
		is_taken |= text_equal(w->c, v->c);
	if (is_taken || symbol_find_value(p, NULL, name))
		v->c = name_temporary(p, v->c);
	v->type = type;
	v->next = p->variables;
	p->variables = v;
	return v;
}

/* --- values into their places ------------------------------------------------------------------------------------ */

static void assign(struct port *p, const char *place, struct expr e, struct type *type)
{
	if (type && type->kind == TYPE_ARRAY)
		port_fail(p, "an array is assigned as a whole");
	line_put(p, "%s = %s;", place, e.text);
}

static bool is_call_named(struct port *p, TSNode n, const char *name)
{
	return node_is(n, "call_expression") && node_reads(p->s, node_field(n, "function"), name);
}

static TSNode argument_of(struct port *p, TSNode n)
{
	struct nodes args = node_named(p->s, node_field(n, "arguments"));

	if (args.count != 1)
		port_fail(p, "Ok, Err or Some without a value");
	return args.at[0];
}

static void return_value(struct port *p, TSNode n, struct type *value)
{
	if (value->kind != TYPE_UNIT) {
		struct expr e = expr_init(p, n, value);

		if (e.text[0] == '{')
			port_fail(p, "an array is returned");
		line_put(p, "*out = %s;", e.text);
	} else if (!node_is(n, "unit_expression")) {
		port_expression_to(p, n, (struct dest){.kind = DEST_NOWHERE});
	}
	line_put(p, "return OK;");
}

/* The value of a function that returns err_t: Ok(x), Err(e), Some(x), None, another such call. */
static void return_fallible(struct port *p, TSNode n, struct type *result)
{
	struct type *value = result->of;
	struct expr e, place;
	const char *error;

	if (is_call_named(p, n, "Ok") || is_call_named(p, n, "Some")) {
		return_value(p, argument_of(p, n), value);
		return;
	}
	if (is_call_named(p, n, "Err")) {
		error = error_from_node(p, argument_of(p, n));
		line_put(p, "return %s;", error);
		return;
	}
	if (node_reads(p->s, n, "None")) {
		line_put(p, "return ERR_NOENT;");
		return;
	}
	e = port_expr(p, n, result);
	if (e.call && !e.error) {
		bool has_value = type_value(e.type)->kind != TYPE_UNIT;

		if (has_value != (value->kind != TYPE_UNIT))
			port_fail(p, "the result of a call with another value");
		line_put(p, "return %s%s%s);", e.call, has_value && !text_ends(e.call, "(") ? ", " : "",
			 has_value ? "out" : "");
	} else if (e.call) {
		place = fallible_run(p, e, &error);
		line_put(p, "if (%s)", error);
		line_put(p, "\treturn %s;", e.error);
		if (place.text)
			line_put(p, "*out = %s;", place.text);
		line_put(p, "return OK;");
	} else if (e.type->kind == TYPE_OPTION) {
		e = e.is_simple ? e : expr_temporary(p, e, "option");
		line_put(p, "if (!%s.is_some)", expr_at(p, e, LEVEL_PRIMARY));
		line_put(p, "\treturn %s;", e.error ? e.error : "ERR_NOENT");
		line_put(p, "*out = %s.value;", expr_at(p, e, LEVEL_PRIMARY));
		line_put(p, "return OK;");
	} else if (e.type->is_option && e.error) {
		e = e.is_simple ? e : expr_temporary(p, e, "found");
		line_put(p, "if (!%s)", expr_at(p, e, LEVEL_UNARY));
		line_put(p, "\treturn %s;", e.error);
		line_put(p, "*out = %s;", e.text);
		line_put(p, "return OK;");
	} else if (e.type == &type_err && value->kind == TYPE_UNIT) {
		line_put(p, "return %s;", e.text);
	} else {
		port_fail(p, "a result that is computed");
	}
}

static void return_expression(struct port *p, TSNode n)
{
	struct type *result = p->function->type;
	struct expr e;

	if (type_is_fallible(result)) {
		return_fallible(p, n, result);
		return;
	}
	if (is_call_named(p, n, "Some") && result->is_option)
		n = argument_of(p, n);
	else if (node_reads(p->s, n, "None") && result->is_option) {
		line_put(p, "return NULL;");
		return;
	}
	e = port_expr(p, n, result);
	if (e.type->kind == TYPE_NEVER) {
		line_put(p, "%s;", e.text);
		return;
	}
	if (result->kind == TYPE_UNIT) {
		if (e.text && *e.text && !e.call)
			line_put(p, "%s;", e.text);
		else if (e.call)
			port_value_to(p, e, (struct dest){.kind = DEST_NOWHERE});
		line_put(p, "return;");
		return;
	}
	e = expr_checked(p, e);
	if (result->kind == TYPE_SLICE) {
		if (e.type->kind == TYPE_POINTER && e.type->of->kind == TYPE_ARRAY) {
			e = expr_deref(p, e);
			e.count = e.type->count;
		}
		if (!e.count)
			port_fail(p, "a slice whose length is not known");
		line_put(p, "*count = %s;", e.count);
	}
	line_put(p, "return %s;", e.text);
}

void port_value_to(struct port *p, struct expr e, struct dest dest)
{
	const char *error;

	if (e.call && dest.kind == DEST_NOWHERE) {
		bool has_value = type_value(e.type)->kind != TYPE_UNIT;

		if (has_value)
			(void)fallible_run(p, e, &error);
		else
			line_put(p, "(void)%s);", e.call);
		return;
	}
	if (dest.kind == DEST_VARIABLE)
		assign(p, dest.variable, expr_checked(p, e), dest.type);
	else if (e.text && *e.text)
		line_put(p, "%s%s;", e.is_simple && !strchr(e.text, '(') ? "(void)" : "", e.text);
}

static void assignment(struct port *p, TSNode n)
{
	TSNode left = node_field(n, "left"), right = node_field(n, "right");
	struct expr to, value;

	if (node_reads(p->s, left, "_")) {
		port_value_to(p, port_expr(p, right, NULL), (struct dest){.kind = DEST_NOWHERE});
		return;
	}
	to = expr_checked(p, port_expr(p, left, NULL));
	if (node_is_control(right)) {
		port_control(p, right, (struct dest){DEST_VARIABLE, to.text, to.type});
		return;
	}
	value = expr_checked(p, port_expr(p, right, to.type));
	if (to.type->kind == TYPE_SLICE)
		port_fail(p, "a slice is assigned");
	assign(p, to.text, value, to.type);
}

static void compound_assignment(struct port *p, TSNode n)
{
	const char *op = node_text(p->s, node_field(n, "operator"));
	struct expr to = expr_deref(p, port_expr(p, node_field(n, "left"), NULL)), value, sum;
	const char *plain = arena_copy(p->arena, op, strlen(op) - 1);

	value = expr_checked(p, port_expr(p, node_field(n, "right"),
					  text_starts(op, "<<") || text_starts(op, ">>") ? &type_u32 : to.type));
	if (value.type->kind == TYPE_POINTER)
		value = expr_deref(p, value);
	sum = expr_arithmetic(p, plain, to, value);
	if ((to.type->bits >= 32 && !to.type->is_signed && (value.is_constant || plain[1] == 0)) ||
	    (to.type->kind == TYPE_BOOL) || (strchr("&|^", *plain) && to.type->bits >= 32))
		line_put(p, "%s %s %s;", to.text, op, value.text);
	else
		line_put(p, "%s = %s;", to.text, sum.text);
}

static struct loop *find_loop(struct port *p, TSNode n)
{
	TSNode label = node_child_of_type(n, "label");
	const char *name = node_has(label) ? node_text(p->s, label) : NULL;
	struct loop *l = p->loop;

	while (l && (l->is_switch || (name && !(l->label && text_equal(l->label, name)))))
		l = l->outer;
	if (!l)
		port_fail(p, "a break out of no loop");
	return l;
}

/* What C's break or continue would leave. */
static struct loop *innermost_loop(struct port *p, bool is_break)
{
	struct loop *l = p->loop;

	while (l && l->is_switch && !is_break)
		l = l->outer;
	return l;
}

static void leave_loop(struct port *p, TSNode n, bool is_break)
{
	struct loop *l = find_loop(p, n);
	struct nodes parts = node_named(p->s, n);

	for (u32 i = 0; i < parts.count; i++)
		if (!node_is(parts.at[i], "label"))
			port_expression_to(p, parts.at[i], l->dest);
	if (l == innermost_loop(p, is_break)) {
		line_put(p, is_break ? "break;" : "continue;");
		return;
	}
	if (!l->number)
		l->number = ++p->temporaries;
	*(is_break ? &l->break_used : &l->continue_used) = true;
	line_put(p, "goto %s_%u;", is_break ? "done" : "next", l->number);
}

static void return_statement(struct port *p, TSNode n)
{
	TSNode value = node_first(n);

	if (!p->function)
		port_fail(p, "a return outside a function");
	if (node_has(value) && node_is_control(value))
		port_control(p, value, (struct dest){.kind = DEST_RETURN});
	else if (node_has(value))
		return_expression(p, value);
	else
		line_put(p, "return%s;", type_is_fallible(p->function->type) ? " OK" : "");
}

void port_expression_to(struct port *p, TSNode n, struct dest dest)
{
	while (node_is(n, "parenthesized_expression") && dest.kind != DEST_VARIABLE)
		n = node_first(n);
	if (node_is_control(n))
		port_control(p, n, dest);
	else if (node_is(n, "assignment_expression"))
		assignment(p, n);
	else if (node_is(n, "compound_assignment_expr"))
		compound_assignment(p, n);
	else if (node_is(n, "return_expression"))
		return_statement(p, n);
	else if (node_is(n, "break_expression") || node_is(n, "continue_expression"))
		leave_loop(p, n, node_is(n, "break_expression"));
	else if (node_is(n, "unit_expression") && dest.kind == DEST_NOWHERE)
		return;
	else if (dest.kind == DEST_RETURN)
		return_expression(p, n);
	else
		port_value_to(p, port_expr(p, n, dest.kind == DEST_VARIABLE ? dest.type : NULL), dest);
}

/* --- blocks --------------------------------------------------------------------------------------------------------
 */

static void statement_step(struct port *p, TSNode n, void *context)
{
	struct dest *dest = context;

	if (node_is(n, "let_declaration"))
		port_let(p, n);
	else if (node_is(n, "expression_statement"))
		port_expression_to(p, node_first(n), *dest);
	else if (node_is(n, "empty_statement") || node_is(n, "use_declaration") || node_is(n, "attribute_item"))
		return;
	else if (node_is(n, "const_item"))
		port_let_constant(p, n);
	else if (text_ends(ts_node_type(n), "_item"))
		port_fail(p, "a declaration inside a function");
	else
		port_expression_to(p, n, *dest);
}

/* A variable that could not be given its value is there, at least, so that what uses it still compiles. */
static void declare_anyway(struct port *p, TSNode n, void *context)
{
	TSNode written = node_field(n, "type"), pattern = node_field(n, "pattern");
	struct type *type;

	(void)context;
	if (node_is(pattern, "mut_pattern"))
		pattern = node_first(pattern);
	if (!node_has(written) || !node_is(pattern, "identifier"))
		port_fail(p, "no type is written");
	type = type_from_node(p, written);
	if (type->kind == TYPE_SLICE)
		port_fail(p, "a slice");
	line_put(p, "%s = %s;", type_declare(p, type, variable_declare(p, node_text(p->s, pattern), type)->c),
		 type->kind == TYPE_ARRAY ? "{0}" : type_zero(p, type));
}

static void give_up_value(struct port *p, struct dest dest)
{
	if (dest.kind == DEST_VARIABLE && dest.type && type_is_known(dest.type) && dest.type->kind != TYPE_ARRAY)
		line_put(p, "%s = %s;", dest.variable, type_zero(p, dest.type));
	if (dest.kind != DEST_RETURN || !p->function)
		return;
	if (type_is_fallible(p->function->type))
		line_put(p, "return ERR_UNSUPPORTED;");
	else if (p->function->type->kind != TYPE_UNIT && p->function->type->kind != TYPE_NEVER)
		line_put(p, "return %s;", type_zero(p, p->function->type));
}

static const char *demotion_of(struct port *p, TSNode n, enum mark_kind kind)
{
	if (p->s != p->file)
		return NULL;
	for (struct demotion *d = p->demotions; d; d = d->next)
		if (d->start == ts_node_start_byte(n) && d->kind == kind)
			return d->reason;
	return NULL;
}

void comment_put(struct port *p, TSNode n)
{
	const char *text = node_text(p->s, n);
	size_t length = strlen(text);

	if (p->s != p->file)
		return;
	if (text_starts(text, "/*")) {
		text = arena_copy(p->arena, text + 2, length >= 4 ? length - 4 : 0);
	} else {
		text += strspn(text, "/!");
	}
	text += strspn(text, " \t\n*");
	length = strcspn(text, "\n");
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t')
			return;
	text = arena_copy(p->arena, text, length);
	if (length && !strstr(text, "/*") && !strstr(text, "*/"))
		line_put(p, "/* %s */", text);
}

static void give_up_statement(struct port *p, TSNode n, const char *why)
{
	struct todo **last = p->todos_tail;

	for (const struct fill *f = p->fills; f; f = f->next)
		if (f->start == ts_node_start_byte(n) && f->text && p->s == p->file) {
			fill_put(p, n, why, f->text);
			return;
		}
	todo_put(p, n, why);
	(*last)->is_statement = p->s == p->file;
}

static void port_statement(struct port *p, TSNode n, struct dest dest)
{
	const char *why = demotion_of(p, n, MARK_STATEMENT);
	bool is_statement =
		node_is(n, "let_declaration") || (ts_node_end_byte(n) && p->s->text[ts_node_end_byte(n) - 1] == ';');

	if (is_statement)
		dest = (struct dest){.kind = DEST_NOWHERE};
	if (p->s == p->file) {
		p->line_now = node_line(n);
		p->start_now = ts_node_start_byte(n);
		p->end_now = ts_node_end_byte(n);
	}
	text_print(p->out, "\x01%u %u\n", MARK_STATEMENT, ts_node_start_byte(n));
	if (why || !port_try(p, statement_step, n, &dest)) {
		give_up_statement(p, n, why ? why : p->failure);
		if (node_is(n, "let_declaration"))
			(void)!port_try(p, declare_anyway, n, NULL);
		give_up_value(p, dest);
	}
	text_put(p->out, "\x02\n");
}

void port_block(struct port *p, TSNode block, struct dest dest)
{
	struct nodes list = node_all(p->s, block);
	struct variable *outer = p->variables;
	u32 last = list.count;

	while (last && (!ts_node_is_named(list.at[last - 1]) || node_is_comment(list.at[last - 1])))
		last--;
	port_enter(p);
	for (u32 i = 0; i < list.count; i++) {
		bool is_last = i + 1 == last;

		if (node_is_comment(list.at[i]))
			comment_put(p, list.at[i]);
		if (!ts_node_is_named(list.at[i]) || node_is_comment(list.at[i]) || node_is(list.at[i], "label"))
			continue;
		port_statement(p, list.at[i], is_last ? dest : (struct dest){.kind = DEST_NOWHERE});
	}
	p->variables = outer;
	port_leave(p);
}

void port_block_braced(struct port *p, TSNode block, struct dest dest, const char *head, const char *tail)
{
	line_put(p, "%s", head);
	p->indent++;
	port_block(p, block, dest);
	p->indent--;
	if (tail)
		line_put(p, "%s", tail);
}
