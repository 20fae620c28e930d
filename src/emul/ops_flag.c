// SPDX-License-Identifier: Apache-2.0
// Instructions on flags, and those that do nothing to the state.
#include "emul/arith.h"
#include "emul/ops.h"

/* CLI and STI need IOPL; virtual interrupts of VME and PVI are not done here. */
static err_t interrupt_flag(struct exec *x, bool is_on)
{
	bool is_v8086 = x->cpu->rflags & RFLAGS_VM;
	u64 iopl = GET(RFLAGS_IOPL, x->cpu->rflags);

	if ((x->cpu->cr0 & CR0_PE) && x->cpl > iopl) {
		if (x->cpu->cr4 & (is_v8086 ? CR4_VME : CR4_PVI))
			return ERR_UNSUPPORTED;
		return exec_fault_code(x, VECTOR_GP, 0);
	}
	if (is_on && !(x->cpu->rflags & RFLAGS_IF))
		x->result->blocking = (u32)BLOCKING_STI;
	x->cpu->rflags = (x->cpu->rflags & ~RFLAGS_IF) | (is_on ? RFLAGS_IF : 0);
	return OK;
}

err_t op_flag(struct exec *x)
{
	u64 *flags = &x->cpu->rflags;

	switch (x->z->mnemonic) {
	case ZYDIS_MNEMONIC_CLC:
		*flags &= ~RFLAGS_CF;
		return OK;
	case ZYDIS_MNEMONIC_STC:
		*flags |= RFLAGS_CF;
		return OK;
	case ZYDIS_MNEMONIC_CMC:
		*flags ^= RFLAGS_CF;
		return OK;
	case ZYDIS_MNEMONIC_CLD:
		*flags &= ~RFLAGS_DF;
		return OK;
	case ZYDIS_MNEMONIC_STD:
		*flags |= RFLAGS_DF;
		return OK;
	default:
		return interrupt_flag(x, x->z->mnemonic == ZYDIS_MNEMONIC_STI);
	}
}

#define AH_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF)

err_t op_sahf(struct exec *x)
{
	x->cpu->rflags = (x->cpu->rflags & ~AH_FLAGS) | (x->cpu->gpr[GPR_RAX] >> 8 & AH_FLAGS);
	return OK;
}

err_t op_lahf(struct exec *x)
{
	u64 ah = (x->cpu->rflags & AH_FLAGS) | RFLAGS_FIXED;

	x->cpu->gpr[GPR_RAX] = (x->cpu->gpr[GPR_RAX] & ~0xff00ull) | ah << 8;
	return OK;
}

/* Prefetches and long NOPs neither access memory nor fault. */
err_t op_nop(struct exec *x)
{
	(void)x;
	return OK;
}

err_t op_undefined(struct exec *x)
{
	return exec_fault(x, VECTOR_UD);
}

/* A byte is checked as for a load; there is no cache to flush between the guest and a device. */
err_t op_clflush(struct exec *x)
{
	struct span span;

	return span_open(x, operand_segment(x, 0), operand_offset(x, 0), 1, ACCESS_READ, &span);
}
