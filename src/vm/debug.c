// SPDX-License-Identifier: Apache-2.0
// A debugged VM: connection, stopping all vcpus, going on.
#include "base/mem.h"
#include "host/memory.h"
#include "vm/debug_priv.h"
#include "vm/gpa.h"
#include "vm/run.h"

static u32 threads(struct gdb_target *t)
{
	return debug_of(t)->vm ? debug_of(t)->vm->vcpu_count : 0;
}

static const char *activity_text(const struct vcpu *v)
{
	if (!v->is_waiting)
		return "running";
	return v->hvm.state.activity == ACTIVITY_HLT ? "halted" : "waits for SIPI";
}

static size_t thread_text(struct gdb_target *t, u32 thread, char *buf, size_t size)
{
	const struct vcpu *v = debug_of(t)->vm->vcpu[thread];
	const struct cpu_state *s = &v->hvm.state;
	const char *mode = !(s->cr0 & CR0_PE)                                    ? "real mode"
			   : s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L ? "64-bit"
			   : s->seg[SEG_CS].access & SEG_DB                      ? "32-bit"
										 : "16-bit";

	return fmt_string(buf, size, "CPU#%u [%s, %s, CPL %lu]", thread, activity_text(v), mode,
			  GET(SEG_DPL, s->seg[SEG_SS].access));
}

void debug_all_stale(struct debug *d)
{
	for (u32 i = 0; i < VM_VCPUS_MAX; i++)
		d->vcpu[i].is_stale = true;
}

static void hold(struct debug *d)
{
	vm_pause(d->vm);
	gpa_enter(d->vm);
	debug_over_end(d);
	gpa_enter(NULL);
	debug_events_settle(d);
	d->is_stopped = true;
}

static void let_go(struct debug *d)
{
	d->is_stopped = false;
	debug_all_stale(d);
	if (!d->vm || d->vm->state != VM_PAUSED)
		return;
	if (d->runs_time) {
		d->vm->stands_ns = NEVER;
		d->vm->paused_ns = vm_now_ns(d->vm);
	}
	vm_resume(d->vm);
}

static void resume(struct gdb_target *t, const u8 *how)
{
	struct debug *d = debug_of(t);

	if (d->is_dead) {
		d->is_dead = false; /* whoever asks debug_vm_is_kept() next lets it go */
		return;
	}
	for (u32 i = 0; i < d->vm->vcpu_count; i++) {
		d->vcpu[i].how = how[i];
		d->vcpu[i].is_woken = d->vm->vcpu[i]->is_waiting;
	}
	let_go(d);
}

/* Who is told of when all are stopped: the first that runs. */
static u32 foremost(const struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (!vm->vcpu[i]->is_waiting)
			return i;
	return 0;
}

static void stop(struct gdb_target *t)
{
	struct debug *d = debug_of(t);
	struct gdb_stop what = {.kind = GDB_STOP_ASKED};

	if (!d->vm)
		return;
	what.thread = foremost(d->vm);
	hold(d);
	gpa_enter(d->vm); /* as it was before stop() */
	(void)gdb_stopped(&d->gdb, &what);
}

static void forget(struct debug *d)
{
	if (d->vm)
		debug_over_end(d);
	debug_points_clear_all(d);
	memset(d->vcpu, 0, sizeof(d->vcpu));
	for (u32 i = 0; i < VM_VCPUS_MAX; i++)
		d->vcpu[i].how = GDB_RUN;
	d->is_dead = false;
	debug_all_stale(d);
}

static void end(struct gdb_target *t, enum gdb_end how)
{
	struct debug *d = debug_of(t);

	if (how != GDB_END_RESET)
		forget(d);
	if (!d->vm)
		return;
	if (how == GDB_END_KILL)
		vm_stop(d->vm, VM_END_KILLED);
	else if (how == GDB_END_RESET)
		vm_stop(d->vm, VM_END_RESET);
	d->is_dead = false;
	let_go(d);
}

bool debug_report(struct vcpu *v, u8 kind, u64 address)
{
	struct debug *d = v->vm->debug;
	struct gdb_stop what = {.kind = kind, .thread = v->index, .address = address};

	if (!gdb_stopped(&d->gdb, &what))
		return false;
	debug_over_end(d);
	debug_events_settle(d);
	d->is_stopped = true;
	return true;
}

err_t debug_create(bool waits, struct debug **out)
{
	struct debug *d;

	memory_lock_take();
	d = pool_alloc(memory_pool(), pool_pages(sizeof(*d)));
	memory_lock_drop();
	if (!d)
		return ERR_NOMEM;
	d->target = (struct gdb_target){
		.has_group = {[GDB_GROUP_CORE] = true,
			      [GDB_GROUP_SSE] = true,
			      [GDB_GROUP_SEGMENTS] = true,
			      [GDB_GROUP_SYSTEM] = true},
		.threads = threads,
		.thread_text = thread_text,
		.register_read = debug_register_read,
		.register_write = debug_register_write,
		.memory_read = debug_memory_read,
		.memory_write = debug_memory_write,
		.point_set = debug_point_set,
		.point_clear = debug_point_clear,
		.resume = resume,
		.stop = stop,
		.end = end,
		.command = debug_command,
	};
	d->waits = waits;
	gdb_init(&d->gdb, &d->target);
	forget(d);
	*out = d;
	return OK;
}

void debug_destroy(struct debug *d)
{
	memory_lock_take();
	pool_free(memory_pool(), d, pool_pages(sizeof(*d)));
	memory_lock_drop();
}

bool debug_vm_begins(struct debug *d, struct vm *vm)
{
	u64 xfeatures = vm->cpuid.xfeatures;

	vm->debug = d;
	d->vm = vm;
	d->target.has_group[GDB_GROUP_AVX] = xfeatures & XFEATURE_AVX;
	d->target.has_group[GDB_GROUP_AVX512] = (xfeatures & XFEATURE_AVX512) == XFEATURE_AVX512;
	debug_all_stale(d);
	/* A debugger that is there stays in charge through a reset. */
	d->is_stopped = d->gdb.is_open ? !d->gdb.is_running : d->waits;
	gpa_enter(vm);
	debug_points_plan(d);
	gpa_enter(NULL);
	return !d->is_stopped;
}

bool debug_vm_is_kept(struct debug *d)
{
	struct gdb_stop what = {.kind = GDB_STOP_FAULT};

	if (!d->vm || d->vm->end != VM_END_FAULT || !d->gdb.is_open)
		return false;
	if (!d->is_dead && d->gdb.is_running && !d->is_stopped) {
		run_evict(d->vm);
		what.thread = d->vm->fault_vcpu;
		gpa_enter(d->vm);
		d->is_dead = gdb_stopped(&d->gdb, &what);
		gpa_enter(NULL);
		d->is_stopped = d->is_dead;
	}
	return d->is_dead;
}

void debug_vm_ends(struct debug *d, bool is_restarted)
{
	struct gdb_stop what = {.kind = GDB_STOP_EXITED, .status = d->vm->exit_status};

	gpa_enter(d->vm);
	if (is_restarted)
		debug_points_lose(d);
	else
		debug_points_clear_all(d);
	gpa_enter(NULL);
	d->over.is_active = false;
	d->is_stopped = false;
	d->is_dead = false;
	d->vm = NULL;
	if (d->gdb.is_running && !is_restarted)
		(void)gdb_stopped(&d->gdb, &what);
}

bool debug_has_stopped(const struct debug *d)
{
	return d->is_stopped;
}

void debug_open(struct debug *d)
{
	struct gdb_stop first = {.kind = GDB_STOP_STEP};

	if (d->vm) {
		first.thread = foremost(d->vm);
		hold(d);
	}
	gdb_open(&d->gdb, &first);
}

bool debug_is_open(const struct debug *d)
{
	return d->gdb.is_open;
}

void debug_close(struct debug *d, bool pauses)
{
	if (!d->gdb.is_open)
		return;
	if (d->vm && !d->is_dead)
		hold(d);
	gdb_close(&d->gdb);
	gpa_enter(d->vm);
	forget(d);
	gpa_enter(NULL);
	if (!pauses || !d->vm)
		let_go(d);
}

bool debug_receive(struct debug *d, u8 byte)
{
	bool taken;

	run_put();
	gpa_enter(d->vm);
	taken = gdb_receive(&d->gdb, byte);
	gpa_enter(NULL);
	return taken;
}

bool debug_send(struct debug *d, u8 *byte)
{
	return gdb_send(&d->gdb, byte);
}
