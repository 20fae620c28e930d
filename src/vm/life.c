// SPDX-License-Identifier: Apache-2.0
// Making and unmaking VMs.
#include "vm/life.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/memory.h"
#include "vm/apicv.h"
#include "vm/board.h"
#include "vm/features.h"
#include "vm/gpa.h"
#include "vm/run.h"
#include "vm/vcpu.h"

/* At least the first MiB and room for the tables. */
#define VM_MEMORY_MIN (2 * MIB)

static u32 vm_pages(void)
{
	return pool_pages(sizeof(struct vm));
}

static void vm_fill_in(struct vm *vm, const struct vm_spec *spec)
{
	err_t cut = str_copy(vm->name, sizeof(vm->name), spec->name);

	(void)cut; /* a shortened name is still a name */
	vm->state = VM_PAUSED;
	vm->lock = LOCK_INIT(LOCK_VM);
	vm->fill_lock = LOCK_INIT(LOCK_FILL);
	vm->has_testdev = spec->has_testdev;
	vm->com_mask = spec->com_mask | 1;
	vm->on_output = spec->on_output;
	vm->owner = spec->owner;
	vm->numa = spec->numa;
	vm->schedule = spec->schedule;
	vm->hvm.traps_undefined = spec->has_testdev;
	vm->tsc_at_zero = clock_tsc();
	vm->paused_ns = 0;
	vm->stands_ns = 0;
}

static void vcpus_destroy(struct vm *vm)
{
	while (vm->vcpu_count)
		vcpu_destroy(vm->vcpu[--vm->vcpu_count]);
}

static err_t vcpus_create(struct vm *vm, u32 count)
{
	u32 used_before = pool_ring_used_count(memory_pool());

	for (u32 i = 0; i < count; i++) {
		err_t err = vcpu_create(vm, i, &vm->vcpu[i]);

		if (err) {
			vcpus_destroy(vm);
			return err;
		}
		vm->vcpu_count++;
	}
	vm->vcpu_pool_pages = pool_ring_used_count(memory_pool()) - used_before;
	return OK;
}

/* All that takes memory, which is locked. */
static err_t vm_make(const struct vm_spec *spec, struct vm **out)
{
	u32 used_before = pool_ring_used_count(memory_pool());
	struct vm *vm = pool_alloc(memory_pool(), vm_pages());
	err_t err;

	if (!vm)
		return ERR_NOMEM;
	vm_fill_in(vm, spec);
	err = gpa_init(vm, spec->memory_bytes);
	if (err)
		goto free_vm;
	err = hvm->vm_init(&vm->hvm, memory_pool_of(spec->numa.node[0].host_node));
	if (err)
		goto fini_gpa;
	err = apicv_vm_init(vm);
	if (err)
		goto fini_hvm;
	err = vm_features_init(vm, spec->vcpu_count);
	if (err)
		goto fini_hvm;
	err = vcpus_create(vm, spec->vcpu_count);
	if (err)
		goto fini_hvm;
	err = board_init(vm, spec->wall_seconds);
	if (err)
		goto destroy_vcpus;
	vm->pool_pages = pool_ring_used_count(memory_pool()) - used_before;
	*out = vm;
	return OK;

destroy_vcpus:
	vcpus_destroy(vm);
fini_hvm:
	hvm->vm_fini(&vm->hvm, memory_pool());
fini_gpa:
	gpa_fini(vm);
free_vm:
	pool_free(memory_pool(), vm, vm_pages());
	return err;
}

static void vm_unmake(struct vm *vm)
{
	board_fini(vm);
	vcpus_destroy(vm);
	gpa_fini(vm);
	hvm->vm_fini(&vm->hvm, memory_pool());
	pool_free(memory_pool(), vm, vm_pages());
}

err_t vm_create(const struct vm_spec *spec, struct vm **out)
{
	struct vm *vm = NULL;
	err_t err;

	if (!spec->vcpu_count || spec->vcpu_count > VM_VCPUS_MAX || spec->memory_bytes < VM_MEMORY_MIN)
		return ERR_RANGE;
	memory_lock_take();
	err = vm_make(spec, &vm);
	memory_lock_drop();
	if (err)
		return err;
	err = run_add(vm);
	if (err) {
		memory_lock_take();
		vm_unmake(vm);
		memory_lock_drop();
		return err;
	}
	vm_lock(vm);
	board_retime(vm);
	vm_unlock(vm);
	*out = vm;
	return OK;
}

void vm_destroy(struct vm *vm)
{
	run_evict(vm);
	run_remove(vm);
	memory_lock_take();
	vm_unmake(vm);
	memory_lock_drop();
}

/* Carry out the plan's copies; the VM's address space is loaded. */
static err_t copies_do(struct vm *vm, const struct load_plan *plan)
{
	for (u32 i = 0; i < plan->copy_count; i++) {
		const struct load_copy *copy = &plan->copies[i];
		u8 *to = gpa_pointer(vm, GPA(copy->to), copy->bytes);

		if (!to)
			return ERR_NOMEM;
		if (copy->source)
			memcpy(to, copy->source, copy->bytes);
		else
			memset(to, 0, copy->bytes);
	}
	return OK;
}

static err_t load(struct vm *vm, struct load_input *input, enum load_format format, struct load_plan *plan)
{
	err_t err = board_place_tables(vm, &input->rsdp_gpa);

	if (err) {
		(void)fmt_string(plan->message, sizeof(plan->message), "ACPI tables: %s", err_text(err));
		return err;
	}
	err = load_kernel(format, input, plan);
	if (err)
		return err;
	err = copies_do(vm, plan);
	if (err)
		(void)fmt_string(plan->message, sizeof(plan->message), "guest memory: %s", err_text(err));
	return err;
}

/* A plan is too large for the stack, and needed for a moment only. */
static struct load_plan *plan_create(void)
{
	struct load_plan *plan;

	memory_lock_take();
	plan = pool_alloc(memory_pool(), pool_pages(sizeof(*plan)));
	memory_lock_drop();
	return plan;
}

static void plan_destroy(struct load_plan *plan)
{
	memory_lock_take();
	pool_free(memory_pool(), plan, pool_pages(sizeof(*plan)));
	memory_lock_drop();
}

err_t vm_load(struct vm *vm, const struct load_input *files, enum load_format format, char *message)
{
	struct load_plan *plan = plan_create();
	struct load_input input = *files;
	err_t err;

	if (!plan) {
		(void)fmt_string(message, LOAD_MESSAGE_BYTES, "no memory for the plan of loading");
		return ERR_NOMEM;
	}
	input.low_ram_bytes = vm->low_bytes;
	input.high_ram_bytes = vm->high_bytes;
	gpa_enter(vm);
	err = load(vm, &input, format, plan);
	gpa_enter(NULL);
	if (err) {
		memcpy(message, plan->message, LOAD_MESSAGE_BYTES);
	} else {
		log_info("VM %s: %s", vm->name, plan->description);
		vm->vcpu[0]->hvm.state = plan->entry;
		vm->vcpu[0]->hvm.state.pat = cpu_state_reset.pat;
		hvm_mark_dirty(&vm->vcpu[0]->hvm, STATE_ALL);
		lapic_virtual_wire(&vm->vcpu[0]->lapic);
	}
	plan_destroy(plan);
	return err;
}
