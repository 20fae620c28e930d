// SPDX-License-Identifier: Apache-2.0
// A VM's clock, its end, and the record of a fault.
#include "vm/vm.h"

#include "host/clock.h"
#include "host/console.h"
#include "host/log.h"
#include "vm/run.h"
#include "x86/regs/control.h"

/* Two CPUs' clocks may differ by as much as could not be measured: devices must not see that. */
u64 vm_now_ns(struct vm *vm)
{
	u64 now = clock_tsc_to_ns(clock_tsc() - vm->tsc_at_zero);
	u64 last = __atomic_load_n(&vm->last_ns, __ATOMIC_RELAXED);

	/* The console may look after the UART of a VM that is paused. */
	if (__builtin_expect(now > vm->stands_ns, 0))
		return vm->stands_ns;
	if (__builtin_expect((s64)(now - last) < 0, 0))
		return last;
	__atomic_store_n(&vm->last_ns, now, __ATOMIC_RELAXED);
	return now;
}

void vm_unlock(struct vm *vm)
{
	bool is_earlier = board_next_event(&vm->board) < vm->event_ns;

	lock_drop(&vm->lock);
	if (__builtin_expect(is_earlier, 0))
		run_board_moved(vm);
}

/* From one state to another; false: it was not in the first. */
static bool state_change(struct vm *vm, enum vm_state from, enum vm_state to)
{
	u32 expected = from;

	return __atomic_compare_exchange_n(&vm->state, &expected, (u32)to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The CPUs that run its vcpus are to look at them. */
static void cpus_tell(const struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		run_request_work_of(vm->vcpu[i]->cpu);
}

void vm_pause(struct vm *vm)
{
	if (!state_change(vm, VM_RUNNING, VM_PAUSED))
		return;
	run_evict(vm);
	vm->paused_ns = vm_now_ns(vm);
	vm->stands_ns = vm->paused_ns;
}

void vm_start(struct vm *vm)
{
	vm->stands_ns = NEVER;
	if (state_change(vm, VM_PAUSED, VM_RUNNING))
		run_start(vm);
}

void vm_resume(struct vm *vm)
{
	u64 tsc_at_zero = clock_tsc() - clock_ns_to_tsc(vm->paused_ns);

	for (u32 i = 0; i < vm->vcpu_count; i++)
		hvm_tsc_offset_set(&vm->vcpu[i]->hvm, vm->vcpu[i]->hvm.tsc_offset + vm->tsc_at_zero - tsc_at_zero);
	vm->tsc_at_zero = tsc_at_zero;
	vm->stands_ns = NEVER;
	vm_lock(vm);
	vm->event_ns = 0; /* their TSC moved */
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vm->vcpu[i]->event_ns = 0;
	board_retime(vm);
	vm_unlock(vm);
	vm_start(vm);
}

static const char *const end_texts[] = {
	[VM_END_NONE] = "running",
	[VM_END_POWER_OFF] = "powered off",
	[VM_END_RESET] = "asked for a reset",
	[VM_END_TESTDEV] = "left by the test device",
	[VM_END_FAULT] = "stopped by a fault",
	[VM_END_KILLED] = "killed",
};

void vm_stop(struct vm *vm, enum vm_end end)
{
	if (!state_change(vm, VM_RUNNING, VM_STOPPED) && !state_change(vm, VM_PAUSED, VM_STOPPED))
		return;
	vm->end = end;
	log_info("VM %s: %s", vm->name, end_texts[end]);
	cpus_tell(vm);
	run_request_work_of(RUN_WORK_CPU);
}

const char *vm_end_text(enum vm_end end)
{
	return end_texts[end];
}

bool vm_is_halted_for_good(const struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *v = vm->vcpu[i];

		if (!v->is_waiting || vcpu_pending(v) & (PENDING_NMI | PENDING_INIT | PENDING_STARTUP))
			return false;
		if (v->hvm.state.activity == ACTIVITY_HLT && v->hvm.state.rflags & RFLAGS_IF)
			return false;
	}
	return !ioapic_has_nmi(&vm->board.ioapic);
}

static void segments_print(const struct cpu_state *s)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

	for (unsigned i = 0; i < SEG_COUNT; i++)
		console_print("  %-4s %04x base %016lx limit %08x access %05x\n", names[i], s->seg[i].selector,
			      s->seg[i].base, s->seg[i].limit, s->seg[i].access);
	console_print("  gdtr base %016lx limit %04x  idtr base %016lx limit %04x\n", s->gdtr_base, s->gdtr_limit,
		      s->idtr_base, s->idtr_limit);
}

static void registers_print(const struct cpu_state *s)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

	for (unsigned i = 0; i < GPR_COUNT; i++)
		console_print("  %-3s %016lx%s", names[i], s->gpr[i], i % 4 == 3 ? "\n" : "");
	console_print("  rip %016lx  rflags %08lx  blocking %x\n", s->rip, s->rflags, s->blocking);
	console_print("  cr0 %08lx  cr2 %016lx  cr3 %016lx  cr4 %08lx  efer %04lx\n", s->cr0, s->cr2, s->cr3, s->cr4,
		      s->efer);
}

void vm_fault(struct vcpu *v, const struct exit *x, const char *format, ...)
{
	struct vm *vm = v->vm;
	va_list args;

	if (vm->state == VM_STOPPED || __atomic_exchange_n(&vm->has_fault, true, __ATOMIC_SEQ_CST))
		return;
	va_start(args, format);
	fmt_string_args(vm->cause, sizeof(vm->cause), format, args);
	va_end(args);
	log_error("VM %s, vcpu %u: %s", vm->name, v->index, vm->cause);
	hvm_fetch(&v->hvm, STATE_ALL);
	registers_print(&v->hvm.state);
	segments_print(&v->hvm.state);
	console_print("  last exits:\n");
	exit_trace_print(v, EXIT_LAST_RECORDS, &console_sink);
	if (x && (x->kind == EXIT_ENTRY_FAILED || x->kind == EXIT_UNKNOWN))
		hvm->explain(&v->hvm, x, &console_sink);
	vm->fault_vcpu = v->index;
	vm_stop(vm, VM_END_FAULT);
}
