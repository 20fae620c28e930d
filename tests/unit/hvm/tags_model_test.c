// SPDX-License-Identifier: Apache-2.0
/*
 * Tags and flushes against a cache that forgets nothing by itself: vcpus enter, leave and move, tags run out, mappings
 * come and go, frames are used again, VMs die and new ones take their tables' root, all at random. No access may use a
 * translation
 *	- whose frame may have been given to somebody else,
 *	- that was removed before the vcpu entered its guest,
 *	- that belongs to another vcpu's linear addresses, or to its own from before it flushed them.
 * The same caller with one step left out must be found out, or this test would prove nothing.
 */
#include "hvm/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/tlb.h"

#define CPUS 3
#define VMS 3
#define VM_VCPUS 3
#define VCPUS (VMS * VM_VCPUS)
#define PAGES 3 /* linear, and guest-physical, of each vcpu and VM */
#define MAPPINGS 20000
#define STEPS 20000
#define NOBODY UINT32_MAX

/* What a careless caller leaves out. */
enum forget {
	FORGET_NOTHING,
	FORGET_FLUSH_ALL,
	FORGET_FLUSH_TAG,
	FORGET_SECOND_LEVEL,
	FORGET_NEW_TAG,
	FORGET_WAIT,
	FORGET_INVALIDATE,
	FORGET_VCPU_FLUSH,
	FORGET_UNDO,
	FORGET_VM_INIT,
	FORGET_SPACE, /* all CPUs share one */
};

/* A second-level mapping, from when it is made on. Number 0 is none. */
struct mapping {
	u32 vm_id;      /* who made it */
	u32 removed_in; /* the count of the VM's invalidations that covers its removal; 0: not yet */
	bool is_reused; /* its frame may be somebody else's */
};

struct vm {
	u32 id; /* never comes again */
	u32 root;
	struct tag_vm tags;
	u32 invalidations;
	u32 table[PAGES]; /* guest-physical page to mapping */
};

struct vcpu {
	u32 id;
	struct tag_vcpu tags;
	u32 programmed_tag; /* in its VMCS or VMCB */
	u32 cpu;            /* whose guest it is now; NOBODY */
	u32 entered_in;     /* the VM's count of invalidations then */
	u32 version;        /* of its own tables: moves on with each flush */
	u32 table[PAGES];   /* linear page to guest-physical page */
};

/* Frames that wait to be used again. */
struct waiting {
	u32 mapping, vm;
	u64 epoch; /* 0: removed, but not invalidated yet */
};

struct world {
	struct tag_caps caps;
	enum forget forget;
	struct tag_space space[CPUS];
	struct fake_tlb tlb[CPUS];
	u32 guest[CPUS]; /* the vcpu in its guest there; NOBODY */
	struct vm vm[VMS];
	struct vcpu vcpu[VCPUS];
	struct mapping mapping[MAPPINGS];
	u32 mapping_count;
	struct waiting waiting[64];
	u32 waiting_count;
	u32 ids;
	u64 random;
	/* What came of it. */
	u32 wrong_uses, wrong_kicks, uses, reuses, kicks, wraps;
};

static u32 pick(struct world *w, u32 below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (u32)(w->random >> 33) % below;
}

static struct vm *vm_of(struct world *w, u32 vcpu)
{
	return &w->vm[vcpu / VM_VCPUS];
}

/* A new VM in the place of the old one; so far its tables are empty. */
static void vm_start(struct world *w, u32 n)
{
	struct vm *vm = &w->vm[n];
	bool is_first = !vm->id;

	vm->id = ++w->ids;
	vm->invalidations = 0;
	if (w->forget != FORGET_VM_INIT || is_first)
		tag_vm_init(&vm->tags);
	for (u32 v = n * VM_VCPUS; v < (n + 1) * VM_VCPUS; v++) {
		w->vcpu[v] = (struct vcpu){.id = ++w->ids, .cpu = NOBODY};
		tag_vcpu_init(&w->vcpu[v].tags);
	}
}

static void world_init(struct world *w, const struct tag_caps *caps, enum forget forget, u32 seed)
{
	memset(w, 0, sizeof(*w));
	w->caps = *caps;
	w->forget = forget;
	w->random = 0x9e3779b97f4a7c15ull * (seed + 1);
	w->mapping_count = 1;
	for (u32 c = 0; c < CPUS; c++) {
		tag_space_init(&w->space[c], c, caps);
		w->tlb[c].vendor = caps->second_level_by_tag ? FAKE_TLB_AMD : FAKE_TLB_INTEL;
		w->tlb[c].has_flush_by_asid = caps->flush_by_tag;
		w->guest[c] = NOBODY;
	}
	for (u32 n = 0; n < VMS; n++) {
		w->vm[n].root = n;
		vm_start(w, n);
	}
}

static void world_fini(struct world *w)
{
	for (u32 c = 0; c < CPUS; c++)
		fake_tlb_fini(&w->tlb[c]);
}

static struct fake_tlb_context context(struct world *w, const struct vcpu *v)
{
	return (struct fake_tlb_context){.tag = v->programmed_tag, .root = vm_of(w, (u32)(v - w->vcpu))->root};
}

/* --- entry and exit -------------------------------------------------------------- */

static void leave(struct world *w, u32 cpu)
{
	struct vcpu *v = &w->vcpu[w->guest[cpu]];

	if (w->tlb[cpu].vendor == FAKE_TLB_INTEL)
		fake_vmx_transition(&w->tlb[cpu], w->caps.count != 0);
	tags_leave(&v->tags);
	v->cpu = NOBODY;
	w->guest[cpu] = NOBODY;
}

static void flush_intel(struct world *w, u32 cpu, const struct vcpu *v, struct tag_entry e)
{
	struct fake_tlb *t = &w->tlb[cpu];

	if (e.flush_all)
		fake_invvpid_all(t);
	if (e.flush_tag)
		fake_invvpid_single(t, v->programmed_tag);
	if (e.flush_second_level)
		fake_invept_single(t, context(w, v).root);
	fake_vmx_transition(t, w->caps.count != 0);
}

static void flush_amd(struct world *w, u32 cpu, const struct vcpu *v, struct tag_entry e)
{
	assert_false(e.flush_second_level);
	assert_true(fake_tlb_control(&w->tlb[cpu], v->programmed_tag, e.flush_all ? 1 : e.flush_tag ? 3 : 0));
}

static void enter(struct world *w, u32 cpu, u32 n)
{
	struct vcpu *v = &w->vcpu[n];
	struct tag_space *s = &w->space[w->forget == FORGET_SPACE ? 0 : cpu];
	struct tag_entry e = tags_enter(s, &vm_of(w, n)->tags, &v->tags);

	w->wraps += e.flush_all;
	if (e.is_new ? w->forget != FORGET_NEW_TAG || !v->programmed_tag : false)
		v->programmed_tag = e.tag;
	if (w->forget != FORGET_NEW_TAG)
		assert_int_equal(v->programmed_tag, e.tag);
	assert_true(e.tag >= w->caps.first && e.tag - w->caps.first < MAX(w->caps.count, 1));
	if (!pick(w, 50)) { /* the entry fails, its flushes are lost */
		if (w->forget != FORGET_UNDO)
			tags_enter_undo(s, &vm_of(w, n)->tags, &v->tags);
		else
			tags_leave(&v->tags);
		return;
	}
	e.flush_all &= w->forget != FORGET_FLUSH_ALL;
	e.flush_tag &= w->forget != FORGET_FLUSH_TAG;
	e.flush_second_level &= w->forget != FORGET_SECOND_LEVEL;
	if (w->tlb[cpu].vendor == FAKE_TLB_INTEL)
		flush_intel(w, cpu, v, e);
	else
		flush_amd(w, cpu, v, e);
	v->cpu = cpu;
	v->entered_in = vm_of(w, n)->invalidations;
	w->guest[cpu] = n;
}

/* --- the guest ------------------------------------------------------------------- */

/* Is using this entry now a fault of the flushes? */
static bool is_wrong(struct world *w, const struct fake_tlb_entry *e, const struct vcpu *v)
{
	const struct mapping *m = &w->mapping[e->mapping];

	if (m->is_reused || m->vm_id != vm_of(w, (u32)(v - w->vcpu))->id)
		return true;
	if (m->removed_in && m->removed_in <= v->entered_in)
		return true;
	return e->is_linear && (e->owner != v->id || e->version != v->version);
}

/* The CPU may use any of what it has cached for this access. */
static void use_cached(struct world *w, u32 cpu, const struct vcpu *v, bool is_linear, u32 page)
{
	struct fake_tlb_context in = context(w, v);

	for (u32 i = 0; i < w->tlb[cpu].count; i++) {
		if (!fake_tlb_may_use(&w->tlb[cpu], i, &in, is_linear, page))
			continue;
		w->uses++;
		w->wrong_uses += is_wrong(w, &w->tlb[cpu].entry[i], v);
	}
}

static void map(struct world *w, struct vm *vm, u32 gpa)
{
	w->mapping[w->mapping_count] = (struct mapping){.vm_id = vm->id};
	vm->table[gpa] = w->mapping_count++;
}

/* The guest touches memory: by what is cached, and by the tables, which is cached then. */
static void touch(struct world *w, u32 cpu)
{
	struct vcpu *v = &w->vcpu[w->guest[cpu]];
	struct vm *vm = vm_of(w, w->guest[cpu]);
	u32 linear = pick(w, PAGES), gpa = v->table[linear];
	struct fake_tlb_context in = context(w, v);
	struct fake_tlb_entry new = {.in = in, .owner = v->id, .version = v->version, .page = gpa};

	use_cached(w, cpu, v, true, linear);
	use_cached(w, cpu, v, false, gpa);
	if (!vm->table[gpa]) {
		fake_second_level_fault(&w->tlb[cpu], &in, linear, gpa);
		leave(w, cpu);
		map(w, vm, gpa);
		return;
	}
	new.mapping = vm->table[gpa];
	fake_tlb_fill(&w->tlb[cpu], &new);
	new.is_linear = true;
	new.page = linear;
	fake_tlb_fill(&w->tlb[cpu], &new);
}

static void vcpu_remap(struct world *w, struct vcpu *v)
{
	v->version++;
	v->table[pick(w, PAGES)] = pick(w, PAGES);
}

/* In the guest, without an exit. */
static void guest_remaps(struct world *w, u32 cpu)
{
	struct vcpu *v = &w->vcpu[w->guest[cpu]];
	struct fake_tlb_context in = context(w, v);

	vcpu_remap(w, v);
	fake_guest_flush(&w->tlb[cpu], &in);
}

/* By emulation. */
static void host_remaps(struct world *w, struct vcpu *v)
{
	vcpu_remap(w, v);
	if (w->forget != FORGET_VCPU_FLUSH)
		tags_vcpu_flush(&v->tags);
}

/* --- the host's memory ------------------------------------------------------------- */

static void mapping_remove(struct world *w, u32 n)
{
	u32 *entry = &w->vm[n].table[pick(w, PAGES)];

	if (!*entry || w->waiting_count == ARRAY_COUNT(w->waiting))
		return;
	w->waiting[w->waiting_count++] = (struct waiting){.mapping = *entry, .vm = n};
	*entry = 0;
}

/* For all mappings of the VM removed till now, and any number of times more. */
static void invalidate(struct world *w, u32 n)
{
	struct vm *vm = &w->vm[n];
	u64 epoch = w->forget == FORGET_INVALIDATE ? atomic_load(&vm->tags.epoch) : tags_vm_invalidate(&vm->tags);

	vm->invalidations++;
	for (u32 i = 0; i < w->waiting_count; i++) {
		if (w->waiting[i].vm != n || w->waiting[i].epoch)
			continue;
		w->waiting[i].epoch = epoch;
		w->mapping[w->waiting[i].mapping].removed_in = vm->invalidations;
	}
}

/* Who is still to be waited for? Sometimes with a kick. */
static bool is_quiet(struct world *w, const struct waiting *one)
{
	bool is_quiet = true;
	u32 cpu;

	for (u32 v = one->vm * VM_VCPUS; v < (one->vm + 1) * VM_VCPUS; v++) {
		if (!tags_flush_needs_wait(&w->vcpu[v].tags, one->epoch, &cpu))
			continue;
		is_quiet = false;
		w->wrong_kicks += w->vcpu[v].cpu != cpu;
		if (w->vcpu[v].cpu == cpu && !pick(w, 3)) {
			leave(w, cpu);
			w->kicks++;
		}
	}
	return is_quiet;
}

static void frames_reuse(struct world *w)
{
	u32 kept = 0;

	for (u32 i = 0; i < w->waiting_count; i++) {
		struct waiting one = w->waiting[i];

		if (one.epoch && (w->forget == FORGET_WAIT || is_quiet(w, &one))) {
			w->mapping[one.mapping].is_reused = true;
			w->reuses++;
		} else {
			w->waiting[kept++] = one;
		}
	}
	w->waiting_count = kept;
}

/* All its frames are free at once, also those that waited; a VM made later has its tables' root where this one had. */
static void vm_restart(struct world *w, u32 n)
{
	u32 kept = 0;

	for (u32 c = 0; c < CPUS; c++)
		if (w->guest[c] != NOBODY && w->guest[c] / VM_VCPUS == n)
			leave(w, c);
	for (u32 i = 0; i < PAGES; i++) {
		w->mapping[w->vm[n].table[i]].is_reused = true;
		w->vm[n].table[i] = 0;
	}
	for (u32 i = 0; i < w->waiting_count; i++) {
		if (w->waiting[i].vm == n)
			w->mapping[w->waiting[i].mapping].is_reused = true;
		else
			w->waiting[kept++] = w->waiting[i];
	}
	w->waiting_count = kept;
	vm_start(w, n);
}

/* --- the runs ------------------------------------------------------------------------ */

static void step_cpu(struct world *w)
{
	u32 cpu = pick(w, CPUS), v = pick(w, VCPUS);

	if (w->guest[cpu] == NOBODY) {
		if (!pick(w, 100))
			tag_space_reset(&w->space[cpu]);
		if (w->vcpu[v].cpu == NOBODY)
			enter(w, cpu, v);
		return;
	}
	switch (pick(w, 8)) {
	case 0:
	case 1:
		leave(w, cpu);
		return;
	case 2:
		guest_remaps(w, cpu);
		return;
	default:
		touch(w, cpu);
	}
}

static void step(struct world *w)
{
	u32 v = pick(w, VCPUS);

	switch (pick(w, 20)) {
	case 0:
		mapping_remove(w, pick(w, VMS));
		return;
	case 1:
		invalidate(w, pick(w, VMS));
		return;
	case 2:
		frames_reuse(w);
		return;
	case 3:
		if (w->vcpu[v].cpu == NOBODY)
			host_remaps(w, &w->vcpu[v]);
		return;
	case 4:
		if (!pick(w, 30))
			vm_restart(w, pick(w, VMS));
		return;
	default:
		step_cpu(w);
	}
}

static struct world world;

/* One run; stops at the first wrong use. */
static void run(const struct tag_caps *caps, enum forget forget, u32 seed)
{
	world_init(&world, caps, forget, seed);
	for (u32 i = 0; i < STEPS && !world.wrong_uses && world.mapping_count < MAPPINGS; i++)
		step(&world);
	world_fini(&world);
}

#define INTEL(...)                                                                                                     \
	{                                                                                                              \
		.first = 1, __VA_ARGS__                                                                                \
	}
#define AMD(...)                                                                                                       \
	{                                                                                                              \
		.first = 1, .second_level_by_tag = true, __VA_ARGS__                                                   \
	}
static const struct tag_caps intel = INTEL(.count = 0xffff, .flush_by_tag = true);
static const struct tag_caps intel_few = INTEL(.count = 5, .flush_by_tag = true);
static const struct tag_caps intel_all_only = INTEL(.count = 5);
static const struct tag_caps intel_one = INTEL(.count = 1, .flush_by_tag = true);
static const struct tag_caps intel_none = {.first = 0, .count = 0};
static const struct tag_caps amd = AMD(.count = 0x7fff, .flush_by_tag = true);
static const struct tag_caps amd_few = AMD(.count = 5, .flush_by_tag = true);
static const struct tag_caps amd_plain = AMD(.count = 15);
static const struct tag_caps amd_one = AMD(.count = 1);

static void no_stale_translation_is_used(void **state)
{
	const struct tag_caps *all[] = {&intel, &intel_few, &intel_all_only, &intel_one, &intel_none,
					&amd,   &amd_few,   &amd_plain,      &amd_one};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(all); i++) {
		for (u32 seed = 0; seed < 5; seed++) {
			run(all[i], FORGET_NOTHING, seed);
			assert_int_equal(world.wrong_uses, 0);
			assert_int_equal(world.wrong_kicks, 0);
			/* Enough has happened to mean something. */
			assert_true(world.uses > 1000);
			assert_true(world.reuses > 100);
			assert_true(world.kicks > 20);
			assert_true(world.wraps >= (all[i]->count ? CPUS : 0));
		}
	}
}

static void every_forgotten_step_is_found(void **state)
{
	static const struct {
		const struct tag_caps *caps;
		enum forget forget;
	} careless[] = {
		{&intel, FORGET_FLUSH_TAG},
		{&intel, FORGET_SECOND_LEVEL},
		{&intel, FORGET_WAIT},
		{&intel, FORGET_NEW_TAG},
		{&intel, FORGET_INVALIDATE},
		{&intel, FORGET_VCPU_FLUSH},
		{&intel, FORGET_UNDO},
		{&intel, FORGET_VM_INIT},
		{&intel_few, FORGET_FLUSH_ALL},
		{&intel_few, FORGET_SPACE},
		{&intel_all_only, FORGET_UNDO},
		{&intel_all_only, FORGET_FLUSH_ALL},
		{&intel_one, FORGET_FLUSH_ALL},
		{&intel_none, FORGET_WAIT},
		{&intel_none, FORGET_INVALIDATE},
		{&intel_none, FORGET_SECOND_LEVEL},
		{&amd, FORGET_FLUSH_TAG},
		{&amd, FORGET_WAIT},
		{&amd, FORGET_NEW_TAG},
		{&amd, FORGET_INVALIDATE},
		{&amd, FORGET_VCPU_FLUSH},
		{&amd, FORGET_UNDO},
		{&amd_few, FORGET_FLUSH_ALL},
		{&amd_few, FORGET_SPACE},
		{&amd_plain, FORGET_FLUSH_ALL},
		{&amd_plain, FORGET_VCPU_FLUSH},
		{&amd_plain, FORGET_NEW_TAG},
		{&amd_plain, FORGET_INVALIDATE},
		{&amd_one, FORGET_FLUSH_ALL},
		{&amd_one, FORGET_WAIT},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(careless); i++) {
		u32 seed = 0;

		do {
			run(careless[i].caps, careless[i].forget, seed);
		} while (!world.wrong_uses && ++seed < 20);
		if (!world.wrong_uses)
			print_error("row %u: step %d left out, and not found\n", i, (int)careless[i].forget);
		assert_true(world.wrong_uses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_stale_translation_is_used),
		cmocka_unit_test(every_forgotten_step_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
