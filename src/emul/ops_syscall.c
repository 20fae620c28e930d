// SPDX-License-Identifier: Apache-2.0
// Fast system calls and returns (SDM 2, SYSENTER, SYSEXIT, SYSRET; APM 3, SYSCALL, SYSRET: outside 64-bit mode SYSCALL
// and SYSRET are as AMD has them, Intel has them there not at all).
#include "emul/descriptor.h"
#include "emul/ops.h"

/* Segments that are set without a descriptor: from 0 to 4 GiB, accessed. */
#define FLAT (SEG_P | SEG_S | SEG_G)
#define FLAT_CODE (FLAT | 11)
#define FLAT_STACK (FLAT | 3 | SEG_DB)

#define STAR_LEGACY_TARGET BITS(31, 0)
#define STAR_CALL BITS(47, 32)
#define STAR_RETURN BITS(63, 48)
#define RPL 3u

/* What SYSRET loads from R11: no RF, no VM, nothing reserved. */
#define RETURNED_FLAGS 0x3c7fd7ull

static void segments_set(struct exec *x, u16 cs, u16 ss, u64 dpl, bool is_64bit)
{
	struct segment *seg = x->cpu->seg;
	u32 rights = (u32)PUT(SEG_DPL, dpl);

	seg[SEG_CS] = (struct segment){.selector = (u16)((cs & ~RPL) | dpl), .limit = UINT32_MAX};
	seg[SEG_CS].access = (u32)FLAT_CODE | rights | (u32)(is_64bit ? SEG_L : SEG_DB);
	seg[SEG_SS] = (struct segment){.selector = (u16)((ss & ~RPL) | dpl), .limit = UINT32_MAX};
	seg[SEG_SS].access = (u32)FLAT_STACK | rights;
	x->result->changed |= EMUL_CHANGED_SEGMENTS;
}

static void jump(struct exec *x, u64 rip)
{
	x->cpu->rip = rip;
	x->is_jump = true;
}

static bool is_ia32e(const struct exec *x)
{
	return x->cpu->efer & EFER_LMA;
}

err_t op_syscall(struct exec *x)
{
	struct cpu_state *s = x->cpu;
	u16 cs = (u16)GET(STAR_CALL, s->star);
	u64 target = x->is_long ? s->lstar : s->cstar;

	if (!(s->efer & EFER_SCE) || !x->is_protected)
		return exec_fault(x, VECTOR_UD);
	s->gpr[GPR_RCX] = x->next_rip;
	if (is_ia32e(x)) {
		s->gpr[GPR_R11] = s->rflags & ~RFLAGS_RF;
		s->rflags &= ~(s->sfmask | RFLAGS_RF);
	} else {
		target = s->star & STAR_LEGACY_TARGET;
		s->rflags &= ~(RFLAGS_IF | RFLAGS_VM | RFLAGS_RF);
	}
	s->rflags |= RFLAGS_FIXED;
	segments_set(x, cs, (u16)(cs + 8), 0, is_ia32e(x));
	jump(x, target);
	return OK;
}

static bool is_target(const struct exec *x, u64 rip)
{
	return address_is_canonical(x->cpu->cr4, rip);
}

err_t op_sysret(struct exec *x)
{
	struct cpu_state *s = x->cpu;
	u16 base = (u16)GET(STAR_RETURN, s->star);
	bool is_64bit = is_ia32e(x) && x->z->raw.rex.W;
	u64 target = is_64bit ? s->gpr[GPR_RCX] : (u32)s->gpr[GPR_RCX];

	if (!(s->efer & EFER_SCE))
		return exec_fault(x, VECTOR_UD);
	if (!x->is_protected || x->cpl || !is_target(x, target))
		return exec_fault_code(x, VECTOR_GP, 0);
	if (is_ia32e(x))
		s->rflags = (s->gpr[GPR_R11] & RETURNED_FLAGS) | RFLAGS_FIXED;
	else
		s->rflags |= RFLAGS_IF;
	segments_set(x, (u16)(base + (is_64bit ? 16 : 0)), (u16)(base + 8), 3, is_64bit);
	jump(x, target);
	return OK;
}

err_t op_sysenter(struct exec *x)
{
	struct cpu_state *s = x->cpu;
	u16 cs = (u16)(s->sysenter_cs & ~(u64)RPL);

	if (!(s->cr0 & CR0_PE) || !cs)
		return exec_fault_code(x, VECTOR_GP, 0);
	s->rflags &= ~(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF);
	s->gpr[GPR_RSP] = is_ia32e(x) ? s->sysenter_esp : (u32)s->sysenter_esp;
	segments_set(x, cs, (u16)(cs + 8), 0, is_ia32e(x));
	jump(x, is_ia32e(x) ? s->sysenter_eip : (u32)s->sysenter_eip);
	return OK;
}

err_t op_sysexit(struct exec *x)
{
	struct cpu_state *s = x->cpu;
	bool is_64bit = is_ia32e(x) && x->z->raw.rex.W;
	u16 cs = (u16)((s->sysenter_cs & ~(u64)RPL) + (is_64bit ? 32 : 16));
	u64 rip = is_64bit ? s->gpr[GPR_RDX] : (u32)s->gpr[GPR_RDX];
	u64 rsp = is_64bit ? s->gpr[GPR_RCX] : (u32)s->gpr[GPR_RCX];

	if (!x->is_protected || x->cpl || !(s->sysenter_cs & ~(u64)RPL) || !is_target(x, rip) || !is_target(x, rsp))
		return exec_fault_code(x, VECTOR_GP, 0);
	s->gpr[GPR_RSP] = rsp;
	segments_set(x, cs, (u16)(cs + 8), 3, is_64bit);
	jump(x, rip);
	return OK;
}
