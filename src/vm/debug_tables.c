// SPDX-License-Identifier: Apache-2.0
// Points whose pages are not there yet: the guest's own table entries on the way to them are looked after.
//
// The tables that a walk to such a point goes through, up to the entry where it ends, may not be written without an
// exit. What is stored beside those entries the emulator carries out at once; a store to one runs alone, with the
// tables open, and before any vcpu goes on the points are looked for anew (debug_points_can_lay). Whatever else leads
// to another table exits by itself while there are such points (HVM_DEBUG_SPACES).
//
// The processor's walks write accessed and dirty bits there. Where that alone exits (EPT), the instruction runs with
// the tables open. Where each walk counts as a write (NPT; APM 2, Nested versus Guest Page Faults), code that is walked
// to through such a table is the emulator's while it lasts, and only the table of the missing entry is closed: a root
// is on every way. An entry above that is not filled but replaced needs a flush of the guest's (SDM 3A, Invalidation of
// TLBs and Paging-Structure Caches), and is noticed at the first exit behind it. A table that nearly everything is
// walked to through is let go after a while, unless the user insists.
#include "base/checked.h"
#include "base/mem.h"
#include "host/clock.h"
#include "host/log.h"
#include "vm/debug_priv.h"
#include "vm/gpa.h"

#define ENTRY_BYTES 8

static u64 page_of(u64 gpa)
{
	return ALIGN_DOWN(gpa, PAGE_BYTES);
}

static bool has_entry(const struct debug_tables *t, u64 entry)
{
	for (u32 i = 0; i < t->count; i++)
		if (t->entry[i] == entry)
			return true;
	return false;
}

bool debug_tables_has_page(const struct debug *d, u64 page)
{
	for (u32 i = 0; i < d->tables.count; i++)
		if (page_of(d->tables.entry[i]) == page)
			return true;
	return false;
}

bool debug_tables_change(const struct debug *d, gpa_t gpa, u32 bytes)
{
	for (u32 i = 0; i < d->tables.count; i++)
		if (ranges_overlap(d->tables.entry[i], ENTRY_BYTES, gpa.v, bytes))
			return true;
	return false;
}

enum prot debug_tables_rights(const struct debug *d, u64 page)
{
	return d->tables.are_closed && debug_tables_has_page(d, page) ? PROT_RX : PROT_RWX;
}

bool debug_tables_stop_walks(const struct debug *d)
{
	return d->tables.are_closed && !hvm->debug_can(HVM_DEBUG_WALKS);
}

/* So much of so long a time was for the emulator, and for steps: there is hardly anything else. */
#define WORK_NS NS_PER_SEC
#define OUT_OF_NS (3 * NS_PER_SEC)
/* Exits with no more between them belong together. */
#define GAP_NS (1000 * NS_PER_US)

bool debug_tables_tire(struct debug *d, u64 page, u64 since_tsc)
{
	struct debug_tables *t = &d->tables;
	u64 now = clock_tsc();
	u64 gap = since_tsc - __atomic_exchange_n(&t->last_tsc, now, __ATOMIC_RELAXED);
	u64 took = now - since_tsc + MIN(gap, clock_ns_to_tsc(GAP_NS));
	u64 began;

	if (!debug_tables_stop_walks(d) || t->is_insisted_on)
		return false;
	if (__atomic_add_fetch(&t->work_tsc, took, __ATOMIC_RELAXED) < clock_ns_to_tsc(WORK_NS))
		return false;
	__atomic_store_n(&t->work_tsc, 0, __ATOMIC_RELAXED);
	began = __atomic_exchange_n(&t->began_tsc, now, __ATOMIC_RELAXED);
	if (now - began > clock_ns_to_tsc(OUT_OF_NS))
		return false;
	__atomic_store_n(&t->tired, page, __ATOMIC_RELAXED);
	return true;
}

static bool is_let_go(const struct debug_tables *t, u64 page)
{
	for (u32 i = 0; i < t->let_go_count; i++)
		if (t->let_go[i] == page)
			return true;
	return false;
}

/* The oldest is forgotten: it may have become something else. */
static void let_go(struct debug *d, u64 page)
{
	struct debug_tables *t = &d->tables;

	if (t->let_go_count == ARRAY_COUNT(t->let_go)) {
		t->let_go_count--;
		memmove(t->let_go, t->let_go + 1, t->let_go_count * sizeof(*t->let_go));
	}
	t->let_go[t->let_go_count++] = page;
	log_info("VM %s: too much is walked to through the table at %#lx: breakpoints behind it are armed at exits",
		 d->vm->name, page);
}

/* The first of a trail's entries that are looked after; the others follow it. */
static u32 first_of(const struct walk_trail *trail)
{
	return hvm->debug_can(HVM_DEBUG_WALKS) || !trail->count ? 0 : trail->count - 1u;
}

/* Entries of 4 bytes are taken by two. */
static u64 entry_of(const struct walk_trail *trail, u32 i)
{
	return ALIGN_DOWN(trail->entry[i].v, ENTRY_BYTES);
}

static void trail_add(struct debug *d, const struct walk_trail *trail)
{
	struct debug_tables *t = &d->tables;

	for (u32 i = first_of(trail); i < trail->count; i++) {
		u64 entry = entry_of(trail, i);

		if (has_entry(t, entry) || is_let_go(t, page_of(entry)) || !gpa_is_ram(d->vm, GPA(entry), ENTRY_BYTES))
			continue;
		/* Only what the second level has can be closed there. */
		if (t->count == DEBUG_ENTRIES_MAX || !gpa_pointer(d->vm, GPA(entry), ENTRY_BYTES))
			t->is_full = true;
		else
			t->entry[t->count++] = entry;
	}
}

/* No more is asked than trail_add() could do. */
bool debug_tables_know(const struct debug *d, const struct walk_trail trail[DEBUG_TRAILS])
{
	for (u32 n = 0; n < DEBUG_TRAILS && !d->tables.is_full; n++)
		for (u32 i = first_of(&trail[n]); i < trail[n].count; i++)
			if (!has_entry(&d->tables, entry_of(&trail[n], i)) &&
			    !is_let_go(&d->tables, page_of(entry_of(&trail[n], i))) &&
			    gpa_is_ram(d->vm, GPA(entry_of(&trail[n], i)), ENTRY_BYTES))
				return false;
	return true;
}

static void pages_renew(struct debug *d)
{
	const struct debug_tables *t = &d->tables;

	for (u32 i = 0; i < t->count; i++) {
		bool is_first = true;

		for (u32 j = 0; j < i && is_first; j++)
			is_first = page_of(t->entry[j]) != page_of(t->entry[i]);
		if (is_first)
			debug_page_renew(d, page_of(t->entry[i]));
	}
}

void debug_tables_open(struct debug *d)
{
	if (!d->tables.are_closed)
		return;
	d->tables.are_closed = false;
	pages_renew(d);
}

void debug_tables_close(struct debug *d)
{
	d->tables.are_closed = d->tables.count;
	pages_renew(d);
}

void debug_tables_forget(struct debug *d)
{
	debug_tables_open(d);
	d->tables.count = 0;
	d->tables.is_full = false;
}

void debug_tables_hold_all(struct debug *d)
{
	d->tables.let_go_count = 0;
	d->tables.work_tsc = 0;
	d->tables.began_tsc = clock_tsc();
}

void debug_tables_find(struct debug *d)
{
	u64 tired = __atomic_exchange_n(&d->tables.tired, 0, __ATOMIC_RELAXED);
	struct walk_trail trail[DEBUG_TRAILS];
	gpa_t gpa;

	if (tired)
		let_go(d, tired);
	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];

		if (!debug_point_is_awaited(p))
			continue;
		for (u32 n = 0; n < d->vm->vcpu_count; n++) {
			(void)debug_trails(d->vm->vcpu[n], p->address, trail, &gpa);
			trail_add(d, &trail[0]);
			trail_add(d, &trail[1]);
		}
	}
}
