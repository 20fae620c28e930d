// SPDX-License-Identifier: Apache-2.0
// One pass of translation: collect, translate, put the sections together, find the marks' lines.
#include "translate.h"

#include <ctype.h>
#include <string.h>

#include "port_map.h"
#include "subtree.h"

/* Deeper nesting than this is left alone: the stack is finite. */
#define DEPTH_MAX 200

void port_fail(struct port *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	p->failure = arena_print_args(p->arena, format, args);
	va_end(args);
	longjmp(*p->on_fail, 1);
}

void port_enter(struct port *p)
{
	if (++p->depth > DEPTH_MAX)
		port_fail(p, "nested too deep");
}

void port_leave(struct port *p)
{
	p->depth--;
}

static void run_step(struct port *p, port_step_fn step, TSNode n, void *context, bool *fine)
{
	jmp_buf here, *outer = p->on_fail;

	if (!setjmp(here)) {
		p->on_fail = &here;
		step(p, n, context);
		*fine = true;
	}
	p->on_fail = outer;
}

/* What was written before a failure is cut off again; a section that is not the current one as well. */
bool port_try(struct port *p, port_step_fn step, TSNode n, void *context)
{
	struct text *sections[] = {&p->types, &p->consts, &p->statics, &p->protos, &p->bodies, p->out};
	size_t lengths[ARRAY_COUNT(sections)];
	struct port before = *p;
	bool fine = false;

	for (u32 i = 0; i < ARRAY_COUNT(sections); i++)
		lengths[i] = sections[i] ? sections[i]->length : 0;
	run_step(p, step, n, context, &fine);
	if (fine)
		return true;
	p->variables = before.variables;
	p->loop = before.loop;
	p->s = before.s;
	p->out = before.out;
	p->indent = before.indent;
	p->depth = before.depth;
	p->self_type = before.self_type;
	p->function = before.function;
	p->item = before.item;
	p->todos_tail = before.todos_tail;
	*p->todos_tail = NULL;
	for (u32 i = 0; i < ARRAY_COUNT(sections); i++) {
		bool is_types = sections[i] == &p->types && p->out != &p->types; /* a type that was needed may stay */

		if (!sections[i] || !sections[i]->s || is_types)
			continue;
		sections[i]->length = lengths[i];
		sections[i]->s[lengths[i]] = 0;
	}
	return false;
}

/* --- what is left to do
 * ----------------------------------------------------------------------------------------------- */

void todo_add(struct port *p, TSNode n, const char *reason, bool is_note)
{
	struct todo *t = arena_alloc(p->arena, sizeof(*t));
	bool is_here = p->s == p->file;

	*t = (struct todo){.line = is_here ? node_line(n) : p->line_now,
			   .item = p->item ? p->item : "",
			   .reason = reason,
			   .start = is_here ? ts_node_start_byte(n) : p->start_now,
			   .end = is_here ? ts_node_end_byte(n) : p->end_now,
			   .is_note = is_note};
	*p->todos_tail = t;
	p->todos_tail = &t->next;
}

static void quote_source(struct port *p, const char *rust)
{
	struct text line = {.arena = p->arena};

	line_put(p, "/*");
	for (const char *c = rust;; c++) {
		if (*c == '\n' || !*c) {
			line_put(p, " *%s%s", line.length ? " " : "", text_get(&line));
			line.length = 0;
			if (line.s)
				*line.s = 0;
			if (!*c)
				break;
		} else if ((*c == '*' && c[1] == '/') || (*c == '/' && c[1] == '*')) {
			text_print(&line, "%c ", *c);
		} else {
			text_add(&line, (unsigned char)*c < ' ' && *c != '\t' ? "?" : c, 1);
		}
	}
	line_put(p, " */");
}

static const char *quoted(struct port *p, const char *reason)
{
	struct text t = {.arena = p->arena};

	for (const char *c = reason; *c && t.length < 200; c++)
		text_add(&t, *c == '"' ? "'" : *c == '\\' || (unsigned char)*c < ' ' ? " " : c, 1);
	return text_get(&t);
}

void todo_put(struct port *p, TSNode n, const char *reason)
{
	if (!p->out)
		port_fail(p, "%s", reason);
	reason = quoted(p, reason);
	todo_add(p, n, reason, false);
	if (node_has(n))
		quote_source(p, node_text(p->s, n));
	line_put(p, "PORT_TODO(\"%s\");", reason);
}

void fill_put(struct port *p, TSNode n, const char *reason, const char *text)
{
	todo_add(p, n, arena_print(p->arena, "review what a model proposed (%s)", quoted(p, reason)), true);
	line_put(p, "/* Proposed by a model, checked by nobody but the compiler. The Rust source: */");
	quote_source(p, node_text(p->s, n));
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			line_put(p, "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* --- sections into a file
 * ------------------------------------------------------------------------------------------------- */

static bool mentions(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')) &&
		    !(isalnum((unsigned char)at[length]) || at[length] == '_'))
			return true;
	return false;
}

static void put_includes(struct text *t, const char *body)
{
	static const struct {
		const char *header;
		const char *words[8];
	} headers[] = {
		{"base/assert.h", {"ASSERT"}},
		{"base/bits.h", {"BIT", "BITS", "PUT", "GET"}},
		{"base/err.h", {"err_t", "err_text", "OK"}},
		{"base/mem.h", {"memcpy", "memset", "memmove"}},
		{"base/str.h", {"strcmp"}},
		{"host/apic.h", {"apic_eoi", "apic_timer_arm"}},
		{"host/clock.h", {"clock_tsc_khz"}},
		{"host/log.h", {"log_info", "log_warn", "log_error", "log_debug"}},
		{"host/panic.h", {"panic"}},
		{"hvm/vmx/insn.h", {"vmread", "vmwrite", "invept", "invvpid"}},
		{"x86/cpu_state.h", {"segment"}},
		{"x86/insn.h", {"rdmsr", "wrmsr", "cli", "pause", "rdtsc", "interrupt_wait", "interrupt_window"}},
	};
	static const char *const registers[] = {"read_cr", "write_cr", "read_dr", "write_dr",    "cpuid(",
						"wbinvd",  "xgetbv",   "xsetbv",  "memory_clear"};

	for (u32 i = 0; i < ARRAY_COUNT(headers); i++) {
		bool wanted = false;

		for (u32 k = 0; k < ARRAY_COUNT(headers[i].words) && headers[i].words[k]; k++)
			wanted |= mentions(body, headers[i].words[k]);
		for (u32 k = 0; k < ARRAY_COUNT(registers) && text_equal(headers[i].header, "x86/insn.h"); k++)
			wanted |= strstr(body, registers[k]) != NULL;
		if (wanted)
			text_print(t, "#include \"%s\"\n", headers[i].header);
	}
	text_put(t, "#include \"base/types.h\"\n");
	if (mentions(body, "MSR_GS_BASE") || strstr(body, "(MSR_"))
		text_put(t, "#include \"x86/regs/msr.h\"\n");
}

/* Every struct that the text names is declared first: a name first met in a parameter list would be another one. */
static void put_forwards(struct text *t, const char *body)
{
	struct text seen = {.arena = t->arena};

	text_put(&seen, " ");
	for (const char *at = strstr(body, "struct "); at; at = strstr(at + 7, "struct ")) {
		size_t length = 0;
		const char *name;

		if (at > body && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			continue;
		while (isalnum((unsigned char)at[7 + length]) || at[7 + length] == '_')
			length++;
		name = arena_print(t->arena, " %.*s ", (int)length, at + 7);
		if (!length || strstr(text_get(&seen), name))
			continue;
		text_put(&seen, name + 1);
		text_print(t, "struct%.*s;\n", (int)length + 1, name);
	}
}

/* Comments and strings are not looked at for names: they hold Rust, and words. */
static const char *without_comments(struct arena *a, const char *text)
{
	char *copy = arena_copy(a, text, strlen(text));

	for (char *open = strstr(copy, "/*"); open; open = strstr(open, "/*")) {
		char *close = strstr(open, "*/");

		memset(open, ' ', close ? (size_t)(close + 2 - open) : strlen(open));
	}
	for (char *quote = strchr(copy, '"'); quote; quote = strchr(quote + 1, '"')) {
		for (quote++; *quote && *quote != '"'; quote++) {
			if (*quote == '\\' && quote[1])
				*quote++ = ' ';
			*quote = *quote == '\n' ? '\n' : ' ';
		}
		if (!*quote)
			break;
	}
	return copy;
}

static void put_file(struct port *p, struct text *t, const char *path)
{
	struct text body = {.arena = p->arena};
	struct text forwards = {.arena = p->arena};
	const char *code;

	text_print(&body, "%s%s%s%s", text_get(&p->types), p->protos.length ? "\n" : "", text_get(&p->protos),
		   text_get(&p->statics));
	text_put(&body, text_get(&p->bodies));
	code = without_comments(p->arena, arena_print(p->arena, "%s%s", text_get(&p->consts), text_get(&body)));
	text_put(t, "// SPDX-License-Identifier: Apache-2.0\n");
	text_print(t, "// Ported from %s by eterna-port: to be read and finished by a person.\n", path);
	put_includes(t, code);
	if (mentions(code, "PORT_TODO"))
		text_put(t, "\n/* A place that has no sure translation; the Rust source stands above it. */\n"
			    "#define PORT_TODO(reason) _Static_assert(1, \"PORT_TODO: \" reason)\n");
	if (p->consts.length)
		text_print(t, "\n%s", text_get(&p->consts));
	put_forwards(&forwards, code);
	if (forwards.length)
		text_print(t, "\n%s", text_get(&forwards));
	text_put(t, text_get(&body));
}

static u32 open_mark(struct port *p, struct translation *out, const char *line, u32 number, u32 outer)
{
	unsigned kind = 0, start = 0;

	if (out->mark_count == p->mark_room) {
		u32 room = p->mark_room * 2;
		struct mark *grown = arena_alloc(p->arena, room * sizeof(*grown));

		memcpy(grown, out->marks, out->mark_count * sizeof(*grown));
		out->marks = grown;
		p->mark_room = room;
	}
	sscanf(line + 1, "%u %u", &kind, &start);
	out->marks[out->mark_count] = (struct mark){(enum mark_kind)kind, start, number, number, outer};
	return out->mark_count++;
}

/* Takes the mark lines out and notes which lines of the rest lie inside each; no more than one empty line in a row. */
static void resolve_marks(struct port *p, struct translation *out, const char *raw)
{
	struct text t = {.arena = p->arena};
	u32 line = 1, now = 0;
	bool was_empty = false;

	p->mark_room = 64;
	out->marks = arena_alloc(p->arena, p->mark_room * sizeof(*out->marks));
	out->mark_count = 1;
	for (const char *at = raw; *at;) {
		size_t length = strcspn(at, "\n") + 1;

		if (*at == 1) {
			now = open_mark(p, out, at, line, now);
		} else if (*at == 2) {
			out->marks[now].last = line;
			now = out->marks[now].outer;
		} else if (length > 1 || !was_empty) {
			text_add(&t, at, length);
			was_empty = length == 1;
			line++;
		}
		at += length;
	}
	out->text = text_get(&t);
}

static void foreign_step(struct port *p, TSNode n, void *context)
{
	(void)n;
	text_print(&p->protos, "%s;\n", function_head(p, context));
}

/* Prototypes of functions of other files that are called here. */
static void put_foreign_functions(struct port *p)
{
	for (struct symbol *sym = p->symbols; sym; sym = sym->next)
		if (sym->kind == SYM_FUNCTION && sym->is_foreign && sym->is_used && !sym->why && sym->type)
			(void)!port_try(p, foreign_step, sym->node, sym);
}

struct translation translate(struct arena *arena, const struct syntax *s, const char *path, struct demotion *demotions,
			     const struct fill *fills, const struct imports *imports)
{
	struct port p = {.arena = arena, .s = s, .file = s, .demotions = demotions, .fills = fills, .imports = imports};
	struct text whole = {.arena = arena};
	struct translation out = {0};
	jmp_buf here;

	p.symbols_tail = &p.symbols;
	p.todos_tail = &p.todos;
	p.types.arena = p.consts.arena = p.statics.arena = p.protos.arena = p.bodies.arena = arena;
	p.out = &p.bodies;
	if (!setjmp(here)) {
		p.on_fail = &here;
		imports_collect(&p, s, path);
		symbols_collect(&p, s, syntax_root(s), NULL, false);
		symbols_resolve(&p);
		port_items(&p, syntax_root(s));
		port_constants(&p);
		for (struct symbol *sym = p.symbols; sym; sym = sym->next)
			if (sym->kind <= SYM_SUM && sym->is_foreign && sym->is_used)
				port_type_symbol(&p, sym);
		put_foreign_functions(&p);
		put_file(&p, &whole, path);
	}
	resolve_marks(&p, &out, text_get(&whole));
	out.todos = p.todos;
	for (struct todo *t = p.todos; t; t = t->next)
		out.todo_count++;
	subtrees_free(p.subtrees);
	return out;
}
