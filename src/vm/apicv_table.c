// SPDX-License-Identifier: Apache-2.0
// Local APICs that processors work by tables (APM 2, Advanced Virtual Interrupt Controller).
#include "vm/apicv_table.h"

#include "vm/apicv.h"

bool apicv_has_tables __attribute__((section(".data.init_only")));

static bool all_fit(const struct vm *vm)
{
	if (vm->debug || lapic_extint_accepted(&vm->vcpu[0]->lapic))
		return false;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (!lapic_fits_tables(&vm->vcpu[i]->lapic))
			return false;
	return true;
}

static void slots_update(struct vm *vm)
{
	struct lapic_slots slots;

	lapic_slots_clear(&slots);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		lapic_slots_add(&slots, &vm->vcpu[i]->lapic);
	hvm->apic_slots_set(&vm->hvm, &slots);
}

/* Who runs with a software APIC would find the page in place of its registers. */
static bool others_wait(const struct vcpu *v)
{
	if (v->interrupted_before.is_valid) /* it may want a window yet */
		return false;
	for (u32 i = 0; i < v->vm->vcpu_count; i++) {
		const struct vcpu *other = v->vm->vcpu[i];

		if (other != v && (!other->is_waiting || other->interrupted_before.is_valid) && !apicv_is_lent(other))
			return false;
	}
	return true;
}

void apicv_table_begin(struct vcpu *v)
{
	struct vm *vm = v->vm;

	if (vm->has_apic_page || !lapic_takes_fixed(&v->lapic) || !all_fit(vm) || !others_wait(v) || apicv_page_map(vm))
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_kick(vm->vcpu[i], PENDING_APIC);
}

void apicv_table_update(struct vcpu *v)
{
	hvm->apic_accepts_set(&v->hvm, lapic_takes_fixed(&v->lapic));
	slots_update(v->vm);
	if (v->vm->has_apic_page && !all_fit(v->vm))
		apicv_page_remove(v->vm);
}

/* One that is not lent has it all in struct lapic: what a sender still found in the tables is brought there. */
static void wake(struct vcpu *v)
{
	if (!v->hvm.apic_page || __atomic_load_n(&v->hvm.apic_runs, __ATOMIC_SEQ_CST))
		return;
	if (apicv_is_lent(v)) {
		if (lapic_page_requested(v->hvm.apic_page))
			vcpu_kick(v, PENDING_POSTED);
	} else if (lapic_page_requests_take(&v->lapic, v->hvm.apic_page)) {
		vcpu_kick(v, PENDING_INTERRUPT);
	}
}

void apicv_table_wake(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		wake(vm->vcpu[i]);
}

void apicv_table_rests(struct vcpu *v)
{
	hvm->apic_running_set(&v->hvm, false);
	if (lapic_page_requested(v->hvm.apic_page))
		vcpu_pending_add(v, PENDING_POSTED);
}

bool apicv_table_unserve(struct vcpu *v, u8 vector)
{
	if (!apicv_has_tables || !apicv_is_lent(v))
		return false;
	lapic_page_unserve(v->hvm.apic_page, vector);
	return true;
}
