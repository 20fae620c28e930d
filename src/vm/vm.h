/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual machine and its vcpus. */
#ifndef ETERNA_VM_VM_H
#define ETERNA_VM_VM_H

#include "dev/lapic.h"
#include "emul/emul.h"
#include "hvm/hvm.h"
#include "iface/vnuma.h"
#include "mem/frames.h"
#include "policy/cpuid.h"
#include "policy/msr.h"
#include "vm/board.h"

#define VM_NAME_BYTES 32
#define VM_VCPUS_MAX 64
#define VM_CAUSE_BYTES 160
#define VM_KNOWN_PAGES 64

struct vm;

/* vcpu.pending: what the next entry, or the next look at the vcpu, has to see to. */
enum {
	PENDING_EXCEPTION = 1 << 0,
	PENDING_NMI = 1 << 1,
	PENDING_INTERRUPT = 1 << 2, /* the local APIC, or the 8259 pair for vcpu 0, may have a vector */
	PENDING_INIT = 1 << 3,
	PENDING_STARTUP = 1 << 4,
	PENDING_INTERRUPTED = 1 << 5, /* an exit cut a delivery short */
};

/* The last exits of a vcpu, for records of faults. */
#define VCPU_HISTORY 16
struct exit_record {
	u64 rip;
	u64 detail; /* as in struct exit */
	u32 rax;    /* low halves: CPUID's leaf, MSRs and their values, data to a port */
	u32 rcx;
	u32 kind;
};

struct vcpu {
	struct hvm_vcpu hvm; /* first: the backend's own view of a vcpu */
	struct vm *vm;
	u32 index;
	u32 pending;
	bool is_waiting; /* in HLT, or for a start-up IPI: state.activity says which */
	u8 startup_vector;
	struct event exception;          /* PENDING_EXCEPTION */
	struct event interrupted_before; /* an interrupt whose delivery gave way to an exception */
	struct lapic lapic;
	struct policy_msrs msrs;
	u64 tsc_adjust; /* what the guest added to its TSC */
	struct guest_memory memory;
	struct port_io ports;
	struct vector_file vectors;
	struct emul_cache emul_cache;
	u64 exits[EXIT_KINDS];
	u32 history_next;
	struct exit_record history[VCPU_HISTORY];
};

enum vm_state { VM_EMPTY, VM_RUNNING, VM_PAUSED, VM_STOPPED };

/* How a VM came to stop; the texts are in vm.c. */
enum vm_end { VM_END_NONE, VM_END_POWER_OFF, VM_END_RESET, VM_END_TESTDEV, VM_END_FAULT, VM_END_KILLED };

struct vm {
	char name[VM_NAME_BYTES];
	u32 id;
	enum vm_state state;
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
	struct frames_policy near[VNUMA_NODES_MAX]; /* where the memory of each of its nodes comes from */
	u64 filled_bytes;
	u32 pool_pages; /* what ETERNA took of its own memory to make it, and of that for the vcpus */
	u32 vcpu_pool_pages;
	u64 known_pages[VM_KNOWN_PAGES]; /* gpa.c: filled for certain */

	struct policy_cpuid cpuid;
	struct policy_msr_env msr_env;
	u64 paused_ns;   /* the clock's stand while paused */
	u64 tsc_at_zero; /* host TSC when the guest's clock was 0 */
	bool has_testdev;
	void (*on_output)(struct vm *vm); /* COM1 has bytes to be taken */
	u32 owner;                        /* whatever on_output() finds its own by */

	u32 vcpu_count;
	struct vcpu *vcpu[VM_VCPUS_MAX];
	struct board board;
	u64 event_ns;  /* board_next_event() when event_tsc was worked out */
	u64 event_tsc; /* the same as the host's TSC */
	u64 unknown_msrs;
};

/* Nanoseconds of the VM's own clock. */
u64 vm_now_ns(const struct vm *vm);

/* Words for how a VM ended. */
const char *vm_end_text(enum vm_end end);

/*
 * Is every vcpu in HLT with interrupts off, or waiting for a start-up IPI that nobody is left to send? NMIs could still
 * wake one, but only vcpus send them here, unless the guest has set an I/O APIC pin or LINT1 to deliver one.
 */
bool vm_is_halted_for_good(const struct vm *vm);

/* The vcpu's last exits, newest first. */
void vcpu_history_print(const struct vcpu *v, struct fmt_sink *sink);

/* Stop the vcpus and the clock; go on from there. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);

/* Stop the VM at its own wish. */
void vm_stop(struct vm *vm, enum vm_end end);

/*
 * Stop the VM because of what it did (or because ETERNA cannot do what it asked): the record goes to the log, the host
 * and the other VMs go on. `x` may be NULL.
 */
void vm_fault(struct vcpu *v, const struct exit *x, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);

/* Something that may concern the vcpu's next entry happened: wake it. */
void vcpu_kick(struct vcpu *v, u32 pending);

#endif
