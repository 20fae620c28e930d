// SPDX-License-Identifier: Apache-2.0
// Functions and methods.
#include <string.h>

#include "port.h"

const char *function_head(struct port *p, struct symbol *sym)
{
	struct text params = {.arena = p->arena};
	struct type *result = sym->type;

	for (u32 i = 0; i < sym->field_count; i++) {
		struct field *f = &sym->fields[i];

		text_print(&params, "%s%s", params.length ? ", " : "", type_declare(p, f->type, f->c));
		if (f->type->kind == TYPE_SLICE)
			text_print(&params, ", size_t %s_count", f->c);
	}
	if (type_is_fallible(result)) {
		if (result->of->kind != TYPE_UNIT)
			text_print(&params, "%s%s", params.length ? ", " : "",
				   type_declare(p, type_pointer_to(p, result->of, false), "out"));
		result = &type_err;
	}
	if (result->kind == TYPE_SLICE)
		text_print(&params, "%ssize_t *count", params.length ? ", " : "");
	return arena_print(
		p->arena, "%s%s", sym->is_public || sym->is_foreign ? "" : "static ",
		type_declare(p, result,
			     arena_print(p->arena, "%s(%s)", sym->c, params.length ? text_get(&params) : "void")));
}

static void declare_parameters(struct port *p, struct symbol *sym)
{
	for (u32 i = 0; i < sym->field_count; i++) {
		struct variable *v = arena_alloc(p->arena, sizeof(*v));
		struct field *f = &sym->fields[i];

		*v = (struct variable){f->name, f->c, f->type, p->variables};
		if (f->type->kind == TYPE_SLICE) {
			v->type = arena_alloc(p->arena, sizeof(*v->type));
			*v->type = *f->type;
			v->type->count = arena_print(p->arena, "%s_count", f->c);
		}
		p->variables = v;
	}
}

/* Rust warns of what is not used, and marks it by a leading '_'; gcc is told. */
static void port_body(struct port *p, TSNode n, struct symbol *sym)
{
	bool has_value = sym->type->kind != TYPE_UNIT && sym->type->kind != TYPE_NEVER;
	struct variable *outer = p->variables;

	declare_parameters(p, sym);
	p->temporaries = 0;
	p->indent = 1;
	port_block(p, node_field(n, "body"), (struct dest){.kind = has_value ? DEST_RETURN : DEST_NOWHERE});
	p->indent = 0;
	p->variables = outer;
}

static void function_step(struct port *p, TSNode n, void *context)
{
	struct symbol *sym = context;
	const char *head;

	if (sym->why)
		port_fail(p, "%s", sym->why);
	if (port_vectors(p, n, sym))
		return;
	head = function_head(p, sym);
	text_print(&p->protos, "%s%s;\n", head, sym->type->kind == TYPE_NEVER ? " NORETURN" : "");
	if (!node_has(node_field(n, "body")))
		return;
	p->function = sym;
	p->loop = NULL;
	p->out = &p->bodies;
	text_print(p->out, "\n%s%s\n{\n", doc_of(p, n), head);
	port_body(p, n, sym);
	text_put(p->out, "}\n");
	p->function = NULL;
}

void port_function(struct port *p, TSNode n, struct symbol *sym)
{
	const char *why = NULL;

	p->item = sym->c;
	p->out = &p->bodies;
	for (struct demotion *d = p->demotions; d; d = d->next)
		if (d->start == ts_node_start_byte(n) && d->kind == MARK_ITEM)
			why = d->reason;
	text_print(&p->protos, "\x01%u %u\n", MARK_ITEM, ts_node_start_byte(n));
	text_print(&p->bodies, "\x01%u %u\n", MARK_ITEM, ts_node_start_byte(n));
	if (why || !port_try(p, function_step, n, sym)) {
		p->function = NULL;
		if (!why)
			why = p->failure;
		sym->why = why;
		text_put(&p->bodies, "\n");
		todo_put(p, n, why);
	}
	text_put(&p->bodies, "\x02\n");
	text_put(&p->protos, "\x02\n");
}
