/* SPDX-License-Identifier: Apache-2.0 */
/* An asm!(...) as it stands in the source: its template lines taken apart, its operands, its options. */
#ifndef ETERNA_PORT_ASM_TEXT_H
#define ETERNA_PORT_ASM_TEXT_H

#include "syntax.h"

#define ASM_ARGS_MAX 6

/* One instruction of a template: "msr hcr_el2, {x}" has the mnemonic "msr" and two arguments. Lower case. */
struct asm_insn {
	const char *mnemonic;
	const char *arg[ASM_ARGS_MAX];
	u32 args;
	u32 line; /* in the file */
	struct asm_insn *next;
};

/* One operand: `name = out(reg) expr`, `in("x0") expr`. */
struct asm_operand {
	const char *name; /* given name or register, NULL when it is positional */
	const char *role; /* in, out, lateout, inout, inlateout, const, sym */
	const char *expr; /* Rust source; "" for `_` */
	const char *out;  /* of `inout(reg) a => b`: b; else NULL */
	struct asm_operand *next;
};

struct asm_block {
	struct asm_insn *insns;
	struct asm_operand *operands;
	bool is_noreturn;
};

/* Is this macro invocation one of asm!, global_asm!, naked_asm!, llvm_asm!? */
bool asm_is_block(const struct syntax *s, TSNode macro);

/* Take the token tree of an asm macro apart; what cannot be read is left out. */
struct asm_block asm_parse(const struct syntax *s, TSNode token_tree);

/* Split the text of template strings; labels, directives and comments are left out, ".align" kept as a mnemonic. */
struct asm_insn *asm_split(struct arena *a, const char *template, u32 line);

/* What map_find() takes: "dsb" and "ish" give "DSB_ISH". Register writes and reads are not asked this way. */
const char *asm_map_name(struct arena *a, const struct asm_insn *insn, u32 args);

/* The system register of an mrs or msr, as written; NULL for any other instruction. */
const char *asm_system_register(const struct asm_insn *insn);

#endif
