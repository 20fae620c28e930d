// SPDX-License-Identifier: Apache-2.0
// One instruction of the guest's, for a debugger. There is no monitor trap flag: it is done with RFLAGS.TF, in such a
// way that no guest sees a TF that is not its own (APM 2, Single Stepping; Event Injection; #DB intercept).
//
//	PUSHF, SYSCALL, SYSENTER      save RFLAGS, or do not trap: the emulator does them, and what returns from them
//	MOV SS, POP SS                would hold the trap back: likewise
//	POPF, IRET                    TF traps behind them, and RFLAGS is the guest's own then
//	INT n, INT3, INTO             are injected
//	what is injected              without TF; an interrupt that waits ends the guest behind the delivery
//	exceptions                    all exit, so that their frames are pushed when they are injected
//	MOV DR                        what it leaves in DR6 is worked out: the trap adds BS to that
//
// TF, intercepts and DR6 are the guest's again after each entry; nothing is left over that somebody else must know of.
#include "host/ipi.h"
#include "hvm/svm/svm.h"
#include "x86/regs/control.h"

/* The guest's, during a step. */
struct step {
	u64 rflags;
	u64 dr6_before;
	u64 dr6; /* behind the instruction */
	bool loads_flags;
	bool reads_dr6;
};

#define DR6_WRITABLE (DR6_B | DR6_BD | DR6_BS | DR6_BT)

/* What the instruction is to leave in DR6. */
static u64 dr6_behind(const struct hvm_vcpu *v, const struct insn_identity *insn)
{
	if (insn->kind == INSN_MOV_TO_DR && (insn->number == 6 || insn->number == 4))
		return (v->state.gpr[insn->gpr] & DR6_WRITABLE) | DR6_FIXED;
	return vmcb_dr6(v->control);
}

static struct step step_of(const struct hvm_vcpu *v, const struct insn_identity *insn)
{
	return (struct step){
		.rflags = vmcb_rflags(v->control),
		.dr6_before = vmcb_dr6(v->control),
		.dr6 = dr6_behind(v, insn),
		.loads_flags = insn->kind == INSN_POPF || insn->kind == INSN_IRET,
		.reads_dr6 = insn->kind == INSN_MOV_FROM_DR,
	};
}

static void arm(struct hvm_vcpu *v, const struct step *s)
{
	struct vmcb *b = v->control;

	vmcb_exception_intercepts_set(b, UINT32_MAX);
	if (!s->reads_dr6)
		vmcb_dr6_set(b, DR6_FIXED);
	vmcb_rflags_set(b, s->rflags | RFLAGS_TF);
}

/* The guest's TF is what it was, or what the instruction has loaded. */
static void disarm(struct hvm_vcpu *v, const struct step *s, bool is_done)
{
	struct vmcb *b = v->control;

	vmcb_exception_intercepts_set(b, svm_exceptions_always(v));
	vmcb_dr6_set(b, is_done ? s->dr6 : s->dr6_before);
	if (!is_done || !s->loads_flags)
		vmcb_rflags_set(b, (vmcb_rflags(b) & ~RFLAGS_TF) | (s->rflags & RFLAGS_TF));
	v->fetched &= ~(u32)(STATE_RFLAGS | STATE_DEBUG);
}

/*
 * Behind an instruction only data can have been hit. QEMU's TCG also names a breakpoint on the next instruction, which
 * is raised when that is about to run, if RF does not prevent it, and data that were hit some time before; a new hit
 * has an exit of its own there.
 */
static u64 hits_behind(const struct vmcb *b, u64 hits)
{
	for (unsigned n = 0; hits & DR6_BS && n < 4; n++)
		if (!(vmcb_dr7(b) & DR7_RW(n)) || svm_is_tcg())
			hits &= ~BIT(n);
	return hits;
}

static void trap_step(struct hvm_vcpu *v, struct exit *x, const struct insn_identity *insn)
{
	struct step s = step_of(v, insn);
	bool is_debug;
	u64 *hits = &x->exception.qualification;

	arm(v, &s);
	svm_run(v, x);
	is_debug = x->reason == SVM_EXIT_EXCEPTION_FIRST + VECTOR_DB;
	disarm(v, &s, is_debug && *hits & DR6_BS);
	if (!is_debug)
		return;
	*hits = hits_behind(v->control, *hits);
	/* Breakpoints that the instruction hit, whoever these are of, are an exit of their own; so is the guest's own
	 * trap. */
	if (!(s.rflags & RFLAGS_TF))
		*hits &= ~DR6_BS;
	if (!*hits)
		x->kind = EXIT_STEP;
}

/* Interrupts that wait for the host come right behind the delivery of what is injected. */
static void delivery_step(struct hvm_vcpu *v, struct exit *x)
{
	ipi_kick_self();
	svm_run(v, x);
	if ((x->kind == EXIT_INTERRUPT || x->kind == EXIT_INJECTED || x->kind == EXIT_NMI) && !v->interrupted.is_valid)
		x->kind = EXIT_STEP;
}

/* In virtual-8086 mode with IOPL below 3 it is #GP, or goes through the task's map: that is left to the processor. */
static bool is_injectable(const struct hvm_vcpu *v, const struct insn_identity *insn)
{
	u64 rflags = vmcb_rflags(v->control);

	if (insn->kind == INSN_INTO)
		return rflags & RFLAGS_OF;
	if (insn->kind == INSN_INT)
		return !(rflags & RFLAGS_VM) || GET(RFLAGS_IOPL, rflags) == 3;
	return insn->kind == INSN_INT3;
}

static void software_event(struct hvm_vcpu *v, struct exit *x, const struct insn_identity *insn)
{
	v->interrupted = (struct event){
		.is_valid = true,
		.type = insn->kind == INSN_INT ? EVENT_SOFT_INTERRUPT : EVENT_SOFT_EXCEPTION,
		.vector = insn->number,
		.insn_len = insn->bytes,
	};
	*x = (struct exit){.kind = EXIT_NONE, .reason = SVM_EXIT_SWINT, .detail = insn->number};
}

/* In long mode SYSENTER and SYSEXIT are #UD, which the processor finds out. */
static bool is_for_emulator(const struct hvm_vcpu *v, const struct insn_identity *insn)
{
	switch (insn->kind) {
	case INSN_PUSHF:
	case INSN_SYSCALL:
	case INSN_SYSRET:
	case INSN_LOAD_SS:
		return true;
	case INSN_SYSENTER:
	case INSN_SYSEXIT:
		return !(vmcb_efer(v->control) & EFER_LMA);
	default:
		return false;
	}
}

static struct insn_identity insn_at_rip(struct hvm_vcpu *v)
{
	struct insn_identity insn;
	struct exit unused;

	/* What cannot be decoded, or not be fetched, faults when it is run. */
	if (!svm_identify(v, &unused, &insn))
		insn = (struct insn_identity){.kind = INSN_OTHER};
	return insn;
}

static void instruction_step(struct hvm_vcpu *v, struct exit *x)
{
	struct insn_identity insn = insn_at_rip(v);

	v->interrupted.is_valid = false;
	if (is_injectable(v, &insn))
		software_event(v, x, &insn);
	else if (is_for_emulator(v, &insn))
		*x = (struct exit){.kind = EXIT_EMULATE};
	else if (insn.kind == INSN_IRET && svm_vcpu(v)->nmi == NMI_BLOCKED)
		svm_run(v, x); /* it is intercepted: the step that ends the blocking comes next */
	else
		trap_step(v, x, &insn);
}

void svm_step(struct hvm_vcpu *v, struct exit *x)
{
	svm_write_back(v);
	hvm_fetch(v, STATE_RIP);
	if (svm_vcpu(v)->event) {
		delivery_step(v, x);
	} else if (svm_vcpu(v)->nmi == NMI_IN_IRET) {
		svm_run(v, x);
		if (x->kind == EXIT_NMI_WINDOW)
			x->kind = EXIT_STEP;
	} else {
		instruction_step(v, x);
	}
}
