/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tags and flushes: at each VM entry, which ASID or VPID does this vcpu run with on this CPU, and what must
 * be flushed first? And when mappings of a VM go: whose exit must be waited for before their frames are used again?
 *
 * Tags (SDM 3C, Caching Translation Information; APM 2, TLB Control). A CPU hands its tags out in turn and never takes
 * one back. When they are used up, its generation moves on: every tag of it is dead, and the entry that notices flushes
 * them all. So a tag that is handed out has nothing cached under it. A vcpu keeps its tag while it stays on its CPU
 * within one generation. A vcpu that moves drops its tag: what it flushes elsewhere would not reach this CPU's cache.
 *
 * Second level. A VM counts an epoch. Whoever removes or restricts mappings (adding some needs nothing) does
 *	change the tables; epoch = tags_vm_invalidate(vm);
 *	for each vcpu of the VM: while (tags_flush_needs_wait(vcpu, epoch, &cpu)) kick the CPU out of its guest;
 *	only then use the frames, and those of removed tables, for something else.
 * Nobody waits for vcpus that are not in their guest: they find the new epoch at their next entry, and flush there.
 * Against the vcpu that enters just now stands a store and a load on either side, all sequentially consistent: the
 * remover moves the epoch, then reads `entered`; the vcpu writes `entered`, then reads the epoch. One of them sees the
 * other. Interrupts are off from tags_enter() until the guest runs, so a kick in between ends the entry at once.
 *
 * The vendors differ in what second-level translations are tagged with. AMD: everything is the ASID's, of both levels;
 * a flush by tag drops them, and each vcpu flushes for itself. Intel: what does not come from linear addresses is
 * tagged by the root of the tables (EP4TA) alone and stays when VPIDs change, so the VM remembers which CPUs have yet
 * to drop it; INVEPT on a CPU serves all vcpus of the VM there.
 *
 * Pure; the structures are zeroed memory before their init.
 */
#ifndef ETERNA_HVM_TAGS_H
#define ETERNA_HVM_TAGS_H

#include <stdatomic.h>

#include "base/bitmap.h"

/* CPU numbers are below this. */
#define TAGS_CPUS_MAX 256

/* What this processor can do. */
struct tag_caps {
	u32 first, count;  /* tags for guests; count 0: none, the hardware flushes at each entry and exit (tag 0) */
	bool flush_by_tag; /* INVVPID single-context; FlushByAsid of CPUID 0x8000000A */
	bool second_level_by_tag; /* AMD: true, Intel: false */
};

/* The tags of one CPU. Only that CPU touches it, with interrupts off. */
struct tag_space {
	struct tag_caps caps;
	u32 cpu;
	u32 next; /* to hand out; first + count when they are used up */
	u64 generation;
};

/* A VM: what its vcpus share. */
struct tag_vm {
	_Atomic u64 epoch;                                   /* starts with 1 */
	_Atomic u64 must_flush[BITMAP_WORDS(TAGS_CPUS_MAX)]; /* CPUs that may hold old second-level translations */
};

/* A vcpu. Its CPU alone writes it, but for `is_flush_due`, whose writer must keep the vcpu from entering. */
struct tag_vcpu {
	_Atomic u64 entered; /* the epoch with which it is in its guest; 0: it is not */
	_Atomic u32 cpu;     /* the last one it entered on */
	u32 tag;
	u64 generation; /* the CPU's, when the tag was handed out; 0: it has no tag */
	u64 epoch;      /* the VM's, at the last entry */
	bool is_flush_due;
};

/*
 * What an entry takes, before the guest's first instruction and on this CPU.
 * Intel: flush_all is INVVPID all-context; flush_tag INVVPID single-context; flush_second_level INVEPT single-context.
 * AMD: flush_all is TLB_CONTROL 1, flush_tag is 3; both drop second-level translations; flush_second_level never comes.
 */
struct tag_entry {
	u32 tag;
	bool is_new; /* differs from the last entry's: write it to the VMCS or VMCB */
	bool flush_all;
	bool flush_tag;
	bool flush_second_level;
	bool is_behind; /* the tables may have another root than at the last entry: write that before the flushes */
};

/*
 * Give a CPU its tags. Nothing is taken for granted of what its caches hold: its first entry flushes all.
 * Context: once a CPU, before its first entry.
 */
void tag_space_init(struct tag_space *s, u32 cpu, const struct tag_caps *caps);

/* All tags of this CPU are dead, and the next entry flushes all: after the CPU left and entered VMX or SVM operation.
 */
void tag_space_reset(struct tag_space *s);

/* A new VM, with new second-level tables: each CPU flushes what it may know of old ones at the same root. */
void tag_vm_init(struct tag_vm *vm);

void tag_vcpu_init(struct tag_vcpu *v);

/*
 * Mappings of the VM were removed or restricted, in the tables. Returns the epoch for tags_flush_needs_wait().
 * Context: any CPU; one call may stand for many mappings.
 */
u64 tags_vm_invalidate(struct tag_vm *vm);

/*
 * May `v` still use translations from before `epoch`? Then `cpu` is the one to kick out of its guest; ask again until
 * it is false: a kicked vcpu may have left. False for the caller's own vcpu, which is outside its guest.
 * Context: any CPU, `v` alive.
 */
static inline bool tags_flush_needs_wait(const struct tag_vcpu *v, u64 epoch, u32 *cpu)
{
	u64 entered = atomic_load(&v->entered); /* acquire: pairs with tags_leave() */

	*cpu = atomic_load_explicit(&v->cpu, memory_order_relaxed);
	return entered && entered < epoch;
}

/*
 * Drop the vcpu's own translations before it runs again: of linear addresses, by INVLPG, MOV CR3, INIT and the like
 * carried out in software. Context: the vcpu is loaded here, or cannot be entered.
 */
static inline void tags_vcpu_flush(struct tag_vcpu *v)
{
	v->is_flush_due = true;
}

/* The part of tags_enter() for entries that differ from the one before. */
struct tag_entry tags_enter_changed(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v);

/* The vcpu was last on another CPU: it has no tag here. */
void tags_vcpu_move(struct tag_vcpu *v, u32 cpu);

/* Is the entry like the one before: same tag, nothing to flush? If not, tags_enter_changed() must follow. */
static inline bool tags_enter_same(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v)
{
	if (__builtin_expect(atomic_load_explicit(&v->cpu, memory_order_relaxed) != s->cpu, 0))
		tags_vcpu_move(v, s->cpu);
	atomic_store(&v->entered, v->epoch);
	return v->generation == s->generation && v->epoch == atomic_load(&vm->epoch) && !v->is_flush_due;
}

/*
 * Before each entry of `v`, a vcpu of `vm`, on the CPU of `s`. What is returned must be carried out, and the guest
 * entered; a caller that cannot must say tags_enter_undo().
 * Context: interrupts off until the guest runs. tags_leave() follows after the exit.
 */
static inline struct tag_entry tags_enter(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v)
{
	if (__builtin_expect(tags_enter_same(s, vm, v), 1))
		return (struct tag_entry){.tag = v->tag};
	return tags_enter_changed(s, vm, v);
}

/* After each exit: no translation of the guest is in use any more. */
static inline void tags_leave(struct tag_vcpu *v)
{
	atomic_store_explicit(&v->entered, 0, memory_order_release); /* pairs with tags_flush_needs_wait() */
}

/*
 * The entry did not come about (VMRUN said VMEXIT_INVALID, something else came first): whether its flushes were
 * carried out is not known, so they are all due again. Stands for tags_leave().
 */
void tags_enter_undo(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v);

#endif
