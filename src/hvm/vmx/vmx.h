/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the VMX backend share. */
#ifndef ETERNA_HVM_VMX_VMX_H
#define ETERNA_HVM_VMX_VMX_H

#include "hvm/hvm.h"
#include "hvm/vmx/caps.h"
#include "hvm/vmx/insn.h"

/* CR0 bits that the guest's MOV does not reach: NE must stay 1 in VMX operation; CD and NW would slow the real cache
 * for a guest that only meant its own. CR4.VMXE must be 1 and is shown as 0. */
#define CR0_HOST_OWNED (CR0_NE | CR0_CD | CR0_NW)

/* exit.entry.error for VMfailInvalid: there was no current VMCS to hold a number. */
#define ENTRY_ERROR_NO_VMCS UINT32_MAX

/* Of a vcpu: VMCS, and virtual-APIC page. */
#define VMX_PRIVATE_PAGES 2

/* Of a VM: MSR bitmap, the same with the registers of x2APIC mode let through, the page for APIC accesses, and where
 * the processor sends IPIs, for whom it does. */
#define VMX_VM_PAGES 3
static inline u32 vmx_vm_pages(void)
{
	return VMX_VM_PAGES + (vmx_caps.apic_proc3 ? 1 : 0);
}

/* VTPR in the virtual-APIC page (SDM 3C, Virtual APIC State). */
static inline u8 *vmx_vtpr(const struct hvm_vcpu *v)
{
	return (u8 *)v->control + PAGE_BYTES + 0x80;
}

/* What a physical CPU has for VMX. */
struct vmx_cpu {
	u8 region[PAGE_BYTES]; /* VMXON's; first, and so page-aligned */
	struct tag_space tags;
};

/* root.c */
err_t vmx_cpu_enable(struct cpu *cpu);
void vmx_cpu_disable(void);
err_t vmx_probe(void);
u32 vmx_features(void);

/* vmcs.c */
err_t vmx_vm_init(struct hvm_vm *vm, struct pool *pool);
void vmx_vm_fini(struct hvm_vm *vm, struct pool *pool);
void vmx_msr_map_set(struct hvm_vm *vm, u32 msr, unsigned exits);
void vmx_vm_flush(struct hvm_vm *vm);
u64 vmx_eptp(const struct hvm_vm *vm);
void vmx_eptp_write(const struct hvm_vcpu *v);
void vmx_host_state_write(const struct hvm_vcpu *v);
err_t vmx_vcpu_init(struct hvm_vcpu *v, struct pool *pool);
void vmx_vcpu_fini(struct hvm_vcpu *v, struct pool *pool);

/* switch.c */
void vmx_vcpu_load(struct hvm_vcpu *v);
void vmx_vcpu_put(struct hvm_vcpu *v);
void vmx_vcpu_flush(struct hvm_vcpu *v);
void vmx_msrs_load(const struct cpu_state *s);
void vmx_msrs_save(struct cpu_state *s);

/* state.c */
void vmx_fetch(struct hvm_vcpu *v, u32 groups);
void vmx_write_back(struct hvm_vcpu *v);
u64 vmx_advance(struct hvm_vcpu *v, u64 len);

/* run.c */
void vmx_run(struct hvm_vcpu *v, struct exit *x);
void vmx_deadline_set(struct hvm_vcpu *v, u64 ticks);
void vmx_inject(struct hvm_vcpu *v, const struct event *event);
void vmx_window(struct hvm_vcpu *v, bool interrupt, bool nmi);

/* apic.c */
u32 vmx_apic_offers(void);
void vmx_apic_init(struct hvm_vcpu *v);
void vmx_apic_mode_set(struct hvm_vcpu *v, enum hvm_apic mode);
void vmx_apic_vectors_set(struct hvm_vcpu *v, u8 requested, u8 in_service);
void vmx_apic_notification_set(struct hvm_vcpu *v, u8 vector);
void vmx_apic_level_set(struct hvm_vcpu *v, const u64 vectors[4]);

/* debug.c */
bool vmx_debug_can(u32 what);
err_t vmx_debug_set(struct hvm_vcpu *v, u32 what);
/* DR0-3, DR6 and DR7 between the CPU, or what stands for it, and v->state. */
void vmx_debug_fetch(struct hvm_vcpu *v, u32 groups);
void vmx_debug_write(struct hvm_vcpu *v, u32 groups);
/* Exceptions that exit. */
u32 vmx_exceptions(const struct hvm_vcpu *v);

/* explain.c */
void vmx_explain(struct hvm_vcpu *v, const struct exit *x, struct fmt_sink *sink);

/* enter.S */
u32 vmx_enter(struct hvm_vcpu *v);
void vmx_exit(void);

#endif
