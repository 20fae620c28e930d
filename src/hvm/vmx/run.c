// SPDX-License-Identifier: Apache-2.0
// VM entry, and VM exits put into neutral words (SDM 3C, VM Exits; Exit Qualification).
#include "host/trap.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* Neutral event types and VMX's. */
static const u8 intr_type_of_event[] = {
	[EVENT_INTERRUPT] = INTR_TYPE_EXTERNAL,
	[EVENT_NMI] = INTR_TYPE_NMI,
	[EVENT_EXCEPTION] = INTR_TYPE_HARDWARE_EXCEPTION,
	[EVENT_SOFT_INTERRUPT] = INTR_TYPE_SOFTWARE_INTERRUPT,
	[EVENT_SOFT_EXCEPTION] = INTR_TYPE_SOFTWARE_EXCEPTION,
	[EVENT_ICEBP] = INTR_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION,
};
static const u8 event_of_intr_type[] = {
	[INTR_TYPE_EXTERNAL] = EVENT_INTERRUPT,
	[INTR_TYPE_NMI] = EVENT_NMI,
	[INTR_TYPE_HARDWARE_EXCEPTION] = EVENT_EXCEPTION,
	[INTR_TYPE_SOFTWARE_INTERRUPT] = EVENT_SOFT_INTERRUPT,
	[INTR_TYPE_SOFTWARE_EXCEPTION] = EVENT_SOFT_EXCEPTION,
	[INTR_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION] = EVENT_ICEBP,
	[INTR_TYPE_OTHER_EVENT] = EVENT_INTERRUPT,
};

static struct event event_from_info(u32 info, u32 error, u32 insn_len)
{
	struct event e = {
		.is_valid = info & INTR_INFO_VALID,
		.type = event_of_intr_type[GET(INTR_INFO_TYPE, info)],
		.vector = (u8)GET(INTR_INFO_VECTOR, info),
		.has_error = info & INTR_INFO_ERROR_CODE,
		.error = error,
	};

	if (e.type >= EVENT_SOFT_INTERRUPT)
		e.insn_len = (u8)insn_len;
	return e;
}

/* The timer's value is saved at exits, so it counts the guest's time only and need not be written at each entry. */
void vmx_deadline_set(struct hvm_vcpu *v, u64 ticks)
{
	u64 value = ticks >> GET(VMX_MISC_TIMER_SHIFT, vmx_caps.misc);

	(void)v;
	if (vmx_uses(CONTROLS_PIN, PIN_PREEMPTION_TIMER))
		vmwrite(VMCS_preemption_timer_value, MIN(value + 1, UINT32_MAX));
}

void vmx_inject(struct hvm_vcpu *v, const struct event *e)
{
	/* SDM 3C, Checks on VMX Controls: no error code in real mode, where exceptions push none. */
	bool has_error = e->has_error && vmread(VMCS_guest_cr0) & CR0_PE;

	(void)v;
	vmwrite(VMCS_entry_interruption_info, INTR_INFO_VALID | PUT(INTR_INFO_TYPE, intr_type_of_event[e->type]) |
						      PUT(INTR_INFO_VECTOR, e->vector) |
						      (has_error ? INTR_INFO_ERROR_CODE : 0));
	if (has_error)
		vmwrite(VMCS_entry_exception_error_code, e->error);
	if (e->type >= EVENT_SOFT_INTERRUPT)
		vmwrite(VMCS_entry_instruction_length, e->insn_len);
}

void vmx_window(struct hvm_vcpu *v, bool interrupt, bool nmi)
{
	u32 controls = v->proc_controls & ~(u32)(PROC_INTERRUPT_WINDOW_EXITING | PROC_NMI_WINDOW_EXITING);

	if (interrupt)
		controls |= PROC_INTERRUPT_WINDOW_EXITING;
	if (nmi)
		controls |= PROC_NMI_WINDOW_EXITING;
	if (controls == v->proc_controls)
		return;
	v->proc_controls = controls;
	vmwrite(VMCS_proc_controls, controls);
}

/* An event whose delivery this exit cut short; only some exits can (SDM 3C, Information for VM Exits During Event
 * Delivery), so only their decoders ask. */
static void vectoring_decode(struct hvm_vcpu *v)
{
	u32 info = (u32)vmread(VMCS_idt_vectoring_info);

	if (!(info & INTR_INFO_VALID))
		return;
	v->interrupted = event_from_info(info, (u32)vmread(VMCS_idt_vectoring_error_code),
					 (u32)vmread(VMCS_exit_instruction_length));
	/* The NMI is delivered again: its blocking ends till then (SDM 3C, Tools for handling NMIs). */
	if (v->interrupted.type == EVENT_NMI)
		vmwrite(VMCS_guest_interruptibility_state, vmread(VMCS_guest_interruptibility_state) & ~BLOCKING_NMI);
}

/* IRET had ended the blocking of NMIs before it faulted: it must be in force when it is tried again. */
static void nmi_unblocking_undo(const struct hvm_vcpu *v, bool is_by_iret)
{
	if (is_by_iret && !v->interrupted.is_valid)
		vmwrite(VMCS_guest_interruptibility_state, vmread(VMCS_guest_interruptibility_state) | BLOCKING_NMI);
}

static void exception_decode(struct hvm_vcpu *v, struct exit *x)
{
	u32 info = (u32)vmread(VMCS_exit_interruption_info);
	struct event e = event_from_info(info, 0, 0);

	if (e.type == EVENT_NMI) {
		/* It was the host's: its own handler runs, on its own stack. */
		__asm__ volatile("int $2");
		x->kind = EXIT_NMI;
		return;
	}
	if (e.vector == VECTOR_MC) {
		x->kind = EXIT_MACHINE_CHECK;
		return;
	}
	vectoring_decode(v);
	nmi_unblocking_undo(v, (info & INTR_INFO_NMI_UNBLOCKING) && e.vector != VECTOR_DF);
	x->exception.vector = e.vector;
	x->detail = e.vector;
	x->exception.type = e.type;
	x->exception.has_error = e.has_error;
	x->exception.error = e.has_error ? (u32)vmread(VMCS_exit_interruption_error_code) : 0;
	x->exception.qualification = vmread(VMCS_exit_qualification);
	if (e.type >= EVENT_SOFT_INTERRUPT)
		x->insn_len = (u32)vmread(VMCS_exit_instruction_length);
}

static void io_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);

	(void)v;
	x->io.port = (u16)GET(QUAL_IO_PORT, q);
	x->detail = x->io.port;
	x->io.bytes = (u8)(GET(QUAL_IO_SIZE_LESS_1, q) + 1);
	x->io.is_in = q & QUAL_IO_IN;
	x->io.is_string = q & QUAL_IO_STRING;
	x->io.is_rep = q & QUAL_IO_REP;
}

static void cr_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);

	(void)v;
	x->cr.number = (u8)GET(QUAL_CR_NUMBER, q);
	x->detail = x->cr.number;
	x->cr.access = (u8)GET(QUAL_CR_ACCESS, q);
	x->cr.gpr = (u8)GET(QUAL_CR_GPR, q);
	x->cr.msw = (u16)GET(QUAL_CR_LMSW_SOURCE, q);
}
_Static_assert((int)CR_WRITE == (int)CR_MOV_TO && (int)CR_READ == (int)CR_MOV_FROM &&
		       (int)CR_CLEAR_TS == (int)CR_CLTS && (int)CR_LOAD_MSW == (int)CR_LMSW,
	       "the neutral numbers are VMX's");

static void dr_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);

	(void)v;
	x->dr.number = (u8)GET(QUAL_DR_NUMBER, q);
	x->dr.gpr = (u8)GET(QUAL_DR_GPR, q);
	x->dr.is_read = q & QUAL_DR_READ;
}

static void task_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);

	vectoring_decode(v);
	x->task.selector = (u16)GET(QUAL_TASK_SELECTOR, q);
	x->task.source = (u8)GET(QUAL_TASK_SOURCE, q);
	x->insn_len = (u32)vmread(VMCS_exit_instruction_length);
}
_Static_assert((int)TASK_FROM_CALL == (int)TASK_BY_CALL && (int)TASK_FROM_GATE == (int)TASK_BY_IDT_GATE,
	       "the neutral numbers are VMX's");

static void ept_violation_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);

	vectoring_decode(v);
	nmi_unblocking_undo(v, q & QUAL_EPT_NMI_UNBLOCKING);
	x->memory.insn_bytes = 0;
	x->memory.gpa = GPA(vmread(VMCS_guest_physical_address));
	x->detail = x->memory.gpa.v;
	/* Without the second bit the access was to a paging-structure entry: the two addresses do not belong together.
	 */
	x->memory.has_gva = (q & QUAL_EPT_LINEAR_VALID) && (q & QUAL_EPT_FINAL_ACCESS);
	x->memory.gva = GVA(x->memory.has_gva ? vmread(VMCS_guest_linear_address) : 0);
	x->memory.is_read = q & QUAL_EPT_READ;
	x->memory.is_write = q & QUAL_EPT_WRITE;
	x->memory.is_fetch = q & QUAL_EPT_FETCH;
	x->memory.is_present = q & (QUAL_EPT_ENTRY_READABLE | QUAL_EPT_ENTRY_WRITABLE | QUAL_EPT_ENTRY_EXECUTABLE);
}

static void ept_misconfiguration_decode(struct hvm_vcpu *v, struct exit *x)
{
	vectoring_decode(v);
	x->memory.gpa = GPA(vmread(VMCS_guest_physical_address));
	x->detail = x->memory.gpa.v;
}

/* Where the exit has acknowledged it, its handler is called as if the processor had: nobody else will. */
static void interrupt_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)v;
	(void)x;
	if (vmx_uses(CONTROLS_EXITS, EXITCTL_ACKNOWLEDGE_INTERRUPT))
		trap_interrupt((u8)GET(INTR_INFO_VECTOR, vmread(VMCS_exit_interruption_info)));
}

static void apic_write_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)v;
	x->apic.offset = (u16)GET(QUAL_APIC_OFFSET, vmread(VMCS_exit_qualification));
	x->detail = x->apic.offset;
}

/* Accesses by physical address (of page walks, tracing) come with no offset. */
static void apic_access_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 q = vmread(VMCS_exit_qualification);
	u64 access = GET(QUAL_APIC_ACCESS, q);

	vectoring_decode(v);
	x->apic.offset = (u16)GET(QUAL_APIC_OFFSET, q);
	x->apic.is_write = access == APIC_LINEAR_WRITE;
	x->apic.is_fetch = access == APIC_LINEAR_FETCH;
	x->apic.is_event = access == APIC_LINEAR_EVENT_DELIVERY || access == APIC_PHYSICAL_EVENT_DELIVERY;
	x->detail = x->apic.offset;
}

static void eoi_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)v;
	x->apic.vector = (u8)GET(QUAL_VECTOR, vmread(VMCS_exit_qualification));
	x->detail = x->apic.vector;
}

struct decoder {
	u8 kind; /* enum exit_kind */
	bool has_length;
	void (*decode)(struct hvm_vcpu *v, struct exit *x);
};

static const struct decoder decoders[] = {
	[VMX_EXIT_EXCEPTION_NMI] = {EXIT_EXCEPTION, false, exception_decode},
	[VMX_EXIT_EXTERNAL_INTERRUPT] = {EXIT_INTERRUPT, false, interrupt_decode},
	[VMX_EXIT_TRIPLE_FAULT] = {EXIT_TRIPLE_FAULT, false, NULL},
	[VMX_EXIT_INIT] = {EXIT_INIT, false, NULL},
	[VMX_EXIT_SIPI] = {EXIT_SIPI, false, NULL},
	[VMX_EXIT_IO_SMI] = {EXIT_UNKNOWN, false, NULL},
	[VMX_EXIT_OTHER_SMI] = {EXIT_UNKNOWN, false, NULL},
	[VMX_EXIT_INTERRUPT_WINDOW] = {EXIT_INTERRUPT_WINDOW, false, NULL},
	[VMX_EXIT_NMI_WINDOW] = {EXIT_NMI_WINDOW, false, NULL},
	[VMX_EXIT_TASK_SWITCH] = {EXIT_TASK_SWITCH, false, task_decode},
	[VMX_EXIT_CPUID] = {EXIT_CPUID, true, NULL},
	[VMX_EXIT_GETSEC] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_HLT] = {EXIT_HLT, true, NULL},
	[VMX_EXIT_INVD] = {EXIT_CACHE, true, NULL},
	[VMX_EXIT_INVLPG] = {EXIT_INVLPG, true, NULL},
	[VMX_EXIT_RDPMC] = {EXIT_RDPMC, true, NULL},
	[VMX_EXIT_RDTSC] = {EXIT_RDTSC, true, NULL},
	[VMX_EXIT_RSM] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMCALL] = {EXIT_HYPERCALL, true, NULL},
	[VMX_EXIT_VMCLEAR] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMLAUNCH] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMPTRLD] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMPTRST] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMREAD] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMRESUME] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMWRITE] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMXOFF] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_VMXON] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_CR_ACCESS] = {EXIT_CR, true, cr_decode},
	[VMX_EXIT_MOV_DR] = {EXIT_DR, true, dr_decode},
	[VMX_EXIT_IO] = {EXIT_IO, true, io_decode},
	[VMX_EXIT_RDMSR] = {EXIT_RDMSR, true, NULL},
	[VMX_EXIT_WRMSR] = {EXIT_WRMSR, true, NULL},
	[VMX_EXIT_MWAIT] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_MONITOR_TRAP_FLAG] = {EXIT_STEP, false, NULL},
	[VMX_EXIT_MONITOR] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_PAUSE] = {EXIT_PAUSE, true, NULL},
	[VMX_EXIT_TPR_BELOW_THRESHOLD] = {EXIT_TPR_THRESHOLD, false, NULL},
	[VMX_EXIT_APIC_ACCESS] = {EXIT_APIC_ACCESS, false, apic_access_decode},
	[VMX_EXIT_VIRTUALIZED_EOI] = {EXIT_VIRTUAL_EOI, false, eoi_decode},
	[VMX_EXIT_GDTR_IDTR_ACCESS] = {EXIT_UNKNOWN, true, NULL},
	[VMX_EXIT_LDTR_TR_ACCESS] = {EXIT_UNKNOWN, true, NULL},
	[VMX_EXIT_EPT_VIOLATION] = {EXIT_MEMORY, false, ept_violation_decode},
	[VMX_EXIT_EPT_MISCONFIGURATION] = {EXIT_MEMORY_BAD_ENTRY, false, ept_misconfiguration_decode},
	[VMX_EXIT_INVEPT] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_RDTSCP] = {EXIT_RDTSC, true, NULL},
	[VMX_EXIT_PREEMPTION_TIMER] = {EXIT_TIMER, false, NULL},
	[VMX_EXIT_INVVPID] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_WBINVD] = {EXIT_CACHE, true, NULL},
	[VMX_EXIT_XSETBV] = {EXIT_XSETBV, true, NULL},
	[VMX_EXIT_APIC_WRITE] = {EXIT_APIC_WRITE, false, apic_write_decode},
	[VMX_EXIT_RDRAND] = {EXIT_UNKNOWN, true, NULL},
	[VMX_EXIT_INVPCID] = {EXIT_UNKNOWN, true, NULL},
	[VMX_EXIT_VMFUNC] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_ENCLS] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_RDSEED] = {EXIT_UNKNOWN, true, NULL},
	[VMX_EXIT_PML_FULL] = {EXIT_UNKNOWN, false, NULL},
	[VMX_EXIT_XSAVES] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_XRSTORS] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_PCONFIG] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_SPP] = {EXIT_UNKNOWN, false, NULL},
	[VMX_EXIT_UMWAIT] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_TPAUSE] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_LOADIWKEY] = {EXIT_UNDEFINED, true, NULL},
	[VMX_EXIT_ENCLV] = {EXIT_UNDEFINED, true, NULL},
};

static void entry_failed(struct exit *x, u32 reason, u32 error)
{
	*x = (struct exit){
		.kind = EXIT_ENTRY_FAILED,
		.reason = reason,
		.entry = {.error = error, .qualification = error ? 0 : vmread(VMCS_exit_qualification)},
	};
}

/* Anything but an exit that the table knows. */
static void __attribute__((noinline, cold)) run_failed(struct hvm_vcpu *v, struct exit *x, u32 failed, u32 reason)
{
	if (failed) {
		v->fetched = 0;
		entry_failed(x, 0,
			     failed == VMX_FAIL_VALID ? (u32)vmread(VMCS_instruction_error) : ENTRY_ERROR_NO_VMCS);
	} else if (reason & EXIT_REASON_ENTRY_FAILURE) {
		v->fetched = 0;
		entry_failed(x, reason, 0);
	} else {
		v->state.rip = vmread(VMCS_guest_rip);
		*x = (struct exit){.kind = EXIT_UNKNOWN, .reason = reason};
	}
}

void vmx_run(struct hvm_vcpu *v, struct exit *x)
{
	const struct decoder *d;
	u64 reason;
	u32 failed;

	if (__builtin_expect(v->dirty, 0))
		vmx_write_back(v);
	v->fetched = STATE_RIP;
	v->interrupted.is_valid = false;
	failed = vmx_enter(v);
	if (__builtin_expect(failed, 0)) {
		run_failed(v, x, failed, 0);
		return;
	}
	reason = vmread(VMCS_exit_reason);
	/* The bit of a failed entry is beyond all numbers. */
	if (__builtin_expect(reason >= ARRAY_COUNT(decoders), 0)) {
		run_failed(v, x, 0, (u32)reason);
		return;
	}
	v->state.rip = vmread(VMCS_guest_rip);
	d = &decoders[reason];
	x->reason = (u32)reason;
	x->detail = 0;
	x->kind = d->kind;
	x->insn_len = d->has_length ? (u32)vmread(VMCS_exit_instruction_length) : 0;
	if (d->decode)
		d->decode(v, x);
}
