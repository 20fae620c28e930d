// SPDX-License-Identifier: Apache-2.0
// Calls of functions, constructors of structs and variants, the core library's free functions.
#include <string.h>

#include "port.h"
#include "port_map.h"

static void add_argument(struct port *p, struct text *t, TSNode n, struct type *type)
{
	struct expr e = expr_checked(p, port_expr(p, n, type));

	if (type && type->kind == TYPE_POINTER && e.type->kind != TYPE_POINTER && e.type->kind != TYPE_STR &&
	    type_is_known(e.type))
		port_fail(p, "an argument that is no reference where one is due");
	text_print(t, "%s%s", t->s && !text_ends(t->s, "(") ? ", " : "", e.text);
	if (type && type->kind == TYPE_SLICE) {
		const char *count = e.count;

		if (e.type->kind == TYPE_POINTER && e.type->of->kind == TYPE_ARRAY)
			count = e.type->of->count;
		if (!count)
			port_fail(p, "a slice whose length is not known");
		if (e.type->kind == TYPE_POINTER) {
			t->length -= strlen(e.text);
			t->s[t->length] = 0;
			text_put(t, expr_deref(p, e).text);
		}
		text_print(t, ", %s", count);
	}
}

static const char *self_argument(struct port *p, struct symbol *sym, struct expr self)
{
	struct type *want = sym->fields[0].type;

	self = expr_checked(p, self);
	if (want->kind == TYPE_POINTER && self.type->kind != TYPE_POINTER)
		return expr_address(p, self);
	if (want->kind != TYPE_POINTER && self.type->kind == TYPE_POINTER)
		return expr_deref(p, self).text;
	return self.text;
}

struct expr expr_user_call(struct port *p, struct symbol *sym, const struct expr *self, const struct nodes *args)
{
	struct text t = {.arena = p->arena};
	u32 first = self ? 1 : 0;
	struct expr e;

	if (sym->why)
		port_fail(p, "%s is not translated: %s", sym->name, sym->why);
	if (!sym->type || args->count + first != sym->field_count)
		port_fail(p, "a call of %s with other arguments than it takes", sym->name);
	text_print(&t, "%s(", sym->c);
	if (self)
		text_put(&t, self_argument(p, sym, *self));
	for (u32 i = 0; i < args->count; i++)
		add_argument(p, &t, args->at[i], sym->fields[i + first].type);
	e = expr_of(NULL, sym->type, LEVEL_PRIMARY);
	if (type_is_fallible(sym->type)) {
		e.call = text_get(&t);
		return e;
	}
	if (sym->type->kind == TYPE_SLICE) {
		e.count = name_temporary(p, "count");
		line_put(p, "size_t %s;", e.count);
		text_print(&t, "%s&%s)", text_ends(text_get(&t), "(") ? "" : ", ", e.count);
		e.text = text_get(&t);
		return expr_temporary(p, e, "slice"); /* the count is there after the call */
	}
	text_put(&t, ")");
	e.text = text_get(&t);
	return e;
}

/* Some(x), Ok(x), Err(e) as values: only where a variable of the type waits for them. */
static struct expr constructor(struct port *p, const char *name, const struct nodes *args, struct type *expected)
{
	struct expr e;

	if (!text_equal(name, "Some") || args->count != 1)
		port_fail(p, "%s as a value", name);
	if (!expected)
		port_fail(p, "Some(...) whose type is not written");
	if (expected->is_option) {
		e = expr_checked(p, port_expr(p, args->at[0], expected));
		return e;
	}
	if (expected->kind != TYPE_OPTION)
		port_fail(p, "Some(...) for what is no Option");
	return expr_of(arena_print(p->arena, "(%s){.is_some = true, .value = %s}", type_name(p, expected),
				   expr_init(p, args->at[0], expected->of).text),
		       expected, LEVEL_PRIMARY);
}

static struct expr tuple_struct(struct port *p, struct symbol *sym, const struct nodes *args)
{
	struct type *type = symbol_as_type(p, sym->kind == SYM_VARIANT ? sym->sum : sym);
	struct text t = {.arena = p->arena};
	const char *member = sym->kind == SYM_VARIANT ? name_c(p, name_snake(p->arena, sym->name)) : NULL;

	if (args->count != sym->field_count)
		port_fail(p, "%s with other parts than it has", sym->name);
	text_print(&t, "(%s){", type->c);
	if (member)
		text_print(&t, ".tag = %s, .%s = {", sym->c, member);
	for (u32 i = 0; i < args->count; i++) {
		if (!sym->fields[i].type)
			port_fail(p, "a part of %s: %s", sym->name, sym->fields[i].why);
		text_print(&t, "%s.%s = %s", i ? ", " : "", sym->fields[i].c,
			   expr_init(p, args->at[i], sym->fields[i].type).text);
	}
	text_put(&t, member ? "}}" : "}");
	return expr_of(text_get(&t), type, LEVEL_PRIMARY);
}

/* hpa_t and its kin: PhysAddr(x), PhysAddr::new(x). */
static bool address_call(struct port *p, const char *owner, const char *name, const struct nodes *args, struct expr *e)
{
	static const char *const makers[] = {"new", "from", "new_truncate", "from_u64", NULL};
	struct type *type;

	if (args->count != 1 || (owner && !text_is_one_of(name, makers)))
		return false;
	if (symbol_find_type(p, owner ? owner : name))
		return false;
	for (const char *const *known = (const char *const[]){"PhysAddr", "PhysicalAddress", "HostPhysAddr", "VirtAddr",
							      "VirtualAddress", "Ipa", "IPA", "GuestPhysAddr", NULL};
	     *known; known++) {
		if (!text_equal(*known, owner ? owner : name))
			continue;
		type = arena_alloc(p->arena, sizeof(*type));
		type->kind = TYPE_STRUCT;
		type->c = text_starts(*known, "V")                                                   ? "gva_t"
			  : strstr(*known, "pa") || strstr(*known, "IPA") || strstr(*known, "Guest") ? "gpa_t"
												     : "hpa_t";
		*e = expr_of(arena_print(p->arena, "(%s){%s}", type->c,
					 expr_checked(p, port_expr(p, args->at[0], &type_u64)).text),
			     type, LEVEL_PRIMARY);
		return true;
	}
	return false;
}

/* EptFlags::empty(), EptFlags::from_bits_truncate(x) */
static struct expr flags_call(struct port *p, struct symbol *sym, const char *name, const struct nodes *args)
{
	struct type *type = symbol_as_type(p, sym);
	struct expr e;

	if (text_equal(name, "empty") && !args->count) {
		e = expr_of(arena_print(p->arena, "(%s)0", type->c), type, LEVEL_UNARY);
		e.is_simple = e.is_constant = true;
		return e;
	}
	if (args->count != 1 || (!text_equal(name, "from_bits_retain") && !text_equal(name, "from_bits_unchecked")))
		port_fail(p, "%s::%s()", sym->name, name);
	e = expr_checked(p, port_expr(p, args->at[0], type));
	e.type = type;
	return e;
}

static struct expr call_path(struct port *p, TSNode call, TSNode function, const struct nodes *args,
			     struct type *expected)
{
	const char *name = node_last_name(p->s, function);
	TSNode path =
		node_field(node_is(function, "generic_function") ? node_field(function, "function") : function, "path");
	const char *owner = node_has(path) ? node_last_name(p->s, path) : NULL;
	struct variable *v = owner ? NULL : variable_find(p, name);
	struct symbol *sym;
	struct expr e;
	bool known;

	if (!owner && (text_equal(name, "Some") || text_equal(name, "Ok") || text_equal(name, "Err")))
		return constructor(p, name, args, expected);
	if (owner && text_equal(owner, "Self") && p->self_type)
		owner = p->self_type;
	if (owner && (text_equal(owner, "self") || text_equal(owner, "crate") || text_equal(owner, "super")))
		owner = NULL;
	if (!owner && text_equal(name, "Self") && p->self_type)
		name = p->self_type;
	sym = v ? NULL : symbol_find_value(p, owner, name);
	if (sym && sym->kind == SYM_VARIANT)
		return tuple_struct(p, sym, args);
	if (sym && sym->kind == SYM_FUNCTION) {
		if (sym->has_self && args->count) {
			struct nodes rest = {args->at + 1, args->count - 1};

			e = port_expr(p, args->at[0], sym->fields ? sym->fields[0].type : NULL);
			return expr_user_call(p, sym, &e, &rest);
		}
		return expr_user_call(p, sym, NULL, args);
	}
	sym = owner ? NULL : symbol_find_type(p, name);
	if (sym && sym->kind == SYM_STRUCT && sym->is_tuple)
		return tuple_struct(p, sym, args);
	if (address_call(p, owner, name, args, &e))
		return e;
	sym = owner ? symbol_find_type(p, owner) : NULL;
	if (sym && sym->kind == SYM_FLAGS)
		return flags_call(p, sym, name, args);
	e = expr_std_call(
		p, node_text(p->s, node_is(function, "generic_function") ? node_field(function, "function") : function),
		function, args, expected, &known);
	if (known)
		return e;
	if (v && v->type->kind == TYPE_FUNCTION) {
		struct symbol *pointer = arena_alloc(p->arena, sizeof(*pointer));

		*pointer =
			(struct symbol){.name = name, .c = v->c, .type = v->type->of, .field_count = v->type->params};
		pointer->fields = arena_alloc(p->arena, (v->type->params + 1) * sizeof(*pointer->fields));
		for (u32 i = 0; i < v->type->params; i++)
			pointer->fields[i].type = v->type->param[i];
		return expr_user_call(p, pointer, NULL, args);
	}
	if (register_function(p, call, name, args, &e))
		return e;
	port_fail(p, "%s%s%s() is declared elsewhere", owner ? owner : "", owner ? "::" : "", name);
}

struct expr expr_call(struct port *p, TSNode n, struct type *expected)
{
	TSNode function = node_field(n, "function"), inner = function;
	struct nodes args = node_named(p->s, node_field(n, "arguments"));

	if (node_is(inner, "generic_function"))
		inner = node_field(inner, "function");
	if (node_is(inner, "field_expression"))
		return expr_method(p, n, inner, expected);
	if (node_is(inner, "identifier") || node_is(inner, "scoped_identifier") || node_is(inner, "self"))
		return call_path(p, n, function, &args, expected);
	port_fail(p, "a call of something that has no name");
}

/* --- structs --------------------------------------------------------------------------------------------------------
 */

static bool is_zero(struct port *p, TSNode n)
{
	if (node_is(n, "integer_literal"))
		return node_text(p->s, n)[strspn(node_text(p->s, n), "0x_o")] == 0 || node_reads(p->s, n, "0");
	if (node_is(n, "array_expression") && node_has(node_field(n, "length")))
		return is_zero(p, node_first(n));
	return node_reads(p->s, n, "false");
}

struct expr expr_init(struct port *p, TSNode n, struct type *type)
{
	struct nodes list;
	struct text t = {.arena = p->arena};
	struct expr e;

	if (!type || type->kind != TYPE_ARRAY || !node_is(n, "array_expression")) {
		e = expr_checked(p, port_expr(p, n, type));
		if (e.type->kind == TYPE_ARRAY && !text_starts(e.text, "{"))
			port_fail(p, "an array is copied: C copies none in an initialiser");
		return e;
	}
	list = node_named(p->s, n);
	if (is_zero(p, n) || !list.count)
		return expr_of("{0}", type, LEVEL_PRIMARY);
	if (node_has(node_field(n, "length")))
		return expr_of(arena_print(p->arena, "{[0 ... %s - 1] = %s}", type->count,
					   expr_init(p, list.at[0], type->of).text),
			       type, LEVEL_PRIMARY);
	for (u32 i = 0; i < list.count; i++)
		text_print(&t, "%s%s", i ? ", " : "{", expr_init(p, list.at[i], type->of).text);
	text_put(&t, "}");
	return expr_of(text_get(&t), type, LEVEL_PRIMARY);
}

static void add_member(struct port *p, struct text *t, struct symbol *sym, const char *name, TSNode value)
{
	struct field *field = symbol_field(sym, name);
	struct expr e;

	if (!field || !field->type) {
		if (field && field->why && is_zero(p, value))
			return; /* zero, and everything not named is */
		port_fail(p, "the field %s: %s", name, field && field->why ? field->why : "there is none");
	}
	if (field->type->kind == TYPE_UNIT)
		return;
	e = node_is(value, "shorthand_field_initializer") ? expr_path(p, node_first(value))
							  : expr_init(p, value, field->type);
	e = expr_checked(p, e);
	if (e.type->kind == TYPE_ARRAY && e.text[0] != '{')
		port_fail(p, "an array is copied: C copies none in an initialiser");
	text_print(t, "%s.%s = %s", t->length ? ", " : "", field->c, e.text);
	if (field->type->kind == TYPE_SLICE)
		text_print(t, ", .%s_count = %s", field->c, e.count ? e.count : "0");
}

struct expr expr_struct(struct port *p, TSNode n)
{
	const char *name = node_last_name(p->s, node_field(n, "name"));
	TSNode path = node_field(node_field(n, "name"), "path");
	struct nodes list = node_named(p->s, node_field(n, "body"));
	struct text t = {.arena = p->arena};
	struct symbol *sym, *variant = NULL;
	struct type *type;

	if (text_equal(name, "Self") && p->self_type)
		name = p->self_type;
	if (node_has(path)) {
		const char *owner = node_last_name(p->s, path);

		variant = symbol_find_value(p, text_equal(owner, "Self") && p->self_type ? p->self_type : owner, name);
	}
	sym = variant && variant->kind == SYM_VARIANT ? variant : symbol_find_type(p, name);
	if (!sym || (sym->kind != SYM_STRUCT && sym->kind != SYM_VARIANT))
		port_fail(p, "the struct %s is declared elsewhere", name);
	type = symbol_as_type(p, sym->kind == SYM_VARIANT ? sym->sum : sym);
	for (u32 i = 0; i < list.count; i++) {
		TSNode field = node_field(list.at[i], "field");

		if (node_is(list.at[i], "base_field_initializer")) {
			if (!strstr(node_text(p->s, list.at[i]), "default()") || !sym->has_default)
				port_fail(p, "..base: copy it first");
			continue;
		}
		if (node_is(list.at[i], "shorthand_field_initializer"))
			add_member(p, &t, sym, node_text(p->s, node_first(list.at[i])), list.at[i]);
		else
			add_member(p, &t, sym, node_text(p->s, field), node_field(list.at[i], "value"));
	}
	if (sym->kind == SYM_VARIANT)
		return expr_of(arena_print(p->arena, "(%s){.tag = %s, .%s = {%s}}", type->c, sym->c,
					   name_c(p, name_snake(p->arena, sym->name)), text_get(&t)),
			       type, LEVEL_PRIMARY);
	return expr_of(arena_print(p->arena, "(%s){%s}", type->c, t.length ? text_get(&t) : "0"), type, LEVEL_PRIMARY);
}

/* --- the core library
 * ------------------------------------------------------------------------------------------------- */

static struct expr volatile_access(struct port *p, const struct nodes *args, bool is_write)
{
	struct expr at = expr_checked(p, port_expr(p, args->at[0], NULL));
	const char *place;

	if (at.type->kind != TYPE_POINTER || !type_is_number(at.type->of))
		port_fail(p, "a volatile access of a type that is not known");
	place = arena_print(p->arena, "*(%svolatile %s *)%s", is_write ? "" : "const ", at.type->of->c,
			    expr_at(p, at, LEVEL_UNARY));
	if (is_write)
		return expr_of(arena_print(p->arena, "%s = %s", place,
					   expr_checked(p, port_expr(p, args->at[1], at.type->of)).text),
			       &type_unit, LEVEL_CHOICE);
	return expr_of(place, at.type->of, LEVEL_UNARY);
}

static struct expr size_of(struct port *p, TSNode function)
{
	struct nodes types = node_named(p->s, node_field(function, "type_arguments"));
	struct expr e;

	if (!types.count)
		port_fail(p, "size_of without a type");
	e = expr_of(arena_print(p->arena, "sizeof(%s)", type_name(p, type_from_node(p, types.at[0]))), &type_usize,
		    LEVEL_PRIMARY);
	e.is_simple = e.is_constant = true;
	return e;
}

static struct expr fence(struct port *p, const struct nodes *args)
{
	const char *order = node_last_name(p->s, args->at[0]);
	const char *c = text_equal(order, "SeqCst")    ? "SEQ_CST"
			: text_equal(order, "AcqRel")  ? "ACQ_REL"
			: text_equal(order, "Acquire") ? "ACQUIRE"
						       : "RELEASE";

	return expr_of(arena_print(p->arena, "__atomic_thread_fence(__ATOMIC_%s)", c), &type_unit, LEVEL_PRIMARY);
}

/* wfi(), isb(SY), dsb(ISH): the table's instructions as functions. */
static bool instruction_call(struct port *p, const char *name, const struct nodes *args, struct expr *e)
{
	const struct map_row *row = NULL;

	if (args->count == 1)
		row = map_find(arena_print(p->arena, "%s_%s", name, node_last_name(p->s, args->at[0])));
	if (!row)
		row = map_find(name);
	if (!row || !map_is_instruction(row) || row->fit != MAP_SAME || !*row->write || strchr(row->write, '$') ||
	    args->count > 1)
		return false;
	*e = expr_of(row->write, &type_unit, LEVEL_PRIMARY);
	return true;
}

struct expr expr_std_call(struct port *p, const char *path, TSNode function, const struct nodes *args,
			  struct type *expected, bool *known)
{
	const char *name = strrchr(path, ':') ? strrchr(path, ':') + 1 : path;
	struct expr e = {0};

	*known = true;
	if (text_ends(path, "read_volatile") && args->count == 1)
		return volatile_access(p, args, false);
	if (text_ends(path, "write_volatile") && args->count == 2)
		return volatile_access(p, args, true);
	if (text_equal(name, "size_of") && !args->count)
		return size_of(p, function);
	if (text_equal(name, "fence") && args->count == 1)
		return fence(p, args);
	if (text_equal(name, "spin_loop") && !args->count) {
		return expr_of("pause()", &type_unit, LEVEL_PRIMARY);
	}
	if ((text_equal(name, "null_mut") || text_equal(name, "null")) && !args->count)
		return expr_of("NULL", expected && expected->kind == TYPE_POINTER ? expected : &type_void_pointer,
			       LEVEL_PRIMARY);
	if (text_starts(path, "Atomic") && text_equal(name, "new") && args->count == 1)
		return port_expr(p, args->at[0], expected);
	if ((text_equal(path, "UnsafeCell::new") || text_equal(path, "Cell::new")) && args->count == 1)
		return port_expr(p, args->at[0], expected);
	if (text_equal(name, "drop") && args->count == 1 && node_is(args->at[0], "identifier"))
		return expr_of("(void)0", &type_unit, LEVEL_PRIMARY);
	if (text_equal(name, "default") && !args->count && expected && expected->kind == TYPE_STRUCT &&
	    expected->symbol && expected->symbol->has_default)
		return expr_of(type_zero(p, expected), expected, LEVEL_PRIMARY);
	if ((text_ends(path, "cmp::min") || text_ends(path, "cmp::max")) && args->count == 2) {
		struct expr a = expr_checked(p, port_expr(p, args->at[0], expected)),
			    b = expr_checked(p, port_expr(p, args->at[1], a.type));

		return expr_of(
			arena_print(p->arena, "%s(%s, %s)", text_equal(name, "min") ? "MIN" : "MAX", a.text, b.text),
			a.type->is_literal ? b.type : a.type, LEVEL_PRIMARY);
	}
	if (instruction_call(p, name, args, &e))
		return e;
	*known = false;
	return e;
}
