// SPDX-License-Identifier: Apache-2.0
// Register state between the VMCS and struct cpu_state (SDM 3C, Guest-State Area).
#include "host/cpu.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The eight segments' fields follow one another in the order of enum seg. */
#define FIELD_STEP 2u
_Static_assert(VMCS_guest_tr_selector == VMCS_guest_es_selector + SEG_TR * FIELD_STEP, "SDM 3D, Field Encoding");
_Static_assert(VMCS_guest_tr_base == VMCS_guest_es_base + SEG_TR * FIELD_STEP, "SDM 3D, Field Encoding");
_Static_assert(VMCS_guest_tr_limit == VMCS_guest_es_limit + SEG_TR * FIELD_STEP, "SDM 3D, Field Encoding");
_Static_assert(VMCS_guest_tr_access_rights == VMCS_guest_es_access_rights + SEG_TR * FIELD_STEP,
	       "SDM 3D, Field Encoding");

static void segment_fetch(struct cpu_state *s, enum seg number)
{
	struct segment *seg = &s->seg[number];
	u32 step = number * FIELD_STEP;

	seg->selector = (u16)vmread(VMCS_guest_es_selector + step);
	seg->base = vmread(VMCS_guest_es_base + step);
	seg->limit = (u32)vmread(VMCS_guest_es_limit + step);
	seg->access = (u32)vmread(VMCS_guest_es_access_rights + step);
}

static void segment_write(const struct cpu_state *s, enum seg number)
{
	const struct segment *seg = &s->seg[number];
	u32 step = number * FIELD_STEP;

	vmwrite(VMCS_guest_es_selector + step, seg->selector);
	vmwrite(VMCS_guest_es_base + step, seg->base);
	vmwrite(VMCS_guest_es_limit + step, seg->limit);
	vmwrite(VMCS_guest_es_access_rights + step, seg->access);
}

static const u8 code_segments[] = {SEG_CS, SEG_SS};
static const u8 data_segments[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR};

static void code_fetch(struct cpu_state *s)
{
	for (u32 i = 0; i < ARRAY_COUNT(code_segments); i++)
		segment_fetch(s, (enum seg)code_segments[i]);
}

static void code_write(const struct cpu_state *s)
{
	for (u32 i = 0; i < ARRAY_COUNT(code_segments); i++)
		segment_write(s, (enum seg)code_segments[i]);
}

static void data_fetch(struct cpu_state *s)
{
	for (u32 i = 0; i < ARRAY_COUNT(data_segments); i++)
		segment_fetch(s, (enum seg)data_segments[i]);
	s->gdtr_base = vmread(VMCS_guest_gdtr_base);
	s->gdtr_limit = (u16)vmread(VMCS_guest_gdtr_limit);
	s->idtr_base = vmread(VMCS_guest_idtr_base);
	s->idtr_limit = (u16)vmread(VMCS_guest_idtr_limit);
}

static void data_write(const struct cpu_state *s)
{
	for (u32 i = 0; i < ARRAY_COUNT(data_segments); i++)
		segment_write(s, (enum seg)data_segments[i]);
	vmwrite(VMCS_guest_gdtr_base, s->gdtr_base);
	vmwrite(VMCS_guest_gdtr_limit, s->gdtr_limit);
	vmwrite(VMCS_guest_idtr_base, s->idtr_base);
	vmwrite(VMCS_guest_idtr_limit, s->idtr_limit);
}

/* Bits that the guest's MOV cannot change keep the value that vm/ gave them last; the VMCS has the host's there. */
static u64 cr0_owned(const struct hvm_vcpu *v)
{
	return CR0_HOST_OWNED | (v->debug.what & HVM_DEBUG_SPACES ? CR0_PG : 0);
}

static u64 cr4_owned(const struct hvm_vcpu *v)
{
	return ~v->vm->cr4_allowed | (v->debug.what & HVM_DEBUG_SPACES ? CR4_PAE | CR4_PSE | CR4_LA57 : 0);
}

static void control_fetch(struct hvm_vcpu *v)
{
	struct cpu_state *s = &v->state;
	u64 shown = ~v->vm->cr4_allowed;

	s->cr0 = (vmread(VMCS_guest_cr0) & ~CR0_HOST_OWNED) | (s->cr0 & CR0_HOST_OWNED);
	s->cr4 = (vmread(VMCS_guest_cr4) & ~shown) | (s->cr4 & shown);
	s->cr3 = vmread(VMCS_guest_cr3);
	s->efer = vmread(VMCS_guest_efer);
}

static void control_write(struct hvm_vcpu *v)
{
	const struct cpu_state *s = &v->state;
	u32 entry = vmx_caps.controls[CONTROLS_ENTRY];

	vmwrite(VMCS_cr0_guest_host_mask, cr0_owned(v));
	vmwrite(VMCS_cr0_read_shadow, s->cr0);
	vmwrite(VMCS_guest_cr0, (s->cr0 & ~(CR0_CD | CR0_NW)) | CR0_NE | CR0_ET);
	vmwrite(VMCS_cr4_guest_host_mask, cr4_owned(v));
	vmwrite(VMCS_cr4_read_shadow, s->cr4);
	vmwrite(VMCS_guest_cr4, s->cr4 | vmx_caps.cr4_fixed0);
	vmwrite(VMCS_guest_cr3, s->cr3);
	vmwrite(VMCS_guest_efer, s->efer);
	vmwrite(VMCS_entry_controls, s->efer & EFER_LMA ? entry | ENTRYCTL_IA32E_GUEST : entry);
	if (!v->has_new_pdptes)
		return;
	for (u32 i = 0; i < 4; i++)
		vmwrite(VMCS_guest_pdpte0 + i * FIELD_STEP, v->pdpte[i]);
	v->has_new_pdptes = false;
}

static void blocking_fetch(struct cpu_state *s)
{
	s->blocking = (u32)vmread(VMCS_guest_interruptibility_state);
	s->activity = (u32)vmread(VMCS_guest_activity_state);
	s->pending_debug = vmread(VMCS_guest_pending_debug_exceptions);
}

/* A vcpu that waits does so in vm/: the hardware sees it active only. */
static void blocking_write(const struct cpu_state *s)
{
	vmwrite(VMCS_guest_interruptibility_state, s->blocking);
	vmwrite(VMCS_guest_activity_state, VMCS_ACTIVITY_ACTIVE);
	vmwrite(VMCS_guest_pending_debug_exceptions, s->pending_debug);
}

static void syscall_fetch(struct cpu_state *s)
{
	s->pat = vmread(VMCS_guest_pat);
	s->sysenter_cs = vmread(VMCS_guest_sysenter_cs);
	s->sysenter_esp = vmread(VMCS_guest_sysenter_esp);
	s->sysenter_eip = vmread(VMCS_guest_sysenter_eip);
	vmx_msrs_save(s);
}

static void syscall_write(const struct cpu_state *s)
{
	vmwrite(VMCS_guest_pat, s->pat);
	vmwrite(VMCS_guest_sysenter_cs, s->sysenter_cs);
	vmwrite(VMCS_guest_sysenter_esp, s->sysenter_esp);
	vmwrite(VMCS_guest_sysenter_eip, s->sysenter_eip);
	vmx_msrs_load(s);
}

void vmx_fetch(struct hvm_vcpu *v, u32 groups)
{
	struct cpu_state *s = &v->state;

	v->fetched |= groups;
	if (groups & STATE_TPR && vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW))
		s->cr8 = *vmx_vtpr(v) >> 4;
	if (groups == STATE_TPR) /* often alone */
		return;
	if (groups & STATE_RIP)
		s->rip = vmread(VMCS_guest_rip);
	if (groups & STATE_RSP)
		s->gpr[GPR_RSP] = vmread(VMCS_guest_rsp);
	if (groups & STATE_RFLAGS)
		s->rflags = vmread(VMCS_guest_rflags);
	if (groups & STATE_BLOCKING)
		blocking_fetch(s);
	if (groups & STATE_CODE)
		code_fetch(s);
	if (groups & STATE_DATA)
		data_fetch(s);
	if (groups & STATE_CONTROL)
		control_fetch(v);
	if (groups & STATE_SYSCALL)
		syscall_fetch(s);
	if (groups & (STATE_DEBUG | STATE_DR7))
		vmx_debug_fetch(v, groups);
	if (groups & STATE_CR2)
		s->cr2 = read_cr2();
}

void vmx_write_back(struct hvm_vcpu *v)
{
	const struct cpu_state *s = &v->state;
	u32 groups = v->dirty;

	v->dirty = 0;
	if (groups & STATE_RIP)
		vmwrite(VMCS_guest_rip, s->rip);
	if (groups & STATE_RSP)
		vmwrite(VMCS_guest_rsp, s->gpr[GPR_RSP]);
	if (groups & STATE_RFLAGS)
		vmwrite(VMCS_guest_rflags, s->rflags);
	if (groups & STATE_BLOCKING)
		blocking_write(s);
	if (groups & STATE_CODE)
		code_write(s);
	if (groups & STATE_DATA)
		data_write(s);
	if (groups & STATE_CONTROL)
		control_write(v);
	if (groups & STATE_SYSCALL)
		syscall_write(s);
	if (groups & STATE_TSC)
		vmwrite(VMCS_tsc_offset, v->tsc_offset + this_cpu()->tsc_offset);
	if (groups & (STATE_DEBUG | STATE_DR7))
		vmx_debug_write(v, groups);
	if (groups & STATE_CR2)
		write_cr2(s->cr2);
	if (groups & STATE_TPR && !v->apic_mode && vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW)) {
		*vmx_vtpr(v) = (u8)(s->cr8 << 4);
		vmwrite(VMCS_tpr_threshold, v->tpr_threshold);
	}
}

/* Outside 64-bit code the instruction pointer has 32 bits. */
static u64 rip_wrap(u64 rip, u64 next)
{
	if (!((rip ^ next) >> 32) || vmread(VMCS_guest_cs_access_rights) & SEG_L)
		return next;
	return (u32)next;
}

/* After a handler changed state that is read below: the VMCS must have it first. Out of the way of those that did not.
 */
static u64 __attribute__((noinline)) advance_dirty(struct hvm_vcpu *v, u64 len)
{
	vmx_write_back(v);
	return vmx_advance(v, len);
}

/* What is due stays pending in the VMCS. */
u64 vmx_advance(struct hvm_vcpu *v, u64 len)
{
	u64 blocking;

	if (__builtin_expect(v->dirty, 0)) {
		return advance_dirty(v, len);
	}
	v->state.rip = rip_wrap(v->state.rip, v->state.rip + len);
	vmwrite(VMCS_guest_rip, v->state.rip);
	blocking = vmread(VMCS_guest_interruptibility_state);
	if (__builtin_expect(blocking & (BLOCKING_STI | BLOCKING_MOV_SS), 0)) {
		vmwrite(VMCS_guest_interruptibility_state, blocking & ~(BLOCKING_STI | BLOCKING_MOV_SS));
		v->fetched &= ~(u32)STATE_BLOCKING;
	}
	if (__builtin_expect(vmread(VMCS_guest_rflags) & RFLAGS_TF, 0)) {
		vmwrite(VMCS_guest_pending_debug_exceptions, vmread(VMCS_guest_pending_debug_exceptions) | QUAL_DB_BS);
		v->fetched &= ~(u32)STATE_BLOCKING;
	}
	return 0;
}
