/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction is at CS:RIP: for processors that report an intercepted instruction without its length and
 * operands. Nothing is carried out.
 */
#ifndef ETERNA_EMUL_IDENTIFY_H
#define ETERNA_EMUL_IDENTIFY_H

#include "emul/emul.h"

enum insn_kind {
	INSN_OTHER,
	INSN_MOV_TO_CR,
	INSN_MOV_FROM_CR,
	INSN_MOV_TO_DR,
	INSN_MOV_FROM_DR,
	INSN_LMSW,
	INSN_CLTS,
	/* What stores or loads all of RFLAGS, and what holds a trap back. */
	INSN_PUSHF,
	INSN_POPF,
	INSN_IRET,
	INSN_INT, /* `number`: the vector; INT3 and INTO, too */
	INSN_INT3,
	INSN_INTO,
	INSN_SYSCALL,
	INSN_SYSENTER,
	INSN_SYSRET, /* these two: `number` is 64 or 32, the width of what they return to */
	INSN_SYSEXIT,
	INSN_LOAD_SS, /* MOV or POP */
};

struct insn_identity {
	u8 kind;   /* enum insn_kind */
	u8 bytes;  /* length */
	u8 number; /* of the control or debug register; see above */
	u8 gpr;    /* MOV: enum gpr */
	u16 msw;   /* LMSW: its operand */
};

/*
 * Fetch and decode, as emul_step() would: EMUL_DONE with *out; EMUL_FAULT when the fetch, the decoding or reading
 * LMSW's operand raises an exception (*result says which); EMUL_UNSUPPORTED; EMUL_FAILED.
 */
enum emul_status emul_identify(struct emul *e, struct emul_result *result, struct insn_identity *out) MUST_CHECK;

#endif
