// SPDX-License-Identifier: Apache-2.0
// RDMSR and WRMSR: most are rows of the policy; these are the ones that devices and the vcpu itself have.
#include "host/clock.h"
#include "vm/apicv.h"
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
	vm_lock(v->vm);
	apicv_timer_settle(v);
	board_lapic_flags(v, lapic_deadline_retime(&v->lapic, vm_now_ns(v->vm), &clock), 0);
	vm_unlock(v->vm);
}

/* What takes a call is out of line, so that the frequent rows need no stack frame. */
static enum exit_next __attribute__((noinline)) refuse(struct vcpu *v)
{
	event_raise_error(v, VECTOR_GP, 0);
	return NEXT_RESUME;
}

static enum exit_next __attribute__((noinline)) refuse_unknown(struct vcpu *v)
{
	__atomic_add_fetch(&v->vm->unknown_msrs, 1, __ATOMIC_RELAXED);
	return refuse(v);
}

static inline enum exit_next answer(struct vcpu *v, u64 value)
{
	v->hvm.state.gpr[GPR_RAX] = (u32)value;
	v->hvm.state.gpr[GPR_RDX] = value >> 32;
	return NEXT_ADVANCE;
}

static enum exit_next __attribute__((noinline)) x2apic_read(struct vcpu *v, u32 msr)
{
	u64 value;
	err_t err;

	vm_lock(v->vm);
	vcpu_tpr_fetch(v);
	apicv_borrow(v);
	err = lapic_msr_read(&v->lapic, msr, vm_now_ns(v->vm), &value);
	apicv_return(v);
	vm_unlock(v->vm);
	return err ? refuse(v) : answer(v, value);
}

static enum exit_next __attribute__((noinline)) deadline_read(struct vcpu *v)
{
	u64 value;

	vm_lock(v->vm);
	apicv_timer_settle(v);
	value = lapic_deadline_read(&v->lapic, vm_now_ns(v->vm));
	vm_unlock(v->vm);
	return answer(v, value);
}

static enum exit_next __attribute__((noinline)) efer_read(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_CONTROL);
	return answer(v, v->hvm.state.efer);
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

static err_t base_write(struct vcpu *v, u64 value)
{
	struct lapic_effects fx;
	err_t err;

	vm_lock(v->vm);
	apicv_leave(v);
	vcpu_tpr_fetch(v);
	err = lapic_base_write(&v->lapic, value, &fx);
	vcpu_tpr_store(v);
	if (!err)
		board_lapic_effects(v, &fx);
	apicv_base_changed(v);
	vm_unlock(v->vm);
	return err;
}

/* None of the registers that the processor works comes here while the local APIC is lent. */
static err_t x2apic_write(struct vcpu *v, u32 msr, u64 value)
{
	struct lapic_effects fx;
	err_t err;

	vm_lock(v->vm);
	vcpu_tpr_fetch(v);
	apicv_timer_settle(v);
	apicv_command_take(v);
	err = lapic_msr_write(&v->lapic, msr, value, vm_now_ns(v->vm), &fx);
	vcpu_tpr_store(v);
	apicv_refresh(v);
	if (!err)
		board_lapic_effects(v, &fx);
	vm_unlock(v->vm);
	return err;
}

static enum exit_next __attribute__((noinline)) deadline_write(struct vcpu *v, u64 value)
{
	struct lapic_clock clock = clock_of(v);

	vm_lock(v->vm);
	apicv_timer_settle(v);
	board_lapic_flags(v, lapic_deadline_write(&v->lapic, value, vm_now_ns(v->vm), &clock), 0);
	vm_unlock(v->vm);
	return NEXT_ADVANCE;
}

static enum exit_next __attribute__((noinline)) lapic_msr(struct vcpu *v, u32 msr, u64 value)
{
	err_t err = msr == MSR_APIC_BASE ? base_write(v, value) : x2apic_write(v, msr, value);

	return err ? refuse(v) : NEXT_ADVANCE;
}

static enum exit_next __attribute__((noinline)) tsc_write(struct vcpu *v, u64 ticks)
{
	tsc_shift(v, ticks);
	return NEXT_ADVANCE;
}

static enum exit_next __attribute__((noinline)) efer_msr(struct vcpu *v, u64 value)
{
	return efer_write(v, value) ? refuse(v) : NEXT_ADVANCE;
}

/* An MSR that goes with the vcpu's state came to an exit all the same. */
#define STATE_OF_MSRS (STATE_SYSCALL | STATE_SEGMENTS)

static enum exit_next __attribute__((noinline)) row_read(struct vcpu *v, const struct policy_msr_row *row, u32 msr)
{
	u64 value;

	if (row->read == POLICY_MSR_DO_CPU)
		hvm_fetch(&v->hvm, STATE_OF_MSRS);
	if (policy_msr_row_read(&v->vm->msr_env, row, &v->hvm.state, &v->msrs, msr, &value) != POLICY_MSR_OK)
		return refuse(v);
	return answer(v, value);
}

static enum exit_next __attribute__((noinline))
row_write(struct vcpu *v, const struct policy_msr_row *row, u32 msr, u64 value)
{
	if (row->write == POLICY_MSR_DO_CPU)
		hvm_fetch(&v->hvm, STATE_OF_MSRS);
	if (policy_msr_row_write(&v->vm->msr_env, row, &v->hvm.state, &v->msrs, msr, value) != POLICY_MSR_OK)
		return refuse(v);
	if (row->write == POLICY_MSR_DO_CPU)
		hvm_mark_dirty(&v->hvm, STATE_OF_MSRS);
	return NEXT_ADVANCE;
}

static enum exit_next __attribute__((noinline)) row_find_and_read(struct vcpu *v, u32 msr)
{
	const struct policy_msr_row *row = policy_msr_find(&v->vm->msr_env, msr);

	return row ? row_read(v, row, msr) : refuse_unknown(v);
}

/* The rows of these MSRs say DEVICE. */
enum exit_next exit_rdmsr(struct vcpu *v, const struct exit *x)
{
	u32 msr = (u32)v->hvm.state.gpr[GPR_RCX];

	(void)x;
	switch (msr) {
	case MSR_APIC_BASE:
		return answer(v, v->lapic.base);
	case MSR_TSC_DEADLINE:
		return deadline_read(v);
	case MSR_TSC:
		return answer(v, clock_tsc() + v->hvm.tsc_offset);
	case MSR_TSC_ADJUST:
		return answer(v, v->tsc_adjust);
	case MSR_EFER:
		return efer_read(v);
	default:
		return is_x2apic(msr) ? x2apic_read(v, msr) : row_find_and_read(v, msr);
	}
}

static enum exit_next __attribute__((noinline)) row_find_and_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct policy_msr_row *row = policy_msr_find(&v->vm->msr_env, msr);

	return row ? row_write(v, row, msr, value) : refuse_unknown(v);
}

static inline bool is_ignored(const struct policy_msr_env *env, u32 msr)
{
	const struct policy_msr_row *row;

	if (msr >= POLICY_MSR_INDEXED_LOW || !env->low[msr])
		return false;
	row = policy_msr_rows + env->low[msr] - 1;
	return row->write == POLICY_MSR_DO_IGNORE;
}

enum exit_next exit_wrmsr(struct vcpu *v, const struct exit *x)
{
	const u64 *gpr = v->hvm.state.gpr;
	u32 msr = (u32)gpr[GPR_RCX];
	u64 value = gpr[GPR_RDX] << 32 | (u32)gpr[GPR_RAX];

	(void)x;
	if (is_ignored(&v->vm->msr_env, msr))
		return NEXT_ADVANCE;
	switch (msr) {
	case MSR_APIC_BASE:
		return lapic_msr(v, msr, value);
	case MSR_TSC_DEADLINE:
		return deadline_write(v, value);
	case MSR_TSC:
		return tsc_write(v, value - (clock_tsc() + v->hvm.tsc_offset));
	case MSR_TSC_ADJUST:
		return tsc_write(v, value - v->tsc_adjust);
	case MSR_EFER:
		return efer_msr(v, value);
	default:
		return is_x2apic(msr) ? lapic_msr(v, msr, value) : row_find_and_write(v, msr, value);
	}
}
