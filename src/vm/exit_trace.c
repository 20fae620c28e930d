// SPDX-License-Identifier: Apache-2.0
// Tracing a VM's exits, on and off.
#include "vm/exit_trace.h"

#include "base/mem.h"
#include "host/clock.h"
#include "host/memory.h"
#include "vm/vm.h"

static u32 costs_pages(void)
{
	return pool_pages(sizeof(struct exit_costs));
}

void exit_trace_init(struct exit_trace *t)
{
	memset(t, 0, sizeof(*t));
	t->ring = t->last;
	t->mask = EXIT_LAST_RECORDS - 1;
}

void exit_trace_fini(struct exit_trace *t)
{
	if (t->costs)
		pool_free(memory_pool(), t->costs, costs_pages());
	exit_trace_init(t);
}

static err_t trace_begin(struct vcpu *v)
{
	struct exit_trace *t = &v->trace;
	const struct vnuma *numa = &v->vm->numa;
	struct pool *pool = memory_pool_of(numa->node[vnuma_node_of_vcpu(numa, v->index)].host_node);
	struct exit_costs *costs = pool_alloc(pool, costs_pages());

	if (!costs)
		return ERR_NOMEM;
	exit_trace_init(t);
	t->costs = costs;
	t->ring = costs->ring;
	t->mask = EXIT_TRACE_RECORDS - 1;
	return OK;
}

static void all_end(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		exit_trace_fini(&vm->vcpu[i]->trace);
}

static err_t all_begin(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		err_t err = trace_begin(vm->vcpu[i]);

		if (err) {
			all_end(vm);
			return err;
		}
	}
	return OK;
}

err_t exit_trace_switch(struct vm *vm, bool is_on)
{
	u32 pages = costs_pages() * vm->vcpu_count;
	bool was_running = vm_is_running(vm);
	err_t err = OK;

	if (is_on == exit_trace_is_on(vm))
		return OK;
	vm_pause(vm);
	memory_lock_take();
	if (is_on)
		err = all_begin(vm);
	else
		all_end(vm);
	memory_lock_drop();
	if (!err) {
		vm->pool_pages += is_on ? pages : 0 - pages;
		vm->vcpu_pool_pages += is_on ? pages : 0 - pages;
	}
	if (was_running && vm->state == VM_PAUSED)
		vm_resume(vm);
	return err;
}

bool exit_trace_is_on(const struct vm *vm)
{
	return vm->vcpu[0]->trace.costs;
}

void exit_trace_note(struct vcpu *v, const struct exit *x, u64 began_tsc)
{
	struct exit_trace *t = &v->trace;
	struct exit_record *r = &t->ring[(t->next - 1) & t->mask];
	u64 cost = clock_tsc() - began_tsc;

	r->reason = (u16)x->reason;
	r->cost = (u32)MIN(cost, 0xffffffffull);
	histogram_add(&t->costs->kind[r->kind], cost);
}
