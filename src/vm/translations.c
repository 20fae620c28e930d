// SPDX-License-Identifier: Apache-2.0
// Translations are dropped by the CPUs that hold the VM: each at a point where it is outside the guest.
//
// A CPU that loads the VM while this goes on needs no message. It says so in `loaded_on` first and loads the address
// space and the tables' root after that, which starts with nothing cached for the window (CR3 is written) and with the
// VM's new epoch (hvm/tags.h); the tables were changed before `loaded_on` was looked at here.
#include "vm/translations.h"

#include "base/cpu_set.h"
#include "host/cpu.h"
#include "host/ipi.h"
#include "vm/run.h"
#include "vm/vm.h"
#include "x86/insn.h"

static void drop_here(void *context)
{
	struct vm *vm = context;
	const struct vcpu *v = run_loaded(this_cpu()->index);

	if (v && v->vm == vm)
		hvm->vcpu_flush(&vm->vcpu[v->index]->hvm);
	write_cr3(read_cr3());
}

/* The CPUs that have one of its vcpus loaded, and this one, which may have its window. */
static struct cpu_set holders(const struct vm *vm)
{
	struct cpu_set cpus = {{0}};

	cpu_set_add(&cpus, this_cpu()->index);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		u32 on = __atomic_load_n(&vm->vcpu[i]->loaded_on, __ATOMIC_SEQ_CST);

		if (on)
			cpu_set_add(&cpus, on - 1);
	}
	return cpus;
}

/* Is any vcpu in its guest, or about to be, with what it knew before `epoch`? */
static bool is_any_behind(const struct vm *vm, u64 epoch)
{
	u32 cpu;

	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (tags_flush_needs_wait(&vm->vcpu[i]->hvm.tags, epoch, &cpu))
			return true;
	return false;
}

void translations_drop(struct vm *vm)
{
	u64 epoch;

	hvm->vm_flush(&vm->hvm);
	epoch = atomic_load(&vm->hvm.tags.epoch);
	do {
		struct cpu_set cpus = holders(vm);

		ipi_call_on(&cpus, drop_here, vm);
	} while (is_any_behind(vm, epoch));
}
