// SPDX-License-Identifier: Apache-2.0
// Expressions: what each node becomes, with its C type.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "port_map.h"

struct expr expr_of(const char *text, struct type *type, u32 level)
{
	return (struct expr){.text = text, .type = type, .level = level};
}

const char *expr_at(struct port *p, struct expr e, u32 level)
{
	e = expr_checked(p, e);
	return e.level >= level ? e.text : arena_print(p->arena, "(%s)", e.text);
}

struct expr expr_checked(struct port *p, struct expr e)
{
	if (e.call)
		port_fail(p, "the result of a call that can fail is used as it is");
	if (!e.text)
		port_fail(p, "an expression without a value");
	return e;
}

struct expr expr_deref(struct port *p, struct expr e)
{
	struct expr d;

	e = expr_checked(p, e);
	if (e.type->kind != TYPE_POINTER)
		return e; /* a scalar self, a binding by value */
	if (e.text[0] == '&' && e.level == LEVEL_UNARY)
		d = expr_of(arena_print(p->arena, "%s", e.text + 1), e.type->of, LEVEL_UNARY);
	else
		d = expr_of(arena_print(p->arena, "*%s", expr_at(p, e, LEVEL_UNARY)), e.type->of, LEVEL_UNARY);
	d.is_place = true;
	d.is_simple = e.is_simple;
	return d;
}

const char *expr_address(struct port *p, struct expr e)
{
	e = expr_checked(p, e);
	if (e.text[0] == '*' && e.level == LEVEL_UNARY)
		return e.text + 1;
	if (!e.is_place)
		e = expr_temporary(p, e, "value");
	return arena_print(p->arena, "&%s", expr_at(p, e, LEVEL_UNARY));
}

struct expr expr_temporary(struct port *p, struct expr e, const char *stem)
{
	const char *name = name_temporary(p, stem);
	struct expr t;

	e = expr_checked(p, e);
	if (type_is_known(e.type))
		line_put(p, "%s = %s;", type_declare(p, e.type, name), e.text);
	else
		line_put(p, "__auto_type %s = %s;", name, e.text);
	t = expr_of(name, e.type, LEVEL_PRIMARY);
	t.is_place = t.is_simple = true;
	t.count = e.count;
	return t;
}

/* 0x8400_0003u32, 0b1010, 0o17, 1_000usize */
static struct expr integer(struct port *p, const char *text, struct type *expected)
{
	static const struct {
		const char *suffix;
		struct type *type;
	} suffixes[] = {{"u8", &type_u8},   {"u16", &type_u16},     {"u32", &type_u32},
			{"u64", &type_u64}, {"usize", &type_usize}, {"i32", &type_s32}};
	char *digits = arena_copy(p->arena, text, strlen(text)), *to = digits;
	struct type *type = NULL;
	struct expr e;
	char *end;
	u64 value;
	int base = 10;

	for (const char *from = text; *from; from++)
		if (*from != '_')
			*to++ = *from;
	*to = 0;
	if (digits[0] == '0' && strchr("xbo", digits[1]) && digits[1])
		base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
	value = strtoull(base == 10 ? digits : digits + 2, &end, base);
	for (u32 i = 0; i < ARRAY_COUNT(suffixes); i++)
		if (text_equal(end, suffixes[i].suffix))
			type = suffixes[i].type;
	if (*end && !type)
		port_fail(p, "the number %s", text);
	if (!type)
		type = expected && type_is_number(expected) ? expected : &type_literal;
	to = arena_print(p->arena, base == 10 ? "%llu" : "0x%llx", (unsigned long long)value);
	if (value > 0x7fffffff)
		to = arena_print(p->arena, "%s%s", to, value > 0xffffffff ? "ull" : "u");
	e = expr_of(to, type, LEVEL_PRIMARY);
	e.is_simple = e.is_constant = true;
	return e;
}

static struct expr text_literal(struct port *p, TSNode n)
{
	const char *raw = node_text(p->s, n);
	size_t prefix = strcspn(raw, "\"");
	struct text t = {.arena = p->arena};
	struct expr e;

	if (node_is(n, "raw_string_literal") || strstr(raw, "\\u{"))
		port_fail(p, "a raw or Unicode string");
	for (const char *c = raw + prefix; *c; c++) {
		if (*c == '\n')
			text_put(&t, "\\n");
		else if (*c == '\\' && c[1] == '\n')
			for (c++; isspace((unsigned char)c[1]); c++)
				;
		else
			text_add(&t, c, 1);
	}
	e = expr_of(text_get(&t), &type_str, LEVEL_PRIMARY);
	e.is_simple = true;
	if (raw[0] == 'b') {
		struct type *slice = arena_alloc(p->arena, sizeof(*slice));

		*slice = (struct type){.kind = TYPE_SLICE, .of = &type_u8, .is_const = true};
		e.count = arena_print(p->arena, "sizeof(%s) - 1", e.text);
		e.text = arena_print(p->arena, "(const u8 *)%s", e.text);
		e.level = LEVEL_UNARY;
		e.type = slice;
	}
	return e;
}

static struct expr character(struct port *p, TSNode n)
{
	const char *raw = node_text(p->s, n);
	bool is_byte = raw[0] == 'b';
	struct expr e;

	for (const char *c = raw; *c; c++)
		if ((unsigned char)*c >= 0x80)
			port_fail(p, "a character beyond ASCII");
	if (strstr(raw, "\\u"))
		port_fail(p, "a Unicode character");
	e = expr_of(raw + is_byte, is_byte ? &type_u8 : &type_u32, LEVEL_PRIMARY);
	e.is_simple = e.is_constant = true;
	return e;
}

/* What a name means when no declaration in reach has it: a constant of the table, or a name of another file. */
static struct expr foreign_name(struct port *p, const char *name)
{
	const struct map_row *row = map_find(name);
	struct expr e;

	if (row && *row->read && (row->kind == MAP_PSCI || row->kind == MAP_SMCCC) && row->fit == MAP_SAME) {
		e = expr_of(row->read, &type_err, LEVEL_PRIMARY);
		e.is_simple = e.is_constant = true;
		return e;
	}
	port_fail(p, "%s is declared elsewhere", name);
}

static struct expr symbol_value(struct port *p, struct symbol *sym)
{
	struct expr e;

	if (sym->why)
		port_fail(p, "%s: %s", sym->name, sym->why);
	if (sym->kind == SYM_VARIANT) {
		struct type *type = symbol_as_type(p, sym->sum);

		e = expr_of(sym->c, type, LEVEL_PRIMARY);
		if (sym->sum->kind == SYM_SUM)
			e = expr_of(arena_print(p->arena, "(%s){.tag = %s}", type->c, sym->c), type, LEVEL_PRIMARY);
		e.is_simple = true;
		e.is_constant = sym->sum->kind != SYM_SUM;
		return e;
	}
	if (sym->kind == SYM_FUNCTION) {
		struct type *t = arena_alloc(p->arena, sizeof(*t));

		*t = (struct type){.kind = TYPE_FUNCTION, .of = sym->type, .params = sym->field_count};
		t->param = arena_alloc(p->arena, (sym->field_count + 1) * sizeof(*t->param));
		for (u32 i = 0; i < sym->field_count; i++)
			t->param[i] = sym->fields[i].type;
		return expr_of(sym->c, t, LEVEL_PRIMARY);
	}
	e = expr_of(sym->c, sym->type ? sym->type : &type_unknown, LEVEL_PRIMARY);
	e.is_simple = true;
	e.is_constant = sym->kind == SYM_CONST;
	e.is_place = sym->kind == SYM_STATIC || !type_is_scalar(e.type);
	return e;
}

static struct expr variable_value(struct variable *v)
{
	struct expr e = expr_of(v->c, v->type, LEVEL_PRIMARY);

	e.is_place = e.is_simple = true;
	if (v->type->kind == TYPE_SLICE)
		e.count = v->type->count;
	return e;
}

static struct expr limit(struct port *p, const char *type, const char *name)
{
	u32 bits = (u32)strtoul(type + 1, NULL, 10);
	struct type *t = text_equal(type, "usize") ? &type_usize
			 : type[0] == 'u'          ? (bits == 8    ? &type_u8
						      : bits == 16 ? &type_u16
						      : bits == 32 ? &type_u32
								   : &type_u64)
						   : &type_s32;
	struct expr e;

	if (text_equal(type, "usize"))
		bits = 64;
	if (type[0] != 'u' && bits != 32)
		port_fail(p, "%s::%s", type, name);
	if (text_equal(name, "BITS"))
		e = expr_of(arena_print(p->arena, "%uu", bits), &type_u32, LEVEL_PRIMARY);
	else if (text_equal(name, "MIN") && type[0] == 'u')
		e = expr_of("0", t, LEVEL_PRIMARY);
	else if (text_equal(name, "MAX") || text_equal(name, "MIN"))
		e = expr_of(arena_print(p->arena, "%s%u_%s", type[0] == 'u' ? "UINT" : "INT", bits, name), t,
			    LEVEL_PRIMARY);
	else
		port_fail(p, "%s::%s", type, name);
	e.is_simple = e.is_constant = true;
	return e;
}

static bool is_integer_name(const char *name)
{
	static const char *const names[] = {"u8", "u16", "u32", "u64", "usize", "i32", NULL};

	return text_is_one_of(name, names);
}

struct expr expr_path(struct port *p, TSNode n)
{
	const char *name = node_last_name(p->s, n);
	TSNode path = node_field(n, "path");
	const char *owner = node_has(path) ? node_last_name(p->s, path) : NULL;
	struct variable *v = owner ? NULL : variable_find(p, name);
	struct symbol *sym;

	if (v)
		return variable_value(v);
	if (owner && is_integer_name(owner))
		return limit(p, owner, name);
	if (owner && text_equal(owner, "Self") && p->self_type)
		owner = p->self_type;
	if (owner && (text_equal(owner, "self") || text_equal(owner, "crate") || text_equal(owner, "super")))
		owner = NULL;
	sym = symbol_find_value(p, owner, name);
	return sym ? symbol_value(p, sym) : foreign_name(p, name);
}

static struct field address_field = {.name = "0", .c = "v", .type = &type_u64};

struct expr expr_field(struct port *p, struct expr base, const char *name)
{
	struct field *field;
	struct expr e;
	struct type *t = base.type;
	bool is_pointer;

	base = expr_checked(p, base);
	while (t->kind == TYPE_POINTER && t->of->kind == TYPE_POINTER) {
		base = expr_deref(p, base);
		t = base.type;
	}
	is_pointer = t->kind == TYPE_POINTER;
	if (is_pointer)
		t = t->of;
	if (t->kind == TYPE_STRUCT && !t->symbol && text_equal(name, "0") && text_ends(t->c, "_t"))
		field = &address_field;
	else if (!t->symbol)
		port_fail(p, "the field %s of a type that is declared elsewhere", name);
	else
		field = symbol_field(t->symbol, name);
	if (!field)
		port_fail(p, "%s has no field %s", t->symbol ? t->symbol->name : t->c, name);
	if (!field->type)
		port_fail(p, "the field %s: %s", name, field->why ? field->why : "its type is not known");
	if (is_pointer && base.text[0] == '&' && base.level == LEVEL_UNARY)
		e = expr_of(arena_print(p->arena, "%s.%s", base.text + 1, field->c), field->type, LEVEL_PRIMARY);
	else
		e = expr_of(arena_print(p->arena, "%s%s%s", expr_at(p, base, LEVEL_PRIMARY), is_pointer ? "->" : ".",
					field->c),
			    field->type, LEVEL_PRIMARY);
	e.is_place = base.is_place || is_pointer;
	e.is_simple = base.is_simple;
	if (field->type->kind == TYPE_SLICE)
		e.count = arena_print(p->arena, "%s_count", e.text);
	return e;
}

/* a[i]: Rust stops where i is out of bounds, and so does this. */
static struct expr index_value(struct port *p, TSNode n)
{
	struct nodes parts = node_named(p->s, n);
	struct expr base = expr_checked(p, port_expr(p, parts.at[0], NULL)), index, e;
	const char *count;

	if (base.type->kind == TYPE_POINTER && base.type->of->kind == TYPE_ARRAY)
		base = expr_deref(p, base);
	if (base.type->kind != TYPE_ARRAY && base.type->kind != TYPE_SLICE)
		port_fail(p, "an index into something that is no array");
	if (node_is(parts.at[1], "range_expression"))
		port_fail(p, "a part of a slice here");
	index = expr_checked(p, port_expr(p, parts.at[1], &type_usize));
	count = base.type->kind == TYPE_ARRAY ? base.type->count : base.count;
	if (!index.is_constant && count) {
		if (!index.is_simple)
			index = expr_temporary(p, index, "index");
		line_put(p, "ASSERT(%s < %s);", expr_at(p, index, LEVEL_SHIFT), count);
	}
	e = expr_of(arena_print(p->arena, "%s[%s]", expr_at(p, base, LEVEL_PRIMARY), index.text), base.type->of,
		    LEVEL_PRIMARY);
	e.is_place = true;
	e.is_simple = base.is_simple && index.is_simple;
	return e;
}

/* &buffer[a..b] */
static struct expr part_of_slice(struct port *p, TSNode n, bool is_const)
{
	struct nodes parts = node_named(p->s, n), bounds = node_named(p->s, parts.at[1]);
	const char *range = node_text(p->s, parts.at[1]);
	struct expr base = expr_checked(p, port_expr(p, parts.at[0], NULL)), e;
	struct type *slice = arena_alloc(p->arena, sizeof(*slice));
	const char *from = "0", *to, *count;

	if (base.type->kind == TYPE_POINTER && base.type->of->kind == TYPE_ARRAY)
		base = expr_deref(p, base);
	if (base.type->kind != TYPE_ARRAY && base.type->kind != TYPE_SLICE)
		port_fail(p, "a part of something that is no array");
	to = count = base.type->kind == TYPE_ARRAY ? base.type->count : base.count;
	if (strstr(range, "..="))
		port_fail(p, "a slice with an inclusive end");
	for (u32 i = 0; i < bounds.count; i++) {
		struct expr bound = expr_checked(p, port_expr(p, bounds.at[i], &type_usize));

		if (!bound.is_simple)
			bound = expr_temporary(p, bound, "bound");
		if (i == 0 && !text_starts(range, ".."))
			from = expr_at(p, bound, LEVEL_PRODUCT);
		else
			to = expr_at(p, bound, LEVEL_PRODUCT);
	}
	line_put(p, "ASSERT(%s <= %s && %s <= %s);", from, to, to, count);
	*slice = (struct type){.kind = TYPE_SLICE, .of = base.type->of, .is_const = is_const};
	e = expr_of(arena_print(p->arena, text_equal(from, "0") ? "%s" : "%s + %s", expr_at(p, base, LEVEL_SUM), from),
		    slice, text_equal(from, "0") ? LEVEL_PRIMARY : LEVEL_SUM);
	e.count = text_equal(from, "0") ? to : arena_print(p->arena, "%s - %s", to, from);
	return e;
}

static struct expr reference(struct port *p, TSNode n, struct type *expected)
{
	TSNode value = node_field(n, "value");
	bool is_const = !node_has(node_child_of_type(n, "mutable_specifier"));
	struct expr e, r;

	if (node_is(value, "index_expression") && node_is(node_named(p->s, value).at[1], "range_expression"))
		return part_of_slice(p, value, is_const);
	e = expr_checked(p, port_expr(p, value, expected && expected->kind == TYPE_POINTER ? expected->of : NULL));
	if (e.type->kind == TYPE_STR || e.type->kind == TYPE_SLICE)
		return e;
	if (e.type->kind == TYPE_ARRAY && (!expected || expected->kind == TYPE_SLICE)) {
		struct type *slice = arena_alloc(p->arena, sizeof(*slice));

		*slice = (struct type){.kind = TYPE_SLICE, .of = e.type->of, .is_const = is_const};
		r = expr_of(e.text, slice, e.level);
		r.count = e.type->count;
		return r;
	}
	if (e.type->kind == TYPE_UNKNOWN)
		port_fail(p, "a reference to a value whose type is not known");
	r = expr_of(expr_address(p, e), type_pointer_to(p, e.type, is_const), LEVEL_UNARY);
	r.is_simple = e.is_simple;
	return r;
}

/* The type of (x, y) that is written nowhere: of its parts. */
static struct type *tuple_of_parts(struct port *p, const struct expr *parts, u32 count)
{
	struct type **types = arena_alloc(p->arena, (count + 1) * sizeof(struct type *));

	for (u32 i = 0; i < count; i++) {
		types[i] = parts[i].type;
		if (!type_is_scalar(types[i]) && types[i]->kind != TYPE_POINTER)
			port_fail(p, "a tuple whose type is not written");
		if (types[i]->is_literal || types[i]->is_option)
			port_fail(p, "a tuple whose type is not written");
	}
	return type_tuple_of(p, types, count);
}

static struct expr tuple(struct port *p, TSNode n, struct type *expected)
{
	struct nodes list = node_named(p->s, n);
	struct expr *parts = arena_alloc(p->arena, (list.count + 1) * sizeof(*parts));
	struct text t = {.arena = p->arena};
	bool is_known = expected && expected->symbol && expected->symbol->field_count == list.count;

	for (u32 i = 0; i < list.count; i++)
		parts[i] =
			expr_checked(p, port_expr(p, list.at[i], is_known ? expected->symbol->fields[i].type : NULL));
	if (!is_known)
		expected = tuple_of_parts(p, parts, list.count);
	text_print(&t, "(%s){", type_name(p, expected));
	for (u32 i = 0; i < list.count; i++)
		text_print(&t, "%s.part%u = %s", i ? ", " : "", i, parts[i].text);
	text_put(&t, "}");
	return expr_of(text_get(&t), expected, LEVEL_PRIMARY);
}

/* A block or a branch that is used as a value: its statements first, the value in a variable. */
static struct expr control_value(struct port *p, TSNode n, struct type *expected)
{
	struct expr e;
	const char *name;

	if (node_is(n, "unsafe_block") || node_is(n, "block")) {
		TSNode block = node_is(n, "block") ? n : node_child_of_type(n, "block");
		struct nodes list = node_named(p->s, block);

		if (list.count == 1 && !node_is(list.at[0], "let_declaration") &&
		    !node_is(list.at[0], "expression_statement") && !node_is_control(list.at[0]))
			return port_expr(p, list.at[0], expected);
	}
	if (!expected || !type_is_known(expected) || expected->is_literal)
		expected = control_type(p, n);
	if (!expected)
		port_fail(p, "a block as a value whose type is not known");
	if (type_is_fallible(expected))
		port_fail(p, "a block as a result");
	name = name_temporary(p, "value");
	line_put(p, "%s;", type_declare(p, expected, name));
	port_control(p, n, (struct dest){DEST_VARIABLE, name, expected});
	e = expr_of(name, expected, LEVEL_PRIMARY);
	e.is_place = e.is_simple = true;
	return e;
}

static struct expr boolean(struct port *p, TSNode n)
{
	struct expr e = expr_of(node_text(p->s, n), &type_bool, LEVEL_PRIMARY);

	e.is_simple = e.is_constant = true;
	return e;
}

static struct expr parenthesized(struct port *p, TSNode n, struct type *expected)
{
	struct expr e = port_expr(p, node_first(n), expected);

	if (e.text && e.level < LEVEL_PRIMARY) {
		e.text = arena_print(p->arena, "(%s)", e.text);
		e.level = LEVEL_PRIMARY;
	}
	return e;
}

static struct expr expr_node(struct port *p, TSNode n, struct type *expected)
{
	if (node_is(n, "integer_literal"))
		return integer(p, node_text(p->s, n), expected);
	if (node_is(n, "boolean_literal"))
		return boolean(p, n);
	if (node_is(n, "string_literal") || node_is(n, "raw_string_literal"))
		return text_literal(p, n);
	if (node_is(n, "char_literal"))
		return character(p, n);
	if (node_is(n, "self"))
		return variable_find(p, "self") ? variable_value(variable_find(p, "self")) : foreign_name(p, "self");
	if (node_is(n, "identifier") || node_is(n, "scoped_identifier")) {
		if (expected && type_is_fallible(expected) && node_reads(p->s, n, "None"))
			return expr_of(type_zero(p, expected), expected, LEVEL_PRIMARY);
		if (expected && expected->is_option && node_reads(p->s, n, "None"))
			return expr_of("NULL", expected, LEVEL_PRIMARY);
		return expr_path(p, n);
	}
	if (node_is(n, "parenthesized_expression"))
		return parenthesized(p, n, expected);
	if (node_is(n, "binary_expression"))
		return expr_binary(p, n, expected);
	if (node_is(n, "unary_expression") || node_is(n, "negative_literal"))
		return expr_unary(p, n, expected);
	if (node_is(n, "type_cast_expression"))
		return expr_cast(p, n, expected);
	if (node_is(n, "field_expression"))
		return expr_field(p, port_expr(p, node_field(n, "value"), NULL),
				  node_text(p->s, node_field(n, "field")));
	if (node_is(n, "index_expression"))
		return node_is(node_named(p->s, n).at[1], "range_expression") ? part_of_slice(p, n, false)
									      : index_value(p, n);
	if (node_is(n, "reference_expression"))
		return reference(p, n, expected);
	if (node_is(n, "call_expression"))
		return expr_call(p, n, expected);
	if (node_is(n, "macro_invocation"))
		return expr_macro(p, n, expected);
	if (node_is(n, "try_expression"))
		return expr_try(p, n);
	if (node_is(n, "struct_expression"))
		return expr_struct(p, n);
	if (node_is(n, "tuple_expression"))
		return tuple(p, n, expected);
	if (node_is(n, "array_expression") && expected && expected->kind == TYPE_ARRAY)
		return expr_of(arena_print(p->arena, "(%s)%s", type_name(p, expected), expr_init(p, n, expected).text),
			       expected, LEVEL_PRIMARY);
	if (node_is_control(n))
		return control_value(p, n, expected);
	port_fail(p, "%s as a value", ts_node_type(n));
}

struct expr port_expr(struct port *p, TSNode n, struct type *expected)
{
	struct expr e;

	if (!node_has(n))
		port_fail(p, "something is missing");
	port_enter(p);
	e = expr_node(p, n, expected);
	port_leave(p);
	return e;
}
