/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction forms that native_test.c compares with the processor, and what the manual leaves undefined of each.
 */
#ifndef ETERNA_TESTS_UNIT_EMUL_NATIVE_ROWS_H
#define ETERNA_TESTS_UNIT_EMUL_NATIVE_ROWS_H

#include "base/types.h"
#include "x86/regs/control.h"

#define CF RFLAGS_CF
#define PF RFLAGS_PF
#define AF RFLAGS_AF
#define ZF RFLAGS_ZF
#define SF RFLAGS_SF
#define OF RFLAGS_OF
#define ALL_FLAGS (CF | PF | AF | ZF | SF | OF)

/* What follows the opcode. */
enum form {
	PLAIN,      /* nothing */
	MODRM,      /* register or memory */
	MODRM_MEM,  /* memory only */
	MODRM_REG,  /* register only */
	IN_OPCODE,  /* a register in the low bits of the opcode */
	STRING,     /* implied RSI and RDI, perhaps a repeat prefix */
	STACK,      /* RSP points into the data */
	BIT_OFFSET, /* MODRM whose register is a bit offset near by */
	VECTOR,     /* MODRM, aligned memory */
	MOFFS,      /* an address in the place of a constant */
};

enum imm { NO_IMM, IMM8, IMM_Z /* 16 or 32 bits */, IMM_V /* 16, 32 or 64 bits */ };

#define LOCK 1u     /* may have a LOCK prefix with memory */
#define SHIFT 2u    /* undefined flags depend on the count */
#define SHIFTD 4u   /* the same for double shifts; an undefined result for 16-bit counts above 16 */
#define NO_W 8u     /* no REX.W */
#define NO_66 16u   /* no operand-size prefix */
#define ONLY_64 64u /* means something else in 32-bit code */
#define ONLY_32 128u
#define VEX 32u /* opcode bytes are a VEX instruction; no prefixes */

struct row {
	const char *opcode; /* bytes; mandatory prefixes first */
	u8 opcode_bytes;
	enum form form;
	int extension; /* in ModRM.reg, or -1 */
	enum imm imm;
	u64 undefined; /* flags */
	unsigned options;
};

#define OP(text) text, sizeof(text) - 1

static const struct row rows[] = {
	/* ADD OR ADC SBB AND SUB XOR CMP are made by alu_rows(). */
	{OP("\x84"), MODRM, -1, NO_IMM, AF, 0},
	{OP("\x85"), MODRM, -1, NO_IMM, AF, 0},
	{OP("\xa8"), PLAIN, -1, IMM8, AF, 0},
	{OP("\xa9"), PLAIN, -1, IMM_Z, AF, 0},
	{OP("\xf6"), MODRM, 0, IMM8, AF, 0},
	{OP("\xf7"), MODRM, 0, IMM_Z, AF, 0},
	{OP("\xf6"), MODRM, 2, NO_IMM, 0, LOCK},
	{OP("\xf7"), MODRM, 2, NO_IMM, 0, LOCK},
	{OP("\xf6"), MODRM, 3, NO_IMM, 0, LOCK},
	{OP("\xf7"), MODRM, 3, NO_IMM, 0, LOCK},
	{OP("\xf6"), MODRM, 4, NO_IMM, SF | ZF | AF | PF, 0},
	{OP("\xf7"), MODRM, 4, NO_IMM, SF | ZF | AF | PF, 0},
	{OP("\xf6"), MODRM, 5, NO_IMM, SF | ZF | AF | PF, 0},
	{OP("\xf7"), MODRM, 5, NO_IMM, SF | ZF | AF | PF, 0},
	{OP("\xf6"), MODRM, 6, NO_IMM, ALL_FLAGS, 0},
	{OP("\xf7"), MODRM, 6, NO_IMM, ALL_FLAGS, 0},
	{OP("\xf6"), MODRM, 7, NO_IMM, ALL_FLAGS, 0},
	{OP("\xf7"), MODRM, 7, NO_IMM, ALL_FLAGS, 0},
	{OP("\xfe"), MODRM, 0, NO_IMM, 0, LOCK},
	{OP("\xff"), MODRM, 0, NO_IMM, 0, LOCK},
	{OP("\xfe"), MODRM, 1, NO_IMM, 0, LOCK},
	{OP("\xff"), MODRM, 1, NO_IMM, 0, LOCK},
	{OP("\x0f\xaf"), MODRM, -1, NO_IMM, SF | ZF | AF | PF, 0},
	{OP("\x69"), MODRM, -1, IMM_Z, SF | ZF | AF | PF, 0},
	{OP("\x6b"), MODRM, -1, IMM8, SF | ZF | AF | PF, 0},
	/* moves */
	{OP("\x88"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x89"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x8a"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x8b"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\xc6"), MODRM, 0, IMM8, 0, 0},
	{OP("\xc7"), MODRM, 0, IMM_Z, 0, 0},
	{OP("\xb0"), IN_OPCODE, -1, IMM8, 0, 0},
	{OP("\xb8"), IN_OPCODE, -1, IMM_V, 0, 0},
	{OP("\x0f\xb6"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x0f\xb7"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x0f\xbe"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x0f\xbf"), MODRM, -1, NO_IMM, 0, 0},
	{OP("\x63"), MODRM, -1, NO_IMM, 0, ONLY_64},
	{OP("\xa0"), MOFFS, -1, NO_IMM, 0, 0},
	{OP("\xa1"), MOFFS, -1, NO_IMM, 0, 0},
	{OP("\xa2"), MOFFS, -1, NO_IMM, 0, 0},
	{OP("\xa3"), MOFFS, -1, NO_IMM, 0, 0},
	{OP("\x40"), IN_OPCODE, -1, NO_IMM, 0, ONLY_32},
	{OP("\x48"), IN_OPCODE, -1, NO_IMM, 0, ONLY_32},
	{OP("\x0f\x38\xf0"), MODRM_MEM, -1, NO_IMM, 0, 0},
	{OP("\x0f\x38\xf1"), MODRM_MEM, -1, NO_IMM, 0, 0},
	{OP("\x0f\xc3"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x8d"), MODRM_MEM, -1, NO_IMM, 0, 0},
	{OP("\x0f\xc8"), IN_OPCODE, -1, NO_IMM, 0, NO_66},
	{OP("\x98"), PLAIN, -1, NO_IMM, 0, 0},
	{OP("\x99"), PLAIN, -1, NO_IMM, 0, 0},
	/* exchanges */
	{OP("\x86"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x87"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x90"), IN_OPCODE, -1, NO_IMM, 0, 0},
	{OP("\x0f\xc0"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x0f\xc1"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x0f\xb0"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x0f\xb1"), MODRM, -1, NO_IMM, 0, LOCK},
	{OP("\x0f\xc7"), MODRM_MEM, 1, NO_IMM, 0, LOCK | NO_66},
	/* bits */
	{OP("\x0f\xa3"), BIT_OFFSET, -1, NO_IMM, OF | SF | AF | PF, 0},
	{OP("\x0f\xab"), BIT_OFFSET, -1, NO_IMM, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xb3"), BIT_OFFSET, -1, NO_IMM, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xbb"), BIT_OFFSET, -1, NO_IMM, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xba"), MODRM, 4, IMM8, OF | SF | AF | PF, 0},
	{OP("\x0f\xba"), MODRM, 5, IMM8, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xba"), MODRM, 6, IMM8, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xba"), MODRM, 7, IMM8, OF | SF | AF | PF, LOCK},
	{OP("\x0f\xbc"), MODRM, -1, NO_IMM, CF | OF | SF | AF | PF, 0},
	{OP("\x0f\xbd"), MODRM, -1, NO_IMM, CF | OF | SF | AF | PF, 0},
	{OP("\xf3\x0f\xbc"), MODRM, -1, NO_IMM, OF | SF | AF | PF, 0},
	{OP("\xf3\x0f\xbd"), MODRM, -1, NO_IMM, OF | SF | AF | PF, 0},
	{OP("\xf3\x0f\xb8"), MODRM, -1, NO_IMM, 0, 0},
	/* shifts are made by shift_rows() */
	{OP("\x0f\xa4"), MODRM, -1, IMM8, AF, SHIFTD},
	{OP("\x0f\xa5"), MODRM, -1, NO_IMM, AF, SHIFTD},
	{OP("\x0f\xac"), MODRM, -1, IMM8, AF, SHIFTD},
	{OP("\x0f\xad"), MODRM, -1, NO_IMM, AF, SHIFTD},
	/* strings */
	{OP("\xa4"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xa5"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xa6"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xa7"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xaa"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xab"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xac"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xad"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xae"), STRING, -1, NO_IMM, 0, 0},
	{OP("\xaf"), STRING, -1, NO_IMM, 0, 0},
	/* the stack */
	{OP("\x50"), STACK, -1, NO_IMM, 0, 0},
	{OP("\x53"), STACK, -1, NO_IMM, 0, 0},
	{OP("\x54"), STACK, -1, NO_IMM, 0, 0},
	{OP("\x58"), STACK, -1, NO_IMM, 0, 0},
	{OP("\x5c"), STACK, -1, NO_IMM, 0, 0},
	{OP("\x68"), STACK, -1, IMM_Z, 0, 0},
	{OP("\x6a"), STACK, -1, IMM8, 0, 0},
	{OP("\xff\x74\x24\x08"), STACK, -1, NO_IMM, 0, 0}, /* push [rsp+8] */
	{OP("\x8f\x44\x24\x08"), STACK, -1, NO_IMM, 0, 0}, /* pop [rsp+8] */
	{OP("\xc9"), STACK, -1, NO_IMM, 0, 0},
	{OP("\xc8\x10\x00\x00"), STACK, -1, NO_IMM, 0, 0}, /* enter 16, 0 */
	{OP("\xc8\x08\x00\x03"), STACK, -1, NO_IMM, 0, 0}, /* enter 8, 3 */
	{OP("\x60"), STACK, -1, NO_IMM, 0, ONLY_32},
	{OP("\x61"), STACK, -1, NO_IMM, 0, ONLY_32},
	/* flags */
	{OP("\x9e"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\x9f"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\xf5"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\xf8"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\xf9"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\xfc"), PLAIN, -1, NO_IMM, 0, NO_66},
	{OP("\xfd"), PLAIN, -1, NO_IMM, 0, NO_66},
	/* hints */
	{OP("\x0f\x1f"), MODRM, 0, NO_IMM, 0, 0},
	{OP("\x0f\x18"), MODRM_MEM, 1, NO_IMM, 0, 0},
	{OP("\x0f\x0d"), MODRM_MEM, 1, NO_IMM, 0, 0},
	/* vector moves */
	{OP("\x0f\x10"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x11"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x28"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x29"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x66\x0f\x6f"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x66\x0f\x7f"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\xf3\x0f\x6f"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\xf3\x0f\x7f"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x66\x0f\xe7"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x2b"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x66\x0f\x6e"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\x66\x0f\x7e"), VECTOR, -1, NO_IMM, 0, NO_66},
	{OP("\xf3\x0f\x7e"), MODRM_MEM, -1, NO_IMM, 0, NO_66 | NO_W},
	{OP("\x66\x0f\xd6"), MODRM_MEM, -1, NO_IMM, 0, NO_66 | NO_W},
	{OP("\xf3\x0f\x10"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\xf3\x0f\x11"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\xf2\x0f\x10"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\xf2\x0f\x11"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x12"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x13"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x16"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\x0f\x17"), MODRM_MEM, -1, NO_IMM, 0, NO_66},
	{OP("\xc5\xfc\x10"), VECTOR, -1, NO_IMM, 0, VEX},
	{OP("\xc5\xfc\x11"), VECTOR, -1, NO_IMM, 0, VEX},
	{OP("\xc5\xf8\x28"), VECTOR, -1, NO_IMM, 0, VEX},
	{OP("\xc5\xf8\x29"), VECTOR, -1, NO_IMM, 0, VEX},
	{OP("\xc5\xfe\x6f"), VECTOR, -1, NO_IMM, 0, VEX},
	{OP("\xc5\xfd\x7f"), VECTOR, -1, NO_IMM, 0, VEX},
};

#endif
