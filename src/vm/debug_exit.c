// SPDX-License-Identifier: Apache-2.0
// Exits of a debugged VM, on the vcpu's own CPU: what matters to the debugger is written down for the host loop's work
// (debug_attend.c), and the vcpu does not run again before that was there.
#include "host/clock.h"
#include "vm/debug_priv.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/run.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

u64 debug_linear_pc(struct vcpu *v)
{
	const struct cpu_state *s = &v->hvm.state;

	hvm_fetch(&v->hvm, STATE_RIP | STATE_CODE | STATE_CONTROL);
	if (s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L)
		return s->rip;
	return (u32)(s->seg[SEG_CS].base + s->rip);
}

/* Written down last: the work looks at it first. */
static void post(struct vcpu *v, u8 what)
{
	struct debug *d = v->vm->debug;

	__atomic_store_n(&d->vcpu[v->index].event.what, what, __ATOMIC_RELEASE);
	run_request_work_of(RUN_WORK_CPU);
}

static bool is_over(const struct vcpu *v)
{
	const struct debug *d = v->vm->debug;

	return d->over.is_active && d->over.vcpu == v->index;
}

bool debug_lets_run(const struct vcpu *v)
{
	const struct debug *d = v->vm->debug;
	const struct debug_vcpu *own = &d->vcpu[v->index];

	if (__atomic_load_n(&own->event.what, __ATOMIC_RELAXED))
		return false;
	return d->over.is_active ? d->over.vcpu == v->index : own->how != GDB_HOLD;
}

/* --- entering ------------------------------------------------------------------------------------------------- */
static bool is_stepping(const struct vcpu *v)
{
	return is_over(v) || v->vm->debug->vcpu[v->index].how == GDB_STEP;
}

/* A step is of the instruction, not into whatever interrupt is waiting; but HLT ends by one. */
static bool masks_interrupts(const struct vcpu *v)
{
	const struct debug *d = v->vm->debug;

	return is_stepping(v) && !d->lets_interrupts && !d->vcpu[v->index].is_woken;
}

static void settings_apply(struct vcpu *v)
{
	struct debug *d = v->vm->debug;
	u32 what = (is_stepping(v) ? (u32)HVM_DEBUG_STEP : 0) | (debug_has_laid(d) ? (u32)HVM_DEBUG_BREAK : 0) |
		   (debug_has_registers(d) ? (u32)HVM_DEBUG_REGISTERS : 0) |
		   (debug_has_awaited(d) ? (u32)HVM_DEBUG_SPACES : 0);

	hvm_fetch(&v->hvm, STATE_DEBUG | STATE_DR7);
	debug_registers_merge(d, &v->hvm.state, &v->hvm.debug);
	if (hvm->debug_set(&v->hvm, what))
		vm_fault(v, NULL, "%s of this CPU cannot do what the debugger asks for", hvm->name);
	d->vcpu[v->index].is_stale = false;
}

bool debug_enter(struct vcpu *v)
{
	struct debug *d = v->vm->debug;

	if (!d->over.is_active && debug_points_can_lay(d, v)) {
		post(v, DEBUG_PLAN);
		return false;
	}
	if (d->vcpu[v->index].is_stale)
		settings_apply(v);
	if (v->masks_interrupts != masks_interrupts(v))
		vcpu_pending_add(v, PENDING_INTERRUPT); /* so that the next entry sees to what a lent APIC delivers */
	v->masks_interrupts = masks_interrupts(v);
	return !is_stepping(v);
}

/* Was the instruction carried out by a handler, so that the processor never got to trap behind it? */
static bool is_done_by_handler(const struct vcpu *v, const struct exit *x, enum exit_next next, u64 rip)
{
	return x->kind != EXIT_STEP && (next == NEXT_ADVANCE || v->hvm.state.rip != rip);
}

void debug_step(struct vcpu *v)
{
	struct debug_event *event = &v->vm->debug->vcpu[v->index].event;
	enum exit_next next;
	struct exit x;
	bool is_done;
	u64 began_tsc;
	u64 rip;

	if (event->what || (vcpu_pending(v) && !event_deliver(v)))
		return;
	hvm->step(&v->hvm, &x);
	began_tsc = clock_tsc();
	rip = v->hvm.state.rip;
	if (v->hvm.interrupted.is_valid)
		vcpu_pending_add(v, PENDING_INTERRUPTED);
	next = exit_handle(v, &x);
	interrupt_window();
	is_done = is_done_by_handler(v, &x, next, rip);
	if (next == NEXT_ADVANCE)
		vcpu_advance(v, x.insn_len);
	if (v->trace.costs)
		exit_trace_note(v, &x, began_tsc);
	if (is_done && !event->what)
		post(v, DEBUG_STEPPED);
}

/* --- exceptions --------------------------------------------------------------------------------------------------- */
/* It was meant for another linear address, or its condition does not hold. */
static bool is_passed(struct vcpu *v, gpa_t gpa, u64 address)
{
	struct debug *d = v->vm->debug;
	u8 kind;

	return !debug_is_meant(d, gpa, address, &kind) ||
	       !gdb_break_matters(&d->gdb, (enum gdb_point)kind, address, v->index);
}

static bool took_break(struct vcpu *v)
{
	struct debug *d = v->vm->debug;
	struct debug_event *event = &d->vcpu[v->index].event;
	u64 address = debug_linear_pc(v);
	gpa_t gpa;

	if (!debug_translate(v, address, &gpa) || !debug_is_laid(d, gpa))
		return false;
	/* A breakpoint that is passed over often costs this exit alone, and the other vcpus nothing. */
	if (!is_stepping(v) && is_passed(v, gpa, address) && debug_emulate(v))
		return true;
	event->address = address;
	event->gpa = gpa;
	post(v, DEBUG_BREAK);
	return true;
}

/* The bits of our slots are taken out of *bits. */
static bool took_debug(struct vcpu *v, u64 *bits)
{
	struct debug *d = v->vm->debug;
	struct debug_event *event = &d->vcpu[v->index].event;
	u32 ours = (u32)(*bits & debug_slots_used(d));

	if (!ours || !(v->hvm.debug.what & HVM_DEBUG_REGISTERS))
		return false;
	*bits &= ~(u64)ours;
	event->slots = ours;
	post(v, DEBUG_SLOTS);
	return true;
}

bool debug_took_exception(struct vcpu *v, const struct exit *x, u64 *bits)
{
	if (x->exception.vector == VECTOR_BP)
		return took_break(v);
	return took_debug(v, bits) && !*bits;
}

/* A trap of a data breakpoint waits behind the monitor trap, which comes first (SDM 3C, Monitor Trap Flag). */
static bool took_pending(struct vcpu *v)
{
	u64 bits;

	hvm_fetch(&v->hvm, STATE_BLOCKING);
	bits = v->hvm.state.pending_debug & DR6_B;
	if (!bits || !took_debug(v, &bits))
		return false;
	v->hvm.state.pending_debug &= ~DR6_B;
	v->hvm.state.pending_debug |= bits;
	if (!bits)
		v->hvm.state.pending_debug &= ~(u64)PENDING_DEBUG_ENABLED;
	hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
	return true;
}

enum exit_next exit_step(struct vcpu *v, const struct exit *x)
{
	(void)x;
	if (v->vm->debug && (is_over(v) || !took_pending(v)))
		post(v, DEBUG_STEPPED);
	return NEXT_LEAVE;
}

/* The trap of the guest's own data breakpoints is raised where the instruction is over, with what else is due there. */
static enum exit_next emulate_with(struct vcpu *v, u32 own_slots)
{
	enum exit_next next;

	if (own_slots) {
		v->hvm.state.pending_debug |= own_slots | PENDING_DEBUG_ENABLED;
		hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
	}
	next = vcpu_emulate(v, NULL);
	/* It has faulted. */
	if (own_slots && v->hvm.state.pending_debug) {
		v->hvm.state.pending_debug &= ~(own_slots | PENDING_DEBUG_ENABLED);
		hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
	}
	return next;
}

/* Nobody sees what the emulator touches: points are looked up before. */
enum exit_next exit_emulate(struct vcpu *v, const struct exit *x)
{
	struct debug_event *event = &v->vm->debug->vcpu[v->index].event;
	struct debug_touch touch = debug_access_touches(v);
	enum exit_next next;

	if (touch.has_closed_page) {
		event->exit = *x;
		event->exit.memory.gpa = touch.gpa;
		post(v, DEBUG_MEMORY);
		return NEXT_LEAVE;
	}
	hvm_fetch(&v->hvm, STATE_SYSCALL);
	next = emulate_with(v, touch.own_slots);
	if (touch.slots) {
		event->slots = touch.slots;
		post(v, DEBUG_SLOTS);
	}
	return next;
}

/* --- memory and debug registers ----------------------------------------------------------------------------------- */
/* An instruction of a page that may not be executed: has it a breakpoint? */
static bool took_fetch(struct vcpu *v)
{
	struct debug *d = v->vm->debug;
	struct debug_event *event = &d->vcpu[v->index].event;
	u64 address = debug_linear_pc(v);
	gpa_t gpa;

	if (!debug_translate(v, address, &gpa) || is_passed(v, gpa, address))
		return false;
	event->address = address;
	event->gpa = gpa;
	post(v, DEBUG_BREAK);
	return true;
}

/* A walk that only marks an entry is left to the processor: it does so once. */
static bool table_emulate(struct vcpu *v, const struct exit *x)
{
	struct debug *d = v->vm->debug;

	if (is_stepping(v) || debug_is_at_breakpoint(d, debug_linear_pc(v)))
		return false;
	return (x->memory.has_gva || debug_tables_stop_walks(d)) && debug_interpret(v);
}

/* True: nothing else is to be done about it. */
static bool took_table(struct vcpu *v, const struct exit *x, u64 page)
{
	u64 began_tsc = clock_tsc();
	bool is_done = table_emulate(v, x);

	if (!debug_tables_tire(v->vm->debug, page, began_tsc))
		return is_done;
	post(v, DEBUG_PLAN);
	return true;
}

bool debug_took_memory(struct vcpu *v, const struct exit *x)
{
	struct debug *d = v->vm->debug;
	u64 page = ALIGN_DOWN(x->memory.gpa.v, PAGE_BYTES);
	bool has_points = debug_page_has_points(d, page);

	if (!has_points && !debug_tables_has_page(d, page))
		return false;
	if (!has_points && took_table(v, x, page))
		return true;
	if (x->memory.is_fetch && (took_fetch(v) || (!is_stepping(v) && debug_interpret(v))))
		return true;
	d->vcpu[v->index].event.exit = *x;
	post(v, DEBUG_MEMORY);
	return true;
}

/* With DR7.GD any access is #DB, before it is made (SDM 3B, Debug Control Register). */
static bool is_detected(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_DEBUG | STATE_DR7 | STATE_CODE);
	return v->hvm.state.dr7 & DR7_GD && !GET(SEG_DPL, v->hvm.state.seg[SEG_SS].access);
}

enum exit_next debug_register_access(struct vcpu *v)
{
	enum exit_next next;
	u64 dr7;

	if (is_detected(v)) {
		event_raise_debug(v, DR6_BD);
		return NEXT_RESUME;
	}
	dr7 = v->hvm.state.dr7;
	next = vcpu_emulate(v, NULL);
	settings_apply(v);
	if (v->hvm.state.dr7 == dr7)
		return next;
	/* Slots may have become the guest's, or free. */
	if (is_stepping(v))
		v->vm->debug->wants_plan = true;
	else
		post(v, DEBUG_PLAN);
	return NEXT_LEAVE;
}
