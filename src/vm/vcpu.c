// SPDX-License-Identifier: Apache-2.0
// A vcpu's life and signals (SDM 3A, Multiple-Processor Management; Processor State After INIT).
#include "vm/vcpu.h"

#include "base/mem.h"
#include "emul/fast_move.h"
#include "host/memory.h"
#include "vm/apicv.h"
#include "vm/board.h"
#include "vm/debug.h"
#include "vm/event.h"
#include "vm/guest_access.h"
#include "vm/run.h"
#include "x86/regs/control.h"

static u32 vcpu_pages(void)
{
	return pool_pages(sizeof(struct vcpu));
}

static void lapic_start(struct vcpu *v)
{
	const struct lapic_config config = {
		.apic_id = vnuma_apic_id(&v->vm->numa, v->index),
		.timer_hz = POLICY_CRYSTAL_HZ,
		.phys_bits = memory_host_caps()->pa_bits,
		.is_bsp = v->index == 0,
		.has_x2apic = true,
		.starts_x2apic = vnuma_has_wide_ids(&v->vm->numa),
		.has_tsc_deadline = true,
	};

	lapic_init(&v->lapic, &config);
}

err_t vcpu_create(struct vm *vm, u32 index, struct vcpu **out)
{
	struct pool *pool = memory_pool_of(vm->numa.node[vnuma_node_of_vcpu(&vm->numa, index)].host_node);
	struct vcpu *v = pool_alloc(pool, vcpu_pages());
	err_t err;

	if (!v)
		return ERR_NOMEM;
	v->vm = vm;
	v->index = index;
	v->hvm.vm = &vm->hvm;
	v->hvm.memory = &v->memory;
	v->hvm.insn_cache = &v->emul_cache;
	v->hvm.state = cpu_state_reset;
	v->hvm.tsc_offset = 0 - vm->tsc_at_zero;
	v->hvm.state.tsc_aux = 0;
	if (index) {
		v->hvm.state.activity = ACTIVITY_WAIT_SIPI;
		v->is_waiting = true;
	}
	exit_trace_init(&v->trace);
	guest_access_init(v);
	lapic_start(v);
	v->pending = apicv_first_pending();
	policy_msrs_reset(&v->msrs);
	v->hvm.apic_id = v->lapic.id;
	err = hvm->vcpu_init(&v->hvm, pool);
	if (err) {
		pool_free(memory_pool(), v, vcpu_pages());
		return err;
	}
	*out = v;
	return OK;
}

void vcpu_destroy(struct vcpu *v)
{
	hvm->vcpu_fini(&v->hvm, memory_pool());
	exit_trace_fini(&v->trace);
	pool_free(memory_pool(), v, vcpu_pages());
}

/*
 * Who finds the bits set already has nothing to tell: whoever set them did, or the vcpu's own CPU knows of them. Bits
 * that do not wake it are cleared when that is found out (event_wakes(), event_deliver()), with the VM locked.
 */
void vcpu_kick(struct vcpu *v, u32 pending)
{
	u32 old = __atomic_fetch_or(&v->pending, pending, __ATOMIC_SEQ_CST);

	if (pending & ~old)
		run_tell(v);
}

/* INIT leaves FPU, TSC, SYSENTER and other MSRs alone (SDM 3A, IA-32 and Intel 64 Processor States Following Power-up,
 * Reset, or INIT); CR0 keeps CD and NW. */
static void take_init(struct vcpu *v)
{
	struct cpu_state *s = &v->hvm.state;
	struct cpu_state old;

	hvm_fetch(&v->hvm, STATE_ALL);
	old = *s;
	*s = cpu_state_reset;
	s->cr0 = CR0_ET | (old.cr0 & (CR0_CD | CR0_NW));
	s->pat = old.pat;
	s->sysenter_cs = old.sysenter_cs;
	s->sysenter_esp = old.sysenter_esp;
	s->sysenter_eip = old.sysenter_eip;
	s->star = old.star;
	s->lstar = old.lstar;
	s->cstar = old.cstar;
	s->sfmask = old.sfmask;
	s->kernel_gs_base = old.kernel_gs_base;
	s->tsc_aux = old.tsc_aux;
	s->spec_ctrl = old.spec_ctrl;
	s->xcr0 = old.xcr0;
	s->xss = old.xss;
	s->activity = v->index ? ACTIVITY_WAIT_SIPI : ACTIVITY_ACTIVE;
	v->hvm.tpr_threshold = 0;
	hvm_mark_dirty(&v->hvm, STATE_ALL);
	hvm->vcpu_flush(&v->hvm);
	v->hvm.interrupted.is_valid = false;
	vm_lock(v->vm);
	apicv_borrow(v);
	lapic_init_signal(&v->lapic);
	apicv_return(v);
	vcpu_pending_clear(v, ~(u32)(PENDING_STARTUP | PENDING_FLUSH | PENDING_APIC));
	v->is_waiting = v->index != 0;
	vm_unlock(v->vm);
}

static void take_startup(struct vcpu *v)
{
	struct cpu_state *s = &v->hvm.state;

	s->seg[SEG_CS].selector = (u16)(v->startup_vector << 8);
	s->seg[SEG_CS].base = (u64)v->startup_vector << 12;
	s->rip = 0;
	s->activity = ACTIVITY_ACTIVE;
	hvm_mark_dirty(&v->hvm, STATE_SEGMENTS | STATE_RIP | STATE_BLOCKING);
	vm_lock(v->vm);
	v->is_waiting = false;
	vm_unlock(v->vm);
}

bool vcpu_take_signals(struct vcpu *v)
{
	if (vcpu_pending(v) & PENDING_INIT) {
		vcpu_pending_clear(v, PENDING_INIT);
		take_init(v);
	}
	if (vcpu_pending(v) & PENDING_STARTUP) {
		vcpu_pending_clear(v, PENDING_STARTUP);
		if (v->hvm.state.activity == ACTIVITY_WAIT_SIPI)
			take_startup(v);
	}
	return !v->is_waiting;
}

static bool is_woken(struct vcpu *v)
{
	bool wakes;

	vm_lock(v->vm);
	wakes = event_wakes(v);
	if (wakes && v->hvm.state.activity == ACTIVITY_HLT) {
		v->hvm.state.activity = ACTIVITY_ACTIVE;
		v->is_waiting = false;
	}
	vm_unlock(v->vm);
	return wakes;
}

bool vcpu_is_runnable(struct vcpu *v)
{
	if (!vm_is_running(v->vm) || (v->vm->debug && !debug_lets_run(v)))
		return false;
	return !v->is_waiting || (vcpu_pending(v) && is_woken(v));
}

bool vcpu_halt(struct vcpu *v)
{
	bool can_wake;

	/* What event_wakes() looks at while the vcpu is away. */
	hvm_fetch(&v->hvm, STATE_RFLAGS | STATE_BLOCKING);
	vm_lock(v->vm);
	v->hvm.state.activity = ACTIVITY_HLT;
	v->is_waiting = true;
	/* What the processor holds back for IF or a shadow has nothing pending here. */
	if (apicv_is_lent(v) && apicv_has_interrupt(v))
		vcpu_pending_add(v, PENDING_INTERRUPT);
	can_wake = !vm_is_halted_for_good(v->vm);
	vm_unlock(v->vm);
	return can_wake;
}

static enum exit_next emulation_stops(struct vcpu *v, const struct emul_result *r, enum emul_status status)
{
	char text[96];
	char bytes[3 * INSN_BYTES_MAX + 1] = "";

	emul_text(r, v->hvm.state.rip, text, sizeof(text));
	for (unsigned i = 0; i < r->insn_bytes; i++)
		fmt_string(bytes + 3 * i, sizeof(bytes) - 3 * i, " %02x", r->insn[i]);
	if (status == EMUL_FAILED)
		vm_fault(v, NULL, "emulation of \"%s\" failed: %s", text, err_text(r->err));
	else
		vm_fault(v, NULL, "instruction that ETERNA cannot emulate:%s (\"%s\", %u-bit code)", bytes, text,
			 r->code_bits);
	return NEXT_LEAVE;
}

void vcpu_raise_fault(struct vcpu *v, const struct emul_result *r)
{
	if (r->vector == VECTOR_PF)
		event_raise_page_fault(v, r->cr2, r->error_code);
	else if (r->vector == VECTOR_DB)
		event_raise_debug(v, DR6_BS);
	else if (r->has_error_code)
		event_raise_error(v, r->vector, r->error_code);
	else
		event_raise(v, r->vector);
}

static u32 changed_groups(const struct emul_result *r)
{
	return (r->changed & EMUL_CHANGED_SEGMENTS ? STATE_SEGMENTS : 0u) |
	       (r->changed & EMUL_CHANGED_CONTROL ? STATE_CONTROL : 0u) |
	       (r->changed & EMUL_CHANGED_DEBUG ? STATE_DEBUG | STATE_DR7 : 0u);
}

struct emul vcpu_emulator(struct vcpu *v)
{
	return (struct emul){
		.cpu = &v->hvm.state,
		.memory = &v->memory,
		.ports = &v->ports,
		.vectors = &v->vectors,
		.cache = &v->emul_cache,
		.limits = {.phys_bits = memory_host_caps()->pa_bits, .has_gib_pages = true},
	};
}

/* Nearly always it is a MOV to or from a register of a device, which needs little of the state. */
static enum emul_status try_fast_move(struct vcpu *v, struct emul *e, struct emul_result *r)
{
	const struct cpu_state *s = &v->hvm.state;

	hvm_fetch(&v->hvm, STATE_RIP | STATE_RSP | STATE_RFLAGS | STATE_CODE | STATE_CONTROL);
	if (!(s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L))
		hvm_fetch(&v->hvm, STATE_DATA);
	return emul_fast_move(e, r);
}

static enum emul_status emulate(struct vcpu *v, struct emul *e, struct emul_result *r)
{
	enum emul_status status;

	hvm_fetch(&v->hvm, STATE_RIP | STATE_RSP | STATE_RFLAGS | STATE_SEGMENTS | STATE_CONTROL);
	/* What touches device memory is no MOV to a debug register; what comes by the forced-emulation prefix may be.
	 */
	if (!e->hint.is_valid)
		hvm_fetch(&v->hvm, STATE_DEBUG | STATE_DR7);
	status = emul_step(e, r);
	hvm_mark_dirty(&v->hvm, STATE_RFLAGS | changed_groups(r));
	return status;
}

enum exit_next vcpu_emulate(struct vcpu *v, const struct emul_hint *hint)
{
	struct emul e = vcpu_emulator(v);
	enum emul_status status = EMUL_UNSUPPORTED;
	struct emul_result r;

	if (hint) {
		e.hint = *hint;
		status = try_fast_move(v, &e, &r);
	}
	if (status == EMUL_UNSUPPORTED)
		status = emulate(v, &e, &r);
	hvm_mark_dirty(&v->hvm, STATE_RSP);
	switch (status) {
	case EMUL_DONE:
		/* By what it wrote; one that another CPU has paused carries it out once all the same. */
		if (vm_is_stopped(v->vm))
			return NEXT_LEAVE;
		vcpu_advance(v, r.insn_bytes);
		if (r.blocking) {
			hvm_fetch(&v->hvm, STATE_BLOCKING);
			v->hvm.state.blocking |= r.blocking;
			hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
		}
		return NEXT_RESUME;
	case EMUL_JUMPED:
		hvm_mark_dirty(&v->hvm, STATE_RIP);
		return NEXT_RESUME;
	case EMUL_AGAIN:
		return NEXT_RESUME;
	case EMUL_FAULT:
		vcpu_raise_fault(v, &r);
		return NEXT_RESUME;
	default:
		return emulation_stops(v, &r, status);
	}
}
