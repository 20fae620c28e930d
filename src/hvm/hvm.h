/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor door: what VMX and SVM have in common, as one table of operations. vm/ goes through `hvm` and sees no VMCS
 * and no VMCB.
 *
 * Register state is cached: state groups are fetched from the hardware when asked for and written back before the next
 * entry when marked dirty. General registers but RSP are always there.
 */
#ifndef ETERNA_HVM_HVM_H
#define ETERNA_HVM_HVM_H

#include "base/err.h"
#include "base/fmt.h"
#include "dev/lapic_page.h"
#include "dev/lapic_table.h"
#include "emul/emul.h"
#include "hvm/exit.h"
#include "hvm/tags.h"
#include "mem/pagetable.h"
#include "mem/pool.h"
#include "policy/host.h"
#include "x86/cpu_state.h"

struct cpu;
struct hvm_vcpu;

/* Groups of cpu_state members. */
enum {
	STATE_RIP = 1 << 0,
	STATE_RSP = 1 << 1,
	STATE_RFLAGS = 1 << 2,
	STATE_BLOCKING = 1 << 3, /* blocking, pending_debug, activity */
	STATE_CODE = 1 << 4,     /* CS and SS: mode and privilege level of the code */
	STATE_CONTROL = 1 << 5,  /* CR0, CR3, CR4, EFER */
	STATE_SYSCALL = 1 << 6,  /* PAT, SYSENTER and SYSCALL MSRs, KERNEL_GS_BASE, TSC_AUX */
	STATE_DEBUG = 1 << 7,    /* DR0-3, DR6 */
	STATE_TSC = 1 << 8,      /* tsc_offset: written back only */
	STATE_DR7 = 1 << 9,
	STATE_DATA = 1 << 10, /* the other segments, GDTR, IDTR */
	STATE_CR2 = 1 << 11,
	STATE_TPR = 1 << 12, /* CR8, and tpr_threshold: written back only */
	STATE_ALL = (1 << 13) - 1,
	STATE_SEGMENTS = STATE_CODE | STATE_DATA,
};

/* An event to deliver at the next entry, or that an exit interrupted. */
enum event_type {
	EVENT_INTERRUPT,
	EVENT_NMI,
	EVENT_EXCEPTION,
	EVENT_SOFT_INTERRUPT,
	EVENT_SOFT_EXCEPTION,
	EVENT_ICEBP
};
struct event {
	bool is_valid;
	u8 type; /* enum event_type */
	u8 vector;
	u8 insn_len; /* software events: length of the instruction */
	bool has_error;
	u32 error;
};

/* The second-level address space that a VM's vcpus share, and what they may touch without an exit. */
struct hvm_vm {
	struct pagetable second_level;
	struct tag_vm tags;
	void *msr_map;     /* page(s): which MSRs exit */
	hpa_t apic_access; /* page that the processor knows accesses to the local APIC by, where it is lent in xAPIC
			      mode */
	/* By APIC id, HVM_IPI_IDS of them: ipi_entry of the vcpu that a processor may post to by itself when a guest
	 * sends it an IPI; 0: it exits. Atomic. NULL: processors send no IPIs. */
	u64 *ipi_table;
	void *apic_tables; /* HVM_APIC_HAS_TABLES: the backend's */
	u32 apic_id_last;  /* the highest that is in them */
	u64 host_cr3;      /* address space in which this VM's exits are handled */
	u64 cr4_allowed;   /* CR4 bits that the guest may change without an exit; the others are decided in vm/exit_cr.c
			    */
	bool traps_undefined; /* #UD exits (forced-emulation prefix) */
	/* Where [gpa, gpa + bytes) of the RAM is, for as long as the VM lives; NULL if it is not RAM. For backends that
	 * must read the guest's code. Context: the vcpu is loaded. */
	const void *(*ram)(struct hvm_vcpu *v, gpa_t gpa, u64 bytes);
};

/*
 * How much of a vcpu's local APIC the processor works by itself. In the last two it is lent to apic_page
 * (dev/lapic_page.h): the processor delivers what is requested there, and the guest reaches its registers by that way
 * without an exit but for writes with effects (EXIT_APIC_WRITE, EXIT_APIC_ACCESS, EXIT_WRMSR) and the end of
 * level-triggered interrupts (EXIT_VIRTUAL_EOI).
 */
enum hvm_apic { HVM_APIC_SOFTWARE, HVM_APIC_XAPIC, HVM_APIC_X2APIC, HVM_APIC_MODES };

/*
 * apic_offers(): which of them there are, and whether others can request vectors while the guest runs, with no exit: in
 * struct hvm_posted, and whether that is what processors do by themselves when a guest sends an IPI (HAS_IPI); or in
 * apic_page itself (HAS_TABLES). In the latter case guests do so by their IPIs, for which the processor has tables of a
 * VM's vcpus and of who runs, and it has no way to deliver what the 8259 pair requests.
 */
enum {
	HVM_APIC_HAS_XAPIC = 1 << 0,
	HVM_APIC_HAS_X2APIC = 1 << 1,
	HVM_APIC_HAS_POSTED = 1 << 2,
	HVM_APIC_HAS_IPI = 1 << 3,
	HVM_APIC_HAS_TABLES = 1 << 4,
};

/* Ids that such an IPI can be for. In xAPIC mode 255 is all of them. */
#define HVM_IPI_IDS 255u

/* Vectors that other CPUs request (SDM 3C, Posted-Interrupt Processing). All of it is atomic. */
#define HVM_POSTED_OUTSTANDING BIT(0)  /* the vcpu's CPU was notified of them, or is about to be */
#define HVM_POSTED_VECTOR BITS(23, 16) /* of the notification, and for whom: what processors send by themselves */
#define HVM_POSTED_DESTINATION BITS(63, 32)
struct hvm_posted {
	u64 requests[4];
	u64 control; /* HVM_POSTED_ bits */
	u64 reserved[3];
} ALIGNED(64);

/* What a debugger wants of a vcpu. */
enum {
	HVM_DEBUG_STEP = 1 << 0,  /* EXIT_STEP behind an instruction, or behind the delivery of an event */
	HVM_DEBUG_BREAK = 1 << 1, /* #BP exits */
	/* The CPU works with debug.dr and debug.dr7. What the guest sees is in state.dr, dr6 and dr7, which are always
	 * there then, and its accesses exit (EXIT_DR). */
	HVM_DEBUG_REGISTERS = 1 << 2,
	/* What changes the address space exits (EXIT_CR): loads of CR3, and changes of the bits of CR0 and CR4 that
	 * paging depends on. */
	HVM_DEBUG_SPACES = 1 << 3,
	/* For debug_can() only: those registers tell exactly, and at once, which data were touched; with
	 * HVM_DEBUG_SPACES the processor's walks count as writes of the guest's tables only where they mark an entry.
	 */
	HVM_DEBUG_DATA = 1 << 4,
	HVM_DEBUG_WALKS = 1 << 5,
};

struct hvm_debug {
	u32 what; /* HVM_DEBUG_ bits in force: debug_set() */
	u64 dr[4];
	u64 dr7;
};

struct hvm_vcpu {
	struct hvm_posted posted; /* first: Bochs wants it at the start of a page, processors only aligned */
	struct hvm_posted ahead;  /* where there are IPIs of processors: the place of its own timer's vector */
	u64 ipi_entry;
	struct cpu_state state;
	u32 fetched;
	u32 dirty;
	u64 host_rsp; /* while the guest runs */
	bool is_launched;
	u64 tsc_offset;
	bool has_new_pdptes; /* PAE: CR3 was loaded by vm/, with these */
	u64 pdpte[4];
	/* Exit (EXIT_TPR_THRESHOLD, or EXIT_CR for the write) when CR8 falls below this; 0: guests change CR8 alone. */
	u8 tpr_threshold;
	enum hvm_apic apic_mode;
	bool apic_runs;               /* atomic: IPIs of other vcpus find it running: apic_running_set() */
	u32 apic_id;                  /* the initial one; set before vcpu_init */
	struct lapic_page *apic_page; /* NULL: the backend has no apic_offers() */
	struct event interrupted;     /* its delivery was cut short by the last exit: deliver it again */
	struct hvm_vm *vm;
	struct tag_vcpu tags;
	struct guest_memory *memory; /* vm/ sets these two: what the emulator works with */
	struct emul_cache *insn_cache;
	void *control; /* VMCS or VMCB */
	hpa_t control_hpa;
	void *xsave; /* while another vcpu has the FPU */
	u32 proc_controls;
	u32 cpu_pages; /* taken from the pool */
	struct hvm_debug debug;
};

/* Which accesses to an MSR exit. */
enum { MSR_EXIT_READ = 1, MSR_EXIT_WRITE = 2 };

struct hvm_ops {
	const char *name;
	const char *second_level_name;

	/* Does this CPU have it, may it be used, is what ETERNA needs there? Each feature goes to the log. Once. */
	err_t (*probe)(void);
	/* What it makes possible for guests: enum policy_feature, the first group. */
	u32 (*features)(void);
	/* Enter and leave root operation on this CPU. */
	err_t (*cpu_enable)(struct cpu *cpu);
	void (*cpu_disable)(void);

	/* A VM's second-level tables (empty) and MSR map (everything exits). */
	err_t (*vm_init)(struct hvm_vm *vm, struct pool *pool);
	void (*vm_fini)(struct hvm_vm *vm, struct pool *pool);
	void (*msr_map_set)(struct hvm_vm *vm, u32 msr, unsigned exits);
	/* Mappings of the VM were removed or restricted, or its tables moved: a vcpu uses old ones no more from when it
	 * is next loaded or flushed (vcpu_flush). Context: any CPU. */
	void (*vm_flush)(struct hvm_vm *vm);

	/* A vcpu whose state is in v->state; v->vm is set. */
	err_t (*vcpu_init)(struct hvm_vcpu *v, struct pool *pool);
	void (*vcpu_fini)(struct hvm_vcpu *v, struct pool *pool);
	/* Make the vcpu this CPU's current one, with FPU and MSRs; put it away. */
	void (*vcpu_load)(struct hvm_vcpu *v);
	void (*vcpu_put)(struct hvm_vcpu *v);

	/* Write back dirty state, run until an exit; RIP is fetched then. Context: loaded, interrupts off. */
	void (*run)(struct hvm_vcpu *v, struct exit *x);

	void (*fetch)(struct hvm_vcpu *v, u32 groups);
	/* RIP past an instruction of `len` bytes; ends the STI and MOV SS shadow. Returns the DR6 bits of a #DB that is
	 * due then and that the processor does not keep pending by itself; mostly 0. */
	u64 (*advance)(struct hvm_vcpu *v, u64 len);
	/* Exit (EXIT_TIMER) after about that many TSC ticks of guest time, where the CPU can; else nothing happens. */
	void (*deadline_set)(struct hvm_vcpu *v, u64 ticks);
	void (*inject)(struct hvm_vcpu *v, const struct event *event);
	/* Exit as soon as an interrupt (NMI) could be delivered. */
	void (*window)(struct hvm_vcpu *v, bool interrupt, bool nmi);
	/* Drop the vcpu's cached translations: of linear addresses, and what vm_flush left due. Context: loaded. */
	void (*vcpu_flush)(struct hvm_vcpu *v);
	/* Can this machine do all of that? */
	bool (*debug_can)(u32 what);
	/* From now on exits are as `what` says (HVM_DEBUG_ bits), and debug.dr and dr7 are as they are. Context: the
	 * vcpu is loaded. ERR_UNSUPPORTED: this CPU can't; nothing is changed then. */
	err_t (*debug_set)(struct hvm_vcpu *v, u32 what);
	/* With HVM_DEBUG_STEP in force, in place of run: EXIT_STEP behind one instruction, or behind the delivery of
	 * what was injected, if no other exit comes first. */
	void (*step)(struct hvm_vcpu *v, struct exit *x);
	/* What the processor can do of local APICs: HVM_APIC_HAS_ bits. NULL: nothing; then so are the next. */
	u32 (*apic_offers)(void);
	/* The vcpu's APIC goes to this mode; CR8 is the page's business unless it is HVM_APIC_SOFTWARE. Context:
	 * loaded. */
	void (*apic_mode_set)(struct hvm_vcpu *v, enum hvm_apic mode);
	/* The highest vectors requested and in service are these, as apic_page has them; requested 0: deliver nothing
	 * now. Context: loaded, lent. */
	void (*apic_vectors_set)(struct hvm_vcpu *v, u8 requested, u8 in_service);
	/* The interrupt of the host by which the processor comes to look at what was posted; HOST_VECTOR_POSTED at
	 * first. Others exit. By another one it looks at `ahead`, where there is an ipi_table. Context: loaded. */
	void (*apic_notification_set)(struct hvm_vcpu *v, u8 vector);
	/* Vectors whose end exits. Context: loaded, lent. */
	void (*apic_level_set)(struct hvm_vcpu *v, const u64 vectors[4]);
	/* These four are there with HVM_APIC_HAS_TABLES. Does the vcpu's APIC take IPIs? Not at first. Context: VM
	 * locked, any CPU. */
	void (*apic_accepts_set)(struct hvm_vcpu *v, bool accepts);
	/* Who stands for the bits of logical destinations. Context: VM locked. */
	void (*apic_slots_set)(struct hvm_vm *vm, const struct lapic_slots *slots);
	/* Does the vcpu run on this CPU, so that IPIs reach it there? Who ends it looks at apic_page after that; what
	 * is requested there later exits at the sender's (EXIT_IPI). Context: loaded. */
	void (*apic_running_set)(struct hvm_vcpu *v, bool is_running);
	/* The guest that runs on the CPU with this APIC id, if one does, takes what its apic_page has requested. */
	void (*apic_doorbell)(u32 apic_id);
	/* The control structure in words; after a failed entry also the rule that it breaks. */
	void (*explain)(struct hvm_vcpu *v, const struct exit *x, struct fmt_sink *sink);
};

/* The backend of this machine; NULL before hvm_select(). Read-only after boot. */
extern const struct hvm_ops *hvm;

/* Choose and probe the backend. ERR_UNSUPPORTED, with the reason in the log, when there is none to be used. */
err_t hvm_select(void) MUST_CHECK;

/* Make sure that `groups` of v->state are what the hardware has. */
static inline void hvm_fetch(struct hvm_vcpu *v, u32 groups)
{
	if (groups & ~v->fetched)
		hvm->fetch(v, groups & ~v->fetched);
}

/* The caller changed `groups` of v->state (after fetching those it did not set whole). */
static inline void hvm_mark_dirty(struct hvm_vcpu *v, u32 groups)
{
	v->dirty |= groups;
	v->fetched |= groups;
}

/* What RDTSC gives the guest: the host's TSC plus this. */
static inline void hvm_tsc_offset_set(struct hvm_vcpu *v, u64 offset)
{
	v->tsc_offset = offset;
	hvm_mark_dirty(v, STATE_TSC);
}

#endif
