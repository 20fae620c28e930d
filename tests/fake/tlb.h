/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one CPU may have cached of guests' translations, by the manuals' word: it never forgets by itself, and drops
 * only what an operation is documented to drop. Emulators and real CPUs forget much more, and so hide missing flushes.
 *
 * SDM 3C, Caching Translation Information (guest-physical mappings by EP4TA; combined ones by VPID, PCID and EP4TA) and
 * Operations that Invalidate Cached Mappings; APM 2, TLB Control (everything by ASID, tables' roots by nothing).
 * Not modelled, as all of it goes with the rest: PCIDs, global pages, paging-structure caches. Linear mappings of their
 * own exist only without EPT.
 */
#ifndef ETERNA_TESTS_FAKE_TLB_H
#define ETERNA_TESTS_FAKE_TLB_H

#include <stdlib.h>

#include "base/types.h"

enum fake_tlb_vendor { FAKE_TLB_INTEL, FAKE_TLB_AMD };

/* Which guest context the CPU is in. */
struct fake_tlb_context {
	u32 tag;  /* VPID or ASID */
	u32 root; /* of the second-level tables */
};

/* One translation: of a linear page through both levels, or of a guest-physical page. */
struct fake_tlb_entry {
	struct fake_tlb_context in;
	bool is_linear;
	u32 page;    /* linear, or guest-physical */
	u32 mapping; /* the second-level mapping that it came from, by a number that never comes again */
	u32 owner;   /* the vcpu that it was made for, likewise */
	u32 version; /* of that vcpu's own tables */
};

struct fake_tlb {
	enum fake_tlb_vendor vendor;
	bool has_flush_by_asid;
	struct fake_tlb_entry *entry;
	u32 count, room;
};

static inline void fake_tlb_fini(struct fake_tlb *t)
{
	free(t->entry);
	t->entry = NULL;
}

/* Is the entry what the CPU may use in that context? */
static inline bool fake_tlb_matches(const struct fake_tlb *t, const struct fake_tlb_entry *e,
				    const struct fake_tlb_context *in)
{
	if (t->vendor == FAKE_TLB_AMD)
		return e->in.tag == in->tag;
	return e->in.root == in->root && (!e->is_linear || e->in.tag == in->tag);
}

/* May the CPU use entry `i` for this access? */
static inline bool fake_tlb_may_use(const struct fake_tlb *t, u32 i, const struct fake_tlb_context *in, bool is_linear,
				    u32 page)
{
	const struct fake_tlb_entry *e = &t->entry[i];

	return e->is_linear == is_linear && e->page == page && fake_tlb_matches(t, e, in);
}

static inline void fake_tlb_fill(struct fake_tlb *t, const struct fake_tlb_entry *new)
{
	for (u32 i = 0; i < t->count; i++) {
		const struct fake_tlb_entry *e = &t->entry[i];

		if (e->in.tag == new->in.tag && e->in.root == new->in.root && e->is_linear == new->is_linear &&
		    e->page == new->page && e->mapping == new->mapping && e->owner == new->owner &&
		    e->version == new->version)
			return;
	}
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->entry = realloc(t->entry, t->room * sizeof(*t->entry));
		if (!t->entry)
			abort();
	}
	t->entry[t->count++] = *new;
}

/* Drop what `is_hit` says. */
#define FAKE_TLB_DROP(t, e, is_hit)                                                                                    \
	do {                                                                                                           \
		u32 kept_ = 0;                                                                                         \
		for (u32 i_ = 0; i_ < (t)->count; i_++) {                                                              \
			const struct fake_tlb_entry *e = &(t)->entry[i_];                                              \
			if (!(is_hit))                                                                                 \
				(t)->entry[kept_++] = *e;                                                              \
		}                                                                                                      \
		(t)->count = kept_;                                                                                    \
	} while (0)

/* --- Intel -------------------------------------------------------------------- */

static inline void fake_invvpid_single(struct fake_tlb *t, u32 vpid)
{
	FAKE_TLB_DROP(t, e, e->is_linear && e->in.tag == vpid);
}

/* "all VPIDs except VPID 0000H". */
static inline void fake_invvpid_all(struct fake_tlb *t)
{
	FAKE_TLB_DROP(t, e, e->is_linear && e->in.tag != 0);
}

static inline void fake_invept_single(struct fake_tlb *t, u32 root)
{
	FAKE_TLB_DROP(t, e, e->in.root == root);
}

/* VM entry and VM exit: with "enable VPID" 0 they drop what VPID 0 has, of linear addresses. */
static inline void fake_vmx_transition(struct fake_tlb *t, bool has_vpid)
{
	if (!has_vpid)
		fake_invvpid_single(t, 0);
}

/* --- AMD ---------------------------------------------------------------------- */

/* VMRUN's TLB_CONTROL; false: an encoding that this processor does not have. */
static inline bool fake_tlb_control(struct fake_tlb *t, u32 asid, u32 control)
{
	switch (control) {
	case 0:
		return true;
	case 1:
		t->count = 0;
		return true;
	case 3:
		FAKE_TLB_DROP(t, e, e->in.tag == asid);
		return t->has_flush_by_asid;
	default:
		return false;
	}
}

/* --- both --------------------------------------------------------------------- */

/* The guest flushes by itself (MOV CR3 and the like, all of it): no guest-physical mappings of Intel's go. */
static inline void fake_guest_flush(struct fake_tlb *t, const struct fake_tlb_context *in)
{
	FAKE_TLB_DROP(t, e, e->is_linear && e->in.tag == in->tag);
}

/*
 * An access met no second-level mapping. Intel: an EPT violation drops what would be used to translate that
 * guest-physical address, and that linear address. AMD: nothing is promised of other levels; nothing goes.
 */
static inline void fake_second_level_fault(struct fake_tlb *t, const struct fake_tlb_context *in, u32 linear, u32 gpa)
{
	if (t->vendor == FAKE_TLB_INTEL)
		FAKE_TLB_DROP(t, e, fake_tlb_matches(t, e, in) && e->page == (e->is_linear ? linear : gpa));
}

#endif
