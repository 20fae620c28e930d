// SPDX-License-Identifier: Apache-2.0
// Result, Option and `?` as err_t: error names, calls that can fail, early returns.
#include <ctype.h>
#include <string.h>

#include "port.h"

static const struct {
	const char *word, *code;
} codes[] = {
#define ERROR(word, code) {word, code},
#include "errors.def"
#undef ERROR
};

/* In whole words: "range" is not in "Strange". */
static bool has_word(const char *name, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(name, word); at; at = strstr(at + 1, word))
		if ((at == name || at[-1] == '_') && (at[length] == 0 || at[length] == '_'))
			return true;
	return false;
}

const char *error_from_name(struct port *p, const char *name, bool *sure)
{
	char *plain = arena_print(p->arena, "%s", name_snake(p->arena, name));

	for (char *c = plain; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	*sure = true;
	for (u32 i = 0; i < ARRAY_COUNT(codes); i++)
		if (has_word(plain, codes[i].word))
			return codes[i].code;
	*sure = false;
	return "ERR_STATE";
}

const char *error_from_node(struct port *p, TSNode n)
{
	const char *code, *name;
	bool sure;

	while (node_is(n, "call_expression") && !node_is(node_field(n, "function"), "field_expression"))
		n = node_field(n, "function");
	if (node_is(n, "struct_expression"))
		n = node_field(n, "name");
	if (node_is(n, "identifier")) {
		struct variable *v = variable_find(p, node_text(p->s, n));

		if (v && v->type == &type_err)
			return v->c;
	}
	if (!node_is(n, "identifier") && !node_is(n, "scoped_identifier") && !node_is(n, "scoped_type_identifier") &&
	    !node_is(n, "string_literal") && !node_is(n, "unit_expression") && !node_is(n, "type_identifier"))
		port_fail(p, "an error that is computed");
	name = node_is(n, "string_literal") ? node_text(p->s, n) : node_last_name(p->s, n);
	code = error_from_name(p, name, &sure);
	if (!sure)
		todo_put(p, n, arena_print(p->arena, "no error code says %s: ERR_STATE stands for it", name));
	return code;
}

struct expr fallible_run(struct port *p, struct expr e, const char **error)
{
	struct type *value = type_value(e.type);
	const char *err = name_temporary(p, "err"), *name = name_temporary(p, "value");
	bool has_value = value->kind != TYPE_UNIT;
	bool has_arguments = !text_ends(e.call, "(");
	struct expr place;

	if (has_value)
		line_put(p, "%s;", type_declare(p, value, name));
	line_put(p, "err_t %s = %s%s%s);", err, e.call, has_value && has_arguments ? ", " : "",
		 has_value ? arena_print(p->arena, "&%s", name) : "");
	*error = err;
	place = expr_of(has_value ? name : NULL, value, LEVEL_PRIMARY);
	place.is_place = place.is_simple = true;
	return place;
}

/* What the function being translated returns when `?` meets an error. */
static const char *failure_value(struct port *p, const char *error)
{
	struct type *result = p->function ? p->function->type : NULL;

	if (!result)
		port_fail(p, "? outside a function");
	if (type_is_fallible(result))
		return error;
	if (result->is_option)
		return "NULL";
	port_fail(p, "? in a function that cannot fail");
}

static struct expr try_pointer(struct port *p, struct expr e, const char *error)
{
	struct type *t = arena_alloc(p->arena, sizeof(*t));

	if (!e.is_simple)
		e = expr_temporary(p, e, "found");
	line_put(p, "if (!%s)", expr_at(p, e, LEVEL_UNARY));
	line_put(p, "\treturn %s;", failure_value(p, error ? error : "ERR_NOENT"));
	*t = *e.type;
	t->is_option = false;
	e.type = t;
	return e;
}

struct expr expr_try(struct port *p, TSNode n)
{
	struct expr e = port_expr(p, node_first(n), NULL), place;
	const char *error;

	if (e.call) {
		place = fallible_run(p, e, &error);
		line_put(p, "if (%s)", error);
		line_put(p, "\treturn %s;", failure_value(p, e.error ? e.error : error));
		if (!place.text)
			place = expr_of("", &type_unit, LEVEL_PRIMARY);
		return place;
	}
	if (e.type->is_option)
		return try_pointer(p, e, e.error);
	if (e.type->kind == TYPE_OPTION && e.text) {
		if (!e.is_simple)
			e = expr_temporary(p, e, "option");
		line_put(p, "if (!%s.is_some)", expr_at(p, e, LEVEL_PRIMARY));
		line_put(p, "\treturn %s;", failure_value(p, e.error ? e.error : "ERR_NOENT"));
		place = expr_of(arena_print(p->arena, "%s.value", expr_at(p, e, LEVEL_PRIMARY)), e.type->of,
				LEVEL_PRIMARY);
		place.is_place = place.is_simple = true;
		return place;
	}
	if (e.type == &type_err) {
		line_put(p, "if (%s)", e.text);
		line_put(p, "\treturn %s;", failure_value(p, e.text));
		return expr_of("", &type_unit, LEVEL_PRIMARY);
	}
	port_fail(p, "? behind something that is no Result or Option known here");
}
