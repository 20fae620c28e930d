// SPDX-License-Identifier: Apache-2.0
// VMRUN, and #VMEXITs put into neutral words (APM 2, VMRUN; Intercept Operation; SVM Intercept Exit Codes).
#include "hvm/svm/svm.h"

#include "host/ipi.h"
#include "hvm/switch.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The host's timer interrupt ends the guest whatever its IF is: nothing else is needed. */
void svm_deadline_set(struct hvm_vcpu *v, u64 ticks)
{
	(void)v;
	(void)ticks;
}

/* Prefixes may stand before the opcode: then the decoder counts. */
static void __attribute__((noinline)) length_identify(struct hvm_vcpu *v, struct exit *x)
{
	struct insn_identity insn;

	if (svm_identify(v, x, &insn))
		x->insn_len = insn.bytes;
}

static inline void length_find(struct hvm_vcpu *v, struct exit *x, u32 opcode, u32 bytes)
{
	if (svm_uses(SVM_CPUID_NRIPS))
		x->insn_len = (u32)(vmcb_next_rip(v->control) - v->state.rip);
	else if (__builtin_expect(svm_code_is(v, opcode, bytes), 1))
		x->insn_len = bytes;
	else
		length_identify(v, x);
}

#define OPCODE_RDMSR 0x320f
#define OPCODE_WRMSR 0x300f

static void msr_decode(struct hvm_vcpu *v, struct exit *x)
{
	bool is_write = vmcb_exit_info1(v->control) & MSR_INFO_WRITE;

	x->kind = is_write ? EXIT_WRMSR : EXIT_RDMSR;
	length_find(v, x, is_write ? OPCODE_WRMSR : OPCODE_RDMSR, 2);
}

static bool has_error_code(u8 vector)
{
	const u32 with_code = BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) | BIT(VECTOR_SS) | BIT(VECTOR_GP) |
			      BIT(VECTOR_PF) | BIT(VECTOR_AC) | BIT(VECTOR_CP) | BIT(29) | BIT(30);

	return with_code >> vector & 1;
}

static void exception_decode(struct hvm_vcpu *v, struct exit *x)
{
	const struct vmcb *b = v->control;
	u8 vector = (u8)(x->reason - SVM_EXIT_EXCEPTION_FIRST);

	x->kind = EXIT_EXCEPTION;
	x->insn_len = 0;
	x->detail = vector;
	if (vector == VECTOR_MC) {
		x->kind = EXIT_MACHINE_CHECK;
		return;
	}
	if (svm_vcpu(v)->nmi == NMI_IN_IRET && svm_nmi_step_ended(v, vector)) {
		x->kind = EXIT_NMI_WINDOW;
		return;
	}
	x->exception.vector = vector;
	x->exception.type = EVENT_EXCEPTION;
	x->exception.has_error = has_error_code(vector);
	x->exception.error = (u32)vmcb_exit_info1(b);
	x->exception.qualification = vector == VECTOR_DB ? svm_debug_exception(v) : vmcb_exit_info2(b);
}

static void icebp_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)v;
	x->detail = VECTOR_DB;
	x->exception.vector = VECTOR_DB;
	x->exception.type = EVENT_ICEBP;
	x->exception.has_error = false;
	x->exception.qualification = 0;
}

static void io_decode(struct hvm_vcpu *v, struct exit *x)
{
	u64 info = vmcb_exit_info1(v->control);

	x->insn_len = (u32)(vmcb_exit_info2(v->control) - v->state.rip);
	x->io.port = (u16)GET(IOIO_PORT, info);
	x->detail = x->io.port;
	x->io.bytes = (u8)GET(IOIO_BYTES, info);
	x->io.is_in = info & IOIO_IN;
	x->io.is_string = info & IOIO_STRING;
	x->io.is_rep = info & IOIO_REP;
}

static void npf_decode(struct hvm_vcpu *v, struct exit *x)
{
	const struct vmcb *b = v->control;
	u64 info = vmcb_exit_info1(b);

	x->kind = info & NPF_RESERVED ? EXIT_MEMORY_BAD_ENTRY : EXIT_MEMORY;
	x->insn_len = 0;
	x->memory.insn_bytes = svm_uses(SVM_CPUID_DECODE_ASSISTS) ? vmcb_fetched_bytes(b) & 15 : 0;
	x->memory.insn = b->bytes + VMCB_AT_fetched_bytes + 1;
	x->memory.gpa = GPA(vmcb_exit_info2(b));
	x->detail = x->memory.gpa.v;
	x->memory.has_gva = false;
	x->memory.gva = GVA(0);
	x->memory.is_fetch = info & NPF_FETCH;
	x->memory.is_write = info & NPF_WRITE;
	x->memory.is_read = !x->memory.is_fetch && !x->memory.is_write;
	x->memory.is_present = info & NPF_PRESENT;
}

/* SMSW while CR0 is hidden goes to the emulator. */
static void cr_identify(struct hvm_vcpu *v, struct exit *x)
{
	struct insn_identity insn;

	if (!svm_identify(v, x, &insn))
		return;
	x->insn_len = insn.bytes;
	x->cr.number = insn.number;
	x->cr.gpr = insn.gpr;
	x->cr.msw = insn.msw;
	switch (insn.kind) {
	case INSN_MOV_TO_CR:
		x->cr.access = CR_WRITE;
		break;
	case INSN_MOV_FROM_CR:
		x->cr.access = CR_READ;
		break;
	case INSN_CLTS:
		x->cr.access = CR_CLEAR_TS;
		break;
	case INSN_LMSW:
		x->cr.access = CR_LOAD_MSW;
		break;
	default:
		x->cr.access = CR_STORE_MSW;
	}
}

static void cr_decode(struct hvm_vcpu *v, struct exit *x)
{
	const struct vmcb *b = v->control;
	u64 info = vmcb_exit_info1(b);
	u32 code = x->reason == SVM_EXIT_CR0_SEL_WRITE ? SVM_EXIT_CR0_WRITE : x->reason;

	x->detail = code % 16;
	if (!svm_uses(SVM_CPUID_DECODE_ASSISTS) || !(info & CR_INFO_IS_MOV) || !svm_uses(SVM_CPUID_NRIPS)) {
		cr_identify(v, x);
		return;
	}
	x->cr.number = (u8)(code % 16);
	x->cr.gpr = (u8)GET(CR_INFO_GPR, info);
	x->cr.access = code >= SVM_EXIT_CR0_WRITE ? CR_WRITE : CR_READ;
	x->insn_len = (u32)(vmcb_next_rip(b) - v->state.rip);
}

static void task_decode(struct hvm_vcpu *v, struct exit *x)
{
	const struct vmcb *b = v->control;
	u64 info = vmcb_exit_info2(b);
	struct insn_identity insn;

	x->task.selector = (u16)vmcb_exit_info1(b);
	x->task.source = TASK_FROM_CALL;
	if (info & TASK_INFO_IRET)
		x->task.source = TASK_FROM_IRET;
	else if (info & TASK_INFO_JUMP)
		x->task.source = TASK_FROM_JMP;
	else if (vmcb_exit_int_info(b) & EVENT_INFO_VALID)
		x->task.source = TASK_FROM_GATE;
	if (v->interrupted.is_valid || !svm_identify(v, x, &insn))
		return;
	x->insn_len = insn.bytes;
	/* A gate through INT n: the event was left out because RIP is still there. The switch carries it out now. */
	if (x->task.source == TASK_FROM_GATE)
		v->interrupted = (struct event){.is_valid = true, .type = EVENT_SOFT_INTERRUPT, .insn_len = insn.bytes};
}

#define CPUID_XSAVE 0xd

/* QEMU's TCG lets XSETBV through in spite of the intercept; CPUID's answer depends on what it loaded. */
static void cpuid_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)x;
	if (__builtin_expect((u32)v->state.gpr[GPR_RAX] == CPUID_XSAVE && switch_xfeatures(), 0))
		v->state.xcr0 = xgetbv(0);
}

static void iret_decode(struct hvm_vcpu *v, struct exit *x)
{
	(void)x;
	svm_nmi_iret(v);
}

/* `bytes`: of the opcode in `opcode`, first byte lowest; 0: the exit is not asked for its length here. */
struct decoder {
	u8 kind; /* enum exit_kind */
	u8 bytes;
	u32 opcode;
	void (*decode)(struct hvm_vcpu *v, struct exit *x);
};

static const struct decoder decoders[] = {
	[SVM_EXIT_CR0_READ] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR4_READ] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR8_READ] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR0_WRITE] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR3_WRITE] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR4_WRITE] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR8_WRITE] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_CR0_SEL_WRITE] = {EXIT_CR, 0, 0, cr_decode},
	[SVM_EXIT_DR0_READ... SVM_EXIT_DR15_WRITE] = {EXIT_DR, 0, 0, NULL},
	[SVM_EXIT_EXCEPTION_FIRST... SVM_EXIT_EXCEPTION_LAST] = {EXIT_EXCEPTION, 0, 0, exception_decode},
	[SVM_EXIT_INTR] = {EXIT_INTERRUPT, 0, 0, NULL},
	/* STGI has let it through to the host's own handler. */
	[SVM_EXIT_NMI] = {EXIT_NMI, 0, 0, NULL},
	[SVM_EXIT_INIT] = {EXIT_INIT, 0, 0, NULL},
	[SVM_EXIT_VINTR] = {EXIT_INTERRUPT_WINDOW, 0, 0, NULL},
	[SVM_EXIT_RDPMC] = {EXIT_RDPMC, 0, 0, NULL},
	[SVM_EXIT_CPUID] = {EXIT_CPUID, 2, 0xa20f, cpuid_decode},
	[SVM_EXIT_RSM] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_IRET] = {EXIT_NONE, 0, 0, iret_decode},
	[SVM_EXIT_INVD] = {EXIT_CACHE, 2, 0x080f, NULL},
	[SVM_EXIT_PAUSE] = {EXIT_PAUSE, 2, 0x90f3, NULL},
	[SVM_EXIT_HLT] = {EXIT_HLT, 1, 0xf4, NULL},
	[SVM_EXIT_INVLPGA] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_IOIO] = {EXIT_IO, 0, 0, io_decode},
	[SVM_EXIT_MSR] = {EXIT_RDMSR, 0, 0, msr_decode},
	[SVM_EXIT_TASK_SWITCH] = {EXIT_TASK_SWITCH, 0, 0, task_decode},
	[SVM_EXIT_SHUTDOWN] = {EXIT_TRIPLE_FAULT, 0, 0, NULL},
	[SVM_EXIT_VMRUN] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_VMMCALL] = {EXIT_HYPERCALL, 3, 0xd9010f, NULL},
	[SVM_EXIT_VMLOAD] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_VMSAVE] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_STGI] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_CLGI] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_SKINIT] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_ICEBP] = {EXIT_EXCEPTION, 1, 0xf1, icebp_decode},
	[SVM_EXIT_WBINVD] = {EXIT_CACHE, 2, 0x090f, NULL},
	[SVM_EXIT_MONITOR] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_MWAIT] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_MWAIT_ARMED] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_XSETBV] = {EXIT_XSETBV, 3, 0xd1010f, NULL},
	[SVM_EXIT_RDPRU] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_INVLPGB] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_INVLPGB_ILLEGAL] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_MCOMMIT] = {EXIT_UNDEFINED, 0, 0, NULL},
	[SVM_EXIT_TLBSYNC] = {EXIT_UNDEFINED, 0, 0, NULL},
};

static void __attribute__((noinline, cold)) run_failed(struct hvm_vcpu *v, struct exit *x, u64 code)
{
	struct svm_vcpu *own = svm_vcpu(v);

	*x = (struct exit){.kind = EXIT_UNKNOWN, .reason = (u32)code};
	if ((u32)code != SVM_EXIT_INVALID)
		return;
	tags_enter_undo(&own->cpu->tags, &v->vm->tags, &v->tags);
	/* Some implementations store the host's state on the way out: the guest's, as far as it is known, is put back.
	 */
	v->fetched = v->dirty =
		own->entry_groups & (STATE_SEGMENTS | STATE_CONTROL | STATE_RFLAGS | STATE_DEBUG | STATE_DR7);
	svm_write_back(v);
	*x = (struct exit){.kind = EXIT_ENTRY_FAILED, .reason = (u32)code};
}

static inline void exit_decode(struct hvm_vcpu *v, struct exit *x, u64 code)
{
	const struct decoder *d;

	x->reason = (u32)code;
	x->detail = 0;
	if (__builtin_expect(code >= ARRAY_COUNT(decoders), 0)) {
		if (code == SVM_EXIT_NPF)
			npf_decode(v, x);
		else if (!svm_apic_decode(v, x, code))
			run_failed(v, x, code);
		return;
	}
	d = &decoders[code];
	x->kind = d->kind;
	x->insn_len = 0;
	if (d->decode)
		d->decode(v, x);
	if (d->bytes)
		length_find(v, x, d->opcode, d->bytes);
}

/* A new tag, or something to flush. */
static void __attribute__((noinline)) enter_changed(struct hvm_vcpu *v, struct svm_vcpu *own)
{
	struct tag_entry entry = tags_enter_changed(&own->cpu->tags, &v->vm->tags, &v->tags);
	struct vmcb *b = v->control;

	if (entry.is_behind)
		vmcb_nested_cr3_set(b, pagetable_root(&v->vm->second_level).v);
	if (entry.is_new)
		vmcb_asid_set(b, entry.tag);
	if (entry.flush_all || entry.flush_tag)
		vmcb_tlb_control_set(b, entry.flush_all ? TLB_FLUSH_ALL : TLB_FLUSH_ASID);
	own->has_leftovers = true;
}

/*
 * TCG 7.2 keeps the number of an interrupt that VMRUN delivered, and delivers it again when its main loop wants
 * something before the next exit, whatever IF is. So there the exit comes at once: an interrupt of the host waits for
 * it.
 */
void svm_run(struct hvm_vcpu *v, struct exit *x)
{
	struct svm_vcpu *own = svm_vcpu(v);
	struct vmcb *b = v->control;
	bool is_ended;

	if (__builtin_expect(v->dirty, 0))
		svm_write_back(v);
	own->entry_groups = v->fetched;
	v->fetched = STATE_RIP;
	v->interrupted.is_valid = false;
	vmcb_rax_set(b, v->state.gpr[GPR_RAX]);
	if (__builtin_expect(!tags_enter_same(&own->cpu->tags, &v->vm->tags, &v->tags), 0))
		enter_changed(v, own);
	is_ended = own->ends_injection;
	if (__builtin_expect(is_ended | own->ends_shadow, 0))
		ipi_kick_self();
	svm_enter(v, v->control_hpa.v, own->cpu->host_hpa.v);
	tags_leave(&v->tags);
	if (svm_uses(SVM_CPUID_CLEAN))
		vmcb_clean_set(b, CLEAN_ALL);
	v->state.gpr[GPR_RAX] = vmcb_rax(b);
	if (__builtin_expect(own->has_leftovers || vmcb_exit_int_info(b) & EVENT_INFO_VALID, 0))
		svm_event_after_exit(v);
	v->state.rip = vmcb_rip(b);
	exit_decode(v, x, vmcb_exit_code(b));
	if (__builtin_expect(is_ended, 0) && x->kind == EXIT_INTERRUPT && !v->interrupted.is_valid)
		x->kind = EXIT_INJECTED;
}
