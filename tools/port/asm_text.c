// SPDX-License-Identifier: Apache-2.0
// asm!(...) taken apart: strings into instructions, the rest into operands.
#include "asm_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text.h"

bool asm_is_block(const struct syntax *s, TSNode macro)
{
	static const char *const names[] = {"asm", "global_asm", "naked_asm", "llvm_asm", NULL};

	return node_is(macro, "macro_invocation") &&
	       text_is_one_of(node_last_name(s, node_field(macro, "macro")), names);
}

static char *trimmed(struct arena *a, const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return arena_copy(a, from, (size_t)(to - from));
}

static void split_args(struct arena *a, struct asm_insn *insn, const char *at, const char *end)
{
	while (at < end && insn->args < ASM_ARGS_MAX) {
		const char *comma = at;
		int depth = 0;

		while (comma < end && !(*comma == ',' && !depth)) {
			depth += (*comma == '[') - (*comma == ']');
			comma++;
		}
		insn->arg[insn->args++] = trimmed(a, at, comma);
		at = comma + 1;
	}
}

/* One line without its comment; NULL for labels, directives and nothing. */
static struct asm_insn *read_line(struct arena *a, const char *at, const char *end, u32 line)
{
	struct asm_insn *insn;
	const char *word;

	while (at < end && isspace((unsigned char)*at))
		at++;
	word = at;
	while (word < end && (isalnum((unsigned char)*word) || *word == '.' || *word == '_'))
		word++;
	if (word < end && *word == ':') /* a label, perhaps with an instruction behind it */
		return read_line(a, word + 1, end, line);
	if (word == at)
		return NULL;
	insn = arena_alloc(a, sizeof(*insn));
	insn->line = line;
	insn->mnemonic = arena_copy(a, at, (size_t)(word - at));
	for (char *c = (char *)insn->mnemonic; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	split_args(a, insn, word, end);
	if (*insn->mnemonic == '.' && strcasecmp(insn->mnemonic, ".align") && strcasecmp(insn->mnemonic, ".balign"))
		return NULL;
	return insn;
}

static const char *line_end(const char *at, const char **code_end)
{
	const char *end = at + strcspn(at, "\n;");
	const char *comment = strstr(at, "//");

	*code_end = comment && comment < end ? comment : end;
	if (comment && comment < end)
		end = comment + strcspn(comment, "\n");
	return end;
}

struct asm_insn *asm_split(struct arena *a, const char *template, u32 line)
{
	struct asm_insn *first = NULL, **tail = &first;

	for (const char *at = template; *at;) {
		const char *code_end;
		const char *end = line_end(at, &code_end);
		struct asm_insn *insn = read_line(a, at, code_end, line);

		if (insn) {
			*tail = insn;
			tail = &insn->next;
		}
		line += *end == '\n';
		at = *end ? end + 1 : end;
	}
	return first;
}

/* The text of a string literal, quotes and escapes taken away. A written \n separates instructions as a real one does,
 * but is no line of the file. */
static const char *string_value(const struct syntax *s, TSNode literal)
{
	const char *raw = node_text(s, literal);
	const char *from = strchr(raw, '"'), *to = strrchr(raw, '"');
	struct text t = {.arena = s->arena};

	if (!from || to <= from)
		return "";
	for (from++; from < to; from++) {
		if (*from != '\\' || node_is(literal, "raw_string_literal")) {
			text_add(&t, from, 1);
			continue;
		}
		from++;
		text_put(&t, *from == 'n' ? ";" : *from == 't' ? " " : "");
	}
	return text_get(&t);
}

static bool node_is_string(TSNode n)
{
	return node_is(n, "string_literal") || node_is(n, "raw_string_literal");
}

/* The operand in tokens [from, to): `[name =] role(place) expr [=> out]`. */
static struct asm_operand *read_operand(const struct syntax *s, const struct nodes *n, u32 from, u32 to)
{
	struct asm_operand *op = arena_alloc(s->arena, sizeof(*op));
	u32 arrow = from;

	if (to - from > 2 && node_reads(s, n->at[from + 1], "=")) {
		op->name = node_text(s, n->at[from]);
		from += 2;
	}
	op->role = node_text(s, n->at[from]);
	if (to - from < 2 || !node_is(n->at[from + 1], "token_tree"))
		return text_equal(op->role, "const") || text_equal(op->role, "sym") ? op : NULL;
	if (!op->name) {
		TSNode place = node_first(n->at[from + 1]);

		if (node_is_string(place))
			op->name = string_value(s, place);
	}
	for (arrow = from + 2; arrow < to && !node_reads(s, n->at[arrow], "=>"); arrow++)
		;
	op->expr = from + 2 < arrow
			   ? arena_copy(s->arena, s->text + ts_node_start_byte(n->at[from + 2]),
					ts_node_end_byte(n->at[arrow - 1]) - ts_node_start_byte(n->at[from + 2]))
			   : "";
	if (arrow + 1 < to)
		op->out = arena_copy(s->arena, s->text + ts_node_start_byte(n->at[arrow + 1]),
				     ts_node_end_byte(n->at[to - 1]) - ts_node_start_byte(n->at[arrow + 1]));
	return op;
}

struct asm_block asm_parse(const struct syntax *s, TSNode token_tree)
{
	struct asm_block block = {0};
	struct asm_insn **insn = &block.insns;
	struct asm_operand **operand = &block.operands;
	struct nodes all = node_all(s, token_tree);
	u32 end = all.count ? all.count - 1 : 0; /* the closing parenthesis */

	for (u32 from = 1, to; from < end; from = to + 1) {
		for (to = from; to < end && !node_reads(s, all.at[to], ","); to++)
			;
		while (from < to && node_is_comment(all.at[from]))
			from++;
		if (from == to)
			continue;
		if (node_is_string(all.at[from]) && to == from + 1) {
			*insn = asm_split(s->arena, string_value(s, all.at[from]), node_line(all.at[from]));
			while (*insn)
				insn = &(*insn)->next;
		} else if (node_reads(s, all.at[from], "options")) {
			block.is_noreturn |= to - from > 1 && strstr(node_text(s, all.at[from + 1]), "noreturn");
		} else {
			*operand = read_operand(s, &all, from, to);
			if (*operand)
				operand = &(*operand)->next;
		}
	}
	return block;
}

const char *asm_map_name(struct arena *a, const struct asm_insn *insn, u32 args)
{
	struct text t = {.arena = a};

	text_put(&t, insn->mnemonic);
	for (u32 i = 0; i < args && i < insn->args; i++)
		text_print(&t, "_%s", insn->arg[i]);
	return text_get(&t);
}

const char *asm_system_register(const struct asm_insn *insn)
{
	if (text_equal(insn->mnemonic, "mrs") && insn->args == 2)
		return insn->arg[1];
	if (text_equal(insn->mnemonic, "msr") && insn->args == 2)
		return insn->arg[0];
	return NULL;
}
