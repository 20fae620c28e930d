// SPDX-License-Identifier: Apache-2.0
// Patterns: the condition that a value fits, the names that a fit binds, and match.
#include <ctype.h>
#include <string.h>

#include "port.h"

struct nodes pattern_parts(struct port *p, TSNode n)
{
	struct nodes all = node_all(p->s, n), parts = {all.at, 0};

	for (u32 i = 0; i < all.count; i++)
		if ((ts_node_is_named(all.at[i]) && !node_is_comment(all.at[i])) || node_reads(p->s, all.at[i], "_"))
			parts.at[parts.count++] = all.at[i];
	return parts;
}

static bool is_pointer_to_sum(struct type *t)
{
	return t->kind == TYPE_POINTER && t->of->kind == TYPE_SUM;
}

static const char *member_of(struct port *p, struct expr e, const char *name)
{
	return arena_print(p->arena, "%s%s%s", expr_at(p, e, LEVEL_PRIMARY), e.type->kind == TYPE_POINTER ? "->" : ".",
			   name);
}

/* The variant or constant that a path names. */
static struct symbol *pattern_symbol(struct port *p, TSNode n)
{
	TSNode path = node_field(n, "path");
	const char *owner = node_has(path) ? node_last_name(p->s, path) : NULL;

	if (owner && text_equal(owner, "Self") && p->self_type)
		owner = p->self_type;
	return symbol_find_value(p, owner, node_last_name(p->s, n));
}

/* Does an identifier bind a new name, or stand for a constant? Rust's own habit of letters tells. */
static bool is_binding(struct port *p, TSNode n)
{
	const char *name = node_text(p->s, n);

	return node_is(n, "identifier") && !isupper((unsigned char)name[0]);
}

static const char *equal(struct port *p, struct expr value, const char *text)
{
	if (value.type->kind == TYPE_POINTER)
		value = expr_deref(p, value);
	if (!type_is_scalar(value.type) && value.type->kind != TYPE_UNKNOWN)
		port_fail(p, "a pattern on a value that is no number");
	return arena_print(p->arena, "%s == %s", expr_at(p, value, LEVEL_SHIFT), text);
}

static struct expr variant_part(struct port *p, struct expr value, struct symbol *variant, struct field *field)
{
	const char *member = name_c(p, name_snake(p->arena, variant->name));
	struct expr e;

	if (!field || !field->type)
		port_fail(p, "a part of %s", variant->name);
	e = expr_of(arena_print(p->arena, "%s.%s", member_of(p, value, member), field->c), field->type, LEVEL_PRIMARY);
	e.is_place = e.is_simple = true;
	if (value.type->kind == TYPE_POINTER && !type_is_scalar(field->type) && field->type->kind != TYPE_POINTER)
		e = expr_of(arena_print(p->arena, "&%s", e.text), type_pointer_to(p, field->type, value.type->is_const),
			    LEVEL_UNARY);
	return e;
}

static const char *both(struct port *p, const char *a, const char *b)
{
	if (!*a || !*b)
		return *a ? a : b;
	return arena_print(p->arena, "%s && %s", a, b);
}

static bool is_some(struct port *p, TSNode n)
{
	return node_is(n, "tuple_struct_pattern") && node_reads(p->s, node_field(n, "type"), "Some");
}

static TSNode only_part(struct port *p, TSNode n)
{
	struct nodes parts = pattern_parts(p, n);

	if (parts.count != 2)
		port_fail(p, "Some with several parts");
	return parts.at[1];
}

static struct expr some_value(struct port *p, struct expr value)
{
	struct expr e;
	struct type *t;

	if (value.type->is_option) {
		t = arena_alloc(p->arena, sizeof(*t));
		*t = *value.type;
		t->is_option = false;
		value.type = t;
		return value;
	}
	if (value.type->kind == TYPE_POINTER && value.type->of->is_option)
		return some_value(p, expr_deref(p, value));
	if (value.type->kind != TYPE_OPTION &&
	    !(value.type->kind == TYPE_POINTER && value.type->of->kind == TYPE_OPTION))
		port_fail(p, "Some of what is no Option");
	t = value.type->kind == TYPE_POINTER ? value.type->of->of : value.type->of;
	e = expr_of(member_of(p, value, "value"), t, LEVEL_PRIMARY);
	e.is_place = e.is_simple = true;
	if (value.type->kind == TYPE_POINTER)
		e = expr_of(arena_print(p->arena, "&%s", e.text), type_pointer_to(p, t, value.type->is_const),
			    LEVEL_UNARY);
	return e;
}

static const char *option_condition(struct port *p, struct expr value, bool some)
{
	if (value.type->kind == TYPE_POINTER && !value.type->is_option && value.type->of->is_option)
		value = expr_deref(p, value);
	if (value.type->is_option)
		return arena_print(p->arena, "%s%s", some ? "" : "!", expr_at(p, value, LEVEL_UNARY));
	if (value.type->kind != TYPE_OPTION &&
	    !(value.type->kind == TYPE_POINTER && value.type->of->kind == TYPE_OPTION))
		port_fail(p, "Some or None of what is no Option");
	return arena_print(p->arena, "%s%s", some ? "" : "!", member_of(p, value, "is_some"));
}

static const char *path_condition(struct port *p, TSNode n, struct expr value)
{
	struct symbol *sym;

	if (node_reads(p->s, n, "None"))
		return option_condition(p, value, false);
	sym = pattern_symbol(p, n);
	if (!sym)
		port_fail(p, "the pattern %s is declared elsewhere", node_text(p->s, n));
	if (sym->why)
		port_fail(p, "%s: %s", sym->name, sym->why);
	if (sym->kind == SYM_VARIANT && sym->sum->kind == SYM_SUM)
		return arena_print(p->arena, "%s == %s", member_of(p, value, "tag"), sym->c);
	return equal(p, value, sym->c);
}

/* Variant(a, b), Variant { a, b } */
static const char *variant_condition(struct port *p, TSNode n, struct expr value)
{
	struct symbol *sym = pattern_symbol(p, node_field(n, "type"));
	struct nodes parts = pattern_parts(p, n);
	const char *condition;
	u32 at = 0;

	if (!sym || sym->kind != SYM_VARIANT || (value.type->kind != TYPE_SUM && !is_pointer_to_sum(value.type)))
		port_fail(p, "the pattern %s", node_text(p->s, n));
	condition = arena_print(p->arena, "%s == %s", member_of(p, value, "tag"), sym->c);
	for (u32 i = 1; i < parts.count && node_is(n, "tuple_struct_pattern"); i++, at++)
		if (at < sym->field_count)
			condition =
				both(p, condition,
				     pattern_condition(p, parts.at[i], variant_part(p, value, sym, &sym->fields[at])));
	return condition;
}

static const char *range_condition(struct port *p, TSNode n, struct expr value)
{
	TSNode left = node_field(n, "left"), right = node_field(n, "right");
	const char *low = "", *high = "";

	if (value.type->kind == TYPE_POINTER)
		value = expr_deref(p, value);
	if (node_has(left))
		low = arena_print(p->arena, "%s >= %s", expr_at(p, value, LEVEL_SHIFT),
				  expr_checked(p, port_expr(p, left, value.type)).text);
	if (node_has(right))
		high = arena_print(p->arena, "%s %s %s", expr_at(p, value, LEVEL_SHIFT),
				   strstr(node_text(p->s, n), "..=") ? "<=" : "<",
				   expr_checked(p, port_expr(p, right, value.type)).text);
	if (value.type->kind == TYPE_INT && !value.type->is_signed && text_ends(low, ">= 0"))
		low = "";
	return both(p, low, high);
}

static const char *condition(struct port *p, TSNode n, struct expr value)
{
	struct nodes parts;
	const char *all = "";

	if (node_reads(p->s, n, "_") || node_is(n, "remaining_field_pattern") || is_binding(p, n))
		return "";
	if (node_is(n, "identifier") || node_is(n, "scoped_identifier"))
		return path_condition(p, n, value);
	if (is_some(p, n))
		return both(p, option_condition(p, value, true),
			    pattern_condition(p, only_part(p, n), some_value(p, value)));
	if (node_is(n, "tuple_struct_pattern") || node_is(n, "struct_pattern"))
		return variant_condition(p, n, value);
	if (node_is(n, "range_pattern"))
		return range_condition(p, n, value);
	if (node_is(n, "mut_pattern") || node_is(n, "ref_pattern") || node_is(n, "reference_pattern"))
		return pattern_condition(p, node_first(n),
					 node_is(n, "reference_pattern") ? expr_deref(p, value) : value);
	if (node_is(n, "captured_pattern"))
		return pattern_condition(p, pattern_parts(p, n).at[1], value);
	parts = pattern_parts(p, n);
	if (node_is(n, "or_pattern")) {
		for (u32 i = 0; i < parts.count; i++) {
			const char *one = pattern_condition(p, parts.at[i], value);

			if (!*one)
				return "";
			all = arena_print(p->arena, strstr(one, "&&") ? "%s%s(%s)" : "%s%s%s", all, i ? " || " : "",
					  one);
		}
		return arena_print(p->arena, "(%s)", all);
	}
	if (node_is(n, "tuple_pattern")) {
		for (u32 i = 0; i < parts.count; i++)
			all = both(p, all,
				   pattern_condition(p, parts.at[i],
						     expr_field(p, value, arena_print(p->arena, "%u", i))));
		return all;
	}
	return equal(
		p, value,
		expr_checked(p, port_expr(p, n, value.type->kind == TYPE_POINTER ? value.type->of : value.type)).text);
}

const char *pattern_condition(struct port *p, TSNode pattern, struct expr value)
{
	const char *text;

	port_enter(p);
	text = condition(p, pattern, value);
	port_leave(p);
	return text;
}

/* --- binding
 * ------------------------------------------------------------------------------------------------------------ */

static void bind_name(struct port *p, const char *name, struct expr value, bool as_alias)
{
	struct variable *v;

	if (text_equal(name, "_") || !value.text)
		return;
	if (as_alias) {
		v = arena_alloc(p->arena, sizeof(*v));
		*v = (struct variable){name, arena_print(p->arena, "(%s)", value.text), value.type, p->variables};
		p->variables = v;
		return;
	}
	if (value.type->kind == TYPE_ARRAY || value.type->kind == TYPE_SLICE)
		port_fail(p, "a name bound to an array");
	v = variable_declare(p, name, value.type);
	if (type_is_known(value.type))
		line_put(p, "%s = %s;", type_declare(p, value.type, v->c), value.text);
	else
		line_put(p, "__auto_type %s = %s;", v->c, value.text);
	if (name[0] == '_')
		line_put(p, "(void)%s;", v->c);
}

static void bind_struct(struct port *p, TSNode n, struct expr value, bool as_alias)
{
	struct symbol *sym = pattern_symbol(p, node_field(n, "type"));
	struct nodes parts = pattern_parts(p, n);

	for (u32 i = 1; i < parts.count; i++) {
		TSNode name = node_field(parts.at[i], "name"), inner = node_field(parts.at[i], "pattern");
		const char *field;
		struct expr part;

		if (!node_is(parts.at[i], "field_pattern"))
			continue;
		field = node_text(p->s, name);
		part = sym && sym->kind == SYM_VARIANT ? variant_part(p, value, sym, symbol_field(sym, field))
						       : expr_field(p, value, field);
		if (node_has(inner))
			pattern_bind(p, inner, part, as_alias);
		else
			bind_name(p, field, part, as_alias);
	}
}

static void bind_parts(struct port *p, TSNode n, struct expr value, bool as_alias)
{
	struct symbol *sym = node_is(n, "tuple_struct_pattern") ? pattern_symbol(p, node_field(n, "type")) : NULL;
	struct nodes parts = pattern_parts(p, n);
	u32 first = node_is(n, "tuple_struct_pattern") ? 1 : 0;

	for (u32 i = first; i < parts.count; i++) {
		u32 at = i - first;

		if (sym && sym->kind == SYM_VARIANT && at < sym->field_count)
			pattern_bind(p, parts.at[i], variant_part(p, value, sym, &sym->fields[at]), as_alias);
		else if (!node_is(parts.at[i], "remaining_field_pattern"))
			pattern_bind(p, parts.at[i], expr_field(p, value, arena_print(p->arena, "%u", at)), as_alias);
	}
}

void pattern_bind(struct port *p, TSNode n, struct expr value, bool as_alias)
{
	port_enter(p);
	if (is_binding(p, n) && !node_reads(p->s, n, "_")) {
		bind_name(p, node_text(p->s, n), value, as_alias);
	} else if (node_is(n, "captured_pattern")) {
		bind_name(p, node_text(p->s, node_first(n)), value, as_alias);
	} else if (is_some(p, n)) {
		TSNode part = only_part(p, n);
		struct expr inner = some_value(p, value);

		if (node_is(part, "ref_pattern") && inner.type->kind != TYPE_POINTER)
			inner = expr_of(expr_address(p, inner), type_pointer_to(p, inner.type, false), LEVEL_UNARY);
		pattern_bind(p, part, inner, as_alias);
	} else if (node_is(n, "mut_pattern")) {
		pattern_bind(p, node_first(n), value, as_alias);
	} else if (node_is(n, "ref_pattern")) {
		TSNode inner = node_first(n);

		if (node_is(inner, "mut_pattern"))
			inner = node_first(inner);
		if (value.type->kind != TYPE_POINTER)
			value = expr_of(expr_address(p, value), type_pointer_to(p, value.type, false), LEVEL_UNARY);
		pattern_bind(p, inner, value, as_alias);
	} else if (node_is(n, "reference_pattern")) {
		pattern_bind(p, node_first(n), expr_deref(p, value), as_alias);
	} else if (node_is(n, "struct_pattern")) {
		bind_struct(p, n, value, as_alias);
	} else if (node_is(n, "tuple_pattern") || node_is(n, "tuple_struct_pattern")) {
		bind_parts(p, n, value, as_alias);
	}
	port_leave(p);
}
