/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SVM backend share. */
#ifndef ETERNA_HVM_SVM_SVM_H
#define ETERNA_HVM_SVM_SVM_H

#include "emul/identify.h"
#include "hvm/hvm.h"
#include "hvm/svm/caps.h"

/* CR0 bits that would slow the real cache for a guest that only meant its own. */
#define CR0_HIDDEN (CR0_CD | CR0_NW)

/* What a physical CPU has for SVM, in pages of its own. */
struct svm_cpu {
	struct vmcb host;         /* VMSAVE of the host: FS, GS, TR, LDTR and syscall MSRs */
	u8 save_area[PAGE_BYTES]; /* VM_HSAVE_PA: the processor's */
	struct tag_space tags;
	hpa_t host_hpa;
};

/* Where 64-bit guest code was found last: valid while the same tables say the same. */
#define CODE_PAGES 4
struct code_page {
	u64 cr3;
	u64 page;            /* linear; 1 when empty */
	const u64 *entry[4]; /* of the page tables, root first; a large page repeats its own */
	u64 value[4];
	const u8 *code;
} ALIGNED(128); /* so that an index is a shift */

/* NMIs that the processor does not track by itself: event.c. */
enum nmi_state { NMI_OPEN, NMI_BLOCKED, NMI_IN_IRET };

/* What a vcpu has besides struct hvm_vcpu, behind its VMCB. */
struct svm_vcpu {
	u8 nmi;           /* enum nmi_state */
	bool iret_had_tf; /* NMI_IN_IRET: the guest's own RFLAGS.TF and DR6 */
	u64 iret_dr6;
	bool has_leftovers;  /* of the entry in the VMCB: injection, TLB control */
	bool ends_injection; /* an interrupt is injected, and the exit is to come right behind its delivery (svm_run())
			      */
	bool ends_shadow;    /* the exit is to come as soon as interrupts are let in (svm_window()) */
	u64 event;           /* what this entry injects, as in the VMCB, where it is gone after the exit; 0: nothing */
	u32 entry_groups;    /* of v->state, which the VMCB had from there at this entry */
	struct svm_cpu *cpu; /* where it is loaded */
	u8 injected_bytes;   /* length of the software event's instruction, over which RIP was moved for it */
	struct code_page code[CODE_PAGES];
};

static inline struct svm_vcpu *svm_vcpu(const struct hvm_vcpu *v)
{
	return (struct svm_vcpu *)((u8 *)v->control + VMCB_BYTES);
}

/* root.c */
err_t svm_probe(void);
u32 svm_features(void);
err_t svm_cpu_enable(struct cpu *cpu);
void svm_cpu_disable(void);

/* vmcb.c */
err_t svm_vm_init(struct hvm_vm *vm, struct pool *pool);
void svm_vm_fini(struct hvm_vm *vm, struct pool *pool);
void svm_msr_map_set(struct hvm_vm *vm, u32 msr, unsigned exits);
void svm_vm_flush(struct hvm_vm *vm);
err_t svm_vcpu_init(struct hvm_vcpu *v, struct pool *pool);
void svm_vcpu_fini(struct hvm_vcpu *v, struct pool *pool);
/* Exceptions that exit whatever the guest does. */
u32 svm_exceptions_always(const struct hvm_vcpu *v);

/* state.c */
void svm_fetch(struct hvm_vcpu *v, u32 groups);
void svm_write_back(struct hvm_vcpu *v);
u64 svm_advance(struct hvm_vcpu *v, u64 len);
void svm_vcpu_load(struct hvm_vcpu *v);
void svm_vcpu_put(struct hvm_vcpu *v);
void svm_vcpu_flush(struct hvm_vcpu *v);

/* run.c */
void svm_run(struct hvm_vcpu *v, struct exit *x);
void svm_deadline_set(struct hvm_vcpu *v, u64 ticks);

/* event.c */
void svm_inject(struct hvm_vcpu *v, const struct event *event);
void svm_window(struct hvm_vcpu *v, bool interrupt, bool nmi);
/* After an exit that cut the delivery of an event short (it goes to v->interrupted), or an entry that left something.
 */
void svm_event_after_exit(struct hvm_vcpu *v);
/* RFLAGS as the guest has them; TF may be the backend's own. */
u64 svm_guest_rflags(const struct hvm_vcpu *v);
void svm_guest_rflags_set(struct hvm_vcpu *v, u64 rflags);
void svm_cr8_intercept_update(struct hvm_vcpu *v);
void svm_nmi_blocking_set(struct hvm_vcpu *v, bool is_blocked);
/* IRET was intercepted: step over it. */
void svm_nmi_iret(struct hvm_vcpu *v);
/* An exception ends the step; true: it was the step's own, false: it is the guest's. */
bool svm_nmi_step_ended(struct hvm_vcpu *v, u8 vector);

/* debug.c */
bool svm_debug_can(u32 what);
err_t svm_debug_set(struct hvm_vcpu *v, u32 what);
/* Debug registers, of the guest or, in the CPU only, of a debugger. */
void svm_debug_fetch(struct hvm_vcpu *v, u32 groups);
void svm_debug_write(struct hvm_vcpu *v, u32 groups);
void svm_debug_load(const struct hvm_vcpu *v);
/* The vcpu leaves this CPU: nothing of its debug registers stays in force. */
void svm_debug_put(const struct hvm_vcpu *v);
/* #DB has exited: for what, as in DR6. */
u64 svm_debug_exception(struct hvm_vcpu *v);
/* Is this processor QEMU's TCG? */
bool svm_is_tcg(void);

/* avic.c: as in struct hvm_ops */
u32 svm_apic_offers(void);
err_t svm_apic_vm_init(struct hvm_vm *vm, struct pool *pool);
void svm_apic_vm_fini(struct hvm_vm *vm, struct pool *pool);
void svm_apic_vcpu_init(struct hvm_vcpu *v);
void svm_apic_mode_set(struct hvm_vcpu *v, enum hvm_apic mode);
void svm_apic_vectors_set(struct hvm_vcpu *v, u8 requested, u8 in_service);
void svm_apic_level_set(struct hvm_vcpu *v, const u64 vectors[4]);
void svm_apic_accepts_set(struct hvm_vcpu *v, bool accepts);
void svm_apic_slots_set(struct hvm_vm *vm, const struct lapic_slots *slots);
void svm_apic_running_set(struct hvm_vcpu *v, bool is_running);
void svm_apic_doorbell(u32 apic_id);
/* An exit of AVIC's? Then *x says what for. */
bool svm_apic_decode(struct hvm_vcpu *v, struct exit *x, u64 code);

/* step.c */
void svm_step(struct hvm_vcpu *v, struct exit *x);

/* code.c */
/* Does the guest's code at RIP begin with these bytes? False also when that could not be found out fast. */
bool svm_code_is(struct hvm_vcpu *v, u32 opcode, u32 bytes);
/* The instruction at RIP by decoding it; false: *x tells what the guest gets instead. */
bool svm_identify(struct hvm_vcpu *v, struct exit *x, struct insn_identity *insn);

/* explain.c */
void svm_explain(struct hvm_vcpu *v, const struct exit *x, struct fmt_sink *sink);

/* enter.S: guest registers but RAX and RSP in, VMRUN, guest registers out; interrupts off before and after. */
void svm_enter(struct hvm_vcpu *v, u64 vmcb_hpa, u64 host_hpa);

#endif
