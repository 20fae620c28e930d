// SPDX-License-Identifier: Apache-2.0
// Items: structs, enums, constants, statics, flags, aliases, traits; functions are passed on.
#include <ctype.h>
#include <string.h>

#include "port.h"

static const struct {
	const char *arm, *x86, *why;
} state_fields[] = {
#define STATE(arm, x86, why) {arm, x86, why},
#include "register_state.def"
#undef STATE
};

/* A guest's registers on x86_64; XSAVE's area follows. */
static const char x86_state[] =
	"	u64 rax, rbx, rcx, rdx;\n	u64 rsi, rdi, rbp, rsp;\n	u64 r8, r9, r10, r11;\n"
	"	u64 r12, r13, r14, r15;\n	u64 rip, rflags;\n"
	"	struct segment cs, ss, ds, es, fs, gs, ldtr, tr;\n	u64 fs_base, gs_base;\n"
	"	u64 cr0, cr2, cr3, cr4; /* in the VMCS while it runs */\n	u64 efer;\n"
	"	u8 xsave_area[4096] ALIGNED(64); /* as large as CPUID leaf 0xD says */\n";

const char *doc_of(struct port *p, TSNode n)
{
	TSNode at = ts_node_prev_named_sibling(n);
	struct text t = {.arena = p->arena};
	const char *lines[8];
	u32 count = 0;

	while (node_is(at, "attribute_item"))
		at = ts_node_prev_named_sibling(at);
	for (; node_is(at, "line_comment") && count < ARRAY_COUNT(lines); at = ts_node_prev_named_sibling(at)) {
		const char *line = node_text(p->s, at);

		if (!text_starts(line, "///"))
			break;
		lines[count++] = line + 3 + strspn(line + 3, " ");
	}
	while (count-- > 0) {
		size_t length = strcspn(lines[count], "\n");

		if (length && !memmem(lines[count], length, "*/", 2) && !memmem(lines[count], length, "/*", 2))
			text_print(&t, "%s%.*s", t.length ? " " : "", (int)length, lines[count]);
	}
	return t.length ? arena_print(p->arena, "/* %s */\n", text_get(&t)) : "";
}

static const char *demoted(struct port *p, TSNode n, enum mark_kind kind)
{
	for (struct demotion *d = p->demotions; d; d = d->next)
		if (d->start == ts_node_start_byte(n) && d->kind == kind && p->s == p->file)
			return d->reason;
	return NULL;
}

/* Types whose size the compiler must know first. */
static void need_type(struct port *p, struct type *t)
{
	while (t && t->kind == TYPE_ARRAY)
		t = t->of;
	if (t && t->kind == TYPE_OPTION) {
		struct symbol *option;

		need_type(p, t->of);
		(void)type_name(p, t);
		option = symbol_find_type(p, type_word(p, t));
		if (option)
			port_type_symbol(p, option);
	} else if (t && t->symbol && t->kind != TYPE_POINTER) {
		port_type_symbol(p, t->symbol);
	}
}

static void put_field(struct port *p, struct text *t, struct field *f, u32 indent)
{
	const char *why = f->why ? f->why : demoted(p, f->node, MARK_FIELD);
	const char *tabs = &"\t\t\t"[3 - indent];

	if (f->type && f->type->kind == TYPE_UNIT)
		return;
	text_print(t, "\x01%u %u\n", MARK_FIELD, node_has(f->node) ? ts_node_start_byte(f->node) : 0);
	if (why || !f->type) {
		struct text *out = p->out;
		u32 outer = p->indent;

		p->out = t;
		p->indent = indent;
		todo_put(p, f->node, why ? why : "its type is not known");
		f->type = NULL;
		f->why = why ? why : "its type is not known";
		p->out = out;
		p->indent = outer;
	} else {
		text_print(t, "%s%s;\n", tabs, type_declare(p, f->type, f->c));
		if (f->type->kind == TYPE_SLICE)
			text_print(t, "%ssize_t %s_count;\n", tabs, f->c);
	}
	text_put(t, "\x02\n");
}

static void put_state(struct port *p, struct text *t, struct symbol *sym)
{
	text_put(t, x86_state);
	for (u32 i = 0; i < sym->field_count; i++) {
		struct field *f = &sym->fields[i];
		bool is_register = false;

		for (u32 k = 0; k < ARRAY_COUNT(state_fields); k++) {
			if (!text_equal(f->name, state_fields[k].arm))
				continue;
			is_register = true;
			if (*state_fields[k].x86) {
				f->c = state_fields[k].x86;
			} else {
				f->type = NULL;
				f->why = state_fields[k].why;
			}
		}
		if (!is_register)
			put_field(p, t, f, 1);
	}
}

/* An EPT entry's bits, beside the table that takes Stage-2's place (SDM 3C, The EPT Translation Mechanism). */
static const char ept_flags[] = "\n#define EPT_READ BIT(0)\n#define EPT_WRITE BIT(1)\n#define EPT_EXECUTE BIT(2)\n"
				"#define EPT_MEMORY_TYPE_WB ((u64)6 << 3)\n#define EPT_IGNORE_PAT BIT(6)\n";

static const char *attributes_of(struct port *p, struct symbol *sym)
{
	struct text t = {.arena = p->arena};

	if (!node_has(sym->node))
		return "";
	if (node_has_attribute(sym->s, sym->node, "packed"))
		text_put(&t, " PACKED");
	for (TSNode at = ts_node_prev_named_sibling(sym->node); node_is(at, "attribute_item");
	     at = ts_node_prev_named_sibling(at)) {
		const char *align = strstr(node_text(sym->s, at), "align(");

		if (align && strstr(node_text(sym->s, at), "repr"))
			text_print(&t, " ALIGNED(%.*s)", (int)strspn(align + 6, "0123456789"), align + 6);
	}
	return text_get(&t);
}

static void put_struct(struct port *p, struct symbol *sym)
{
	struct text t = {.arena = p->arena};
	bool is_union = node_is(sym->node, "union_item");

	for (u32 i = 0; i < sym->field_count; i++)
		if (sym->fields[i].type && !sym->is_cpu_state)
			need_type(p, sym->fields[i].type);
	text_print(&t, "\n%sstruct %s {\n", node_has(sym->node) ? doc_of(p, sym->node) : "", sym->c);
	if (is_union)
		text_put(&t, "\tunion {\n");
	if (sym->is_cpu_state)
		put_state(p, &t, sym);
	if (strstr(sym->c, "ept") && symbol_field(sym, "root"))
		text_put(&p->consts, ept_flags);
	for (u32 i = 0; i < sym->field_count && !sym->is_cpu_state; i++)
		put_field(p, &t, &sym->fields[i], is_union ? 2 : 1);
	if (!sym->field_count)
		text_put(&t, "\tu8 empty; /* C has no struct without a member */\n");
	if (is_union)
		text_put(&t, "\t};\n");
	text_print(&t, "}%s;\n", attributes_of(p, sym));
	text_put(&p->types, text_get(&t));
}

static void put_discriminants(struct port *p, struct symbol *sym, const char *tag)
{
	struct text t = {.arena = p->arena};

	text_print(&t, "\n%senum %s {\n", sym->kind == SYM_ENUM ? doc_of(p, sym->node) : "", tag);
	for (struct symbol *v = p->symbols; v; v = v->next) {
		TSNode value;

		if (v->kind != SYM_VARIANT || v->sum != sym)
			continue;
		value = node_field(v->node, "value");
		if (node_has(value))
			text_print(&t, "\t%s = %s,\n", v->c, expr_checked(p, port_expr(p, value, NULL)).text);
		else
			text_print(&t, "\t%s,\n", v->c);
	}
	text_put(&t, "};\n");
	text_put(&p->types, text_get(&t));
}

static void put_sum(struct port *p, struct symbol *sym)
{
	struct text t = {.arena = p->arena};

	for (struct symbol *v = p->symbols; v; v = v->next)
		if (v->kind == SYM_VARIANT && v->sum == sym)
			for (u32 i = 0; i < v->field_count; i++)
				need_type(p, v->fields[i].type);
	put_discriminants(p, sym, arena_print(p->arena, "%s_tag", sym->c));
	text_print(&t, "\n%sstruct %s {\n\tenum %s_tag tag;\n\tunion {\n", doc_of(p, sym->node), sym->c, sym->c);
	for (struct symbol *v = p->symbols; v; v = v->next) {
		if (v->kind != SYM_VARIANT || v->sum != sym || !v->field_count)
			continue;
		text_put(&t, "\t\tstruct {\n");
		for (u32 i = 0; i < v->field_count; i++)
			put_field(p, &t, &v->fields[i], 3);
		text_print(&t, "\t\t} %s;\n", name_c(p, name_snake(p->arena, v->name)));
	}
	text_put(&t, "\t};\n};\n");
	text_put(&p->types, text_get(&t));
}

static void type_step(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;

	(void)n;
	if (sym->why)
		port_fail(p, "%s", sym->why);
	if (sym->kind == SYM_STRUCT)
		put_struct(p, sym);
	else if (sym->kind == SYM_ENUM)
		put_discriminants(p, sym, sym->c);
	else if (sym->kind == SYM_SUM)
		put_sum(p, sym);
}

void port_type_symbol(struct port *p, struct symbol *sym)
{
	const struct syntax *s = p->s;
	const char *self_type = p->self_type, *item = p->item, *why;

	if (sym->emitted || sym->kind == SYM_ALIAS)
		return;
	sym->emitted = EMIT_NOW;
	p->s = sym->s;
	p->self_type = sym->name;
	p->item = sym->c;
	why = sym->is_foreign || !node_has(sym->node) ? NULL : demoted(p, sym->node, MARK_ITEM);
	if (node_has(sym->node) && !sym->is_foreign)
		text_print(&p->types, "\x01%u %u\n", MARK_ITEM, ts_node_start_byte(sym->node));
	if (why || !port_try(p, type_step, sym->node, sym)) {
		struct text *out = p->out;

		if (!sym->why)
			sym->why = why ? why : p->failure;
		p->out = &p->types;
		p->indent = 0;
		text_put(&p->types, "\n");
		if (!sym->is_foreign)
			todo_put(p, sym->node, sym->why);
		p->out = out;
	}
	if (node_has(sym->node) && !sym->is_foreign)
		text_put(&p->types, "\x02\n");
	p->s = s;
	p->self_type = self_type;
	p->item = item;
	sym->emitted = EMIT_DONE;
}

/* --- constants and statics
 * ------------------------------------------------------------------------------------------------ */

static void constant_step(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;
	struct expr e;

	if (sym->why || !sym->type)
		port_fail(p, "%s", sym->why ? sym->why : "its type is not known");
	if (text_equal(sym->name, "_"))
		port_fail(p, "a nameless constant: make it a _Static_assert");
	p->out = NULL;
	e = expr_init(p, node_field(n, "value"), sym->type);
	if (sym->kind == SYM_CONST && type_is_scalar(sym->type)) {
		if (type_is_number(sym->type))
			e = expr_of(arena_print(p->arena, "((%s)%s)", sym->type->c, expr_at(p, e, LEVEL_UNARY)), e.type,
				    LEVEL_PRIMARY);
		text_print(&p->consts, "%s#define %s %s\n", doc_of(p, n), sym->c, expr_at(p, e, LEVEL_PRIMARY));
	} else if (sym->kind == SYM_STATIC && sym->is_foreign) {
		text_print(&p->statics, "extern %s;\n", type_declare(p, sym->type, sym->c));
	} else if (sym->kind == SYM_CONST) {
		text_print(&p->statics, "\n%sstatic const %s = %s;\n", doc_of(p, n),
			   text_starts(type_declare(p, sym->type, sym->c), "const ")
				   ? type_declare(p, sym->type, sym->c) + 6
				   : type_declare(p, sym->type, sym->c),
			   e.text);
	} else {
		bool is_mutable = node_has(node_child_of_type(n, "mutable_specifier")) || sym->type->is_atomic;
		struct type *element = sym->type;

		while (element->kind == TYPE_ARRAY)
			element = element->of;
		is_mutable |= element->kind == TYPE_FUNCTION || element->kind == TYPE_POINTER;
		text_print(&p->statics, "\n%s%s%s%s = %s;\n", doc_of(p, n), sym->is_public ? "" : "static ",
			   is_mutable || sym->type->kind == TYPE_STRUCT || sym->type->kind == TYPE_POINTER ? ""
													   : "const ",
			   type_declare(p, sym->type, sym->c), e.text);
	}
	need_type(p, sym->type);
}

static void port_constant(struct port *p, struct symbol *sym)
{
	const struct syntax *s = p->s;
	struct text *out = p->out;
	const char *why = NULL;
	u32 mark = ts_node_start_byte(sym->s == p->file ? sym->node : sym->around);

	p->s = sym->s;
	p->self_type = sym->owner;
	p->item = sym->c;
	p->indent = 0;
	why = sym->is_foreign ? NULL : demoted(p, sym->node, MARK_ITEM);
	text_print(&p->consts, "\x01%u %u\n", MARK_ITEM, mark);
	text_print(&p->statics, "\x01%u %u\n", MARK_ITEM, mark);
	if (why || !port_try(p, constant_step, sym->node, sym)) {
		sym->why = why ? why : p->failure;
		p->out = &p->statics;
		if (!sym->is_foreign)
			todo_put(p, sym->node, sym->why);
	}
	text_put(&p->consts, "\x02\n");
	text_put(&p->statics, "\x02\n");
	sym->emitted = EMIT_DONE;
	p->out = out;
	p->s = s;
}

void port_constants(struct port *p)
{
	for (struct symbol *sym = p->symbols; sym; sym = sym->next)
		if ((sym->kind == SYM_CONST || sym->kind == SYM_STATIC) && !sym->emitted &&
		    (!sym->is_foreign || sym->is_used))
			port_constant(p, sym);
}

/* --- the rest
 * ---------------------------------------------------------------------------------------------------------------- */

static struct symbol *symbol_of_node(struct port *p, TSNode n)
{
	for (struct symbol *sym = p->symbols; sym; sym = sym->next)
		if (sym->s == p->file && node_has(sym->node) && ts_node_eq(sym->node, n))
			return sym;
	return NULL;
}

static void give_up(struct port *p, TSNode n, const char *name, const char *why)
{
	p->item = name;
	p->out = &p->bodies;
	p->indent = 0;
	text_put(&p->bodies, "\n");
	todo_put(p, n, why);
}

static bool has_type_parameters(struct port *p, TSNode n)
{
	TSNode list = node_field(n, "type_parameters");
	struct nodes params;

	if (!node_has(list))
		return false;
	params = node_named(p->s, list);
	for (u32 i = 0; i < params.count; i++)
		if (!node_is(params.at[i], "lifetime") && !node_is(params.at[i], "lifetime_parameter"))
			return true;
	return false;
}

static void alias_step(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;
	struct type *type;

	(void)n;
	type = symbol_as_type(p, sym);
	if (type->kind == TYPE_RESULT || type->kind == TYPE_UNIT || type->kind == TYPE_SLICE)
		return; /* these have no name of their own in C */
	need_type(p, type);
	text_print(&p->types, "\n%stypedef %s;\n", doc_of(p, n), type_declare(p, type, sym->c));
}

static void port_alias(struct port *p, TSNode n, struct symbol *sym)
{
	const char *why = demoted(p, n, MARK_ITEM);

	p->item = sym->c;
	text_print(&p->types, "\x01%u %u\n", MARK_ITEM, ts_node_start_byte(n));
	if (node_has(node_field(n, "type_parameters")))
		why = "a generic alias";
	if (why || !port_try(p, alias_step, n, sym)) {
		p->out = &p->types;
		p->indent = 0;
		text_put(&p->types, "\n");
		todo_put(p, n, why ? why : p->failure);
	}
	text_put(&p->types, "\x02\n");
}

static void port_item(struct port *p, TSNode n)
{
	struct symbol *sym = symbol_of_node(p, n);
	const char *self_type = p->self_type;

	if (node_has_attribute(p->s, n, "cfg(test)") || node_has_attribute(p->s, n, "[test]"))
		return;
	if (node_has_attribute(p->s, n, "[cfg("))
		give_up(p, ts_node_prev_named_sibling(n), node_text(p->s, node_field(n, "name")),
			"compiled under a condition in Rust, always here");
	if (sym && sym->kind == SYM_FUNCTION) {
		port_function(p, n, sym);
	} else if (sym && sym->kind == SYM_ALIAS) {
		port_alias(p, n, sym);
	} else if (sym && sym->kind <= SYM_FLAGS) {
		port_type_symbol(p, sym);
	} else if (node_is(n, "impl_item")) {
		p->self_type = node_last_name(p->s, node_field(n, "type"));
		if (node_reads(p->s, node_field(n, "trait"), "Drop"))
			give_up(p, n, p->self_type, "Drop: C calls nothing by itself; call this where the value dies");
		if (has_type_parameters(p, n))
			give_up(p, n, p->self_type,
				"generic: C needs one set of functions for each type it is used with");
		else if (node_has(node_field(n, "body")))
			port_items(p, node_field(n, "body"));
		p->self_type = self_type;
	} else if (node_is(n, "mod_item") || node_is(n, "foreign_mod_item")) {
		if (node_has(node_field(n, "body")))
			port_items(p, node_field(n, "body"));
	} else if (node_is(n, "trait_item")) {
		give_up(p, n, node_text(p->s, node_field(n, "name")),
			"a trait: this tree has one const table of functions for each implementation");
	} else if (node_is(n, "macro_definition")) {
		give_up(p, n, node_text(p->s, node_field(n, "name")),
			"a macro: write the functions that its uses need");
	} else if (node_is(n, "expression_statement") || node_is(n, "macro_invocation")) {
		TSNode macro = node_is(n, "macro_invocation") ? n : node_first(n);
		const char *name =
			node_is(macro, "macro_invocation") ? node_last_name(p->s, node_field(macro, "macro")) : "";

		for (sym = p->symbols; sym; sym = sym->next)
			if (sym->kind == SYM_FLAGS && node_has(sym->node) && ts_node_eq(sym->node, macro))
				port_type_symbol(p, sym);
		if (*name && !text_equal(name, "bitflags"))
			give_up(p, n, name, arena_print(p->arena, "the macro %s!", name));
	} else if (node_is(n, "ERROR")) {
		give_up(p, n, "syntax", "this is no Rust that the parser knows");
	}
}

void port_items(struct port *p, TSNode list)
{
	struct nodes items = node_named(p->s, list);

	port_enter(p);
	for (u32 i = 0; i < items.count; i++)
		port_item(p, items.at[i]);
	port_leave(p);
}
