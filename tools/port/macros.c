// SPDX-License-Identifier: Apache-2.0
// Macros with a known meaning: assertions, panics, messages, matches!.
#include <string.h>

#include "port.h"
#include "subtree.h"

struct nodes macro_arguments(struct port *p, TSNode token_tree)
{
	static const char head[] = "fn m() { f(", tail[] = "); }";
	const char *inner = node_text(p->s, token_tree);
	size_t length = strlen(inner);
	struct subtree *sub = arena_alloc(p->arena, sizeof(*sub));
	struct text t = {.arena = p->arena};
	TSNode n;

	if (length < 2)
		port_fail(p, "a macro without arguments");
	text_put(&t, head);
	text_add(&t, inner + 1, length - 2);
	text_put(&t, tail);
	if (!syntax_parse(&sub->syntax, p->arena, text_get(&t), t.length))
		port_fail(p, "a macro's arguments");
	sub->next = p->subtrees;
	p->subtrees = sub;
	n = syntax_root(&sub->syntax);
	if (ts_node_has_error(n))
		port_fail(p, "a macro's arguments are no expressions");
	n = node_first(node_field(node_first(n), "body")); /* the statement */
	n = node_is(n, "expression_statement") ? node_first(n) : n;
	p->s = &sub->syntax;
	return node_named(p->s, node_field(n, "arguments"));
}

void subtrees_free(struct subtree *list)
{
	for (; list; list = list->next)
		syntax_fini(&list->syntax);
}

/* --- messages: log_info("text %llu", (unsigned long long)x)
 * ------------------------------------------------------------- */

static void format_argument(struct port *p, struct text *format, struct text *args, struct expr e, const char *spec)
{
	bool is_hex = strchr(spec, 'x') || strchr(spec, 'X');

	e = e.type->kind == TYPE_POINTER && type_is_scalar(e.type->of) && !strchr(spec, 'p') ? expr_deref(p, e)
											     : expr_checked(p, e);
	if (e.type->kind == TYPE_STRUCT && !e.type->symbol && text_ends(e.type->c, "_t"))
		e = expr_field(p, e, "0");
	if (e.type->kind == TYPE_STR) {
		text_put(format, "%s");
		text_print(args, ", %s", e.text);
	} else if (e.type == &type_err) {
		text_put(format, "%s");
		text_print(args, ", err_text(%s)", e.text);
	} else if (e.type->kind == TYPE_BOOL) {
		text_put(format, "%s");
		text_print(args, ", %s ? \"true\" : \"false\"", expr_at(p, e, LEVEL_EQUAL));
	} else if (e.type->kind == TYPE_POINTER) {
		text_put(format, "%p");
		text_print(args, ", (void *)%s", expr_at(p, e, LEVEL_UNARY));
	} else if (type_is_number(e.type) || e.type->kind == TYPE_ENUM) {
		bool is_signed = e.type->is_signed && !is_hex;

		text_put(format, is_hex ? (strchr(spec, '#') ? "0x%llx" : "%llx") : is_signed ? "%lld" : "%llu");
		text_print(args, ", (%slong long)%s", is_signed ? "" : "unsigned ", expr_at(p, e, LEVEL_UNARY));
	} else {
		port_fail(p, "a message with a value that is no number");
	}
}

/* The format string and the values of arguments from `first` on, as C's. */
static const char *message(struct port *p, const struct nodes *args, u32 first)
{
	struct text format = {.arena = p->arena}, values = {.arena = p->arena};
	const char *at;
	u32 next = first + 1;

	if (args->count <= first)
		return "\"\"";
	if (!node_is(args->at[first], "string_literal"))
		port_fail(p, "a message without a format");
	for (at = port_expr(p, args->at[first], NULL).text; *at; at++) {
		const char *close = strchr(at, '}');
		const char *inside;

		if (*at == '%') {
			text_put(&format, "%%");
		} else if ((*at == '{' && at[1] == '{') || (*at == '}' && at[1] == '}')) {
			text_add(&format, at++, 1);
		} else if (*at == '{' && close) {
			const char *colon = memchr(at, ':', (size_t)(close - at));
			struct variable *v;

			inside = arena_copy(p->arena, at + 1, (size_t)((colon ? colon : close) - at - 1));
			v = *inside ? variable_find(p, inside) : NULL;
			if (*inside && !v)
				port_fail(p, "a message that names %s", inside);
			if (!v && next >= args->count)
				port_fail(p, "a message with too few values");
			format_argument(p, &format, &values,
					v ? expr_of(v->c, v->type, LEVEL_PRIMARY)
					  : port_expr(p, args->at[next++], NULL),
					colon ? arena_copy(p->arena, colon, (size_t)(close - colon)) : "");
			at = close;
		} else {
			text_add(&format, at, 1);
		}
	}
	return arena_print(p->arena, "%s%s", text_get(&format), text_get(&values));
}

static struct expr statement(struct port *p, const char *text, struct type *type)
{
	(void)p;
	return expr_of(text, type, LEVEL_PRIMARY);
}

static const char *log_function(const char *name)
{
	static const char *const names[][2] = {
		{"println", "log_info"},  {"print", "log_info"},    {"eprintln", "log_error"}, {"info", "log_info"},
		{"warn", "log_warn"},     {"error", "log_error"},   {"debug", "log_debug"},    {"trace", "log_debug"},
		{"kprintln", "log_info"}, {"log_info", "log_info"}, {"kprint", "log_info"}};

	for (u32 i = 0; i < ARRAY_COUNT(names); i++)
		if (text_equal(name, names[i][0]))
			return names[i][1];
	return NULL;
}

static struct expr assertion(struct port *p, const char *name, const struct nodes *args)
{
	struct expr a, b;

	if (args->count < 1)
		port_fail(p, "an assertion of nothing");
	a = expr_checked(p, port_expr(p, args->at[0],
				      strstr(name, "_") && !text_equal(name, "debug_assert") ? NULL : &type_bool));
	if (!text_ends(name, "_eq") && !text_ends(name, "_ne"))
		return statement(p, arena_print(p->arena, "ASSERT(%s)", a.text), &type_unit);
	if (args->count < 2)
		port_fail(p, "a comparison with nothing");
	b = expr_checked(p, port_expr(p, args->at[1], a.type));
	if (!type_is_scalar(a.type) || !type_is_scalar(b.type))
		port_fail(p, "an assertion on values that are no numbers");
	return statement(p,
			 arena_print(p->arena, "ASSERT(%s %s %s)", expr_at(p, a, LEVEL_SHIFT),
				     text_ends(name, "_eq") ? "==" : "!=", expr_at(p, b, LEVEL_SHIFT)),
			 &type_unit);
}

static struct expr macro(struct port *p, TSNode node, TSNode tokens, const char *name)
{
	static const char *const stops[] = {"panic", "unreachable", "todo", "unimplemented", NULL};
	static const char *const asserts[] = {"assert",          "debug_assert",    "assert_eq", "assert_ne",
					      "debug_assert_eq", "debug_assert_ne", NULL};
	struct nodes args = macro_arguments(p, tokens);
	struct expr e;

	if (register_macro(p, node, name, &args, &e))
		return e;
	if (log_function(name))
		return statement(p, arena_print(p->arena, "%s(%s)", log_function(name), message(p, &args, 0)),
				 &type_unit);
	if (text_is_one_of(name, stops))
		return statement(p,
				 args.count ? arena_print(p->arena, "panic(%s)", message(p, &args, 0))
					    : arena_print(p->arena, "panic(\"%s\")", name),
				 &type_never);
	if (text_is_one_of(name, asserts))
		return assertion(p, name, &args);
	port_fail(p, "the macro %s!", name);
}

/* matches!(value, pattern): the pattern is no expression; a match of its own is parsed for it. */
static struct expr matches(struct port *p, TSNode tokens)
{
	const char *inner = node_text(p->s, tokens);
	struct subtree *sub = arena_alloc(p->arena, sizeof(*sub));
	struct nodes all = node_all(p->s, tokens);
	struct text t = {.arena = p->arena};
	TSNode n, arm;
	struct expr value;
	u32 comma = 1;
	size_t at;

	while (comma < all.count && !node_reads(p->s, all.at[comma], ","))
		comma++;
	if (comma == all.count)
		port_fail(p, "matches! without a pattern");
	at = ts_node_start_byte(all.at[comma]) - ts_node_start_byte(tokens);
	text_put(&t, "fn m() { match ");
	text_add(&t, inner + 1, at - 1);
	text_put(&t, " { ");
	text_add(&t, inner + at + 1, strlen(inner) - at - 2);
	text_put(&t, " => 1 } }");
	if (!syntax_parse(&sub->syntax, p->arena, text_get(&t), t.length))
		port_fail(p, "matches!");
	sub->next = p->subtrees;
	p->subtrees = sub;
	n = node_first(node_field(node_first(syntax_root(&sub->syntax)), "body"));
	p->s = &sub->syntax;
	n = node_is(n, "expression_statement") ? node_first(n) : n;
	if (!node_is(n, "match_expression") || ts_node_has_error(n))
		port_fail(p, "matches! with another pattern");
	arm = node_first(node_field(n, "body"));
	if (node_has(node_field(node_field(arm, "pattern"), "condition")))
		port_fail(p, "matches! with a guard");
	value = expr_checked(p, port_expr(p, node_field(n, "value"), NULL));
	if (!value.is_simple)
		value = expr_temporary(p, value, "subject");
	value = expr_of(pattern_condition(p, pattern_parts(p, node_field(arm, "pattern")).at[0], value), &type_bool,
			LEVEL_CHOICE);
	value.text = *value.text ? value.text : "true";
	return value;
}

struct expr expr_macro(struct port *p, TSNode n, struct type *expected)
{
	const char *name = node_last_name(p->s, node_field(n, "macro"));
	TSNode tokens = node_child_of_type(n, "token_tree");
	const struct syntax *s = p->s;
	struct expr e;

	(void)expected;
	if (text_equal(name, "asm")) {
		port_asm(p, n);
		return expr_of("", &type_unit, LEVEL_PRIMARY);
	}
	e = text_equal(name, "matches") ? matches(p, tokens) : macro(p, n, tokens, name);
	p->s = s;
	return e;
}
