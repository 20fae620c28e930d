// SPDX-License-Identifier: Apache-2.0
// Register state between the VMCB and struct cpu_state (APM 2, Layout of VMCB: state save area; VMRUN).
#include "host/cpu.h"
#include "hvm/svm/svm.h"
#include "hvm/switch.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The processor keeps no unusable bit: a segment that is not present is null. */
static void segment_from(struct segment *seg, struct vmcb_segment from)
{
	seg->selector = from.selector;
	seg->base = from.base;
	seg->limit = from.limit;
	seg->access = (u32)(from.attributes & VMCB_SEG_LOW) | (u32)(from.attributes & VMCB_SEG_HIGH) << 4;
	if (!(from.attributes & VMCB_SEG_P))
		seg->access |= (u32)SEG_UNUSABLE;
}

static struct vmcb_segment segment_to(const struct segment *seg)
{
	struct vmcb_segment to = {.selector = seg->selector, .base = seg->base, .limit = seg->limit};

	to.attributes = (u16)((seg->access & VMCB_SEG_LOW) | (seg->access >> 4 & VMCB_SEG_HIGH));
	if (seg->access & SEG_UNUSABLE)
		to.attributes &= (u16)~VMCB_SEG_P;
	return to;
}

/* The privilege level is a field of its own; elsewhere it is SS.DPL. */
static void code_fetch(struct cpu_state *s, const struct vmcb *b)
{
	segment_from(&s->seg[SEG_CS], vmcb_cs(b));
	segment_from(&s->seg[SEG_SS], vmcb_ss(b));
	s->seg[SEG_SS].access = (u32)((s->seg[SEG_SS].access & ~SEG_DPL) | PUT(SEG_DPL, vmcb_cpl(b)));
}

static void code_write(const struct cpu_state *s, struct vmcb *b)
{
	vmcb_cs_set(b, segment_to(&s->seg[SEG_CS]));
	vmcb_ss_set(b, segment_to(&s->seg[SEG_SS]));
	vmcb_cpl_set(b, (u8)GET(SEG_DPL, s->seg[SEG_SS].access));
}

static void data_fetch(struct cpu_state *s, const struct vmcb *b)
{
	segment_from(&s->seg[SEG_ES], vmcb_es(b));
	segment_from(&s->seg[SEG_DS], vmcb_ds(b));
	segment_from(&s->seg[SEG_FS], vmcb_fs(b));
	segment_from(&s->seg[SEG_GS], vmcb_gs(b));
	segment_from(&s->seg[SEG_LDTR], vmcb_ldtr(b));
	segment_from(&s->seg[SEG_TR], vmcb_tr(b));
	s->gdtr_base = vmcb_gdtr(b).base;
	s->gdtr_limit = (u16)vmcb_gdtr(b).limit;
	s->idtr_base = vmcb_idtr(b).base;
	s->idtr_limit = (u16)vmcb_idtr(b).limit;
}

static void data_write(const struct cpu_state *s, struct vmcb *b)
{
	vmcb_es_set(b, segment_to(&s->seg[SEG_ES]));
	vmcb_ds_set(b, segment_to(&s->seg[SEG_DS]));
	vmcb_fs_set(b, segment_to(&s->seg[SEG_FS]));
	vmcb_gs_set(b, segment_to(&s->seg[SEG_GS]));
	vmcb_ldtr_set(b, segment_to(&s->seg[SEG_LDTR]));
	vmcb_tr_set(b, segment_to(&s->seg[SEG_TR]));
	vmcb_gdtr_set(b, (struct vmcb_segment){.base = s->gdtr_base, .limit = s->gdtr_limit});
	vmcb_idtr_set(b, (struct vmcb_segment){.base = s->idtr_base, .limit = s->idtr_limit});
}

static void control_fetch(struct cpu_state *s, const struct vmcb *b)
{
	s->cr0 = vmcb_cr0(b) | (s->cr0 & CR0_HIDDEN);
	s->cr3 = vmcb_cr3(b);
	s->cr4 = vmcb_cr4(b);
	s->efer = vmcb_efer(b) & ~EFER_SVME;
}

/* There is no mask: where the guest must see other bits than it runs with, its every access to CR0 exits. */
static void control_write(const struct cpu_state *s, struct vmcb *b)
{
	u16 cr0 = s->cr0 & CR0_HIDDEN ? 1 : 0;

	vmcb_cr_read_intercepts_set(b, (u16)((vmcb_cr_read_intercepts(b) & ~1u) | cr0));
	vmcb_cr_write_intercepts_set(b, (u16)((vmcb_cr_write_intercepts(b) & ~1u) | cr0));
	vmcb_cr0_set(b, s->cr0 & ~CR0_HIDDEN);
	vmcb_cr3_set(b, s->cr3);
	vmcb_cr4_set(b, s->cr4);
	vmcb_efer_set(b, s->efer | EFER_SVME);
}

/* One shadow stands for STI's and MOV SS's. */
static void blocking_fetch(struct hvm_vcpu *v)
{
	const struct vmcb *b = v->control;

	v->state.blocking = (vmcb_interrupt_shadow(b) & SHADOW_ACTIVE ? (u32)BLOCKING_STI : 0) |
			    (svm_vcpu(v)->nmi != NMI_OPEN ? (u32)BLOCKING_NMI : 0);
	v->state.activity = ACTIVITY_ACTIVE;
	v->state.pending_debug = 0;
}

static void blocking_write(struct hvm_vcpu *v)
{
	u32 blocking = v->state.blocking;

	vmcb_interrupt_shadow_set(v->control, blocking & (BLOCKING_STI | BLOCKING_MOV_SS) ? SHADOW_ACTIVE : 0);
	svm_nmi_blocking_set(v, blocking & BLOCKING_NMI);
}

static void syscall_fetch(struct cpu_state *s, const struct vmcb *b)
{
	s->pat = vmcb_g_pat(b);
	s->sysenter_cs = vmcb_sysenter_cs(b);
	s->sysenter_esp = vmcb_sysenter_esp(b);
	s->sysenter_eip = vmcb_sysenter_eip(b);
	s->star = vmcb_star(b);
	s->lstar = vmcb_lstar(b);
	s->cstar = vmcb_cstar(b);
	s->sfmask = vmcb_sfmask(b);
	s->kernel_gs_base = vmcb_kernel_gs_base(b);
	switch_msrs_save(s);
}

static void syscall_write(const struct cpu_state *s, struct vmcb *b)
{
	vmcb_g_pat_set(b, s->pat);
	vmcb_sysenter_cs_set(b, s->sysenter_cs);
	vmcb_sysenter_esp_set(b, s->sysenter_esp);
	vmcb_sysenter_eip_set(b, s->sysenter_eip);
	vmcb_star_set(b, s->star);
	vmcb_lstar_set(b, s->lstar);
	vmcb_cstar_set(b, s->cstar);
	vmcb_sfmask_set(b, s->sfmask);
	vmcb_kernel_gs_base_set(b, s->kernel_gs_base);
	switch_msrs_load(s);
}

/* CR8 is V_TPR, without exits, but while it holds an interrupt back. */
static void tpr_write(struct hvm_vcpu *v)
{
	struct vmcb *b = v->control;

	vmcb_virtual_interrupt_set(b, (vmcb_virtual_interrupt(b) & ~VINTR_TPR) | PUT(VINTR_TPR, v->state.cr8));
	svm_cr8_intercept_update(v);
}

void svm_fetch(struct hvm_vcpu *v, u32 groups)
{
	struct cpu_state *s = &v->state;
	const struct vmcb *b = v->control;

	v->fetched |= groups;
	if (groups & STATE_TPR)
		s->cr8 = GET(VINTR_TPR, vmcb_virtual_interrupt(b)) & 15;
	if (groups == STATE_TPR) /* often alone */
		return;
	if (groups & STATE_RIP)
		s->rip = vmcb_rip(b);
	if (groups & STATE_RSP)
		s->gpr[GPR_RSP] = vmcb_rsp(b);
	if (groups & STATE_RFLAGS)
		s->rflags = svm_guest_rflags(v);
	if (groups & STATE_BLOCKING)
		blocking_fetch(v);
	if (groups & STATE_CODE)
		code_fetch(s, b);
	if (groups & STATE_DATA)
		data_fetch(s, b);
	if (groups & STATE_CONTROL)
		control_fetch(s, b);
	if (groups & STATE_SYSCALL)
		syscall_fetch(s, b);
	if (groups & (STATE_DEBUG | STATE_DR7))
		svm_debug_fetch(v, groups);
	if (groups & STATE_CR2)
		s->cr2 = vmcb_cr2(b);
}

void svm_write_back(struct hvm_vcpu *v)
{
	struct cpu_state *s = &v->state;
	struct vmcb *b = v->control;
	u32 groups = v->dirty;

	v->dirty = 0;
	if (groups & STATE_RIP)
		vmcb_rip_set(b, s->rip);
	if (groups & STATE_RSP)
		vmcb_rsp_set(b, s->gpr[GPR_RSP]);
	if (groups & STATE_RFLAGS)
		svm_guest_rflags_set(v, s->rflags);
	if (groups & STATE_BLOCKING)
		blocking_write(v);
	if (groups & STATE_CODE)
		code_write(s, b);
	if (groups & STATE_DATA)
		data_write(s, b);
	if (groups & STATE_CONTROL)
		control_write(s, b);
	if (groups & STATE_SYSCALL)
		syscall_write(s, b);
	if (groups & STATE_TSC)
		vmcb_tsc_offset_set(b, v->tsc_offset + this_cpu()->tsc_offset);
	if (groups & (STATE_DEBUG | STATE_DR7))
		svm_debug_write(v, groups);
	if (groups & STATE_CR2)
		vmcb_cr2_set(b, s->cr2);
	if (groups & STATE_TPR && !v->apic_mode)
		tpr_write(v);
}

/* Breakpoints on ports that the instruction hit are raised with the step's own. */
static u64 __attribute__((noinline)) advance_dirty(struct hvm_vcpu *v)
{
	struct cpu_state *s = &v->state;
	u64 due = v->dirty & STATE_BLOCKING && s->pending_debug & PENDING_DEBUG_ENABLED ? s->pending_debug & DR6_B : 0;

	s->pending_debug = 0;
	svm_write_back(v);
	return due;
}

/* Outside 64-bit code the instruction pointer has 32 bits. */
u64 svm_advance(struct hvm_vcpu *v, u64 len)
{
	struct cpu_state *s = &v->state;
	struct vmcb *b = v->control;
	u64 next = s->rip + len;
	u64 due = 0;

	if (__builtin_expect(v->dirty, 0))
		due = advance_dirty(v);
	if ((s->rip ^ next) >> 32 && !(vmcb_cs_attributes(b) & VMCB_SEG_L))
		next = (u32)next;
	s->rip = next;
	vmcb_rip_set(b, next);
	if (__builtin_expect(vmcb_interrupt_shadow(b) & SHADOW_ACTIVE, 0)) {
		vmcb_interrupt_shadow_set(b, 0);
		v->fetched &= ~(u32)STATE_BLOCKING;
	}
	if (__builtin_expect(vmcb_rflags(b) & RFLAGS_TF, 0) && svm_guest_rflags(v) & RFLAGS_TF)
		due |= DR6_BS;
	return due;
}

/* Another CPU, or another vcpu here since: the processor has kept nothing of this VMCB. */
void svm_vcpu_load(struct hvm_vcpu *v)
{
	svm_vcpu(v)->cpu = this_cpu()->vendor;
	vmcb_clean_set(v->control, 0);
	switch_msrs_load(&v->state);
	svm_debug_load(v);
	switch_fpu_load(v);
}

void svm_vcpu_put(struct hvm_vcpu *v)
{
	switch_fpu_save(v);
	hvm_fetch(v, STATE_ALL);
	svm_write_back(v);
	svm_debug_put(v);
}

void svm_vcpu_flush(struct hvm_vcpu *v)
{
	tags_vcpu_flush(&v->tags);
}
