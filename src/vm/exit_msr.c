// SPDX-License-Identifier: Apache-2.0
// RDMSR and WRMSR.
#include "host/clock.h"
#include "vm/board.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

static err_t msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	struct cpu_state *s = &v->hvm.state;
	if (msr >= MSR_X2APIC_FIRST && msr < MSR_X2APIC_END)
		return lapic_msr_read(&v->lapic, msr, vm_now_ns(v->vm), value);
	switch (msr) {
	case MSR_APIC_BASE:
		*value = v->lapic.base;
		return OK;
	case MSR_TSC_DEADLINE:
		*value = lapic_deadline_read(&v->lapic, vm_now_ns(v->vm));
		return OK;
	case MSR_EFER:
		hvm_fetch(&v->hvm, STATE_CONTROL);
		*value = s->efer;
		return OK;
	case MSR_PAT:
		hvm_fetch(&v->hvm, STATE_SYSCALL);
		*value = s->pat;
		return OK;
	case MSR_MISC_ENABLE:
		*value = 1;
		return OK;
	case 0x10:
		*value = rdtsc() + v->hvm.tsc_offset;
		return OK;
	case 0x8b:
		*value = 0x100000000;
		return OK;
	case 0x17:
	case 0xce:
	case 0x3b:
		*value = 0;
		return OK;
	default:
		return ERR_FAULT;
	}
}

static err_t msr_write(struct vcpu *v, u32 msr, u64 value)
{
	struct cpu_state *s = &v->hvm.state;
	struct lapic_effects fx;
	err_t err;
	if (msr >= MSR_X2APIC_FIRST && msr < MSR_X2APIC_END) {
		err = lapic_msr_write(&v->lapic, msr, value, vm_now_ns(v->vm), &fx);
		board_lapic_effects(v, &fx);
		return err;
	}
	switch (msr) {
	case MSR_APIC_BASE:
		err = lapic_base_write(&v->lapic, value, &fx);
		board_lapic_effects(v, &fx);
		return err;
	case MSR_TSC_DEADLINE: {
		struct lapic_clock c = {clock_tsc_khz(), 0};
		board_lapic_flags(v, lapic_deadline_write(&v->lapic, value, vm_now_ns(v->vm), &c), 0);
		return OK;
	}
	case MSR_EFER:
		hvm_fetch(&v->hvm, STATE_CONTROL);
		s->efer = (value & ~EFER_LMA) | (s->efer & EFER_LMA);
		hvm_mark_dirty(&v->hvm, STATE_CONTROL);
		return OK;
	case MSR_PAT:
		hvm_fetch(&v->hvm, STATE_SYSCALL);
		s->pat = value;
		hvm_mark_dirty(&v->hvm, STATE_SYSCALL);
		return OK;
	case 0x8b:
		return OK;
	default:
		return ERR_FAULT;
	}
}

enum exit_next exit_rdmsr(struct vcpu *v, const struct exit *x)
{
	u64 *gpr = v->hvm.state.gpr;
	u64 value = 0;
	(void)x;
	if (msr_read(v, (u32)gpr[GPR_RCX], &value)) {
		v->vm->unknown_msrs++;
		event_raise_error(v, VECTOR_GP, 0);
		return NEXT_RESUME;
	}
	gpr[GPR_RAX] = (u32)value;
	gpr[GPR_RDX] = value >> 32;
	return NEXT_ADVANCE;
}

enum exit_next exit_wrmsr(struct vcpu *v, const struct exit *x)
{
	u64 *gpr = v->hvm.state.gpr;
	(void)x;
	if (msr_write(v, (u32)gpr[GPR_RCX], gpr[GPR_RDX] << 32 | (u32)gpr[GPR_RAX])) {
		v->vm->unknown_msrs++;
		event_raise_error(v, VECTOR_GP, 0);
		return NEXT_RESUME;
	}
	return NEXT_ADVANCE;
}
