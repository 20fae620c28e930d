// SPDX-License-Identifier: Apache-2.0
// Names that a file takes from others of its tree: their declarations are read, so that their types are known.
#include "imports.h"

#include <string.h>

#include "port.h"
#include "subtree.h"

#define FILES_MAX 24

/* One name that a `use` brings in: what it is called here, and its path from the crate's root ("cpu/vcpu/Vcpu"). */
struct use {
	const char *name; /* "*" brings in everything */
	const char *path;
	bool is_tried;
	struct use *next;
};

struct loaded {
	const char *path;
	struct loaded *next;
};

/* "src/" of the tree, or what stands before the last one of the file's own path. */
static const char *root_of(struct port *p)
{
	const char *path = p->imports->path, *root = NULL;

	if (text_starts(path, "src/"))
		root = path + 4;
	for (const char *at = strstr(path, "/src/"); at; at = strstr(at + 1, "/src/"))
		root = at + 5;
	return root ? arena_copy(p->arena, path, (size_t)(root - path)) : "";
}

/* The module of a file, from the root: "cpu/vcpu" for src/cpu/vcpu.rs, "cpu" for src/cpu/mod.rs. */
static const char *module_of(struct port *p, const char *path)
{
	const char *inside = path + strlen(root_of(p));
	size_t length = strlen(inside);

	if (text_ends(inside, "/mod.rs"))
		length -= 7;
	else if (text_ends(inside, ".rs"))
		length -= 3;
	inside = arena_copy(p->arena, inside, length);
	return text_equal(inside, "lib") || text_equal(inside, "main") || text_equal(inside, "mod") ? "" : inside;
}

static const char *join(struct port *p, const char *a, const char *b)
{
	return *a ? arena_print(p->arena, "%s/%s", a, b) : b;
}

static const char *parent(struct port *p, const char *module)
{
	const char *slash = strrchr(module, '/');

	return slash ? arena_copy(p->arena, module, (size_t)(slash - module)) : "";
}

static void add_use(struct port *p, const char *name, const char *path)
{
	struct use *use = arena_alloc(p->arena, sizeof(*use));

	*use = (struct use){name, path, false, p->uses};
	p->uses = use;
}

/* A path as a folder: NULL for crates that are not this one (core, alloc, ...). */
static const char *path_of(struct port *p, const struct syntax *s, TSNode n, const char *module)
{
	const char *before, *name;

	if (node_is(n, "crate"))
		return "";
	if (node_is(n, "super"))
		return parent(p, module);
	if (node_is(n, "self"))
		return module;
	if (!node_is(n, "scoped_identifier"))
		return NULL;
	if (!node_has(node_field(n, "path")))
		return NULL;
	port_enter(p);
	before = path_of(p, s, node_field(n, "path"), module);
	port_leave(p);
	name = node_text(s, node_field(n, "name"));
	if (!before)
		return NULL;
	return node_is(node_field(n, "name"), "super") ? parent(p, before) : join(p, before, name);
}

static void read_use(struct port *p, const struct syntax *s, TSNode n, const char *base, const char *module)
{
	const char *path;
	struct nodes list;

	port_enter(p);
	if (node_is(n, "use_as_clause")) {
		path = path_of(p, s, node_field(n, "path"), module);
		if (base)
			path = join(p, base, node_text(s, node_field(n, "path")));
		if (path)
			add_use(p, node_text(s, node_field(n, "alias")), path);
	} else if (node_is(n, "use_wildcard")) {
		path = base ? join(p, base, node_text(s, node_first(n))) : path_of(p, s, node_first(n), module);
		if (path)
			add_use(p, "*", path);
	} else if (node_is(n, "scoped_use_list")) {
		path = path_of(p, s, node_field(n, "path"), module);
		if (!path && base)
			path = join(p, base, node_text(s, node_field(n, "path")));
		list = node_named(s, node_field(n, "list"));
		for (u32 i = 0; path && i < list.count; i++)
			read_use(p, s, list.at[i], path, module);
	} else if (base) {
		add_use(p,
			node_is(n, "self") ? (strrchr(base, '/') ? strrchr(base, '/') + 1 : base)
					   : node_last_name(s, n),
			node_is(n, "self") ? base : join(p, base, node_last_name(s, n)));
	} else {
		path = path_of(p, s, n, module);
		if (path)
			add_use(p, node_last_name(s, n), path);
	}
	port_leave(p);
}

void imports_collect(struct port *p, const struct syntax *s, const char *path)
{
	struct nodes items = node_named(s, syntax_root(s));

	for (u32 i = 0; p->imports && i < items.count; i++)
		if (node_is(items.at[i], "use_declaration"))
			read_use(p, s, node_field(items.at[i], "argument"), NULL, module_of(p, path));
}

static bool is_loaded(struct port *p, const char *path)
{
	struct loaded *l = arena_alloc(p->arena, sizeof(*l));

	for (struct loaded *at = p->loaded; at; at = at->next)
		if (text_equal(at->path, path))
			return true;
	*l = (struct loaded){path, p->loaded};
	p->loaded = l;
	return false;
}

static bool load_file(struct port *p, const char *path)
{
	struct subtree *sub;
	const char *text;
	size_t length;

	if (text_equal(path, p->imports->path) || is_loaded(p, path))
		return true;
	if (p->files_loaded == FILES_MAX ||
	    source_read(p->imports->source, p->arena, path, &text, &length) != SOURCE_OK)
		return false;
	p->files_loaded++;
	sub = arena_alloc(p->arena, sizeof(*sub));
	if (!syntax_parse(&sub->syntax, p->arena, text, length))
		return false;
	sub->next = p->subtrees;
	p->subtrees = sub;
	imports_collect(p, &sub->syntax, path);
	symbols_collect(p, &sub->syntax, syntax_root(&sub->syntax), NULL, true);
	symbols_resolve(p);
	return true;
}

/* "cpu/vcpu/Vcpu" is in cpu/vcpu/Vcpu.rs, cpu/vcpu.rs, cpu.rs, or a mod.rs, or the root. */
static void load_path(struct port *p, const char *path)
{
	const char *root = root_of(p);

	for (; *path; path = parent(p, path))
		if (load_file(p, arena_print(p->arena, "%s%s.rs", root, path)) ||
		    load_file(p, arena_print(p->arena, "%s%s/mod.rs", root, path)))
			return;
	if (!load_file(p, arena_print(p->arena, "%slib.rs", root)))
		(void)load_file(p, arena_print(p->arena, "%smain.rs", root));
}

void imports_load(struct port *p, const char *name)
{
	for (struct use *use = p->uses; p->imports && use; use = use->next) {
		if (use->is_tried || (!text_equal(use->name, name) && !text_equal(use->name, "*")))
			continue;
		use->is_tried = true;
		load_path(p, use->path);
	}
}
