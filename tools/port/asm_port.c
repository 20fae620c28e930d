// SPDX-License-Identifier: Apache-2.0
// asm! by the table: system registers, barriers, maintenance. What the table does not have is left to a person.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "asm_text.h"
#include "port.h"
#include "port_map.h"
#include "subtree.h"

/* The operand that `{}`, `{0}`, `{name:x}` or a register stands for. `next` counts the bare ones. */
static struct asm_operand *find_operand(struct port *p, const struct asm_block *block, const char *arg, u32 *next)
{
	struct asm_operand *op = block->operands;
	const char *name = arg;
	u32 number = 0;
	bool by_number = false;

	if (*arg == '{') {
		size_t length = strcspn(arg + 1, ":}");

		name = arena_copy(p->arena, arg + 1, length);
		by_number = !*name || isdigit((unsigned char)*name);
		number = *name ? (u32)strtoul(name, NULL, 10) : (*next)++;
	}
	for (; op; op = op->next) {
		if (by_number ? number-- == 0 : op->name && text_equal(op->name, name))
			return op;
	}
	port_fail(p, "asm!: the operand %s", arg);
}

static struct expr operand_value(struct port *p, const char *rust, struct type *expected)
{
	struct subtree *sub = arena_alloc(p->arena, sizeof(*sub));
	const struct syntax *s = p->s;
	const char *text = arena_print(p->arena, "fn m() { f(%s); }", rust);
	struct expr e;
	TSNode n;

	if (!syntax_parse(&sub->syntax, p->arena, text, strlen(text)))
		port_fail(p, "asm!: an operand");
	sub->next = p->subtrees;
	p->subtrees = sub;
	n = node_first(node_first(node_field(node_first(syntax_root(&sub->syntax)), "body")));
	if (ts_node_has_error(n) || node_named(&sub->syntax, node_field(n, "arguments")).count != 1)
		port_fail(p, "asm!: the operand %s", rust);
	p->s = &sub->syntax;
	e = expr_checked(p, port_expr(p, node_first(node_field(n, "arguments")), expected));
	p->s = s;
	return e;
}

static const char *fill_in(struct port *p, const char *template, const char *value)
{
	const char *at = strchr(template, '$');

	return at ? arena_print(p->arena, "%.*s%s%s", (int)(at - template), template, value, at + 1) : template;
}

static void note_near(struct port *p, TSNode macro, const struct map_row *row, const char *name)
{
	if (row->fit == MAP_NEAR)
		todo_put(p, macro, arena_print(p->arena, "%s: %s; bits or moment differ", name, row->counterpart));
}

static void read_register(struct port *p, TSNode macro, const struct asm_block *block, const struct asm_insn *insn,
			  const struct map_row *row, u32 *next)
{
	struct asm_operand *op = find_operand(p, block, insn->arg[0], next);
	struct expr to;

	if (!*row->read)
		port_fail(p, "%s: %s (%s)", insn->arg[1], row->counterpart, row->file);
	if (text_equal(op->expr, "_"))
		return;
	to = operand_value(p, op->out ? op->out : op->expr, NULL);
	if (!type_is_scalar(to.type))
		port_fail(p, "asm!: %s is read into what is no number", insn->arg[1]);
	note_near(p, macro, row, insn->arg[1]);
	line_put(p, "%s = %s%s;", to.text, to.type->bits < 64 ? arena_print(p->arena, "(%s)", to.type->c) : "",
		 row->read);
}

static void write_register(struct port *p, TSNode macro, const struct asm_block *block, const struct asm_insn *insn,
			   const struct map_row *row, u32 *next)
{
	const char *value = insn->arg[1];
	struct expr e;

	if (!*row->write)
		port_fail(p, "%s: %s (%s)", insn->arg[0], row->counterpart, row->file);
	if (text_equal(value, "xzr")) {
		value = "0";
	} else if (*value == '#') {
		value++;
	} else {
		e = operand_value(p, find_operand(p, block, value, next)->expr, &type_u64);
		if (!type_is_scalar(e.type))
			port_fail(p, "asm!: %s is written with what is no number", insn->arg[0]);
		value = e.text;
	}
	note_near(p, macro, row, insn->arg[0]);
	line_put(p, "%s;", fill_in(p, row->write, value));
}

/* Barriers, TLB and cache maintenance, WFI: the longest name that the table has. */
static void other_instruction(struct port *p, TSNode macro, const struct asm_block *block, const struct asm_insn *insn,
			      u32 *next)
{
	const struct map_row *row = NULL;
	const char *value = "0";

	for (u32 args = MIN(insn->args, 1u) + 1; !row && args-- > 0;)
		row = map_find(asm_map_name(p->arena, insn, args));
	if (!row || !map_is_instruction(row))
		port_fail(p, "asm!: %s has no counterpart in the table", insn->mnemonic);
	if (row->fit == MAP_GONE) {
		line_put(p, "/* %s: %s */", row->name, row->counterpart);
		return;
	}
	if (!*row->write)
		port_fail(p, "%s: %s (%s)", row->name, row->counterpart, row->file);
	if (strchr(row->write, '$') && insn->args == 2)
		value = operand_value(p, find_operand(p, block, insn->arg[1], next)->expr, &type_u64).text;
	note_near(p, macro, row, row->name);
	line_put(p, "%s;", fill_in(p, row->write, value));
}

void port_asm(struct port *p, TSNode macro)
{
	struct asm_block block = asm_parse(p->s, node_child_of_type(macro, "token_tree"));
	u32 next = 0;

	if (!block.insns)
		port_fail(p, "asm! without an instruction");
	for (const struct asm_insn *insn = block.insns; insn; insn = insn->next) {
		const char *sysreg = asm_system_register(insn);
		const struct map_row *row = sysreg ? map_find(sysreg) : NULL;

		if (!sysreg)
			other_instruction(p, macro, &block, insn, &next);
		else if (!row)
			port_fail(p, "asm!: the register %s is not in the table", sysreg);
		else if (row->fit == MAP_GONE)
			port_fail(p, "%s: %s", sysreg, row->counterpart);
		else if (text_equal(insn->mnemonic, "mrs"))
			read_register(p, macro, &block, insn, row, &next);
		else
			write_register(p, macro, &block, insn, row, &next);
	}
}

/* --- exception vectors
 * -------------------------------------------------------------------------------------------------- */

static const char vectors[] = "	switch (vmread(VMCS_exit_reason) & EXIT_REASON_BASIC) {\n"
			      "	case VMX_EXIT_EXCEPTION_NMI:\n		return handle_exception(vcpu);\n"
			      "	case VMX_EXIT_EXTERNAL_INTERRUPT:\n		return handle_interrupt(vcpu);\n"
			      "	case VMX_EXIT_TRIPLE_FAULT:\n		return ERR_FAULT;\n"
			      "	case VMX_EXIT_EPT_VIOLATION:\n		return handle_ept_fault(vcpu);\n"
			      "	case VMX_EXIT_EPT_MISCONFIGURATION:\n		return handle_ept_misconfig(vcpu);\n"
			      "	case VMX_EXIT_VMCALL:\n		return handle_hypercall(vcpu);\n"
			      "	case VMX_EXIT_CR_ACCESS:\n		return handle_cr_access(vcpu);\n"
			      "	case VMX_EXIT_RDMSR:\n		return handle_msr_read(vcpu);\n"
			      "	case VMX_EXIT_WRMSR:\n		return handle_msr_write(vcpu);\n"
			      "	default:\n		return ERR_UNSUPPORTED;\n	}\n}\n";

static const char *const handlers[] = {"exception", "interrupt", "ept_fault", "ept_misconfig",
				       "hypercall", "cr_access", "msr_read",  "msr_write"};

static bool find_vectors(const struct syntax *s, struct nodes *list, struct asm_block *block)
{
	for (u32 i = 0; i < list->count; i++) {
		TSNode n = node_is(list->at[i], "expression_statement") ? node_first(list->at[i]) : list->at[i];

		if (!asm_is_block(s, n))
			continue;
		*block = asm_parse(s, node_child_of_type(n, "token_tree"));
		return true;
	}
	return false;
}

bool port_vectors(struct port *p, TSNode function, struct symbol *sym)
{
	struct nodes list = node_named(p->s, node_field(function, "body"));
	struct asm_block block;
	u32 branches = 0;
	bool aligned = false;

	if (!find_vectors(p->s, &list, &block))
		return false;
	for (const struct asm_insn *insn = block.insns; insn; insn = insn->next) {
		aligned |= text_ends(insn->mnemonic, "align");
		branches += text_equal(insn->mnemonic, "b") && insn->args == 1;
	}
	if (!aligned || branches < 2)
		return false;
	for (u32 i = 0; i < ARRAY_COUNT(handlers); i++)
		text_print(&p->protos, "err_t handle_%s(struct vcpu *vcpu);\n", handlers[i]);
	text_put(&p->protos, "err_t handle_vmexit(struct vcpu *vcpu);\n");
	text_print(&p->bodies,
		   "\n/* %s: its vectors become one entry, the VM exit (src/hvm/vmx/enter.S), and a dispatch by exit "
		   "reason. */\n"
		   "err_t handle_vmexit(struct vcpu *vcpu)\n{\n%s",
		   sym->name, vectors);
	p->out = &p->bodies;
	text_put(p->out, "\n");
	todo_put(p, function, "the handlers are yours to write; saving registers is done by src/hvm/vmx/enter.S");
	return true;
}
