// SPDX-License-Identifier: Apache-2.0
// Port instructions, with the check of the TSS's I/O permission bitmap.
#include "emul/ops.h"
#include "emul/string.h"

#define TSS_IO_BASE 102 /* offset of the I/O map base address in a TSS (SDM 3A, Task-State Segment) */

static err_t tss_read(struct exec *x, u64 offset, void *buf, u32 bytes)
{
	const struct segment *tr = &x->cpu->seg[SEG_TR];
	struct span span;
	err_t err;

	if (offset + bytes - 1 > tr->limit)
		return exec_fault_code(x, VECTOR_GP, 0);
	err = span_open_linear(x, tr->base + offset, bytes, ACCESS_READ | ACCESS_IMPLICIT, &span);
	return err ? err : span_read(x, &span, buf);
}

/* SDM 1, I/O Permission Bit Map. */
static err_t io_check(struct exec *x, u16 port, u32 bytes)
{
	u64 iopl = GET(RFLAGS_IOPL, x->cpu->rflags);
	bool is_v8086 = x->cpu->rflags & RFLAGS_VM;
	u16 map, bits;
	err_t err;

	if (!x->emul->ports)
		return ERR_UNSUPPORTED;
	if (!(x->cpu->cr0 & CR0_PE) || (!is_v8086 && x->cpl <= iopl))
		return OK;
	err = tss_read(x, TSS_IO_BASE, &map, sizeof(map));
	if (!err)
		err = tss_read(x, map + port / 8u, &bits, sizeof(bits));
	if (err)
		return err;
	return (u64)bits >> port % 8 & (BIT(bytes) - 1) ? exec_fault_code(x, VECTOR_GP, 0) : OK;
}

static err_t io_in(struct exec *x, u16 port, u32 bytes, u32 *value)
{
	return x->emul->ports->in(x->emul->ports, port, bytes, value);
}

static err_t io_out(struct exec *x, u16 port, u32 bytes, u64 value)
{
	return x->emul->ports->out(x->emul->ports, port, bytes, (u32)(value & bits_byte_mask(bytes)));
}

static u16 port_in_dx(const struct exec *x)
{
	return (u16)x->cpu->gpr[GPR_RDX];
}

/* The port operand: a byte constant, or DX. */
static u16 port_operand(const struct exec *x, unsigned index)
{
	const ZydisDecodedOperand *operand = &x->operand[index];

	return operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? (u8)operand->imm.value.u : port_in_dx(x);
}

err_t op_in(struct exec *x)
{
	u32 bytes = x->operand[0].size / 8u;
	u16 port = port_operand(x, 1);
	u32 value = 0;
	err_t err = io_check(x, port, bytes);

	if (!err)
		err = io_in(x, port, bytes, &value);
	if (!err)
		gpr_set(x->cpu, GPR_RAX, bytes, value);
	return err;
}

err_t op_out(struct exec *x)
{
	u32 bytes = x->operand[1].size / 8u;
	u16 port = port_operand(x, 0);
	err_t err = io_check(x, port, bytes);

	return err ? err : io_out(x, port, bytes, x->cpu->gpr[GPR_RAX]);
}

/* Ports have no 8-byte accesses: REX.W changes nothing. */
static u32 io_string_bytes(const struct exec *x)
{
	return MIN(string_bytes(x), 4u);
}

static err_t ins_once(struct exec *x)
{
	u32 bytes = io_string_bytes(x);
	struct span to;
	u32 value = 0;
	err_t err = string_open(x, GPR_RDI, SEG_ES, bytes, ACCESS_WRITE, &to);

	if (!err)
		err = io_in(x, port_in_dx(x), bytes, &value);
	if (!err)
		err = span_write(x, &to, &value);
	if (!err)
		string_advance(x, GPR_RDI, bytes);
	return err;
}

static err_t outs_once(struct exec *x)
{
	u32 bytes = io_string_bytes(x);
	struct span from;
	u64 value = 0;
	err_t err = string_open(x, GPR_RSI, exec_segment_or(x, SEG_DS), bytes, ACCESS_READ, &from);

	if (!err)
		err = span_read(x, &from, &value);
	if (!err)
		err = io_out(x, port_in_dx(x), bytes, value);
	if (!err)
		string_advance(x, GPR_RSI, bytes);
	return err;
}

err_t op_ins(struct exec *x)
{
	err_t err = io_check(x, port_in_dx(x), io_string_bytes(x));

	return err ? err : string_run(x, ins_once, false);
}

err_t op_outs(struct exec *x)
{
	err_t err = io_check(x, port_in_dx(x), io_string_bytes(x));

	return err ? err : string_run(x, outs_once, false);
}
