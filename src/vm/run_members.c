// SPDX-License-Identifier: Apache-2.0
// Who is run: VMs and their vcpus come and go, and vcpus move from one CPU to another.
#include "base/assert.h"
#include "host/ipi.h"
#include "host/memory.h"
#include "host/numa.h"
#include "host/smp.h"
#include "vm/apicv.h"
#include "vm/run_priv.h"
#include "vm/schedule.h"
#include "vm/vm.h"
#include "x86/insn.h"

struct vm *vms[VMS_MAX];

/* That CPU keeps its timers from now on. Who looks for the keeper (run_board_moved()) either finds this one, or moved
 * what it tells of before this one looks at it. */
static void list_add(struct run_cpu *r, struct vcpu *v)
{
	__atomic_store_n(&v->cpu, r->index, __ATOMIC_SEQ_CST);
	lock_take(&r->lock);
	v->next = r->first;
	r->first = v;
	lock_drop(&r->lock);
	if (apicv_has_ipis(v))
		apicv_move(v);
}

/* After this that CPU does not look at it any more. */
static void list_remove(struct run_cpu *r, struct vcpu *v)
{
	struct vcpu **at = &r->first;

	lock_take(&r->lock);
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	lock_drop(&r->lock);
}

void run_take_over(struct run_cpu *r, struct vcpu *v)
{
	if (v->cpu == r->index)
		return;
	list_remove(runs[v->cpu], v);
	list_add(r, v);
	v->moves++;
}

/* On one of `cpus`, by the scheduler's choice. */
static err_t vcpu_place(struct vcpu *v, const struct cpu_set *cpus)
{
	err_t err = schedule_add(v, cpus);

	if (!err)
		list_add(runs[v->entity.cpu], v);
	return err;
}

/* A CPU that chose it just now finds that its VM does not run, and lets go of it. */
static void vcpu_forget(struct vcpu *v)
{
	if (v->entity.state == SCHED_ABSENT)
		return;
	while (schedule_remove(v)) {
		run_request_work_of(v->entity.cpu);
		ipi_poll();
		pause();
	}
	list_remove(runs[v->cpu], v);
}

/* Those that a VM may use and the vcpu's node has; where there are none, all that the VM may use. */
static struct cpu_set cpus_of(const struct vnuma *numa, const struct cpu_set *wanted, u32 vcpu)
{
	u8 node = numa->node[vnuma_node_of_vcpu(numa, vcpu)].host_node;
	struct cpu_set there = {{0}};

	for (u32 i = 0; i < cpu_count; i++)
		if (host_numa_node_of(cpu_at[i]->apic_id) == node &&
		    (cpu_set_is_empty(wanted) || cpu_set_has(wanted, i)))
			cpu_set_add(&there, i);
	return cpu_set_is_empty(&there) ? *wanted : there;
}

static struct cpu_set cpus_of_vcpu(const struct vcpu *v)
{
	return cpus_of(&v->vm->numa, &v->vm->schedule.cpus, v->index);
}

err_t run_check(const char *name, u32 vcpu_count, const struct vnuma *numa, const struct sched_params *schedule)
{
	u32 pages = pool_pages(vcpu_count * sizeof(struct sched_entity));
	struct sched_entity *e;
	u32 count = 0;
	err_t err = OK;

	memory_lock_take();
	e = pool_alloc(memory_pool(), pages);
	memory_lock_drop();
	if (!e)
		return ERR_NOMEM;
	while (count < vcpu_count && !err) {
		struct cpu_set cpus = cpus_of(numa, &schedule->cpus, count);

		err = schedule_try(&e[count], name, count, schedule, &cpus);
		count += !err;
	}
	while (count)
		schedule_end_try(&e[--count]);
	memory_lock_take();
	pool_free(memory_pool(), e, pages);
	memory_lock_drop();
	return err;
}

err_t run_add(struct vm *vm)
{
	u32 slot = 0;
	err_t err = OK;

	while (slot < VMS_MAX && vms[slot])
		slot++;
	if (slot == VMS_MAX)
		return ERR_SPACE;
	vms[slot] = vm;
	vm->id = slot;
	for (u32 i = 0; i < vm->vcpu_count && !err; i++) {
		struct cpu_set cpus = cpus_of_vcpu(vm->vcpu[i]);

		err = vcpu_place(vm->vcpu[i], &cpus);
	}
	if (err)
		run_remove(vm);
	return err;
}

void run_remove(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_forget(vm->vcpu[i]);
	vms[vm->id] = NULL;
}

void run_move(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];
		struct cpu_set cpus = cpus_of_vcpu(v);
		struct cpu_set back = v->entity.allowed;

		if (!v->entity.is_movable && cpu_set_has(&cpus, v->cpu))
			continue;
		vcpu_forget(v);
		if (vcpu_place(v, &cpus)) { /* no room for its reservation: back to where it left some */
			err_t err = vcpu_place(v, &back);

			ASSERT(!err);
		}
	}
}

void run_start(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		run_request_work_of(vm->vcpu[i]->cpu); /* whose timers count again */
		run_request_choice(schedule_wake(vm->vcpu[i]));
	}
}
