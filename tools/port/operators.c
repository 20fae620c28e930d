// SPDX-License-Identifier: Apache-2.0
// Operators with Rust's meaning: no promotion of small integers, wrap-around as in a release build, no shift too far.
#include <string.h>

#include "port.h"

static u32 operator_level(const char *op)
{
	static const struct {
		const char *op;
		u32 level;
	} levels[] = {
		{"*", LEVEL_PRODUCT}, {"/", LEVEL_PRODUCT}, {"%", LEVEL_PRODUCT}, {"+", LEVEL_SUM},
		{"-", LEVEL_SUM},     {"<<", LEVEL_SHIFT},  {">>", LEVEL_SHIFT},  {"<", LEVEL_ORDER},
		{">", LEVEL_ORDER},   {"<=", LEVEL_ORDER},  {">=", LEVEL_ORDER},  {"==", LEVEL_EQUAL},
		{"!=", LEVEL_EQUAL},  {"&", LEVEL_AND},     {"^", LEVEL_XOR},     {"|", LEVEL_OR},
		{"&&", LEVEL_BOTH},   {"||", LEVEL_EITHER},
	};

	for (u32 i = 0; i < ARRAY_COUNT(levels); i++)
		if (text_equal(op, levels[i].op))
			return levels[i].level;
	return 0;
}

/* gcc asks for parentheses between these, and readers are glad of them. */
static const char *operand(struct port *p, struct expr e, u32 level)
{
	if (level <= LEVEL_SHIFT && level != LEVEL_BOTH && level != LEVEL_EITHER && e.level < LEVEL_UNARY &&
	    !(level >= LEVEL_EQUAL && level <= LEVEL_ORDER && e.level >= LEVEL_PRODUCT) && e.level != level)
		return arena_print(p->arena, "(%s)", expr_checked(p, e).text);
	if (level == LEVEL_EITHER && e.level == LEVEL_BOTH)
		return arena_print(p->arena, "(%s)", e.text);
	return expr_at(p, e, level);
}

static struct expr binary(struct port *p, const char *op, struct expr a, struct expr b, struct type *type)
{
	u32 level = operator_level(op);
	const char *right = operand(p, b, level);
	struct expr e;

	if (b.level == level && (*op == '-' || *op == '/' || *op == '%' || level == LEVEL_SHIFT))
		right = arena_print(p->arena, "(%s)", b.text);
	e = expr_of(arena_print(p->arena, "%s %s %s", operand(p, a, level), op, right), type, level);
	e.is_simple = a.is_simple && b.is_simple;
	e.is_constant = a.is_constant && b.is_constant;
	return e;
}

static struct expr cast_to(struct port *p, struct expr e, struct type *type)
{
	struct expr c = expr_of(arena_print(p->arena, "(%s)%s", type_name(p, type), expr_at(p, e, LEVEL_UNARY)), type,
				LEVEL_UNARY);

	c.is_simple = e.is_simple;
	c.is_constant = e.is_constant;
	return c;
}

static struct expr shift(struct port *p, const char *op, struct expr a, struct expr b)
{
	struct expr e;
	u32 bits = a.type->bits;

	if (text_equal(op, "<<") && text_equal(a.text, "1") && b.is_constant && (bits == 64 || a.type->is_literal)) {
		e = expr_of(arena_print(p->arena, "BIT(%s)", b.text), a.type->is_literal ? &type_u64 : a.type,
			    LEVEL_PRIMARY);
		if (a.type->is_literal)
			e.type = &type_literal;
		e.is_simple = e.is_constant = true;
		return e;
	}
	if (!b.is_constant) /* the processor of a release build takes the count modulo the width, C takes none beyond */
		b = expr_of(arena_print(p->arena, "(%s & %u)", expr_at(p, b, LEVEL_SHIFT), bits - 1), b.type,
			    LEVEL_PRIMARY);
	if (a.type->is_signed && text_equal(op, "<<")) {
		struct type *wide = bits == 32 ? &type_u32 : &type_u64;

		if (bits > 64)
			port_fail(p, "a shift of 128 signed bits");
		return cast_to(p, binary(p, op, cast_to(p, a, wide), b, wide), a.type);
	}
	if (text_equal(op, "<<") && (bits < 64 || a.is_constant) && bits <= 64)
		return cast_to(p, binary(p, op, cast_to(p, a, bits < 64 ? &type_u32 : a.type), b, a.type), a.type);
	return binary(p, op, a, b, a.type);
}

/* 4 * 1024 of type u64: C would compute it as int. One operand of the right width is enough. */
static struct expr widen_literal(struct port *p, struct expr a, struct expr b, struct type *type)
{
	bool is_plain = a.text[0] >= '0' && a.text[0] <= '9' && a.text[strspn(a.text, "0123456789abcdefx")] == 0;

	if (is_plain && b.is_constant && !type->is_literal && (type->bits > 32 || !type->is_signed) && type->bits >= 32)
		return cast_to(p, a, type);
	return a;
}

struct expr expr_arithmetic(struct port *p, const char *op, struct expr a, struct expr b)
{
	struct type *type = a.type->is_literal ? b.type : a.type;
	struct type *wide;

	if (type_is_number(type) && strchr("+-*", *op))
		a = widen_literal(p, a, b, type);
	if (operator_level(op) == LEVEL_SHIFT) {
		if (!type_is_number(a.type))
			port_fail(p, "a shift of a value whose type is not known");
		return shift(p, op, a, b);
	}
	if (type->kind == TYPE_BOOL && strchr("&|^", *op))
		return binary(p, op, a, b, type);
	if (type->kind == TYPE_POINTER || !type_is_number(type))
		port_fail(p, "%s on values whose type is not known", op);
	if (strchr("/%", *op) && !b.is_constant) { /* Rust stops here, C would do anything */
		if (!b.is_simple)
			b = expr_temporary(p, b, "divisor");
		line_put(p, "ASSERT(%s);", b.text);
	}
	if (strchr("&|^", *op) || strchr("/%", *op) || type->bits == 128 || type->is_literal ||
	    (!type->is_signed && type->bits >= 32))
		return binary(p, op, a, b, type);
	if (!type->is_signed)
		return cast_to(p, binary(p, op, a, b, type), type); /* u8, u16: computed as int, cut back */
	wide = type->bits == 64 ? &type_u64 : &type_u32;
	return cast_to(p, binary(p, op, cast_to(p, a, wide), cast_to(p, b, wide), wide), type);
}

/* The right side of && and || must not run when the left decides: what it needs first goes into a branch. */
static struct expr lazy(struct port *p, TSNode n, const char *op)
{
	struct expr a = port_expr(p, node_field(n, "left"), &type_bool), b, e;
	struct text *out = p->out, hoisted = {.arena = p->arena};
	const char *name;

	p->out = &hoisted;
	p->indent++;
	b = expr_checked(p, port_expr(p, node_field(n, "right"), &type_bool));
	p->indent--;
	p->out = out;
	if (!hoisted.length)
		return binary(p, op, a, b, &type_bool);
	name = name_temporary(p, "holds");
	line_put(p, "bool %s = %s;", name, expr_checked(p, a).text);
	line_put(p, "if (%s%s) {", text_equal(op, "||") ? "!" : "", name);
	text_put(p->out, text_get(&hoisted));
	p->indent++;
	line_put(p, "%s = %s;", name, b.text);
	p->indent--;
	line_put(p, "}");
	e = expr_of(name, &type_bool, LEVEL_PRIMARY);
	e.is_simple = true;
	return e;
}

static bool is_comparable(const struct type *t)
{
	return type_is_scalar(t) || t->kind == TYPE_POINTER || t->kind == TYPE_FUNCTION;
}

static struct expr compare(struct port *p, const char *op, struct expr a, struct expr b)
{
	if (a.type->kind == TYPE_POINTER && b.type->kind == TYPE_POINTER && type_is_scalar(a.type->of)) {
		a = expr_deref(p, a); /* Rust compares what references refer to */
		b = expr_deref(p, b);
	} else if (a.type->kind == TYPE_POINTER && b.type->kind != TYPE_POINTER) {
		a = expr_deref(p, a);
	} else if (b.type->kind == TYPE_POINTER && a.type->kind != TYPE_POINTER) {
		b = expr_deref(p, b);
	}
	if (a.type->kind == TYPE_STRUCT && !a.type->symbol && text_ends(a.type->c, "_t")) {
		a = expr_field(p, a, "0"); /* gpa_t and its kin */
		b = expr_field(p, b, "0");
	}
	if (a.type->kind == TYPE_STR && b.type->kind == TYPE_STR && (text_equal(op, "==") || text_equal(op, "!=")))
		return expr_of(arena_print(p->arena, "strcmp(%s, %s) %s 0", a.text, b.text, op), &type_bool,
			       LEVEL_EQUAL);
	if (a.type->symbol && symbol_find_value(p, a.type->symbol->name, "eq"))
		port_fail(p, "a comparison that %s defines itself", a.type->symbol->name);
	if (!is_comparable(a.type) || !is_comparable(b.type))
		port_fail(p, "a comparison of values that are no numbers");
	return binary(p, op, a, b, &type_bool);
}

struct expr expr_binary(struct port *p, TSNode n, struct type *expected)
{
	const char *op = node_text(p->s, node_field(n, "operator"));
	u32 level = operator_level(op);
	bool is_comparison = level == LEVEL_EQUAL || level == LEVEL_ORDER;
	struct expr a, b;

	if (level == LEVEL_BOTH || level == LEVEL_EITHER)
		return lazy(p, n, op);
	a = expr_checked(p, port_expr(p, node_field(n, "left"), is_comparison ? NULL : expected));
	if (level == LEVEL_SHIFT) {
		b = expr_checked(p, port_expr(p, node_field(n, "right"), NULL));
		return expr_arithmetic(p, op, a, b);
	}
	b = expr_checked(p, port_expr(p, node_field(n, "right"), a.type->is_literal ? expected : a.type));
	if (a.type->is_literal && type_is_number(b.type) && !b.type->is_literal)
		a = expr_checked(p, port_expr(p, node_field(n, "left"), b.type));
	if (is_comparison)
		return compare(p, op, a, b);
	return expr_arithmetic(p, op, expr_deref(p, a), expr_deref(p, b));
}

struct expr expr_unary(struct port *p, TSNode n, struct type *expected)
{
	const char *op = node_text(p->s, ts_node_child(n, 0));
	struct expr e, r;

	if (text_equal(op, "*"))
		return expr_deref(p, port_expr(p, node_first(n), NULL));
	e = expr_checked(p, port_expr(p, node_first(n), expected));
	if (text_equal(op, "!") && e.type->kind == TYPE_BOOL) {
		r = expr_of(arena_print(p->arena, "!%s", expr_at(p, e, LEVEL_UNARY)), &type_bool, LEVEL_UNARY);
	} else if (text_equal(op, "!") && type_is_number(e.type)) {
		if (e.is_constant && e.type->bits == 64) /* a literal may be narrower than its type */
			e = cast_to(p, e, e.type);
		r = expr_of(arena_print(p->arena, "~%s", expr_at(p, e, LEVEL_UNARY)), e.type, LEVEL_UNARY);
		if (e.type->bits < 32)
			r = cast_to(p, r, e.type);
	} else if (text_equal(op, "-") && type_is_number(e.type) && e.type->is_signed) {
		r = expr_of(arena_print(p->arena, "-%s", expr_at(p, e, LEVEL_UNARY + 1)), e.type, LEVEL_UNARY);
	} else {
		port_fail(p, "%s on a value whose type is not known", op);
	}
	r.is_simple = e.is_simple;
	r.is_constant = e.is_constant;
	return r;
}

struct expr expr_cast(struct port *p, TSNode n, struct type *expected)
{
	TSNode to = node_field(n, "type");
	struct type *type = node_reads(p->s, to, "_") ? expected : type_from_node(p, to);
	struct expr e = expr_checked(p, port_expr(p, node_field(n, "value"), NULL));
	struct type *from = e.type;

	if (!type || !type_is_known(type) || from->kind == TYPE_SUM || from->kind == TYPE_UNKNOWN ||
	    type->kind == TYPE_SLICE)
		port_fail(p, "a cast from or to a type that is not known");
	if (from->is_literal && type_is_number(type))
		return cast_to(p, port_expr(p, node_field(n, "value"), type), type);
	if ((from->kind == TYPE_POINTER || from->kind == TYPE_FUNCTION || from->kind == TYPE_STR ||
	     from->kind == TYPE_SLICE) &&
	    type_is_number(type))
		return cast_to(p, cast_to(p, e, &type_usize), type);
	if (type->kind == TYPE_POINTER && type_is_number(from))
		return cast_to(p, e.type->bits == 64 ? e : cast_to(p, e, &type_usize), type);
	if (type->kind == TYPE_POINTER && from->kind == TYPE_POINTER && from->of->kind == TYPE_ARRAY && e.is_simple)
		return cast_to(p, expr_deref(p, e), type);
	if (from->kind == TYPE_STRUCT || type->kind == TYPE_STRUCT)
		port_fail(p, "a cast of a struct");
	return cast_to(p, e, type);
}
