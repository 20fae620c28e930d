// SPDX-License-Identifier: Apache-2.0
// Finding what is ARM64's own in a Rust source. Comments, strings and imports do not count; asm templates do.
#include "constructs.h"

#include <ctype.h>
#include <string.h>

#include "asm_text.h"
#include "text.h"

const char *construct_access_word(enum construct_access access)
{
	static const char *const words[] = {"named", "read", "write", "execute"};

	return words[access];
}

static void add(struct constructs *list, u32 line, const char *name, enum construct_access access,
		const struct map_row *row)
{
	for (u32 i = list->count; i-- > 0 && list->at[i].line == line;)
		if (text_equal(list->at[i].name, name) && list->at[i].access == access)
			return;
	if (list->count == list->room) {
		u32 room = list->room ? list->room * 2 : 64;
		struct construct *grown = arena_alloc(list->arena, room * sizeof(*grown));

		if (list->count)
			memcpy(grown, list->at, list->count * sizeof(*grown));
		list->at = grown;
		list->room = room;
	}
	list->at[list->count++] = (struct construct){line, name, access, row};
}

/* A register that is written as a placeholder or comes from a macro's parameter has no name. */
static bool is_register_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return false;
	return *name != 0;
}

static void add_instruction(struct constructs *list, const struct asm_insn *insn)
{
	const char *sysreg = asm_system_register(insn);
	const struct map_row *row = NULL;

	if (sysreg) {
		bool is_read = text_equal(insn->mnemonic, "mrs");

		if (!is_register_name(sysreg))
			return;
		row = map_find(sysreg);
		add(list, insn->line, sysreg, is_read ? ACCESS_READ : ACCESS_WRITE, row);
		return;
	}
	for (u32 args = MIN(insn->args, 1u) + 1; !row && args-- > 0;)
		row = map_find(asm_map_name(list->arena, insn, args));
	if (row && (map_is_instruction(row) || row->kind == MAP_VECTOR))
		add(list, insn->line, row->name, ACCESS_EXECUTE, row);
	if (insn->mnemonic[0] == 'b' && insn->args == 1) { /* a branch of a vector table */
		row = map_find_in_name(insn->arg[0], strlen(insn->arg[0]));
		if (row && row->kind == MAP_VECTOR)
			add(list, insn->line, insn->arg[0], ACCESS_EXECUTE, row);
	}
}

static void add_asm(struct constructs *list, const struct syntax *s, TSNode token_tree)
{
	struct asm_block block = asm_parse(s, token_tree);

	for (const struct asm_insn *insn = block.insns; insn; insn = insn->next)
		add_instruction(list, insn);
}

/* What is done to a name: `X.read()`, `X.set(v)`, `read_x()`, `read_sysreg!(x)`. */
static enum construct_access name_access(const struct syntax *s, TSNode n, const char *name)
{
	u32 end = ts_node_end_byte(n), start = ts_node_start_byte(n);
	const char *behind = s->text + end;
	size_t left = s->length - end, before = start;

	if (!strncmp(name, "read_", 5) || !strncmp(name, "get_", 4))
		return ACCESS_READ;
	if (!strncmp(name, "write_", 6) || !strncmp(name, "set_", 4))
		return ACCESS_WRITE;
	if ((left > 5 && !strncmp(behind, ".get(", 5)) || (left > 6 && !strncmp(behind, ".read(", 6)) ||
	    (left > 9 && !strncmp(behind, ".extract(", 9)))
		return ACCESS_READ;
	if ((left > 5 && !strncmp(behind, ".set(", 5)) || (left > 7 && !strncmp(behind, ".write(", 7)) ||
	    (left > 8 && !strncmp(behind, ".modify(", 8)))
		return ACCESS_WRITE;
	while (before && strchr("( ", s->text[before - 1]))
		before--;
	if (before >= 12 && !strncmp(s->text + before - 12, "read_sysreg!", 12))
		return ACCESS_READ;
	if (before >= 13 && !strncmp(s->text + before - 13, "write_sysreg!", 13))
		return ACCESS_WRITE;
	return ACCESS_NAMED;
}

static void add_name(struct constructs *list, const struct syntax *s, TSNode n)
{
	const char *name = node_text(s, n);
	const struct map_row *row = map_find_in_name(name, strlen(name));
	u32 end = ts_node_end_byte(n);

	if (row) {
		add(list, node_line(n), name, name_access(s, n, name), row);
		return;
	}
	row = map_find(name); /* wfi(), isb(SY), tlbi_alle1() */
	if (row && map_is_instruction(row) && end < s->length && s->text[end] == '(')
		add(list, node_line(n), name, ACCESS_EXECUTE, row);
}

/* PSCI and device-tree numbers: the suffix and the separators do not matter. */
static void add_number(struct constructs *list, const struct syntax *s, TSNode n)
{
	char *text = (char *)(uintptr_t)node_text(s, n);
	const struct map_row *row;
	size_t digits = 2;

	if (strncmp(text, "0x", 2))
		return;
	while (isxdigit((unsigned char)text[digits]) || text[digits] == '_')
		digits++;
	text[digits] = 0;
	row = map_find(text);
	if (row)
		add(list, node_line(n), row->name, ACCESS_NAMED, row);
}

static bool is_name(TSNode n)
{
	return node_is(n, "identifier") || node_is(n, "type_identifier") || node_is(n, "field_identifier") ||
	       node_is(n, "shorthand_field_identifier");
}

/* asm!(...) inside a macro's rule is tokens only: the name, `!`, the tokens in parentheses. */
static void add_asm_tokens(struct constructs *list, const struct syntax *s, TSNode n)
{
	struct nodes all = node_all(s, n);

	for (u32 i = 0; i + 2 < all.count; i++)
		if (node_is(all.at[i], "identifier") && text_ends(node_text(s, all.at[i]), "asm") &&
		    node_reads(s, all.at[i + 1], "!") && node_is(all.at[i + 2], "token_tree"))
			add_asm(list, s, all.at[i + 2]);
}

bool constructs_visit(struct constructs *list, const struct syntax *s, TSNode n)
{
	if (node_is_comment(n) || node_is(n, "use_declaration") || node_is(n, "string_literal") ||
	    node_is(n, "raw_string_literal"))
		return false;
	if (is_name(n))
		add_name(list, s, n);
	else if (node_is(n, "integer_literal"))
		add_number(list, s, n);
	else if (asm_is_block(s, n))
		add_asm(list, s, node_child_of_type(n, "token_tree"));
	else if (node_is(n, "token_tree"))
		add_asm_tokens(list, s, n);
	return true;
}
