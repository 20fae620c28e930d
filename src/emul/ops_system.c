// SPDX-License-Identifier: Apache-2.0
// Control and debug registers, as far as reading and writing them needs nothing from the VM.
#include "emul/ops.h"

static u64 gpr_bytes(const struct exec *x)
{
	return x->is_long ? 8 : 4;
}

static err_t control_read(struct exec *x, unsigned number, u64 *value)
{
	const struct cpu_state *cpu = x->cpu;

	switch (number) {
	case 0:
		*value = cpu->cr0;
		return OK;
	case 2:
		*value = cpu->cr2;
		return OK;
	case 3:
		*value = cpu->cr3;
		return OK;
	case 4:
		*value = cpu->cr4;
		return OK;
	case 8:
		*value = cpu->cr8;
		return OK;
	default:
		return exec_fault(x, VECTOR_UD);
	}
}

/* DR4 and DR5 are names of DR6 and DR7, unless CR4.DE. With DR7.GD any access traps, which is left to the processor. */
static err_t debug_check(struct exec *x, unsigned *number)
{
	if (*number > 7 || ((*number == 4 || *number == 5) && (x->cpu->cr4 & CR4_DE)))
		return exec_fault(x, VECTOR_UD);
	if (x->cpu->dr7 & DR7_GD)
		return ERR_UNSUPPORTED;
	if (*number == 4 || *number == 5)
		*number += 2;
	return OK;
}

static u64 debug_read(const struct cpu_state *cpu, unsigned number)
{
	if (number < 4)
		return cpu->dr[number];
	return number == 6 ? cpu->dr6 : cpu->dr7;
}

#define DR6_WRITABLE (DR6_B | DR6_BD | DR6_BS | DR6_BT)
#define DR7_WRITABLE (BITS(31, 16) | DR7_GD | BITS(9, 0))

/* SDM 3A, Debug Registers: reserved bits read as they do on a processor; upper halves must be 0. */
static err_t debug_write(struct exec *x, unsigned number, u64 value)
{
	struct cpu_state *cpu = x->cpu;

	if (number >= 6 && value >> 32)
		return exec_fault_code(x, VECTOR_GP, 0);
	if (number < 4)
		cpu->dr[number] = value;
	else if (number == 6)
		cpu->dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
	else
		cpu->dr7 = (value & DR7_WRITABLE) | DR7_FIXED;
	x->result->changed |= EMUL_CHANGED_DEBUG;
	return OK;
}

static err_t debug_access(struct exec *x, unsigned number, u64 *gpr, bool is_write)
{
	err_t err = debug_check(x, &number);

	if (err)
		return err;
	if (is_write)
		return debug_write(x, number, *gpr & bits_byte_mask((unsigned)gpr_bytes(x)));
	*gpr = debug_read(x->cpu, number);
	return OK;
}

/* ModRM names the two registers, whatever its mod field says. Writes to control registers are the VM's business. */
err_t op_mov_system(struct exec *x)
{
	unsigned number = x->z->raw.modrm.reg | (unsigned)x->z->raw.rex.R << 3;
	u64 *gpr = &x->cpu->gpr[x->z->raw.modrm.rm | (unsigned)x->z->raw.rex.B << 3];
	u64 value = 0;
	err_t err;

	if (x->cpl)
		return exec_fault_code(x, VECTOR_GP, 0);
	switch (x->z->opcode) {
	case 0x20:
		err = control_read(x, number, &value);
		if (!err)
			*gpr = value;
		return err;
	case 0x21:
		return debug_access(x, number, gpr, false);
	case 0x23:
		return debug_access(x, number, gpr, true);
	default:
		return ERR_UNSUPPORTED;
	}
}
