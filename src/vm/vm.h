/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual machine and its vcpus. */
#ifndef ETERNA_VM_VM_H
#define ETERNA_VM_VM_H

#include "dev/lapic.h"
#include "emul/emul.h"
#include "host/lock.h"
#include "hvm/hvm.h"
#include "iface/vnuma.h"
#include "mem/frames.h"
#include "mem/page_move.h"
#include "policy/cpuid.h"
#include "policy/msr.h"
#include "sched/sched.h"
#include "vm/board.h"
#include "vm/exit_trace.h"

#define VM_NAME_BYTES 32
#define VM_VCPUS_MAX 64
#define VM_CAUSE_BYTES 160
#define VM_KNOWN_PAGES 64

struct vm;
struct debug;

/*
 * vcpu.pending: what the next entry, or the next look at the vcpu, has to see to. Any CPU sets bits, by vcpu_kick();
 * the vcpu's own clears them.
 */
enum {
	PENDING_EXCEPTION = 1 << 0,
	PENDING_NMI = 1 << 1,
	PENDING_INTERRUPT = 1 << 2, /* the local APIC, or the 8259 pair for vcpu 0, may have a vector */
	PENDING_INIT = 1 << 3,
	PENDING_STARTUP = 1 << 4,
	PENDING_INTERRUPTED = 1 << 5, /* an exit cut a delivery short */
	PENDING_FLUSH = 1 << 6,       /* mappings of the VM were removed: hvm->vcpu_flush() */
	PENDING_APIC = 1 << 7,        /* the processor may have to work the local APIC in another way: apicv_update() */
	PENDING_POSTED = 1 << 8,      /* as PENDING_INTERRUPT, and the processor may have seen to it already */
	PENDING_TIMER = 1 << 9,       /* its timer was armed: run_timer_post() */
};

/*
 * A vcpu is at one CPU at a time (`cpu`), which keeps its timers and runs it; the scheduler may give it to another one
 * that chooses it to run. What others may touch is said at each member; the rest is that CPU's, or whoever's
 * run_evict() came back.
 */
struct vcpu {
	struct hvm_vcpu hvm; /* first: the backend's own view of a vcpu */
	struct vm *vm;
	u32 index;
	u32 cpu;                    /* atomic: the CPU that runs it and keeps its timers */
	struct vcpu *next;          /* of those whose timers that CPU keeps; its list's lock */
	struct sched_entity entity; /* schedule.c */
	u64 moves;                  /* from one CPU to another */
	u32 pending;                /* atomic */
	u32 loaded_on;              /* atomic: number of the CPU that holds its registers, plus 1; 0: none */
	u32 loaded_last;            /* the CPU that did so last, plus 1 */
	bool is_chosen;  /* atomic: its CPU has picked it, and looks at `pending` before it enters the guest */
	bool is_leaving; /* atomic: it was chosen, and its CPU looks at it for the last time */
	bool is_waiting; /* in HLT, or for a start-up IPI: state.activity says which; changes with the VM locked */
	u8 startup_vector;
	u64 event_ns;                    /* lapic_next_event() when event_tsc was worked out */
	u64 event_tsc;                   /* the same as the host's time */
	struct event exception;          /* PENDING_EXCEPTION */
	struct event interrupted_before; /* an interrupt whose delivery gave way to an exception */
	bool masks_interrupts;           /* a debugger steps it: what is pending waits */
	struct lapic lapic;
	u64 apic_levels[4];      /* lent: the trigger modes that the processor knows (apicv.c) */
	bool apic_is_held;       /* lent: it is to deliver nothing now */
	bool is_open;            /* processors may post to it by themselves (apicv_ipi.c) */
	bool was_posted;         /* a vector, since its timer was posted or could have been; VM locked */
	u8 timer_vector;         /* posted ahead: apicv_timer_post(); 0: it is not */
	bool timer_is_delivered; /* the processor did that, and the local APIC does not know yet */
	struct policy_msrs msrs;
	u64 tsc_adjust; /* what the guest added to its TSC */
	struct guest_memory memory;
	struct port_io ports;
	struct vector_file vectors;
	struct emul_cache emul_cache;
	u64 exits[EXIT_KINDS];
	struct exit_trace trace;
};

enum vm_state { VM_EMPTY, VM_RUNNING, VM_PAUSED, VM_STOPPED };

/* How a VM came to stop; the texts are in vm.c. */
enum vm_end { VM_END_NONE, VM_END_POWER_OFF, VM_END_RESET, VM_END_TESTDEV, VM_END_FAULT, VM_END_KILLED };

struct vm {
	char name[VM_NAME_BYTES];
	u32 id;
	u32 state;             /* enum vm_state, atomic: vm_is_running(), and the functions at the end */
	struct lock lock;      /* the board, and the local APICs of all vcpus */
	struct lock fill_lock; /* second_level and window, while they change */
	bool has_fault;        /* atomic: the first one is recorded */
	enum vm_end end;
	u8 exit_status; /* VM_END_TESTDEV: (value << 1) | 1 */
	char cause[VM_CAUSE_BYTES];

	struct hvm_vm hvm;
	u64 memory_bytes;
	u64 low_bytes;           /* RAM from 0 on, below the devices */
	u64 high_bytes;          /* RAM from 4 GiB on */
	struct pagetable window; /* the same RAM for ETERNA, while this CPU runs the VM */
	struct frames_claim claim;
	struct vnuma numa;
	struct sched_params schedule;               /* of each vcpu */
	struct frames_policy near[VNUMA_NODES_MAX]; /* where the memory of each of its nodes comes from */
	u64 filled_bytes;
	struct page_move move; /* the page that is on its way; fill_lock */
	bool has_moves;        /* there may be one: gpa_moves_allow() */
	u64 moves_awaited;     /* atomic: how often somebody waited for one */
	u32 pool_pages;        /* what ETERNA took of its own memory to make it, and of that for the vcpus */
	u32 vcpu_pool_pages;
	u64 known_pages[VM_KNOWN_PAGES]; /* gpa.c: filled for certain */

	struct policy_cpuid cpuid;
	struct policy_msr_env msr_env;
	u64 paused_ns;      /* the clock's stand while paused */
	u64 stands_ns;      /* the same for vm_now_ns(); NEVER while the clock runs */
	u64 tsc_at_zero;    /* host TSC when the guest's clock was 0 */
	bool has_apic_page; /* apicv.c; VM locked */
	bool has_alien_ids; /* atomic: ids of local APICs that ipi_table cannot go by (apicv_ipi.c) */
	bool has_testdev;
	u32 com_mask;                              /* bit n: it has serial port COM(n + 1) */
	void (*on_output)(struct vm *vm, u32 com); /* the serial port has bytes to be taken */
	u32 owner;                                 /* whatever on_output() finds its own by */
	u32 input_waits; /* bit n: COM(n + 1) was not ready for a byte (board_console_type()) */

	u32 vcpu_count;
	struct vcpu *vcpu[VM_VCPUS_MAX];
	struct board board;
	u64 event_ns;        /* board_next_event() when event_tsc was worked out, by the CPU of vcpu 0; VM locked */
	u64 event_tsc;       /* the same as the host's time */
	u64 last_ns;         /* the latest time that was told */
	u64 unknown_msrs;    /* atomic */
	u32 fault_vcpu;      /* VM_END_FAULT: whose */
	struct debug *debug; /* NULL: it is not to be debugged */
};

static inline bool vm_is_running(const struct vm *vm)
{
	return __atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) == VM_RUNNING;
}

static inline bool vm_is_stopped(const struct vm *vm)
{
	return __atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) == VM_STOPPED;
}

/*
 * The board and the local APICs: every access to them, from whichever CPU, with the VM locked. Unlocking tells the CPU
 * that keeps the board's time (run.c) when a device wants it earlier than that CPU knows.
 */
static inline void vm_lock(struct vm *vm)
{
	lock_take(&vm->lock);
}
void vm_unlock(struct vm *vm);

/* Nanoseconds of the VM's own clock; they do not go back, whichever CPU asks. */
u64 vm_now_ns(struct vm *vm);

/* Words for how a VM ended. */
const char *vm_end_text(enum vm_end end);

/* Let a VM that was just made run. */
void vm_start(struct vm *vm);

/*
 * Is every vcpu in HLT with interrupts off, or waiting for a start-up IPI that nobody is left to send? NMIs could still
 * wake one, but only vcpus send them here, unless the guest has set an I/O APIC pin or LINT1 to deliver one.
 * Context: VM locked.
 */
bool vm_is_halted_for_good(const struct vm *vm);

/* Stop the vcpus and the clock; go on from there. Context: the host loop's work; waits for the vcpus' CPUs. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);

/* Stop the VM at its own wish: its vcpus leave the guest soon, and the host loop's work is told. Context: any CPU. */
void vm_stop(struct vm *vm, enum vm_end end);

/*
 * Stop the VM because of what it did (or because ETERNA cannot do what it asked): the record goes to the log, the host
 * and the other VMs go on. `x` may be NULL.
 */
void vm_fault(struct vcpu *v, const struct exit *x, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);

/* Something that may concern the vcpu's next entry happened: wake it. Context: any CPU; interrupts: VM locked. */
void vcpu_kick(struct vcpu *v, u32 pending);

static inline u32 vcpu_pending(const struct vcpu *v)
{
	return __atomic_load_n(&v->pending, __ATOMIC_RELAXED);
}

/* The vcpu itself has something to see to, or has seen to it. Context: its CPU. */
static inline void vcpu_pending_add(struct vcpu *v, u32 pending)
{
	__atomic_or_fetch(&v->pending, pending, __ATOMIC_SEQ_CST);
}

static inline void vcpu_pending_clear(struct vcpu *v, u32 pending)
{
	__atomic_and_fetch(&v->pending, ~pending, __ATOMIC_SEQ_CST);
}

#endif
