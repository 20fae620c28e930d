// SPDX-License-Identifier: Apache-2.0
// Points to stop at: which debug register, which INT3, which page's rights (SDM 3B, Debug Registers; SDM 3C, EPT
// Violations).
//
// Debug registers come first where they fit: a slot that no vcpu's guest has enabled for itself. The rest is done by
// memory: a page whose accesses exit, and for breakpoints an INT3 in a page that may only be executed, so a guest that
// reads or writes its own code never meets it. Where pages cannot be for execution only (NPT), nothing is put into
// them: a page with a breakpoint may not be executed, each instruction there exits, and those that are not meant are
// run one by one. As that is slow, debug registers go to breakpoints first there.
#include "base/mem.h"
#include "host/memory.h"
#include "vm/debug_priv.h"
#include "vm/gpa.h"
#include "x86/regs/control.h"

#define INT3 0xcc
#define SLOTS 4

static u64 page_of(gpa_t gpa)
{
	return ALIGN_DOWN(gpa.v, PAGE_BYTES);
}

static bool is_in_page(const struct debug_point *p, u64 page)
{
	return p->is_used && p->how == POINT_MEMORY && p->has_gpa && page_of(p->gpa) == page;
}

bool debug_page_has_points(const struct debug *d, u64 page)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (is_in_page(&d->points[i], page))
			return true;
	return false;
}

static bool is_execution(const struct debug_point *p)
{
	return p->kind == GDB_POINT_SOFT || p->kind == GDB_POINT_HARD;
}

/* Can pages be executed only? Then INT3s do not show. */
static bool can_hide(const struct debug *d)
{
	return pagetable_can(&d->vm->hvm.second_level, PROT_X);
}

/* Can reads of a page exit? */
static bool can_catch_reads(const struct debug *d)
{
	return can_hide(d) || pagetable_can(&d->vm->hvm.second_level, PROT_NONE);
}

/* What the guest may do without an exit in a page with this point. */
static enum prot point_rights(const struct debug *d, const struct debug_point *p)
{
	if (can_hide(d))
		return p->kind == GDB_POINT_WRITE ? PROT_RX : PROT_X;
	if (is_execution(p))
		return PROT_RW;
	return p->kind == GDB_POINT_WRITE || !can_catch_reads(d) ? PROT_RX : PROT_NONE;
}

bool debug_page_is_watched(const struct debug *d, u64 page)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (is_in_page(&d->points[i], page) && (can_hide(d) || !is_execution(&d->points[i])))
			return true;
	return false;
}

bool debug_page_is_closed(const struct debug *d, gpa_t gpa)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (is_in_page(&d->points[i], page_of(gpa)) && !(point_rights(d, &d->points[i]) & PROT_X))
			return true;
	return false;
}

bool debug_is_at_breakpoint(const struct debug *d, u64 address)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && is_execution(&d->points[i]) && d->points[i].address == address)
			return true;
	return false;
}

static enum prot page_rights(const struct debug *d, u64 page)
{
	enum prot rights = PROT_RWX;

	for (u32 i = 0; i < d->point_end; i++)
		if (is_in_page(&d->points[i], page))
			rights &= point_rights(d, &d->points[i]);
	return rights & debug_tables_rights(d, page);
}

/* The second level of the page, as large as it was before where nothing is left in its neighbourhood. */
static void rights_set(struct debug *d, u64 page, enum prot rights)
{
	struct pagetable *pt = &d->vm->hvm.second_level;
	u64 large = ALIGN_DOWN(page, 2 * MIB);
	err_t err;

	lock_take(&d->vm->fill_lock);
	memory_lock_take();
	/* No page for a split: the point stays without effect, as a pending one does. */
	err = pagetable_protect(pt, page, PAGE_BYTES, rights);
	if (!err && rights == PROT_RWX && pt->caps.has_2m)
		(void)pagetable_merge(pt, large, 2 * MIB);
	hvm->vm_flush(&d->vm->hvm);
	pagetable_reclaim(pt);
	memory_lock_drop();
	lock_drop(&d->vm->fill_lock);
}

void debug_page_renew(struct debug *d, u64 page)
{
	rights_set(d, page, page_rights(d, page));
}

static u8 *byte_at(struct debug *d, const struct debug_point *p)
{
	return gpa_pointer(d->vm, p->gpa, 1);
}

void debug_page_open(struct debug *d, u64 page)
{
	for (u32 i = 0; i < d->point_end; i++) {
		struct debug_point *p = &d->points[i];

		if (is_in_page(p, page) && p->is_laid) {
			*byte_at(d, p) = p->original;
			p->is_laid = false;
		}
	}
	rights_set(d, page, PROT_RWX);
}

void debug_page_close(struct debug *d, u64 page)
{
	for (u32 i = 0; i < d->point_end; i++) {
		struct debug_point *p = &d->points[i];

		if (!can_hide(d) || !is_in_page(p, page) || p->is_laid || !is_execution(p))
			continue;
		p->original = *byte_at(d, p);
		p->is_laid = true;
	}
	/* All originals are kept before the first INT3 is laid: two points may have the same byte. */
	for (u32 i = 0; i < d->point_end; i++)
		if (is_in_page(&d->points[i], page) && d->points[i].is_laid)
			*byte_at(d, &d->points[i]) = INT3;
	debug_page_renew(d, page);
}

/* --- debug registers ------------------------------------------------------------------------------------------ */
/* Can a debug register watch for it? There is none that sees reads only: a page can. */
static bool fits_register(const struct debug *d, const struct debug_point *p)
{
	if (d->avoids_registers || !hvm->debug_can(HVM_DEBUG_REGISTERS | (is_execution(p) ? 0u : HVM_DEBUG_DATA)))
		return false;
	if (is_execution(p))
		return p->kind == GDB_POINT_HARD || !p->has_gpa || !can_hide(d);
	if (p->bytes != p->whole_bytes || p->bytes > 8 || p->bytes & (p->bytes - 1) || p->address & (p->bytes - 1))
		return false;
	return p->kind != GDB_POINT_READ || !can_catch_reads(d);
}

static u32 slots_of_guests(const struct debug *d)
{
	u32 slots = 0;

	for (u32 i = 0; i < d->vm->vcpu_count; i++)
		for (u32 n = 0; n < SLOTS; n++)
			if (d->vm->vcpu[i]->hvm.state.dr7 & DR7_ENABLE(n))
				slots |= 1u << n;
	return slots;
}

static u64 dr7_length(u64 bytes)
{
	return bytes == 8 ? 2 : bytes - 1;
}

static u64 dr7_of(const struct debug_point *p)
{
	u64 rw = is_execution(p) ? RW_EXECUTE : p->kind == GDB_POINT_WRITE ? RW_WRITE : RW_ACCESS;

	return DR7_GLOBAL(p->slot) | PUT(DR7_RW(p->slot), rw) |
	       PUT(DR7_LEN(p->slot), is_execution(p) ? 0 : dr7_length(p->bytes));
}

void debug_registers_merge(struct debug *d, const struct cpu_state *s, struct hvm_debug *out)
{
	out->dr7 = (s->dr7 & ~DR7_GD) | DR7_FIXED; /* all accesses exit anyway */
	memcpy(out->dr, s->dr, sizeof(out->dr));
	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];

		if (!p->is_used || p->how != POINT_REGISTER)
			continue;
		out->dr7 &= ~(DR7_RW(p->slot) | DR7_LEN(p->slot));
		out->dr7 |= dr7_of(p);
		out->dr[p->slot] = p->address;
	}
}

/* --- the plan --------------------------------------------------------------------------------------------------- */
static bool locate(struct debug *d, struct debug_point *p)
{
	gpa_t gpa;

	/* Any vcpu will do that has it mapped; mostly it is the first. */
	for (u32 i = 0; i < d->vm->vcpu_count; i++)
		if (debug_translate(d->vm->vcpu[i], p->address, &gpa) && gpa_pointer(d->vm, gpa, 1)) {
			p->gpa = gpa;
			p->has_gpa = true;
			return true;
		}
	return false;
}

static void how_choose(struct debug *d, struct debug_point *p, u32 *slots)
{
	p->how = POINT_PENDING;
	if (fits_register(d, p) && *slots != (1u << SLOTS) - 1) {
		p->slot = (u8)bit_lowest(~*slots);
		*slots |= 1u << p->slot;
		p->how = POINT_REGISTER;
	} else if (p->has_gpa && (p->kind != GDB_POINT_READ || can_catch_reads(d))) {
		p->how = POINT_MEMORY;
	}
}

static void pages_do(struct debug *d, void (*act)(struct debug *d, u64 page))
{
	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];
		bool is_first = true;

		if (!p->is_used || p->how != POINT_MEMORY)
			continue;
		for (u32 j = 0; j < i && is_first; j++)
			is_first = !is_in_page(&d->points[j], page_of(p->gpa));
		if (is_first)
			act(d, page_of(p->gpa));
	}
}

static void locate_all(struct debug *d)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && !d->points[i].has_gpa)
			(void)locate(d, &d->points[i]);
}

/* Breakpoints or the others, in pages that are there or are not; registers are given out as they come. */
static void plan_some(struct debug *d, bool breakpoints, bool are_there, u32 *slots)
{
	for (u32 i = 0; i < d->point_end; i++) {
		struct debug_point *p = &d->points[i];

		if (p->is_used && is_execution(p) == breakpoints && p->has_gpa == are_there)
			how_choose(d, p, slots);
	}
}

void debug_points_plan(struct debug *d)
{
	u32 slots = slots_of_guests(d);

	d->wants_plan = false;
	pages_do(d, debug_page_open);
	debug_tables_forget(d);
	locate_all(d);
	/* What nothing else can be done about comes first, then what is slower by memory. */
	plan_some(d, true, false, &slots);
	plan_some(d, !can_hide(d), true, &slots);
	plan_some(d, can_hide(d), true, &slots);
	plan_some(d, false, false, &slots);
	debug_tables_find(d);
	pages_do(d, debug_page_close);
	debug_tables_close(d);
	debug_all_stale(d);
}

bool debug_point_is_awaited(const struct debug_point *p)
{
	return p->is_used && !p->has_gpa && p->how == POINT_PENDING;
}

bool debug_has_awaited(const struct debug *d)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (debug_point_is_awaited(&d->points[i]))
			return true;
	return false;
}

bool debug_points_can_lay(const struct debug *d, struct vcpu *v)
{
	struct walk_trail trail[DEBUG_TRAILS];
	gpa_t gpa;

	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];

		if (!p->is_used || p->has_gpa)
			continue;
		if (debug_trails(v, p->address, trail, &gpa) && gpa_is_ram(v->vm, gpa, 1))
			return true;
		if (debug_point_is_awaited(p) && !debug_tables_know(d, trail))
			return true;
	}
	return false;
}

bool debug_is_laid(const struct debug *d, gpa_t gpa)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && d->points[i].is_laid && d->points[i].gpa.v == gpa.v)
			return true;
	return false;
}

/* In a page that may not be executed every instruction exits that a breakpoint is on, as those do that have an INT3;
 * one that a debug register is for may have its turn only behind the page's. */
bool debug_is_meant(const struct debug *d, gpa_t gpa, u64 address, u8 *kind)
{
	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];
		bool is_there = p->how == POINT_REGISTER || (is_in_page(p, page_of(gpa)) && p->gpa.v == gpa.v);

		if (!p->is_used || !is_there || !is_execution(p) || p->address != address)
			continue;
		*kind = p->kind;
		return true;
	}
	return false;
}

u32 debug_slots_used(const struct debug *d)
{
	u32 slots = 0;

	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && d->points[i].how == POINT_REGISTER)
			slots |= 1u << d->points[i].slot;
	return slots;
}

bool debug_has_laid(const struct debug *d)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && d->points[i].how == POINT_MEMORY && is_execution(&d->points[i]))
			return can_hide(d);
	return false;
}

bool debug_has_registers(const struct debug *d)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (d->points[i].is_used && d->points[i].how == POINT_REGISTER)
			return true;
	return false;
}

/* --- setting and clearing ------------------------------------------------------------------------------------- */
static bool is_same(const struct debug_point *p, enum gdb_point kind, u64 address, u64 bytes)
{
	bool is_range = kind >= GDB_POINT_WRITE;

	return p->is_used && p->kind == kind && p->whole == address && (!is_range || p->whole_bytes == bytes);
}

static struct debug_point *point_new(struct debug *d)
{
	for (u32 i = 0; i < DEBUG_POINTS_MAX; i++) {
		if (d->points[i].is_used)
			continue;
		d->point_end = MAX(d->point_end, i + 1);
		return &d->points[i];
	}
	return NULL;
}

static void drop(struct debug *d, struct debug_point *p)
{
	*p = (struct debug_point){0};
	d->point_count--;
	while (d->point_end && !d->points[d->point_end - 1].is_used)
		d->point_end--;
}

static u32 drop_all(struct debug *d, enum gdb_point kind, u64 address, u64 bytes)
{
	u32 count = 0;

	if (d->vm)
		pages_do(d, debug_page_open);
	for (u32 i = 0; i < d->point_end; i++) {
		if (!is_same(&d->points[i], kind, address, bytes))
			continue;
		drop(d, &d->points[i]);
		count++;
	}
	if (d->vm)
		debug_points_plan(d);
	return count;
}

static err_t parts_add(struct debug *d, enum gdb_point kind, u64 address, u64 bytes)
{
	for (u64 done = 0; done < bytes;) {
		u64 part = MIN(bytes - done, PAGE_BYTES - (address + done) % PAGE_BYTES);
		struct debug_point *p = point_new(d);

		if (!p)
			return ERR_SPACE;
		*p = (struct debug_point){.is_used = true,
					  .kind = (u8)kind,
					  .address = address + done,
					  .bytes = part,
					  .whole = address,
					  .whole_bytes = bytes};
		d->point_count++;
		done += part;
	}
	return OK;
}

/* Data that is nowhere is not watched, nor a read that no page can be made to tell of. */
static bool is_any_pending(const struct debug *d, enum gdb_point kind, u64 address, u64 bytes)
{
	for (u32 i = 0; i < d->point_end; i++)
		if (is_same(&d->points[i], kind, address, bytes) && d->points[i].how == POINT_PENDING)
			return true;
	return false;
}

err_t debug_point_set(struct gdb_target *t, u32 thread, enum gdb_point kind, u64 address, u64 bytes)
{
	struct debug *d = debug_of(t);
	err_t err;

	(void)thread;
	if (kind < GDB_POINT_WRITE)
		bytes = 1;
	if (!bytes || address + bytes < address)
		return ERR_RANGE;
	for (u32 i = 0; i < d->point_end; i++)
		if (is_same(&d->points[i], kind, address, bytes))
			return OK;
	err = parts_add(d, kind, address, bytes);
	debug_tables_hold_all(d);
	debug_points_plan(d);
	if (!err && kind >= GDB_POINT_WRITE && is_any_pending(d, kind, address, bytes))
		err = ERR_FAULT;
	if (err)
		(void)drop_all(d, kind, address, bytes);
	return err;
}

err_t debug_point_clear(struct gdb_target *t, enum gdb_point kind, u64 address, u64 bytes)
{
	return drop_all(debug_of(t), kind, address, kind < GDB_POINT_WRITE ? 1 : bytes) ? OK : ERR_NOENT;
}

void debug_points_lose(struct debug *d)
{
	pages_do(d, debug_page_open);
	debug_tables_forget(d);
	debug_tables_hold_all(d);
	for (u32 i = 0; i < d->point_end; i++) {
		d->points[i].how = POINT_PENDING;
		d->points[i].has_gpa = false;
	}
}

void debug_points_clear_all(struct debug *d)
{
	if (!d->point_count)
		return;
	if (d->vm) {
		pages_do(d, debug_page_open);
		debug_tables_forget(d);
	}
	memset(d->points, 0, sizeof(d->points));
	d->point_count = 0;
	d->point_end = 0;
	debug_all_stale(d);
}
