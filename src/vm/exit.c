// SPDX-License-Identifier: Apache-2.0
// The table of exits, and the handlers that are a line or two.
#include "host/cpu.h"
#include "host/panic.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/run.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* The backend has done it all; an NMI was the host's, whose handler has run. */
static enum exit_next exit_nothing(struct vcpu *v, const struct exit *x)
{
	(void)v;
	(void)x;
	return NEXT_RESUME;
}

static enum exit_next exit_interrupt(struct vcpu *v, const struct exit *x)
{
	(void)v;
	(void)x;
	interrupt_window();
	return NEXT_RESUME;
}

/* The time that the vcpu was given is over: the host loop decides. */
static enum exit_next exit_timer(struct vcpu *v, const struct exit *x)
{
	(void)v;
	(void)x;
	interrupt_window();
	run_request_work();
	return NEXT_LEAVE;
}

static enum exit_next exit_triple_fault(struct vcpu *v, const struct exit *x)
{
	vm_fault(v, x, "triple fault");
	return NEXT_LEAVE;
}

/* event_deliver() runs before each entry anyway: the exit only had to happen. */
static enum exit_next exit_window(struct vcpu *v, const struct exit *x)
{
	(void)x;
	vcpu_pending_add(v, PENDING_INTERRUPTED);
	return NEXT_RESUME;
}

/* CR8 no longer holds back what the local APIC has. */
static enum exit_next exit_tpr_threshold(struct vcpu *v, const struct exit *x)
{
	(void)x;
	vcpu_pending_add(v, PENDING_INTERRUPT);
	return NEXT_RESUME;
}

static enum exit_next exit_hlt(struct vcpu *v, const struct exit *x)
{
	vcpu_advance(v, x->insn_len);
	if (!vcpu_halt(v))
		vm_fault(v, x, "every vcpu is halted with interrupts off: nothing can wake it");
	return NEXT_LEAVE;
}

/* The guest's caches are the machine's and coherent; writing them back for it is harmless, dropping them is not. */
static enum exit_next exit_cache(struct vcpu *v, const struct exit *x)
{
	(void)v;
	(void)x;
	return NEXT_ADVANCE;
}

static enum exit_next exit_undefined(struct vcpu *v, const struct exit *x)
{
	(void)x;
	event_raise(v, VECTOR_UD);
	return NEXT_RESUME;
}

/* No performance counters: CPUID leaf 0xA says so. */
static enum exit_next exit_rdpmc(struct vcpu *v, const struct exit *x)
{
	(void)x;
	event_raise_error(v, VECTOR_GP, 0);
	return NEXT_RESUME;
}

/* It spins, most likely on a lock whose holder does not run: let another vcpu have the CPU. */
static enum exit_next exit_pause(struct vcpu *v, const struct exit *x)
{
	(void)v;
	(void)x;
	run_yield();
	return NEXT_ADVANCE;
}

static enum exit_next exit_machine_check(struct vcpu *v, const struct exit *x)
{
	(void)x;
	panic("machine check while VM %s ran", v->vm->name);
}

static enum exit_next exit_entry_failed(struct vcpu *v, const struct exit *x)
{
	vm_fault(v, x, "%s refused to enter the guest", hvm->name);
	return NEXT_LEAVE;
}

static enum exit_next exit_unexpected(struct vcpu *v, const struct exit *x)
{
	vm_fault(v, x, "exit that ETERNA has no handler for: %s (reason %u)", exit_kind_name(x->kind), x->reason);
	return NEXT_LEAVE;
}

static enum exit_next (*const handlers[EXIT_KINDS])(struct vcpu *v, const struct exit *x) = {
	[EXIT_NONE] = exit_nothing,
	[EXIT_UNKNOWN] = exit_unexpected,
	[EXIT_EXCEPTION] = exit_exception,
	[EXIT_NMI] = exit_nothing,
	[EXIT_INTERRUPT] = exit_interrupt,
	[EXIT_INJECTED] = exit_interrupt,
	[EXIT_TRIPLE_FAULT] = exit_triple_fault,
	[EXIT_INIT] = exit_unexpected,
	[EXIT_SIPI] = exit_unexpected,
	[EXIT_INTERRUPT_WINDOW] = exit_window,
	[EXIT_NMI_WINDOW] = exit_window,
	[EXIT_TASK_SWITCH] = exit_task_switch,
	[EXIT_CPUID] = exit_cpuid,
	[EXIT_HLT] = exit_hlt,
	[EXIT_CACHE] = exit_cache,
	[EXIT_INVLPG] = exit_unexpected,
	[EXIT_RDPMC] = exit_rdpmc,
	[EXIT_RDTSC] = exit_unexpected,
	[EXIT_HYPERCALL] = exit_hypercall,
	[EXIT_UNDEFINED] = exit_undefined,
	[EXIT_CR] = exit_cr,
	[EXIT_DR] = exit_dr,
	[EXIT_IO] = exit_io,
	[EXIT_RDMSR] = exit_rdmsr,
	[EXIT_WRMSR] = exit_wrmsr,
	[EXIT_ENTRY_FAILED] = exit_entry_failed,
	[EXIT_PAUSE] = exit_pause,
	[EXIT_MACHINE_CHECK] = exit_machine_check,
	[EXIT_TPR_THRESHOLD] = exit_tpr_threshold,
	[EXIT_APIC_WRITE] = exit_apic_write,
	[EXIT_APIC_ACCESS] = exit_apic_access,
	[EXIT_IPI] = exit_ipi,
	[EXIT_VIRTUAL_EOI] = exit_virtual_eoi,
	[EXIT_MEMORY] = exit_memory,
	[EXIT_MEMORY_BAD_ENTRY] = exit_memory_bad_entry,
	[EXIT_TIMER] = exit_timer,
	[EXIT_XSETBV] = exit_xsetbv,
	[EXIT_STEP] = exit_step,
	[EXIT_EMULATE] = exit_emulate,
};

static inline void record_add(struct vcpu *v, const struct exit *x, u32 kind)
{
	struct exit_record *r = &v->trace.ring[v->trace.next++ & v->trace.mask];

	r->rip = v->hvm.state.rip;
	r->detail = x->detail;
	r->rax = (u32)v->hvm.state.gpr[GPR_RAX];
	r->rcx = (u32)v->hvm.state.gpr[GPR_RCX];
	r->kind = (u16)kind;
}

enum exit_next exit_handle(struct vcpu *v, const struct exit *x)
{
	u32 kind = x->kind; /* read once: for all the compiler knows, the stores below change it */

	v->exits[kind]++;
	record_add(v, x, kind);
	return handlers[kind](v, x);
}
