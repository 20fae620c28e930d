// SPDX-License-Identifier: Apache-2.0
// The host loop's part of debugging: what vcpus have met is told, or passed over.
//
// An instruction on, or touching, a page with points runs "over" them: the pages are opened as the guest knows them, it
// steps alone while every other vcpu waits, and they are closed again. What it touched is told then. Everything here
// is done with the VM paused and no vcpu of it loaded, so no CPU runs on old tables or half-laid points.
#include "vm/debug_priv.h"
#include "vm/gpa.h"
#include "vm/run.h"
#include "x86/regs/control.h"

static u8 event_of(const struct debug *d, u32 vcpu)
{
	return __atomic_load_n(&d->vcpu[vcpu].event.what, __ATOMIC_ACQUIRE);
}

static void event_clear(struct debug *d, u32 vcpu)
{
	d->vcpu[vcpu].event = (struct debug_event){0};
}

/* All vcpus stand still: what will happen again by itself is forgotten, the rest is told when its turn comes. */
void debug_events_settle(struct debug *d)
{
	for (u32 i = 0; d->vm && i < d->vm->vcpu_count; i++)
		if (event_of(d, i) != DEBUG_SLOTS && event_of(d, i) != DEBUG_STEPPED)
			event_clear(d, i);
}

/* --- over --------------------------------------------------------------------------------------------------------- */
static void over_begin(struct debug *d, u32 vcpu)
{
	if (!d->over.is_active)
		d->over = (struct debug_over){.is_active = true, .vcpu = vcpu};
	debug_all_stale(d);
}

static bool over_open(struct debug *d, u32 vcpu, u64 page)
{
	struct debug_over *over = &d->over;

	over_begin(d, vcpu);
	for (u32 i = 0; i < over->page_count; i++)
		if (over->page[i] == page)
			return true;
	if (over->page_count == DEBUG_OPEN_MAX)
		return false;
	over->page[over->page_count++] = page;
	debug_page_open(d, page);
	return true;
}

void debug_over_end(struct debug *d)
{
	if (!d->over.is_active)
		return;
	for (u32 i = 0; i < d->over.page_count; i++)
		debug_page_close(d, d->over.page[i]);
	if (d->over.has_tables)
		debug_tables_close(d);
	d->over.is_active = false;
	debug_all_stale(d);
}

/* --- one vcpu's event: true when the debugger was told ------------------------------------------------------------ */
static bool attend_break(struct debug *d, struct vcpu *v)
{
	const struct debug_event event = d->vcpu[v->index].event;
	u8 kind = 0;

	event_clear(d, v->index);
	if (debug_is_meant(d, event.gpa, event.address, &kind) &&
	    debug_report(v, kind == GDB_POINT_SOFT ? GDB_STOP_SOFT : GDB_STOP_HARD, event.address))
		return true;
	/* The INT3 is left by running what it stands for: nobody wanted to stop there. */
	(void)over_open(d, v->index, ALIGN_DOWN(event.gpa.v, PAGE_BYTES));
	return false;
}

static const u8 stop_of_kind[] = {
	[GDB_POINT_SOFT] = GDB_STOP_SOFT, [GDB_POINT_HARD] = GDB_STOP_HARD,     [GDB_POINT_WRITE] = GDB_STOP_WRITE,
	[GDB_POINT_READ] = GDB_STOP_READ, [GDB_POINT_ACCESS] = GDB_STOP_ACCESS,
};

static const struct debug_point *slot_find(const struct debug *d, u32 slot)
{
	for (u32 i = 0; i < DEBUG_POINTS_MAX; i++)
		if (d->points[i].is_used && d->points[i].how == POINT_REGISTER && d->points[i].slot == slot)
			return &d->points[i];
	return NULL;
}

/* What a step over points has touched is told. */
static bool attend_over(struct debug *d, struct vcpu *v)
{
	const struct debug_over over = d->over;

	if (!over.is_active || over.vcpu != v->index)
		return false;
	debug_over_end(d);
	return over.has_hit && debug_report(v, over.hit_kind, over.hit_address);
}

static bool attend_slots(struct debug *d, struct vcpu *v)
{
	u32 slots = d->vcpu[v->index].event.slots;
	bool is_trap = false;

	event_clear(d, v->index);
	if (attend_over(d, v))
		return true;
	for (u32 slot = 0; slot < 4; slot++) {
		const struct debug_point *p = slots >> slot & 1 ? slot_find(d, slot) : NULL;

		if (!p)
			continue;
		if (debug_report(v, stop_of_kind[p->kind], p->address))
			return true;
		/* It comes before its instruction: RF lets that through (SDM 3B, Resume Flag). */
		if (p->kind <= GDB_POINT_HARD) {
			v->hvm.state.rflags |= RFLAGS_RF;
			hvm_mark_dirty(&v->hvm, STATE_RFLAGS);
		} else {
			is_trap = true;
		}
	}
	/* The trap came in place of the end of a step. */
	return is_trap && d->vcpu[v->index].how == GDB_STEP && debug_report(v, GDB_STOP_STEP, 0);
}

static void attend_memory(struct debug *d, struct vcpu *v)
{
	const struct exit x = d->vcpu[v->index].event.exit;
	struct debug_over found = {0};
	bool has_hit = debug_access_hits(v, &x, &found);

	event_clear(d, v->index);
	if (debug_tables_has_page(d, ALIGN_DOWN(x.memory.gpa.v, PAGE_BYTES))) {
		over_begin(d, v->index);
		d->over.has_tables = true;
		debug_tables_open(d);
	}
	if (!debug_page_has_points(d, ALIGN_DOWN(x.memory.gpa.v, PAGE_BYTES)))
		return;
	if (!over_open(d, v->index, ALIGN_DOWN(x.memory.gpa.v, PAGE_BYTES))) {
		vm_fault(v, &x, "an instruction touches more pages with watchpoints than ETERNA can follow");
	} else if (has_hit && !d->over.has_hit) {
		d->over.has_hit = true;
		d->over.hit_kind = found.hit_kind;
		d->over.hit_address = found.hit_address;
	}
}

static bool attend_step(struct debug *d, struct vcpu *v)
{
	event_clear(d, v->index);
	d->vcpu[v->index].is_woken = v->is_waiting; /* behind HLT: what ends that is taken */
	if (attend_over(d, v))
		return true;
	return d->vcpu[v->index].how == GDB_STEP && debug_report(v, GDB_STOP_STEP, 0);
}

static bool attend_one(struct debug *d, struct vcpu *v)
{
	switch (event_of(d, v->index)) {
	case DEBUG_BREAK:
		return attend_break(d, v);
	case DEBUG_SLOTS:
		return attend_slots(d, v);
	case DEBUG_MEMORY:
		attend_memory(d, v);
		return false;
	case DEBUG_STEPPED:
		return attend_step(d, v);
	case DEBUG_PLAN:
		event_clear(d, v->index);
		d->wants_plan = true;
		return false;
	default:
		return false;
	}
}

/* --- the round ---------------------------------------------------------------------------------------------------- */
/* While one vcpu runs over something, the others' events wait: the pages are not as they left them. */
static bool is_due(const struct debug *d, u32 vcpu)
{
	if (!event_of(d, vcpu) || (d->over.is_active && d->over.vcpu != vcpu))
		return false;
	return d->vcpu[vcpu].how != GDB_HOLD || (d->over.is_active && d->over.vcpu == vcpu);
}

static bool is_any_due(const struct debug *d)
{
	for (u32 i = 0; i < d->vm->vcpu_count; i++)
		if (is_due(d, i))
			return true;
	return false;
}

static bool attend_all(struct debug *d)
{
	u32 count = d->vm->vcpu_count;

	for (u32 i = 0; i < count; i++) {
		u32 vcpu = (d->attended + 1 + i) % count;

		if (!is_due(d, vcpu))
			continue;
		d->attended = vcpu;
		if (attend_one(d, d->vm->vcpu[vcpu]))
			return true;
	}
	return false;
}

void debug_attend(struct debug *d)
{
	bool is_told;

	if (!d->vm || d->is_stopped || !is_any_due(d))
		return;
	vm_pause(d->vm);
	if (d->vm->state != VM_PAUSED)
		return;
	gpa_enter(d->vm);
	is_told = attend_all(d);
	if (d->wants_plan && !d->over.is_active)
		debug_points_plan(d);
	gpa_enter(NULL);
	if (!is_told && d->vm->state == VM_PAUSED)
		vm_resume(d->vm);
}
