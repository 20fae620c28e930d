// SPDX-License-Identifier: Apache-2.0
// What a file declares: collected before anything is translated, types of fields and parameters after.
#include <string.h>

#include "port.h"
#include "subtree.h"

/* State registers of an ARM64 guest, by the name of their field; see register_state.def. */
static const char *const state_names[] = {
#define STATE(arm, x86, why) arm,
#include "register_state.def"
#undef STATE
	NULL,
};

static struct symbol *symbol_add(struct port *p, enum symbol_kind kind, const struct syntax *s, TSNode n,
				 const char *owner)
{
	struct symbol *sym = arena_alloc(p->arena, sizeof(*sym));

	sym->kind = kind;
	sym->s = s;
	sym->node = n;
	sym->owner = owner;
	sym->name = node_has(node_field(n, "name")) ? node_text(s, node_field(n, "name")) : "";
	sym->is_public = node_has(node_child_of_type(n, "visibility_modifier"));
	*p->symbols_tail = sym;
	p->symbols_tail = &sym->next;
	return sym;
}

bool node_has_attribute(const struct syntax *s, TSNode item, const char *word)
{
	for (TSNode at = ts_node_prev_named_sibling(item); node_is(at, "attribute_item") || node_is_comment(at);
	     at = ts_node_prev_named_sibling(at))
		if (node_is(at, "attribute_item") && strstr(node_text(s, at), word))
			return true;
	return false;
}

static bool is_generic(const struct syntax *s, TSNode n)
{
	struct nodes params = node_named(s, node_field(n, "type_parameters"));

	for (u32 i = 0; node_has(node_field(n, "type_parameters")) && i < params.count; i++)
		if (!node_is(params.at[i], "lifetime") && !node_is(params.at[i], "lifetime_parameter"))
			return true;
	return false;
}

static const char *owned_c(struct port *p, const char *owner, const char *name)
{
	return owner ? arena_print(p->arena, "%s_%s", name_type(p, owner), name_c(p, name)) : name_c(p, name);
}

static void collect_variants(struct port *p, struct symbol *sum)
{
	struct nodes list = node_named(sum->s, node_field(sum->node, "body"));

	for (u32 i = 0; i < list.count; i++) {
		struct symbol *v;

		if (!node_is(list.at[i], "enum_variant"))
			continue;
		v = symbol_add(p, SYM_VARIANT, sum->s, list.at[i], sum->name);
		v->sum = sum;
		v->is_foreign = sum->is_foreign;
		v->is_tuple = node_is(node_field(list.at[i], "body"), "ordered_field_declaration_list");
		if (node_has(node_field(list.at[i], "body")))
			sum->kind = SYM_SUM;
		v->c = name_upper(p->arena, arena_print(p->arena, "%s_%s", sum->c, name_snake(p->arena, v->name)));
	}
}

static bool collect_one(struct port *p, const struct syntax *s, TSNode n, const char *owner, bool is_foreign);

static void collect_impl(struct port *p, const struct syntax *s, TSNode n, bool is_foreign)
{
	const char *owner = node_last_name(s, node_field(n, "type"));
	struct nodes list = node_named(s, node_field(n, "body"));

	if (is_generic(s, n))
		return;
	for (u32 i = 0; i < list.count; i++)
		if (!node_is(list.at[i], "type_item"))
			collect_one(p, s, list.at[i], owner, is_foreign);
}

/* `{ const A = 1; }` of bitflags! with the type that Rust's parser wants: `mod m { const A: NAME = 1; }`. */
static void collect_flags(struct port *p, const struct syntax *s, struct symbol *flags, TSNode body)
{
	struct subtree *sub = arena_alloc(p->arena, sizeof(*sub));
	struct text t = {.arena = p->arena};
	struct symbol **first = p->symbols_tail;

	text_put(&t, "mod m ");
	for (const char *c = node_text(s, body); *c; c++) {
		if (*c == '=' && c[1] != '=')
			text_print(&t, ": %s ", flags->name);
		text_add(&t, c, 1);
	}
	if (!syntax_parse(&sub->syntax, p->arena, text_get(&t), t.length))
		port_fail(p, "bitflags!");
	sub->next = p->subtrees;
	p->subtrees = sub;
	symbols_collect(p, &sub->syntax, node_field(node_first(syntax_root(&sub->syntax)), "body"), flags->name,
			flags->is_foreign);
	for (struct symbol *flag = *first; flag; flag = flag->next)
		flag->around = flags->node;
}

/* bitflags! { pub struct NAME: TYPE { const A = expr; } }: tokens, as macros' arguments are. */
static void collect_bitflags(struct port *p, const struct syntax *s, TSNode n, bool is_foreign)
{
	struct nodes all = node_all(s, node_child_of_type(n, "token_tree"));

	for (u32 i = 0; i + 4 < all.count; i++) {
		struct symbol *sym;

		if (!node_reads(s, all.at[i], "struct") || !node_reads(s, all.at[i + 2], ":"))
			continue;
		sym = symbol_add(p, SYM_FLAGS, s, n, NULL);
		sym->name = node_text(s, all.at[i + 1]);
		sym->c = name_type(p, sym->name);
		sym->value = node_text(s, all.at[i + 3]);
		sym->is_foreign = is_foreign;
		collect_flags(p, s, sym, all.at[i + 4]);
	}
}

static void collect_function(struct port *p, struct symbol *sym)
{
	TSNode n = sym->node;

	sym->c = owned_c(p, sym->owner, sym->name);
	if (text_equal(sym->c, "main"))
		sym->c = "main_";
	if (is_generic(sym->s, n))
		sym->why = "generic: C needs one function for each type it is used with";
	if (node_has(node_child_of_type(n, "function_modifiers")) &&
	    strstr(node_text(sym->s, node_child_of_type(n, "function_modifiers")), "async"))
		sym->why = "async: this tree runs to completion and has no executor";
}

static void collect_struct(struct port *p, struct symbol *sym)
{
	TSNode body = node_field(sym->node, "body");
	u32 known = 0;
	struct nodes list = node_named(sym->s, body);

	sym->c = name_type(p, sym->name);
	sym->is_tuple = node_is(body, "ordered_field_declaration_list");
	sym->has_default = node_has_attribute(sym->s, sym->node, "Default");
	if (is_generic(sym->s, sym->node))
		sym->why = "generic: C needs one struct for each type it is used with";
	for (u32 i = 0; i < list.count && node_has(body); i++)
		known += node_is(list.at[i], "field_declaration") &&
			 text_is_one_of(node_text(sym->s, node_field(list.at[i], "name")), state_names);
	sym->is_cpu_state = known >= 4;
}

static bool collect_named(struct port *p, const struct syntax *s, TSNode n, const char *owner, bool is_foreign)
{
	static const struct {
		const char *type;
		enum symbol_kind kind;
	} kinds[] = {
		{"struct_item", SYM_STRUCT},     {"union_item", SYM_STRUCT},
		{"enum_item", SYM_ENUM},         {"type_item", SYM_ALIAS},
		{"const_item", SYM_CONST},       {"static_item", SYM_STATIC},
		{"function_item", SYM_FUNCTION}, {"function_signature_item", SYM_FUNCTION},
	};
	struct symbol *sym;

	for (u32 i = 0; i < ARRAY_COUNT(kinds); i++) {
		if (!node_is(n, kinds[i].type))
			continue;
		sym = symbol_add(p, kinds[i].kind, s, n, owner);
		sym->is_foreign = is_foreign;
		if (sym->kind == SYM_FUNCTION)
			collect_function(p, sym);
		else if (sym->kind == SYM_STRUCT)
			collect_struct(p, sym);
		else if (sym->kind == SYM_CONST || sym->kind == SYM_STATIC)
			sym->c = sym->kind == SYM_CONST ? name_upper(p->arena, owned_c(p, owner, sym->name))
							: name_c(p, name_snake(p->arena, sym->name));
		else
			sym->c = name_type(p, sym->name);
		if (sym->kind == SYM_STATIC && text_equal(sym->c, sym->name))
			sym->c = name_snake(p->arena, sym->name);
		if (sym->kind == SYM_ENUM)
			collect_variants(p, sym);
		return true;
	}
	return false;
}

struct one {
	const struct syntax *s;
	const char *owner;
	bool is_foreign;
};

static void collect_step(struct port *p, TSNode n, void *context)
{
	struct one *one = context;
	const struct syntax *s = one->s;

	if (collect_named(p, s, n, one->owner, one->is_foreign))
		return;
	if (node_is(n, "impl_item"))
		collect_impl(p, s, n, one->is_foreign);
	else if (node_is(n, "mod_item") && node_has(node_field(n, "body")))
		symbols_collect(p, s, node_field(n, "body"), node_text(s, node_field(n, "name")), one->is_foreign);
	else if (node_is(n, "foreign_mod_item") && node_has(node_field(n, "body")))
		symbols_collect(p, s, node_field(n, "body"), one->owner, one->is_foreign);
	else if (node_is(n, "expression_statement") || node_is(n, "macro_invocation")) {
		TSNode macro = node_is(n, "macro_invocation") ? n : node_first(n);

		if (node_is(macro, "macro_invocation") &&
		    text_equal(node_last_name(s, node_field(macro, "macro")), "bitflags"))
			collect_bitflags(p, s, macro, one->is_foreign);
	}
}

static bool collect_one(struct port *p, const struct syntax *s, TSNode n, const char *owner, bool is_foreign)
{
	struct one one = {s, owner, is_foreign};

	return port_try(p, collect_step, n, &one);
}

void symbols_collect(struct port *p, const struct syntax *s, TSNode list, const char *owner, bool is_foreign)
{
	struct nodes items = node_named(s, list);

	port_enter(p);
	for (u32 i = 0; i < items.count; i++)
		if (!node_has_attribute(s, items.at[i], "cfg(test)"))
			(void)collect_one(p, s, items.at[i], owner, is_foreign);
	port_leave(p);
}

/* --- looking up ------------------------------------------------------------------------------------------------ */

static struct symbol *find_type(struct port *p, const char *name)
{
	for (struct symbol *sym = p->symbols; sym; sym = sym->next)
		if (sym->kind <= SYM_ALIAS && text_equal(sym->name, name))
			return sym;
	return NULL;
}

struct symbol *symbol_find_type(struct port *p, const char *name)
{
	struct symbol *sym = find_type(p, name);

	if (!sym) {
		imports_load(p, name);
		sym = find_type(p, name);
	}
	if (sym)
		sym->is_used = true;
	return sym;
}

static struct symbol *find_value(struct port *p, const char *owner, const char *name)
{
	struct symbol *any = NULL;

	for (struct symbol *sym = p->symbols; sym; sym = sym->next) {
		if (sym->kind < SYM_CONST || !text_equal(sym->name, name))
			continue;
		if (owner && sym->owner && text_equal(sym->owner, owner))
			return sym;
		if (!owner && !sym->owner)
			return sym;
		if (!any && (!owner || !sym->owner) && sym->kind != SYM_VARIANT)
			any = sym; /* a module's name stands before it, or was imported */
	}
	return any && (!any->owner || !find_type(p, any->owner)) ? any : NULL;
}

struct symbol *symbol_find_value(struct port *p, const char *owner, const char *name)
{
	struct symbol *sym = find_value(p, owner, name);

	if (!sym) {
		imports_load(p, owner ? owner : name);
		sym = find_value(p, owner, name);
	}
	if (sym) {
		sym->is_used = true;
		if (sym->sum)
			sym->sum->is_used = true;
	}
	return sym;
}

struct field *symbol_field(struct symbol *sym, const char *name)
{
	for (u32 i = 0; i < sym->field_count; i++)
		if (text_equal(sym->fields[i].name, name))
			return &sym->fields[i];
	return NULL;
}

struct type *symbol_as_type(struct port *p, struct symbol *sym)
{
	static const enum type_kind kinds[] = {
		[SYM_STRUCT] = TYPE_STRUCT, [SYM_ENUM] = TYPE_ENUM, [SYM_SUM] = TYPE_SUM};
	struct type *t;

	sym->is_used = true;
	if (sym->kind == SYM_ALIAS && !sym->type) {
		const struct syntax *s = p->s;

		if (sym->emitted == EMIT_NOW)
			port_fail(p, "the type %s is made of itself", sym->name);
		sym->emitted = EMIT_NOW;
		p->s = sym->s;
		sym->type = type_from_node(p, node_field(sym->node, "type"));
		p->s = s;
		sym->emitted = EMIT_DONE;
	}
	if (sym->kind == SYM_ALIAS)
		return sym->type;
	if (sym->why)
		port_fail(p, "%s is %s", sym->name, sym->why);
	t = arena_alloc(p->arena, sizeof(*t));
	t->symbol = sym;
	if (sym->kind == SYM_FLAGS) {
		*t = (struct type){.kind = TYPE_INT, .bits = 64};
		for (u32 bits = 8; bits <= 64; bits *= 2)
			if (text_equal(sym->value, arena_print(p->arena, "u%u", bits)))
				t->bits = bits;
		t->c = arena_print(p->arena, "u%u", t->bits);
		t->symbol = sym;
		t->kind = TYPE_FLAGS;
		return t;
	}
	t->kind = kinds[sym->kind];
	t->c = arena_print(p->arena, "%s %s", sym->kind == SYM_ENUM ? "enum" : "struct", sym->c);
	return t;
}

/* --- types of what was collected -------------------------------------------------------------------------------- */

struct field_context {
	struct field *field;
	TSNode type;
};

static void resolve_field(struct port *p, TSNode n, void *context)
{
	struct field_context *f = context;

	(void)n;
	f->field->c = f->field->c ? f->field->c : name_c(p, f->field->name);
	f->field->type = type_from_node(p, f->type);
}

static void add_field(struct port *p, struct symbol *sym, const char *name, const char *c, TSNode node, TSNode type)
{
	struct field *field = &sym->fields[sym->field_count++];
	struct field_context context = {field, type};

	*field = (struct field){.name = name, .c = c, .node = node};
	if (!port_try(p, resolve_field, node, &context))
		field->why = p->failure;
	if (!field->c)
		field->c = "unnamed";
}

static void resolve_fields(struct port *p, struct symbol *sym)
{
	struct nodes list = node_named(p->s, node_field(sym->node, "body"));
	u32 part = 0;

	sym->fields = arena_alloc(p->arena, (list.count + 1) * sizeof(*sym->fields));
	if (!node_has(node_field(sym->node, "body")))
		return;
	for (u32 i = 0; i < list.count; i++) {
		TSNode n = list.at[i];

		if (node_is(n, "field_declaration")) {
			add_field(p, sym, node_text(p->s, node_field(n, "name")), NULL, n, node_field(n, "type"));
		} else if (sym->is_tuple && !node_is(n, "visibility_modifier") && !node_is(n, "attribute_item")) {
			add_field(p, sym, arena_print(p->arena, "%u", part), arena_print(p->arena, "part%u", part), n,
				  n);
			part++;
		}
	}
	if (sym->is_tuple && sym->field_count == 1)
		sym->fields[0].c = "v";
	if (strstr(sym->c, "ept") && symbol_field(sym, "root"))
		symbol_field(sym, "root")->c = "pml4";
}

static void resolve_self(struct port *p, struct symbol *sym, TSNode n)
{
	struct symbol *owner = p->self_type ? symbol_find_type(p, p->self_type) : NULL;
	struct type *type;
	bool is_reference = node_reads(p->s, ts_node_child(n, 0), "&");

	if (!owner)
		port_fail(p, "a method of %s, which is declared elsewhere", p->self_type ? p->self_type : "no type");
	type = symbol_as_type(p, owner);
	if (is_reference && (!type_is_scalar(type) || node_has(node_child_of_type(n, "mutable_specifier"))))
		type = type_pointer_to(p, type, !node_has(node_child_of_type(n, "mutable_specifier")));
	sym->fields[sym->field_count++] = (struct field){.name = "self", .c = "self", .type = type, .node = n};
	sym->has_self = true;
}

static void resolve_function(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;
	struct nodes list = node_named(p->s, node_field(n, "parameters"));
	TSNode result = node_field(n, "return_type");

	sym->fields = arena_alloc(p->arena, (list.count + 1) * sizeof(*sym->fields));
	for (u32 i = 0; i < list.count; i++) {
		TSNode pattern = node_field(list.at[i], "pattern");

		if (node_is(list.at[i], "self_parameter")) {
			resolve_self(p, sym, list.at[i]);
		} else if (node_is(list.at[i], "parameter")) {
			if (node_is(pattern, "mut_pattern"))
				pattern = node_first(pattern);
			add_field(p, sym,
				  node_is(pattern, "identifier") ? node_text(p->s, pattern)
								 : arena_print(p->arena, "argument%u", i),
				  NULL, list.at[i], node_field(list.at[i], "type"));
			if (sym->fields[sym->field_count - 1].why)
				port_fail(p, "%s", sym->fields[sym->field_count - 1].why);
		}
	}
	sym->type = node_has(result) ? type_from_node(p, result) : &type_unit;
	if (sym->type->kind == TYPE_ARRAY || type_value(sym->type)->kind == TYPE_ARRAY ||
	    (type_is_fallible(sym->type) && sym->type->of->kind == TYPE_SLICE))
		port_fail(p, "it returns an array, or a slice that may not be there");
}

static void resolve_value(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;

	sym->type = type_from_node(p, node_field(n, "type"));
}

static void resolve_one(struct port *p, struct symbol *sym)
{
	if (sym->type || sym->fields || sym->emitted || sym->why || !node_has(sym->node))
		return;
	p->s = sym->s;
	p->self_type = sym->owner;
	if (sym->kind == SYM_FUNCTION) {
		if (!sym->why && !port_try(p, resolve_function, sym->node, sym))
			sym->why = p->failure;
	} else if (sym->kind == SYM_STRUCT || sym->kind == SYM_VARIANT) {
		if (sym->kind == SYM_STRUCT)
			p->self_type = sym->name;
		resolve_fields(p, sym);
	} else if (sym->kind == SYM_CONST || sym->kind == SYM_STATIC) {
		if (!port_try(p, resolve_value, sym->node, sym))
			sym->why = p->failure;
	}
}

/* A static and a function may differ in Rust by their capitals alone. */
static void keep_apart(struct port *p, struct symbol *sym)
{
	for (const struct symbol *other = p->symbols; other; other = other->next)
		if (other != sym && other->kind == SYM_FUNCTION && text_equal(other->c, sym->c))
			sym->c = arena_print(p->arena, "%s_value", sym->c);
}

void symbols_resolve(struct port *p)
{
	const struct syntax *s = p->s;
	const char *self_type = p->self_type;

	for (struct symbol *sym = p->symbols; sym; sym = sym->next) {
		resolve_one(p, sym);
		if (sym->kind == SYM_STATIC)
			keep_apart(p, sym);
	}
	p->s = s;
	p->self_type = self_type;
}
