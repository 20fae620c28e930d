// SPDX-License-Identifier: Apache-2.0
// RDMSR and WRMSR: most are rows of the policy; these are the ones that devices and the vcpu itself have.
#include "host/clock.h"
#include "vm/board.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

static bool is_x2apic(u32 msr)
{
	return msr >= MSR_X2APIC_FIRST && msr < MSR_X2APIC_END;
}

/* The guest's TSC reads what now_ns says plus what the guest added to it. */
static struct lapic_clock clock_of(const struct vcpu *v)
{
	return (struct lapic_clock){.tsc_khz = clock_tsc_khz(), .tsc_at_zero = v->hvm.tsc_offset + v->vm->tsc_at_zero};
}

static void tsc_shift(struct vcpu *v, u64 ticks)
{
	struct lapic_clock clock;

	hvm_tsc_offset_set(&v->hvm, v->hvm.tsc_offset + ticks);
	v->tsc_adjust += ticks;
	clock = clock_of(v);
	board_lapic_flags(v, lapic_deadline_retime(&v->lapic, vm_now_ns(v->vm), &clock), 0);
}

static err_t device_read(struct vcpu *v, u32 msr, u64 *value)
{
	if (is_x2apic(msr))
		return lapic_msr_read(&v->lapic, msr, vm_now_ns(v->vm), value);
	switch (msr) {
	case MSR_APIC_BASE:
		*value = v->lapic.base;
		return OK;
	case MSR_TSC_DEADLINE:
		*value = lapic_deadline_read(&v->lapic, vm_now_ns(v->vm));
		return OK;
	case MSR_TSC:
		*value = rdtsc() + v->hvm.tsc_offset;
		return OK;
	case MSR_TSC_ADJUST:
		*value = v->tsc_adjust;
		return OK;
	case MSR_EFER:
		hvm_fetch(&v->hvm, STATE_CONTROL);
		*value = v->hvm.state.efer;
		return OK;
	default:
		return ERR_FAULT;
	}
}

/* SDM 3A, Initializing IA-32e Mode: LME cannot change while paging is on; LMA is the CPU's. */
static err_t efer_write(struct vcpu *v, u64 efer)
{
	struct cpu_state *s = &v->hvm.state;

	hvm_fetch(&v->hvm, STATE_CONTROL);
	if (efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return ERR_FAULT;
	if (s->cr0 & CR0_PG && (s->efer ^ efer) & EFER_LME)
		return ERR_FAULT;
	s->efer = (efer & ~EFER_LMA) | (s->efer & EFER_LMA);
	hvm_mark_dirty(&v->hvm, STATE_CONTROL);
	hvm->vcpu_flush(&v->hvm);
	return OK;
}

static err_t lapic_write(struct vcpu *v, u32 msr, u64 value)
{
	struct lapic_effects fx;
	err_t err = msr == MSR_APIC_BASE ? lapic_base_write(&v->lapic, value, &fx)
					 : lapic_msr_write(&v->lapic, msr, value, vm_now_ns(v->vm), &fx);

	if (!err)
		board_lapic_effects(v, &fx);
	return err;
}

static err_t device_write(struct vcpu *v, u32 msr, u64 value)
{
	struct lapic_clock clock;

	if (is_x2apic(msr) || msr == MSR_APIC_BASE)
		return lapic_write(v, msr, value);
	switch (msr) {
	case MSR_TSC_DEADLINE:
		clock = clock_of(v);
		board_lapic_flags(v, lapic_deadline_write(&v->lapic, value, vm_now_ns(v->vm), &clock), 0);
		return OK;
	case MSR_TSC:
		tsc_shift(v, value - (rdtsc() + v->hvm.tsc_offset));
		return OK;
	case MSR_TSC_ADJUST:
		tsc_shift(v, value - v->tsc_adjust);
		return OK;
	case MSR_EFER:
		return efer_write(v, value);
	default:
		return ERR_FAULT;
	}
}

/* An MSR that goes with the vcpu's state came to an exit all the same. */
#define STATE_OF_MSRS (STATE_SYSCALL | STATE_SEGMENTS)

static err_t msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct policy_msr_row *row = policy_msr_find(&v->vm->msr_env, msr);

	if (!row) {
		v->vm->unknown_msrs++;
		return ERR_FAULT;
	}
	if (row->read == POLICY_MSR_DO_DEVICE)
		return device_read(v, msr, value);
	if (row->read == POLICY_MSR_DO_CPU)
		hvm_fetch(&v->hvm, STATE_OF_MSRS);
	return policy_msr_row_read(&v->vm->msr_env, row, &v->hvm.state, &v->msrs, msr, value) == POLICY_MSR_OK
		       ? OK
		       : ERR_FAULT;
}

static err_t msr_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct policy_msr_row *row = policy_msr_find(&v->vm->msr_env, msr);

	if (!row) {
		v->vm->unknown_msrs++;
		return ERR_FAULT;
	}
	if (row->write == POLICY_MSR_DO_DEVICE)
		return device_write(v, msr, value);
	if (row->write == POLICY_MSR_DO_CPU)
		hvm_fetch(&v->hvm, STATE_OF_MSRS);
	if (policy_msr_row_write(&v->vm->msr_env, row, &v->hvm.state, &v->msrs, msr, value) != POLICY_MSR_OK)
		return ERR_FAULT;
	if (row->write == POLICY_MSR_DO_CPU)
		hvm_mark_dirty(&v->hvm, STATE_OF_MSRS);
	return OK;
}

enum exit_next exit_rdmsr(struct vcpu *v, const struct exit *x)
{
	u64 *gpr = v->hvm.state.gpr;
	u64 value = 0;

	(void)x;
	if (msr_read(v, (u32)gpr[GPR_RCX], &value)) {
		event_raise_error(v, VECTOR_GP, 0);
		return NEXT_RESUME;
	}
	gpr[GPR_RAX] = (u32)value;
	gpr[GPR_RDX] = value >> 32;
	return NEXT_ADVANCE;
}

enum exit_next exit_wrmsr(struct vcpu *v, const struct exit *x)
{
	const u64 *gpr = v->hvm.state.gpr;

	(void)x;
	if (msr_write(v, (u32)gpr[GPR_RCX], gpr[GPR_RDX] << 32 | (u32)gpr[GPR_RAX])) {
		event_raise_error(v, VECTOR_GP, 0);
		return NEXT_RESUME;
	}
	return NEXT_ADVANCE;
}
