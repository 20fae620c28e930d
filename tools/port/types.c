// SPDX-License-Identifier: Apache-2.0
// Rust's types in C: what each becomes, how it is declared, what its zero is.
#include <string.h>

#include "port.h"

#define INT(text, width, sign)                                                                                         \
	{                                                                                                              \
		.kind = TYPE_INT, .c = text, .bits = width, .is_signed = sign                                          \
	}

struct type type_unknown = {.kind = TYPE_UNKNOWN, .c = "?"};
struct type type_unit = {.kind = TYPE_UNIT, .c = "void"};
struct type type_never = {.kind = TYPE_NEVER, .c = "void"};
struct type type_bool = {.kind = TYPE_BOOL, .c = "bool", .bits = 8};
struct type type_u8 = INT("u8", 8, false), type_u16 = INT("u16", 16, false), type_u32 = INT("u32", 32, false),
	    type_u64 = INT("u64", 64, false), type_usize = INT("size_t", 64, false), type_s32 = INT("s32", 32, true);
struct type type_s64 = INT("s64", 64, true);
static struct type type_s8 = INT("s8", 8, true), type_s16 = INT("s16", 16, true),
		   type_u128 = INT("unsigned __int128", 128, false), type_s128 = INT("__int128", 128, true),
		   type_void = {.kind = TYPE_STRUCT, .c = "void"};
struct type type_literal = {.kind = TYPE_INT, .c = "s32", .bits = 32, .is_signed = true, .is_literal = true};
struct type type_str = {.kind = TYPE_STR, .c = "const char *"};
struct type type_err = {.kind = TYPE_ENUM, .c = "err_t"};
struct type type_void_pointer = {.kind = TYPE_POINTER, .of = &type_void};
static struct type type_gpa = {.kind = TYPE_STRUCT, .c = "gpa_t"}, type_gva = {.kind = TYPE_STRUCT, .c = "gva_t"},
		   type_hpa = {.kind = TYPE_STRUCT, .c = "hpa_t"};

static const struct {
	const char *rust;
	struct type *type;
} plain[] = {
	{"u8", &type_u8},       {"u16", &type_u16},    {"u32", &type_u32},     {"u64", &type_u64},
	{"usize", &type_usize}, {"u128", &type_u128},  {"i8", &type_s8},       {"i16", &type_s16},
	{"i32", &type_s32},     {"i64", &type_s64},    {"isize", &type_s64},   {"i128", &type_s128},
	{"bool", &type_bool},   {"str", &type_str},    {"char", &type_u32},    {"c_void", &type_void},
	{"c_int", &type_s32},   {"c_uint", &type_u32}, {"c_ulong", &type_u64},
};

/* Newtypes of addresses that are not declared in the file: this tree's own. */
static const struct {
	const char *rust;
	struct type *type;
} addresses[] = {
	{"PhysAddr", &type_hpa},      {"PhysicalAddress", &type_hpa}, {"HostPhysAddr", &type_hpa},
	{"PAddr", &type_hpa},         {"VirtAddr", &type_gva},        {"VirtualAddress", &type_gva},
	{"GuestVirtAddr", &type_gva}, {"VAddr", &type_gva},           {"Ipa", &type_gpa},
	{"IPA", &type_gpa},           {"GuestPhysAddr", &type_gpa},   {"IpaAddr", &type_gpa},
};

static const struct {
	const char *rust;
	struct type *type;
} atomics[] = {
	{"AtomicU8", &type_u8},       {"AtomicU16", &type_u16}, {"AtomicU32", &type_u32}, {"AtomicU64", &type_u64},
	{"AtomicUsize", &type_usize}, {"AtomicI32", &type_s32}, {"AtomicI64", &type_s64}, {"AtomicBool", &type_bool},
};

static struct type *type_new(struct port *p, enum type_kind kind)
{
	struct type *t = arena_alloc(p->arena, sizeof(*t));

	t->kind = kind;
	return t;
}

struct type *type_pointer_to(struct port *p, struct type *of, bool is_const)
{
	struct type *t = type_new(p, TYPE_POINTER);

	t->of = of;
	t->is_const = is_const;
	return t;
}

struct type *type_array_of(struct port *p, struct type *of, const char *count)
{
	struct type *t = type_new(p, TYPE_ARRAY);

	t->of = of;
	t->count = count;
	return t;
}

struct type *type_option_of(struct port *p, struct type *of)
{
	struct type *t;

	if (of->kind == TYPE_POINTER || of->kind == TYPE_FUNCTION || of->kind == TYPE_STR) {
		t = type_new(p, of->kind);
		*t = *of;
		t->is_option = true;
		return t;
	}
	t = type_new(p, TYPE_OPTION);
	t->of = of;
	return t;
}

static struct type *named_type(struct port *p, const char *name)
{
	struct symbol *sym;
	struct type *t;

	for (u32 i = 0; i < ARRAY_COUNT(plain); i++)
		if (text_equal(plain[i].rust, name))
			return plain[i].type;
	if (text_equal(name, "Self") && p->self_type)
		name = p->self_type;
	if (text_equal(name, "f32") || text_equal(name, "f64"))
		port_fail(p, "this tree has no floating point");
	sym = symbol_find_type(p, name);
	if (sym)
		return symbol_as_type(p, sym);
	for (u32 i = 0; i < ARRAY_COUNT(addresses); i++)
		if (text_equal(addresses[i].rust, name))
			return addresses[i].type;
	for (u32 i = 0; i < ARRAY_COUNT(atomics); i++)
		if (text_equal(atomics[i].rust, name)) {
			t = type_new(p, TYPE_INT);
			*t = *atomics[i].type;
			t->is_atomic = true;
			return t;
		}
	t = type_new(p, TYPE_STRUCT); /* of another file: opaque */
	t->c = arena_print(p->arena, "struct %s", name_type(p, name));
	return t;
}

static struct type *generic_type(struct port *p, TSNode n)
{
	const char *name = node_last_name(p->s, n);
	struct nodes args = node_named(p->s, node_field(n, "type_arguments"));
	struct type *t;

	while (args.count && node_is(args.at[0], "lifetime"))
		args = (struct nodes){args.at + 1, args.count - 1};
	if (!args.count)
		return named_type(p, name);
	if (text_equal(name, "Option"))
		return type_option_of(p, type_from_node(p, args.at[0]));
	if (text_equal(name, "Result") || text_ends(name, "Result")) {
		t = type_new(p, TYPE_RESULT);
		t->of = type_from_node(p, args.at[0]);
		return t;
	}
	if (text_equal(name, "Box") || text_equal(name, "NonNull"))
		return type_pointer_to(p, type_from_node(p, args.at[0]), false);
	if (text_equal(name, "UnsafeCell") || text_equal(name, "Cell") || text_equal(name, "PhantomData") ||
	    text_equal(name, "MaybeUninit") || text_equal(name, "ManuallyDrop"))
		return text_equal(name, "PhantomData") ? &type_unit : type_from_node(p, args.at[0]);
	if (text_equal(name, "AtomicPtr"))
		port_fail(p, "AtomicPtr: choose the type and the orderings by hand");
	port_fail(p, "%s<...>: C has no generics, and no counterpart is known", name);
}

static struct type *reference_type(struct port *p, TSNode n)
{
	TSNode of = node_field(n, "type");
	bool is_mutable = node_has(node_child_of_type(n, "mutable_specifier"));
	struct type *t;

	if (node_is(of, "array_type") && !node_has(node_field(of, "length"))) {
		t = type_new(p, TYPE_SLICE);
		t->of = type_from_node(p, node_field(of, "element"));
		t->is_const = !is_mutable;
		return t;
	}
	t = type_from_node(p, of);
	if (t->kind == TYPE_STR || t->kind == TYPE_FUNCTION)
		return t;
	if (t->kind == TYPE_UNIT)
		port_fail(p, "a pointer to ()");
	return type_pointer_to(p, t, !is_mutable);
}

struct type *type_tuple_of(struct port *p, struct type *const *parts, u32 count)
{
	struct symbol *sym = arena_alloc(p->arena, sizeof(*sym));
	struct text name = {.arena = p->arena};
	struct symbol *same;

	text_put(&name, "pair");
	sym->fields = arena_alloc(p->arena, count * sizeof(*sym->fields));
	for (u32 i = 0; i < count; i++) {
		struct field *f = &sym->fields[sym->field_count++];

		f->name = arena_print(p->arena, "%u", i);
		f->c = arena_print(p->arena, "part%u", i);
		f->type = parts[i];
		text_print(&name, "_%s", type_word(p, f->type));
	}
	same = symbol_find_type(p, text_get(&name));
	if (same)
		return symbol_as_type(p, same);
	sym->kind = SYM_STRUCT;
	sym->is_tuple = sym->is_foreign = true;
	sym->name = sym->c = text_get(&name);
	sym->s = p->s;
	*p->symbols_tail = sym;
	p->symbols_tail = &sym->next;
	return symbol_as_type(p, sym);
}

static struct type *tuple_type(struct port *p, TSNode n)
{
	struct nodes parts = node_named(p->s, n);
	struct type **types = arena_alloc(p->arena, (parts.count + 1) * sizeof(struct type *));

	for (u32 i = 0; i < parts.count; i++)
		types[i] = type_from_node(p, parts.at[i]);
	return type_tuple_of(p, types, parts.count);
}

static struct type *function_type(struct port *p, TSNode n)
{
	struct type *t = type_new(p, TYPE_FUNCTION);
	struct nodes params = node_named(p->s, node_field(n, "parameters"));
	TSNode result = node_field(n, "return_type");

	t->param = arena_alloc(p->arena, (params.count + 1) * sizeof(*t->param));
	for (u32 i = 0; i < params.count; i++) {
		TSNode type = node_is(params.at[i], "parameter") ? node_field(params.at[i], "type") : params.at[i];

		t->param[t->params++] = type_from_node(p, type);
	}
	t->of = node_has(result) ? type_from_node(p, result) : &type_unit;
	return t;
}

static struct type *array_type(struct port *p, TSNode n)
{
	TSNode length = node_field(n, "length");
	struct type *element = type_from_node(p, node_field(n, "element"));

	if (!node_has(length))
		port_fail(p, "a slice without a reference");
	return type_array_of(p, element, expr_checked(p, port_expr(p, length, &type_usize)).text);
}

static struct type *from_node(struct port *p, TSNode n)
{
	if (node_is(n, "primitive_type") || node_is(n, "type_identifier") || node_is(n, "identifier") ||
	    node_is(n, "scoped_type_identifier") || node_is(n, "scoped_identifier")) {
		if (node_is(node_field(n, "path"), "identifier") && node_reads(p->s, node_field(n, "path"), "Self"))
			port_fail(p, "an associated type");
		return named_type(p, node_last_name(p->s, n));
	}
	if (node_is(n, "generic_type"))
		return generic_type(p, n);
	if (node_is(n, "reference_type"))
		return reference_type(p, n);
	if (node_is(n, "pointer_type"))
		return type_pointer_to(p, type_from_node(p, node_field(n, "type")),
				       !node_has(node_child_of_type(n, "mutable_specifier")));
	if (node_is(n, "array_type"))
		return array_type(p, n);
	if (node_is(n, "unit_type"))
		return &type_unit;
	if (node_is(n, "never_type"))
		return &type_never;
	if (node_is(n, "tuple_type"))
		return tuple_type(p, n);
	if (node_is(n, "function_type"))
		return function_type(p, n);
	if (node_is(n, "dynamic_type"))
		return named_type(p, node_last_name(p->s, node_field(n, "trait")));
	port_fail(p, "the type %s", node_text(p->s, n));
}

struct type *type_from_node(struct port *p, TSNode n)
{
	struct type *t;

	port_enter(p);
	t = from_node(p, n);
	port_leave(p);
	return t;
}

bool type_is_number(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_FLAGS;
}

bool type_is_known(const struct type *t)
{
	return t->kind != TYPE_UNKNOWN;
}

bool type_is_scalar(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_BOOL || t->kind == TYPE_ENUM || t->kind == TYPE_FLAGS;
}

bool type_is_fallible(const struct type *t)
{
	return t->kind == TYPE_RESULT || t->kind == TYPE_OPTION;
}

struct type *type_value(struct type *t)
{
	return type_is_fallible(t) ? t->of : t;
}

const char *type_word(struct port *p, const struct type *t)
{
	const char *c = t->c ? t->c : "";

	if (t->kind == TYPE_POINTER || t->kind == TYPE_SLICE)
		return arena_print(p->arena, "%s_pointer", type_word(p, t->of));
	if (t->kind == TYPE_ARRAY)
		return arena_print(p->arena, "%s_array", type_word(p, t->of));
	if (t->kind == TYPE_STR)
		return "text";
	if (t->kind == TYPE_OPTION)
		return arena_print(p->arena, "option_%s", type_word(p, t->of));
	if (t->kind == TYPE_UNKNOWN || t->kind == TYPE_FUNCTION || t->kind == TYPE_RESULT)
		port_fail(p, "a name for this type");
	if (strrchr(c, ' '))
		c = strrchr(c, ' ') + 1;
	return c;
}

static const char *function_declare(struct port *p, const struct type *t, const char *name)
{
	struct text params = {.arena = p->arena};
	struct type *result = t->of;

	for (u32 i = 0; i < t->params; i++)
		text_print(&params, "%s%s", i ? ", " : "", type_declare(p, t->param[i], ""));
	if (type_is_fallible(result)) {
		if (result->of->kind != TYPE_UNIT)
			text_print(&params, "%s%s", params.length ? ", " : "",
				   type_declare(p, type_pointer_to(p, result->of, false), "value"));
		result = &type_err;
	}
	return arena_print(
		p->arena, "%s",
		type_declare(p, result,
			     arena_print(p->arena, "(*%s)(%s)", name, params.length ? text_get(&params) : "void")));
}

static const char *option_declare(struct port *p, const struct type *t, const char *name)
{
	const char *word = type_word(p, t);
	struct symbol *sym = symbol_find_type(p, word);

	if (!sym) {
		sym = arena_alloc(p->arena, sizeof(*sym));
		sym->kind = SYM_STRUCT;
		sym->is_foreign = sym->is_used = true;
		sym->name = sym->c = word;
		sym->s = p->s;
		sym->field_count = 2;
		sym->fields = arena_alloc(p->arena, 2 * sizeof(*sym->fields));
		sym->fields[0] = (struct field){.name = "is_some", .c = "is_some", .type = &type_bool};
		sym->fields[1] = (struct field){.name = "value", .c = "value", .type = t->of};
		*p->symbols_tail = sym;
		p->symbols_tail = &sym->next;
	}
	sym->is_used = true;
	return arena_print(p->arena, "struct %s%s%s", word, *name ? " " : "", name);
}

const char *type_declare(struct port *p, const struct type *t, const char *name)
{
	const char *gap = *name ? " " : "";

	switch (t->kind) {
	case TYPE_POINTER:
		if (t->of->kind == TYPE_ARRAY)
			return type_declare(p, t->of, arena_print(p->arena, "(*%s)", name));
		if (t->of->kind == TYPE_UNKNOWN)
			port_fail(p, "a pointer to an unknown type");
		return arena_print(p->arena, "%s%s", t->is_const && t->of->kind != TYPE_POINTER ? "const " : "",
				   type_declare(p, t->of, arena_print(p->arena, "*%s", name)));
	case TYPE_SLICE:
		return arena_print(p->arena, "%s%s", t->is_const ? "const " : "",
				   type_declare(p, t->of, arena_print(p->arena, "*%s", name)));
	case TYPE_ARRAY:
		return type_declare(p, t->of, arena_print(p->arena, "%s[%s]", name, t->count));
	case TYPE_FUNCTION:
		return function_declare(p, t, name);
	case TYPE_OPTION:
		return option_declare(p, t, name);
	case TYPE_STR:
		return arena_print(p->arena, "const char *%s", name);
	case TYPE_UNKNOWN:
	case TYPE_RANGE:
		port_fail(p, "a type that is not known here");
	case TYPE_RESULT:
		return arena_print(p->arena, "err_t%s%s", gap, name);
	default:
		if (t->symbol)
			t->symbol->is_used = true;
		return arena_print(p->arena, "%s%s%s", t->c, gap, name);
	}
}

const char *type_name(struct port *p, const struct type *t)
{
	return type_declare(p, t, "");
}

const char *type_zero(struct port *p, const struct type *t)
{
	if (t->kind == TYPE_BOOL)
		return "false";
	if (t->kind == TYPE_POINTER || t->kind == TYPE_FUNCTION || t->kind == TYPE_STR)
		return "NULL";
	if (type_is_scalar(t))
		return "0";
	return arena_print(p->arena, "(%s){0}", type_name(p, t));
}
