// SPDX-License-Identifier: Apache-2.0
// Events in and out (APM 2, Event Injection; EXITINTINFO; Virtual Interrupts), and blocking by NMI.
//
// The processor does not say when a guest could take the next NMI, so the backend does:
//
//	OPEN --NMI injected--> BLOCKED --IRET intercepted--> IN_IRET --the step over it ends--> OPEN
//
// IRET itself runs under TF with all exceptions intercepted, so that its end is seen and the guest never sees the TF.
#include "hvm/svm/svm.h"
#include "x86/regs/control.h"

static const u8 info_type_of_event[] = {
	[EVENT_INTERRUPT] = EVENT_INFO_INTR,           [EVENT_NMI] = EVENT_INFO_NMI,
	[EVENT_EXCEPTION] = EVENT_INFO_EXCEPTION,      [EVENT_SOFT_INTERRUPT] = EVENT_INFO_SOFT_INTERRUPT,
	[EVENT_SOFT_EXCEPTION] = EVENT_INFO_EXCEPTION, [EVENT_ICEBP] = EVENT_INFO_EXCEPTION,
};

static void iret_intercept_set(struct vmcb *b, bool on)
{
	u32 intercepts = vmcb_intercepts1(b) & ~(u32)INTERCEPT_IRET;

	vmcb_intercepts1_set(b, intercepts | (on ? (u32)INTERCEPT_IRET : 0));
}

/* Out of the step over IRET: flags and intercepts are the guest's again. */
static void iret_step_end(struct hvm_vcpu *v, u8 nmi)
{
	struct vmcb *b = v->control;

	vmcb_exception_intercepts_set(b, svm_exceptions_always(v));
	svm_vcpu(v)->nmi = nmi;
	iret_intercept_set(b, nmi == NMI_BLOCKED);
	v->fetched &= ~(u32)(STATE_BLOCKING | STATE_RFLAGS);
}

/* IRET has not run yet: as before it was intercepted. */
static void iret_step_cancel(struct hvm_vcpu *v, u8 nmi)
{
	struct vmcb *b = v->control;

	vmcb_rflags_set(b, svm_guest_rflags(v));
	iret_step_end(v, nmi);
}

u64 svm_guest_rflags(const struct hvm_vcpu *v)
{
	const struct svm_vcpu *own = svm_vcpu(v);
	u64 rflags = vmcb_rflags(v->control);

	if (__builtin_expect(own->nmi == NMI_IN_IRET && !own->iret_had_tf, 0))
		rflags &= ~RFLAGS_TF;
	return rflags;
}

void svm_guest_rflags_set(struct hvm_vcpu *v, u64 rflags)
{
	if (svm_vcpu(v)->nmi == NMI_IN_IRET)
		iret_step_cancel(v, NMI_BLOCKED);
	vmcb_rflags_set(v->control, rflags);
}

void svm_nmi_blocking_set(struct hvm_vcpu *v, bool is_blocked)
{
	u8 nmi = svm_vcpu(v)->nmi;

	if (is_blocked == (nmi != NMI_OPEN))
		return;
	if (nmi == NMI_IN_IRET) {
		iret_step_cancel(v, NMI_OPEN);
		return;
	}
	svm_vcpu(v)->nmi = is_blocked ? NMI_BLOCKED : NMI_OPEN;
	iret_intercept_set(v->control, is_blocked);
}

void svm_nmi_iret(struct hvm_vcpu *v)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;

	own->nmi = NMI_IN_IRET;
	own->iret_had_tf = vmcb_rflags(b) & RFLAGS_TF;
	own->iret_dr6 = vmcb_dr6(b);
	vmcb_rflags_set(b, vmcb_rflags(b) | RFLAGS_TF);
	vmcb_exception_intercepts_set(b, UINT32_MAX);
	iret_intercept_set(b, false);
}

bool svm_nmi_step_ended(struct hvm_vcpu *v, u8 vector)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;

	if (vector != VECTOR_DB || !(vmcb_dr6(b) & DR6_BS)) {
		iret_step_cancel(v, NMI_OPEN);
		return false;
	}
	iret_step_end(v, NMI_OPEN);
	if (own->iret_had_tf || vmcb_dr6(b) & DR6_B)
		return false;
	vmcb_dr6_set(b, own->iret_dr6);
	return true;
}

/* The return address of a software event is RIP in the VMCB, or the next RIP where the processor has that field. */
static void pass_instruction(struct hvm_vcpu *v, u8 bytes)
{
	struct vmcb *b = v->control;

	vmcb_rip_set(b, vmcb_rip(b) + bytes);
	vmcb_next_rip_set(b, vmcb_rip(b));
	v->fetched &= ~(u32)STATE_RIP;
	svm_vcpu(v)->injected_bytes = bytes;
}

void svm_inject(struct hvm_vcpu *v, const struct event *e)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;
	u64 info = EVENT_INFO_VALID | PUT(EVENT_INFO_TYPE, info_type_of_event[e->type]) |
		   PUT(EVENT_INFO_VECTOR, e->vector);

	svm_write_back(v);
	/* In real mode exceptions push no error code. */
	if (e->has_error && vmcb_cr0(b) & CR0_PE)
		info |= EVENT_INFO_HAS_ERROR | PUT(EVENT_INFO_ERROR, e->error);
	/* The frame that is pushed must have the guest's flags. */
	if (own->nmi == NMI_IN_IRET)
		iret_step_cancel(v, NMI_BLOCKED);
	if (e->type >= EVENT_SOFT_INTERRUPT)
		pass_instruction(v, e->insn_len);
	if (e->type == EVENT_NMI)
		svm_nmi_blocking_set(v, true);
	vmcb_event_injection_set(b, info);
	own->event = info;
	own->has_leftovers = true;
	own->ends_injection = e->type == EVENT_INTERRUPT && svm_is_tcg();
}

/*
 * Writes of CR8 exit while the threshold asks for it: a virtual interrupt of that priority would say the same, but
 * QEMU's TCG takes one of TPR's own class, too. And while there is a virtual interrupt: there TCG 7.2 ends itself when
 * the guest writes CR8 (it interrupts the processor without its lock).
 */
#define CR8_INTERCEPT BIT(8)

void svm_cr8_intercept_update(struct hvm_vcpu *v)
{
	struct vmcb *b = v->control;
	u64 wanted = v->tpr_threshold || vmcb_virtual_interrupt(b) & VINTR_IRQ ? CR8_INTERCEPT : 0;

	vmcb_cr_write_intercepts_set(b, (u16)((vmcb_cr_write_intercepts(b) & ~CR8_INTERCEPT) | wanted));
}

/*
 * A virtual interrupt that is never taken: its intercept is the window. AVIC has none. There nobody but an NMI wants
 * one, for the end of a shadow; an interrupt of the host that waits ends the guest then.
 */
void svm_window(struct hvm_vcpu *v, bool interrupt, bool nmi)
{
	struct vmcb *b = v->control;
	/* An NMI that a shadow holds back: the end of the shadow is seen this way, if IF is set. */
	bool wants = interrupt || (nmi && vmcb_interrupt_shadow(b) & SHADOW_ACTIVE);

	if (v->apic_mode) {
		svm_vcpu(v)->ends_shadow = wants && svm_vcpu(v)->nmi == NMI_OPEN;
		return;
	}
	if (wants == !!(vmcb_intercepts1(b) & INTERCEPT_VINTR))
		return;
	vmcb_intercepts1_set(b, vmcb_intercepts1(b) ^ (u32)INTERCEPT_VINTR);
	vmcb_virtual_interrupt_set(b, (vmcb_virtual_interrupt(b) & VINTR_TPR) | VINTR_MASKING |
					      (wants ? VINTR_IRQ | VINTR_IGNORE_TPR | PUT(VINTR_PRIORITY, 15) : 0));
	svm_cr8_intercept_update(v);
}

/*
 * A software event of the guest's own is not delivered again: RIP is still its instruction, which runs again. One that
 * was injected needs RIP back where it was, and is handed to vm/ as it came.
 */
static bool software_event_undo(struct hvm_vcpu *v, struct event *e)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;

	if (!own->injected_bytes)
		return false;
	e->insn_len = own->injected_bytes;
	vmcb_rip_set(b, vmcb_rip(b) - own->injected_bytes);
	return true;
}

static void event_cut_short(struct hvm_vcpu *v, u64 info)
{
	struct event e = {
		.is_valid = true,
		.vector = (u8)GET(EVENT_INFO_VECTOR, info),
		.has_error = info & EVENT_INFO_HAS_ERROR,
		.error = (u32)GET(EVENT_INFO_ERROR, info),
	};

	switch (GET(EVENT_INFO_TYPE, info)) {
	case EVENT_INFO_INTR:
		e.type = EVENT_INTERRUPT;
		break;
	case EVENT_INFO_NMI:
		/* It is delivered again: its blocking ends till then. */
		e.type = EVENT_NMI;
		svm_nmi_blocking_set(v, false);
		break;
	case EVENT_INFO_SOFT_INTERRUPT:
		e.type = EVENT_SOFT_INTERRUPT;
		e.is_valid = software_event_undo(v, &e);
		break;
	default:
		e.type = EVENT_EXCEPTION;
		if (e.vector == VECTOR_BP || e.vector == VECTOR_OF) {
			e.type = EVENT_SOFT_EXCEPTION;
			e.is_valid = software_event_undo(v, &e);
		}
	}
	v->interrupted = e;
}

void svm_event_after_exit(struct hvm_vcpu *v)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;
	u64 info = vmcb_exit_int_info(b);

	if (info & EVENT_INFO_VALID)
		event_cut_short(v, info);
	if ((u32)vmcb_exit_code(b) != SVM_EXIT_INVALID)
		own->event = 0;
	vmcb_event_injection_set(b, 0);
	vmcb_tlb_control_set(b, TLB_KEEP);
	own->has_leftovers = false;
	own->ends_injection = false;
	own->injected_bytes = 0;
}
