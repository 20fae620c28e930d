// SPDX-License-Identifier: Apache-2.0
// The stack machine (gdb's manual, Bytecode Descriptions). Operands are big-endian.
#include "gdb/agent.h"

#include "base/mem.h"

enum op {
	OP_ADD = 0x02,
	OP_SUB = 0x03,
	OP_MUL = 0x04,
	OP_DIV_SIGNED = 0x05,
	OP_DIV_UNSIGNED = 0x06,
	OP_REM_SIGNED = 0x07,
	OP_REM_UNSIGNED = 0x08,
	OP_LSH = 0x09,
	OP_RSH_SIGNED = 0x0a,
	OP_RSH_UNSIGNED = 0x0b,
	OP_LOG_NOT = 0x0e,
	OP_BIT_AND = 0x0f,
	OP_BIT_OR = 0x10,
	OP_BIT_XOR = 0x11,
	OP_BIT_NOT = 0x12,
	OP_EQUAL = 0x13,
	OP_LESS_SIGNED = 0x14,
	OP_LESS_UNSIGNED = 0x15,
	OP_EXT = 0x16,
	OP_REF8 = 0x17,
	OP_REF64 = 0x1a,
	OP_IF_GOTO = 0x20,
	OP_GOTO = 0x21,
	OP_CONST8 = 0x22,
	OP_CONST64 = 0x25,
	OP_REG = 0x26,
	OP_END = 0x27,
	OP_DUP = 0x28,
	OP_POP = 0x29,
	OP_ZERO_EXT = 0x2a,
	OP_SWAP = 0x2b,
	OP_PICK = 0x32,
	OP_ROT = 0x33,
	OP_LAST = 0x34,
};

struct machine {
	struct agent_source *source;
	const u8 *code;
	u32 bytes;
	u32 at;
	u32 depth;
	err_t err;
	u64 stack[AGENT_STACK_MAX];
};

static u64 operand(struct machine *m, u32 bytes)
{
	u64 value = 0;

	if (m->bytes - m->at < bytes) {
		m->err = ERR_FORMAT;
		return 0;
	}
	while (bytes--)
		value = value << 8 | m->code[m->at++];
	return value;
}

static void push(struct machine *m, u64 value)
{
	if (m->depth == AGENT_STACK_MAX)
		m->err = ERR_FORMAT;
	else
		m->stack[m->depth++] = value;
}

static u64 pop(struct machine *m)
{
	if (!m->depth) {
		m->err = ERR_FORMAT;
		return 0;
	}
	return m->stack[--m->depth];
}

static u64 divide(struct machine *m, u8 op, u64 a, u64 b)
{
	bool wants_rest = op == OP_REM_SIGNED || op == OP_REM_UNSIGNED;

	if (!b) {
		m->err = ERR_FAULT;
		return 0;
	}
	if (op == OP_DIV_UNSIGNED || op == OP_REM_UNSIGNED)
		return wants_rest ? a % b : a / b;
	/* The one quotient that does not fit wraps; its rest is 0. */
	if (b == ~0ull)
		return wants_rest ? 0 : 0 - a;
	return wants_rest ? (u64)((s64)a % (s64)b) : (u64)((s64)a / (s64)b);
}

static u64 shift(u8 op, u64 a, u64 by)
{
	if (op == OP_RSH_SIGNED)
		return (u64)((s64)a >> MIN(by, 63));
	if (by > 63)
		return 0;
	return op == OP_LSH ? a << by : a >> by;
}

/* The operators with two operands; `b` was on top. */
static u64 binary(struct machine *m, u8 op, u64 a, u64 b)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_LSH:
	case OP_RSH_SIGNED:
	case OP_RSH_UNSIGNED:
		return shift(op, a, b);
	case OP_BIT_AND:
		return a & b;
	case OP_BIT_OR:
		return a | b;
	case OP_BIT_XOR:
		return a ^ b;
	case OP_EQUAL:
		return a == b;
	case OP_LESS_SIGNED:
		return (s64)a < (s64)b;
	case OP_LESS_UNSIGNED:
		return a < b;
	default:
		return divide(m, op, a, b);
	}
}

static void op_binary(struct machine *m, u8 op)
{
	u64 b = pop(m);
	u64 a = pop(m);

	push(m, binary(m, op, a, b));
}

static void op_extend(struct machine *m, u8 op)
{
	u64 bits = operand(m, 1);
	u64 value = pop(m);

	if (!bits || bits > 64) {
		m->err = bits ? m->err : ERR_FORMAT;
		push(m, value);
		return;
	}
	value <<= 64 - bits;
	push(m, op == OP_EXT ? (u64)((s64)value >> (64 - bits)) : value >> (64 - bits));
}

static void op_ref(struct machine *m, u8 op)
{
	u64 address = pop(m);
	u8 bytes[8] = {0};

	if (!m->err && !m->source->memory(m->source, address, bytes, 1u << (op - OP_REF8)))
		m->err = ERR_FAULT;
	push(m, load_u64(bytes));
}

static void op_reg(struct machine *m, u8 op)
{
	u64 number = operand(m, 2);
	u64 value = 0;

	(void)op;
	if (!m->err && !m->source->reg(m->source, number, &value))
		m->err = ERR_FAULT;
	push(m, value);
}

static void op_const(struct machine *m, u8 op)
{
	push(m, operand(m, 1u << (op - OP_CONST8)));
}

static void op_goto(struct machine *m, u8 op)
{
	u64 to = operand(m, 2);

	if (op == OP_IF_GOTO && !pop(m))
		return;
	if (to >= m->bytes)
		m->err = ERR_FORMAT;
	else
		m->at = (u32)to;
}

static void op_unary(struct machine *m, u8 op)
{
	u64 value = pop(m);

	push(m, op == OP_LOG_NOT ? !value : ~value);
}

static void op_pick(struct machine *m, u8 op)
{
	u64 n = op == OP_DUP ? 0 : operand(m, 1);

	if (n >= m->depth)
		m->err = ERR_FORMAT;
	else
		push(m, m->stack[m->depth - 1 - n]);
}

static void op_pop(struct machine *m, u8 op)
{
	(void)op;
	(void)pop(m);
}

static void op_swap(struct machine *m, u8 op)
{
	u64 b = pop(m);
	u64 a = pop(m);

	(void)op;
	push(m, b);
	push(m, a);
}

/* a b c => c a b: what was on top becomes the third. */
static void op_rot(struct machine *m, u8 op)
{
	u64 c = pop(m);
	u64 b = pop(m);
	u64 a = pop(m);

	(void)op;
	push(m, c);
	push(m, a);
	push(m, b);
}

static void (*const ops[OP_LAST])(struct machine *m, u8 op) = {
	[OP_ADD... OP_RSH_UNSIGNED] = op_binary,
	[OP_LOG_NOT] = op_unary,
	[OP_BIT_AND... OP_BIT_XOR] = op_binary,
	[OP_BIT_NOT] = op_unary,
	[OP_EQUAL... OP_LESS_UNSIGNED] = op_binary,
	[OP_EXT] = op_extend,
	[OP_REF8... OP_REF64] = op_ref,
	[OP_IF_GOTO] = op_goto,
	[OP_GOTO] = op_goto,
	[OP_CONST8... OP_CONST64] = op_const,
	[OP_REG] = op_reg,
	[OP_DUP] = op_pick,
	[OP_POP] = op_pop,
	[OP_ZERO_EXT] = op_extend,
	[OP_SWAP] = op_swap,
	[OP_PICK] = op_pick,
	[OP_ROT] = op_rot,
};

/* Floats and tracing are ops, too, but not here: 0x01, 0x0c, 0x0d, 0x1b-0x1f, 0x2c-0x30, 0x34. */
static bool is_unsupported(u8 op)
{
	return op == 0x01 || op == 0x0c || op == 0x0d || (op >= 0x1b && op <= 0x1f) || (op >= 0x2c && op <= 0x30) ||
	       op == 0x34;
}

err_t agent_evaluate(struct agent_source *source, const u8 *code, u32 bytes, u64 *value)
{
	struct machine m = {.source = source, .code = code, .bytes = bytes};

	for (u32 steps = 0; steps < AGENT_STEPS_MAX; steps++) {
		u8 op = (u8)operand(&m, 1);

		if (m.err)
			return m.err;
		if (op == OP_END) {
			*value = pop(&m);
			return m.err;
		}
		if (op >= ARRAY_COUNT(ops) || !ops[op])
			return is_unsupported(op) ? ERR_UNSUPPORTED : ERR_FORMAT;
		ops[op](&m, op);
		if (m.err)
			return m.err;
	}
	return ERR_RANGE;
}
