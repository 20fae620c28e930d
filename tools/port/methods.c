// SPDX-License-Identifier: Apache-2.0
// Method calls: the file's own methods, and those of integers, options, slices, flags, atomics and raw pointers.
#include <string.h>

#include "port.h"

static struct expr argument(struct port *p, const struct nodes *args, u32 i, struct type *expected)
{
	if (i >= args->count)
		port_fail(p, "a method with too few arguments");
	return expr_checked(p, port_expr(p, args->at[i], expected));
}

static struct expr call_of(struct port *p, const char *text, struct type *type)
{
	(void)p;
	return expr_of(text, type, LEVEL_PRIMARY);
}

/* --- integers
 * ----------------------------------------------------------------------------------------------------------- */

/* checked_add(b): a call that fails with ERR_RANGE where the result does not fit. */
static struct expr checked(struct port *p, struct expr self, const char *op, struct expr b)
{
	struct expr e = expr_of(NULL, type_option_of(p, self.type), LEVEL_PRIMARY);
	const char *name = name_temporary(p, "sum");

	line_put(p, "%s;", type_declare(p, self.type, name));
	line_put(p, "bool %s_fits = !__builtin_%s_overflow(%s, %s, &%s);", name, op, self.text, b.text, name);
	e.text = arena_print(p->arena, "(%s){.is_some = %s_fits, .value = %s}", type_name(p, e.type), name, name);
	return e;
}

static struct expr saturating(struct port *p, struct expr self, const char *op, struct expr b)
{
	const char *name = name_temporary(p, "sum");
	struct expr e;

	if (self.type->is_signed)
		port_fail(p, "saturating arithmetic on signed numbers");
	line_put(p, "%s;", type_declare(p, self.type, name));
	line_put(p, "if (__builtin_%s_overflow(%s, %s, &%s))", op, self.text, b.text, name);
	line_put(p, "\t%s = %s;", name,
		 text_equal(op, "sub") ? "0" : arena_print(p->arena, "(%s)~(%s)0", self.type->c, self.type->c));
	e = expr_of(name, self.type, LEVEL_PRIMARY);
	e.is_simple = e.is_place = true;
	return e;
}

static struct expr bit_method(struct port *p, struct expr self, const char *name)
{
	u32 bits = self.type->bits;
	const char *wide = bits == 64 ? "ll" : "";
	const char *text = self.text, *unsigned_text = arena_print(p->arena, "(u%u)(%s)", bits, text);

	if (bits > 64 || self.type->is_literal)
		port_fail(p, "%s of this type", name);
	if (text_equal(name, "count_ones"))
		return call_of(p, arena_print(p->arena, "(u32)__builtin_popcount%s(%s)", wide, unsigned_text),
			       &type_u32);
	if (text_equal(name, "is_power_of_two"))
		return call_of(p, arena_print(p->arena, "(__builtin_popcount%s(%s) == 1)", wide, unsigned_text),
			       &type_bool);
	if (text_equal(name, "trailing_zeros"))
		return call_of(p,
			       arena_print(p->arena, "((%s) ? (u32)__builtin_ctz%s(%s) : %uu)", text, wide,
					   unsigned_text, bits),
			       &type_u32);
	if (text_equal(name, "leading_zeros"))
		return call_of(p,
			       arena_print(p->arena, "((%s) ? (u32)__builtin_clz%s(%s)%s : %uu)", text, wide,
					   unsigned_text, bits < 32 ? arena_print(p->arena, " - %uu", 32 - bits) : "",
					   bits),
			       &type_u32);
	if (text_equal(name, "swap_bytes") && bits > 8)
		return call_of(p, arena_print(p->arena, "__builtin_bswap%u(%s)", bits, text), self.type);
	port_fail(p, "the method %s of a number", name);
}

struct expr expr_int_method(struct port *p, struct expr self, const char *name, const struct nodes *args,
			    struct type *expected)
{
	static const char *const ops[][2] = {{"add", "+"}, {"sub", "-"}, {"mul", "*"}, {"shl", "<<"}, {"shr", ">>"}};
	const char *verb = strchr(name, '_') ? strchr(name, '_') + 1 : "";

	if (self.type->is_literal && expected && type_is_number(expected))
		self.type = expected;
	if (args->count == 0)
		return bit_method(p, self, name);
	if (!self.is_simple)
		self = expr_temporary(p, self, "value");
	for (u32 i = 0; i < ARRAY_COUNT(ops) && args->count == 1; i++) {
		struct expr b;

		if (!text_equal(verb, ops[i][0]))
			continue;
		b = argument(p, args, 0, i < 3 ? self.type : &type_u32);
		if (text_starts(name, "wrapping_"))
			return expr_arithmetic(p, ops[i][1], self, b);
		if (text_starts(name, "checked_") && i < 3)
			return checked(p, self, verb, b);
		if (text_starts(name, "saturating_") && i < 3)
			return saturating(p, self, verb, b);
	}
	if ((text_equal(name, "rotate_left") || text_equal(name, "rotate_right")) && args->count == 1) {
		struct expr by = argument(p, args, 0, &type_u32);
		bool is_left = text_equal(name, "rotate_left");

		if (!by.is_constant || self.type->is_signed || self.type->bits < 32)
			port_fail(p, "a rotation by a number that is not constant");
		return call_of(p,
			       arena_print(p->arena, "(%s %s %s | %s %s (%u - %s))", expr_at(p, self, LEVEL_UNARY),
					   is_left ? "<<" : ">>", by.text, expr_at(p, self, LEVEL_UNARY),
					   is_left ? ">>" : "<<", self.type->bits, by.text),
			       self.type);
	}
	if ((text_equal(name, "min") || text_equal(name, "max")) && args->count == 1)
		return call_of(p,
			       arena_print(p->arena, "%s(%s, %s)", text_equal(name, "min") ? "MIN" : "MAX", self.text,
					   argument(p, args, 0, self.type).text),
			       self.type);
	if (text_equal(name, "abs_diff")) {
		struct expr b = argument(p, args, 0, self.type);

		if (self.type->is_signed)
			port_fail(p, "abs_diff of signed numbers");
		return call_of(
			p, arena_print(p->arena, "(MAX(%s, %s) - MIN(%s, %s))", self.text, b.text, self.text, b.text),
			self.type);
	}
	port_fail(p, "the method %s of a number", name);
}

/* --- atomics and flags
 * ------------------------------------------------------------------------------------------------- */

static const char *order_of(struct port *p, TSNode n)
{
	static const char *const orders[][2] = {{"Relaxed", "RELAXED"},
						{"Acquire", "ACQUIRE"},
						{"Release", "RELEASE"},
						{"AcqRel", "ACQ_REL"},
						{"SeqCst", "SEQ_CST"}};
	const char *name = node_last_name(p->s, n);

	for (u32 i = 0; i < ARRAY_COUNT(orders); i++)
		if (text_equal(name, orders[i][0]))
			return arena_print(p->arena, "__ATOMIC_%s", orders[i][1]);
	port_fail(p, "the memory order %s", name);
}

static struct expr atomic_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	struct type *plain = arena_alloc(p->arena, sizeof(*plain));
	const char *place = expr_address(p, self);

	*plain = *self.type;
	plain->is_atomic = false;
	if (text_equal(name, "load") && args->count == 1)
		return call_of(p, arena_print(p->arena, "__atomic_load_n(%s, %s)", place, order_of(p, args->at[0])),
			       plain);
	if (args->count != 2)
		port_fail(p, "the atomic method %s", name);
	if (text_equal(name, "store"))
		return call_of(p,
			       arena_print(p->arena, "__atomic_store_n(%s, %s, %s)", place,
					   argument(p, args, 0, plain).text, order_of(p, args->at[1])),
			       &type_unit);
	if (text_equal(name, "swap"))
		name = "exchange_n";
	else if (!text_starts(name, "fetch_") || text_equal(name, "fetch_max") || text_equal(name, "fetch_min") ||
		 text_equal(name, "fetch_update"))
		port_fail(p, "the atomic method %s", name);
	return call_of(p,
		       arena_print(p->arena, "__atomic_%s(%s, %s, %s)", name, place, argument(p, args, 0, plain).text,
				   order_of(p, args->at[1])),
		       plain);
}

static struct expr flags_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	const char *text = expr_at(p, self, LEVEL_UNARY);
	struct expr b;

	if (text_equal(name, "bits") && !args->count) {
		struct type *t = arena_alloc(p->arena, sizeof(*t));

		*t = *self.type;
		t->kind = TYPE_INT;
		self.type = t;
		return self;
	}
	if (text_equal(name, "is_empty") && !args->count)
		return expr_of(arena_print(p->arena, "%s == 0", text), &type_bool, LEVEL_EQUAL);
	b = argument(p, args, 0, self.type);
	if (text_equal(name, "contains")) {
		if (!b.is_simple)
			b = expr_temporary(p, b, "flags");
		return expr_of(arena_print(p->arena, "(%s & (%s)) == (%s)", text, b.text, b.text), &type_bool,
			       LEVEL_EQUAL);
	}
	if (text_equal(name, "intersects"))
		return expr_of(arena_print(p->arena, "(%s & (%s)) != 0", text, b.text), &type_bool, LEVEL_EQUAL);
	if (text_equal(name, "insert"))
		return expr_of(arena_print(p->arena, "%s |= %s", self.text, b.text), &type_unit, LEVEL_CHOICE);
	if (text_equal(name, "remove"))
		return expr_of(arena_print(p->arena, "%s &= (%s)~(%s)", self.text, self.type->c, b.text), &type_unit,
			       LEVEL_CHOICE);
	if (text_equal(name, "union"))
		return expr_arithmetic(p, "|", self, b);
	port_fail(p, "the method %s of flags", name);
}

/* --- options and results
 * -------------------------------------------------------------------------------------------------- */

static struct expr option_value(struct port *p, struct expr self)
{
	struct expr e;

	if (self.type->is_option) {
		struct type *t = arena_alloc(p->arena, sizeof(*t));

		*t = *self.type;
		t->is_option = false;
		self.type = t;
		return self;
	}
	e = expr_of(arena_print(p->arena, "%s.value", expr_at(p, self, LEVEL_PRIMARY)), self.type->of, LEVEL_PRIMARY);
	e.is_place = self.is_place;
	e.is_simple = self.is_simple;
	return e;
}

static const char *option_test(struct port *p, struct expr self)
{
	return self.type->is_option ? expr_at(p, self, LEVEL_UNARY)
				    : arena_print(p->arena, "%s.is_some", expr_at(p, self, LEVEL_PRIMARY));
}

static const char *closure_error(struct port *p, TSNode n)
{
	if (node_is(n, "closure_expression"))
		n = node_field(n, "body");
	return error_from_node(p, n);
}

static struct expr option_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	static const char *const same[] = {"as_ref", "as_mut", "as_deref", "as_deref_mut", "copied", "cloned", NULL};
	struct expr value;

	if (!self.is_simple)
		self = expr_temporary(p, self, "option");
	if (text_equal(name, "is_some"))
		return self.type->is_option
			       ? expr_of(arena_print(p->arena, "%s != NULL", self.text), &type_bool, LEVEL_EQUAL)
			       : expr_of(option_test(p, self), &type_bool, LEVEL_PRIMARY);
	if (text_equal(name, "is_none"))
		return expr_of(arena_print(p->arena, "!%s", option_test(p, self)), &type_bool, LEVEL_UNARY);
	if (text_is_one_of(name, same) && self.type->is_option && !text_equal(name, "copied") &&
	    !text_equal(name, "cloned"))
		return self;
	if (text_equal(name, "ok_or") || text_equal(name, "ok_or_else")) {
		if (args->count != 1)
			port_fail(p, "ok_or without an error");
		self.error = closure_error(p, args->at[0]);
		return self;
	}
	value = option_value(p, self);
	if (text_equal(name, "unwrap") || text_equal(name, "expect")) {
		line_put(p, "ASSERT(%s);", option_test(p, self));
		return value;
	}
	if (text_equal(name, "unwrap_or") && args->count == 1)
		return expr_of(arena_print(p->arena, "(%s ? %s : %s)", option_test(p, self), value.text,
					   argument(p, args, 0, value.type).text),
			       value.type, LEVEL_PRIMARY);
	port_fail(p, "the method %s of an Option", name);
}

static struct expr fallible_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	struct expr place;
	const char *error;

	if ((text_equal(name, "map_err") || text_equal(name, "ok_or") || text_equal(name, "ok_or_else")) &&
	    args->count == 1) {
		self.error = closure_error(p, args->at[0]);
		return self;
	}
	if (text_equal(name, "ok"))
		return self;
	place = fallible_run(p, self, &error);
	if (text_equal(name, "is_ok") || text_equal(name, "is_some"))
		return expr_of(arena_print(p->arena, "%s == OK", error), &type_bool, LEVEL_EQUAL);
	if (text_equal(name, "is_err") || text_equal(name, "is_none"))
		return expr_of(arena_print(p->arena, "%s != OK", error), &type_bool, LEVEL_EQUAL);
	if (text_equal(name, "unwrap") || text_equal(name, "expect")) {
		line_put(p, "ASSERT(%s == OK);", error);
		return place.text ? place : expr_of("", &type_unit, LEVEL_PRIMARY);
	}
	if (text_equal(name, "unwrap_or") && place.text && args->count == 1)
		return expr_of(arena_print(p->arena, "(%s == OK ? %s : %s)", error, place.text,
					   argument(p, args, 0, place.type).text),
			       place.type, LEVEL_PRIMARY);
	port_fail(p, "the method %s of a Result", name);
}

/* --- slices, pointers, ranges
 * ----------------------------------------------------------------------------------------------- */

static const char *bytes_of(struct port *p, struct expr e, const char *count)
{
	if (e.type->of->kind == TYPE_INT && e.type->of->bits == 8)
		return count;
	return arena_print(p->arena, "(%s) * sizeof(%s)", count, type_name(p, e.type->of));
}

static struct expr slice_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	const char *count = self.type->kind == TYPE_ARRAY ? self.type->count : self.count;
	struct expr e;

	if (!count)
		port_fail(p, "a slice whose length is not known");
	if (text_equal(name, "len")) {
		e = expr_of(count, &type_usize, strchr(count, ' ') ? LEVEL_SUM : LEVEL_PRIMARY);
		e.is_simple = true;
		return e;
	}
	if (text_equal(name, "is_empty"))
		return expr_of(arena_print(p->arena, "(%s) == 0", count), &type_bool, LEVEL_EQUAL);
	if (text_equal(name, "as_ptr") || text_equal(name, "as_mut_ptr"))
		return expr_of(self.text, type_pointer_to(p, self.type->of, text_equal(name, "as_ptr")), self.level);
	if (text_equal(name, "as_slice") || text_equal(name, "as_mut_slice")) {
		struct type *slice = arena_alloc(p->arena, sizeof(*slice));

		*slice = (struct type){
			.kind = TYPE_SLICE, .of = self.type->of, .is_const = text_equal(name, "as_slice")};
		self.type = slice;
		self.count = count;
		return self;
	}
	if (text_equal(name, "fill") && args->count == 1 && self.type->of->kind == TYPE_INT &&
	    self.type->of->bits == 8) {
		return expr_of(arena_print(p->arena, "memset(%s, %s, %s)", self.text,
					   argument(p, args, 0, self.type->of).text, count),
			       &type_unit, LEVEL_PRIMARY);
	}
	if (text_equal(name, "copy_from_slice") && args->count == 1) {
		e = argument(p, args, 0, NULL);
		if (!e.count && e.type->kind == TYPE_POINTER && e.type->of->kind == TYPE_ARRAY)
			e.count = e.type->of->count;
		if (!e.count)
			port_fail(p, "a slice whose length is not known");
		line_put(p, "ASSERT((%s) == (%s));", count, e.count);
		return expr_of(arena_print(p->arena, "memcpy(%s, %s, %s)", self.text, e.text, bytes_of(p, self, count)),
			       &type_unit, LEVEL_PRIMARY);
	}
	port_fail(p, "the method %s of a slice", name);
}

static struct expr pointer_method(struct port *p, struct expr self, const char *name, const struct nodes *args)
{
	const char *text = expr_at(p, self, LEVEL_UNARY);
	struct type *of = self.type->of;
	struct expr e;

	if (text_equal(name, "is_null"))
		return expr_of(arena_print(p->arena, "!%s", text), &type_bool, LEVEL_UNARY);
	if ((text_equal(name, "read_volatile") || text_equal(name, "write_volatile")) && type_is_number(of)) {
		bool is_write = text_equal(name, "write_volatile");
		const char *place =
			arena_print(p->arena, "*(%svolatile %s *)%s", is_write ? "" : "const ", of->c, text);

		if (!is_write)
			return expr_of(place, of, LEVEL_UNARY);
		return expr_of(arena_print(p->arena, "%s = %s", place, argument(p, args, 0, of).text), &type_unit,
			       LEVEL_CHOICE);
	}
	if (text_equal(name, "read") && !args->count)
		return expr_deref(p, self);
	if (text_equal(name, "write") && args->count == 1)
		return expr_of(arena_print(p->arena, "*%s = %s", text, argument(p, args, 0, of).text), &type_unit,
			       LEVEL_CHOICE);
	if (text_equal(name, "add") || text_equal(name, "offset") || text_equal(name, "wrapping_add"))
		return expr_of(arena_print(p->arena, "%s + %s", text,
					   expr_at(p, argument(p, args, 0, &type_usize), LEVEL_PRODUCT)),
			       self.type, LEVEL_SUM);
	if (text_equal(name, "as_ptr") || text_equal(name, "as_mut") || text_equal(name, "as_ref"))
		return self;
	if (of->kind == TYPE_SLICE || of->kind == TYPE_ARRAY) {
		e = expr_deref(p, self);
		return slice_method(p, e, name, args);
	}
	port_fail(p, "the method %s of a pointer", name);
}

/* (a..b).contains(&x) */
static struct expr range_contains(struct port *p, TSNode range, const struct nodes *args)
{
	struct nodes bounds = node_named(p->s, range);
	const char *last = strstr(node_text(p->s, range), "..=") ? "<=" : "<";
	struct expr low, high, x;

	if (bounds.count != 2)
		port_fail(p, "a range without an end");
	x = expr_deref(p, argument(p, args, 0, NULL));
	if (!x.is_simple)
		x = expr_temporary(p, x, "value");
	low = expr_checked(p, port_expr(p, bounds.at[0], x.type));
	high = expr_checked(p, port_expr(p, bounds.at[1], x.type));
	return expr_of(arena_print(p->arena, "%s >= %s && %s %s %s", expr_at(p, x, LEVEL_SHIFT),
				   expr_at(p, low, LEVEL_SHIFT), expr_at(p, x, LEVEL_SHIFT), last,
				   expr_at(p, high, LEVEL_SHIFT)),
		       &type_bool, LEVEL_BOTH);
}

static struct expr address_method(struct port *p, struct expr self, const char *name)
{
	static const char *const plain[] = {"as_u64", "raw", "value", "as_usize", "get", "bits", "as_raw", NULL};

	if (!text_is_one_of(name, plain))
		port_fail(p, "the method %s of an address", name);
	return expr_field(p, self, "0");
}

struct expr expr_method(struct port *p, TSNode call, TSNode field, struct type *expected)
{
	const char *name = node_text(p->s, node_field(field, "field"));
	struct nodes args = node_named(p->s, node_field(call, "arguments"));
	TSNode receiver = node_field(field, "value");
	struct symbol *owner, *sym;
	struct type *type;
	struct expr self;

	if (node_is(receiver, "parenthesized_expression") && node_is(node_first(receiver), "range_expression") &&
	    text_equal(name, "contains"))
		return range_contains(p, node_first(receiver), &args);
	if (register_method(p, call, receiver, name, &args, &self))
		return self;
	self = port_expr(p, receiver, NULL);
	if (self.call)
		return fallible_method(p, self, name, &args);
	self = expr_checked(p, self);
	type = self.type->kind == TYPE_POINTER && !self.type->is_option ? self.type->of : self.type;
	owner = type->symbol;
	sym = owner ? symbol_find_value(p, owner->name, name) : NULL;
	if (sym && sym->kind == SYM_FUNCTION && sym->owner && text_equal(sym->owner, owner->name) && sym->has_self)
		return expr_user_call(p, sym, &self, &args);
	if (sym && sym->kind == SYM_FUNCTION && sym->why)
		port_fail(p, "%s is not translated: %s", name, sym->why);
	if (text_equal(name, "clone") && !args.count)
		return self.type->kind == TYPE_POINTER ? expr_deref(p, self) : self;
	if (self.type->is_option || self.type->kind == TYPE_OPTION)
		return option_method(p, self, name, &args);
	if (type->is_atomic)
		return atomic_method(p, self.type->kind == TYPE_POINTER ? expr_deref(p, self) : self, name, &args);
	if (self.type->kind == TYPE_POINTER && type_is_scalar(type) && strcmp(name, "read_volatile") != 0 &&
	    strcmp(name, "write_volatile") != 0 && strcmp(name, "add") != 0 && strcmp(name, "read") != 0 &&
	    strcmp(name, "write") != 0 && strcmp(name, "is_null") != 0) {
		self = expr_deref(p, self);
		type = self.type;
	}
	if (self.type->kind == TYPE_FLAGS)
		return flags_method(p, self, name, &args);
	if (self.type->kind == TYPE_INT)
		return expr_int_method(p, self, name, &args, expected);
	if (self.type->kind == TYPE_SLICE || self.type->kind == TYPE_ARRAY)
		return slice_method(p, self, name, &args);
	if (type->kind == TYPE_STRUCT && !type->symbol && text_ends(type->c, "_t"))
		return address_method(p, self, name);
	if (self.type->kind == TYPE_POINTER)
		return pointer_method(p, self, name, &args);
	if (text_equal(name, "get") && !args.count)
		return self; /* a cell */
	port_fail(p, "the method %s of %s", name, owner ? owner->name : "a type that is not known here");
}
