// SPDX-License-Identifier: Apache-2.0
// AVIC (APM 2, Advanced Virtual Interrupt Controller): no IPI is lost (ipi_machine.h).
#include "ipi_machine.h"

#include "hvm/svm/avic.c"
#include "hvm/svm/avic_table.c"

static struct tables apic_tables;

/* The guest's CPU looks at the page when it enters, and when the doorbell rings. */
static void notify(u32 cpu)
{
	if (cpu == m.cpu && m.is_guest)
		guest_takes_requested();
}

/* What exits does so with the VM locked. */
static bool sender_can(const struct sender *s, bool can_interrupt)
{
	(void)can_interrupt;
	return s->step != STEP_TELL || s->found & AVIC_ENTRY_RUNNING || !m.vm.lock.word.held;
}

static void sender_step(struct sender *s)
{
	switch (s->step) {
	case STEP_LOOK_UP:
		assert_true(apic_tables.physical[VCPU_ID] & AVIC_ENTRY_VALID);
		s->step = STEP_REQUEST;
		break;
	case STEP_REQUEST:
		m.page.word[LAPIC_PAGE_IRR / 4 + s->vector / 32 * 4] |= (u32)BIT(s->vector % 32);
		s->step = STEP_DECIDE;
		break;
	case STEP_DECIDE:
		s->found = apic_tables.physical[VCPU_ID];
		s->step = STEP_TELL;
		break;
	default:
		s->step = STEP_DONE;
		if (s->found & AVIC_ENTRY_RUNNING) {
			notify((u32)GET(AVIC_ENTRY_HOST_ID, s->found));
		} else {
			vm_lock(&m.vm);
			apicv_table_wake(&m.vm);
			vm_unlock(&m.vm);
		}
	}
}

static void guest_runs(struct vcpu *v)
{
	if (apicv_is_lent(v))
		guest_takes_requested();
	others(true);
}

static const struct hvm_ops ops = {
	.apic_mode_set = mode_set,
	.apic_vectors_set = vectors_set_nothing,
	.apic_level_set = level_set_nothing,
	.apic_accepts_set = svm_apic_accepts_set,
	.apic_slots_set = svm_apic_slots_set,
	.apic_running_set = svm_apic_running_set,
	.window = window_nothing,
	.inject = inject,
};
const struct hvm_ops *hvm = &ops;

static void start(void)
{
	memset(&apic_tables, 0, sizeof(apic_tables));
	offers = HVM_APIC_HAS_XAPIC | HVM_APIC_HAS_TABLES;
	apicv_has_tables = true;
	m.vm.hvm.apic_tables = &apic_tables;
	avic_entry_init(entry(&m.vcpu.hvm), HPA(0x1000));
	machine_lend(false, HVM_APIC_XAPIC);
}

int main(void)
{
	return machine_tests(true) + machine_tests(false);
}
