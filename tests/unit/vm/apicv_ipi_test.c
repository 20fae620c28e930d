// SPDX-License-Identifier: Apache-2.0
// Posted interrupts, with IPI virtualization and without (SDM 3C, Posted-Interrupt Processing; IPI Virtualization): no
// IPI is lost (ipi_machine.h).
#include "ipi_machine.h"

#define ENTRY 0x1000u

static u64 ipi_table[HVM_IPI_IDS];
static void (*handlers[256])(void);

void trap_set_handler(u8 vector, void (*handler)(void))
{
	handlers[vector] = handler;
}

void apic_eoi(void)
{
}

static void processor_takes_posted(void)
{
	struct hvm_posted *p = &m.vcpu.hvm.posted;

	p->control &= ~HVM_POSTED_OUTSTANDING;
	for (u32 i = 0; i < 256; i++)
		if (p->requests[i / 64] >> i % 64 & 1)
			m.got[i] = true;
	memset(p->requests, 0, sizeof(p->requests));
}

static void interrupt(u32 cpu, u8 vector)
{
	u32 before = m.cpu;

	if (cpu == before && m.is_guest && vector == HOST_VECTOR_POSTED) {
		processor_takes_posted();
		return;
	}
	cpu_become(cpu);
	handlers[vector]();
	cpu_become(before);
}

static void notify(u32 cpu)
{
	interrupt(cpu, HOST_VECTOR_POSTED);
}

static bool sender_can(const struct sender *s, bool can_interrupt)
{
	return s->step != STEP_TELL || can_interrupt || GET(HVM_POSTED_DESTINATION, s->found) != m.cpu;
}

/* It exits where it does not find the vcpu: then board_deliver() does all of it. */
static void sender_step(struct sender *s)
{
	struct hvm_posted *p = &m.vcpu.hvm.posted;

	switch (s->step) {
	case STEP_LOOK_UP:
		m.got[s->vector] = !ipi_table[VCPU_ID];
		s->step = m.got[s->vector] ? STEP_DONE : STEP_REQUEST;
		break;
	case STEP_REQUEST:
		p->requests[s->vector / 64] |= BIT(s->vector % 64);
		s->step = STEP_DECIDE;
		break;
	case STEP_DECIDE:
		s->found = p->control;
		p->control |= HVM_POSTED_OUTSTANDING;
		s->step = s->found & HVM_POSTED_OUTSTANDING ? STEP_DONE : STEP_TELL;
		break;
	default:
		s->step = STEP_DONE;
		interrupt((u32)GET(HVM_POSTED_DESTINATION, s->found), (u8)GET(HVM_POSTED_VECTOR, s->found));
	}
}

static void guest_runs(struct vcpu *v)
{
	others(true);
	if (apicv_is_lent(v))
		guest_takes_requested();
}

static const struct hvm_ops ops = {
	.apic_mode_set = mode_set,
	.apic_vectors_set = vectors_set_nothing,
	.apic_level_set = level_set_nothing,
	.window = window_nothing,
	.inject = inject,
};
const struct hvm_ops *hvm = &ops;

static void start(void)
{
	memset(ipi_table, 0, sizeof(ipi_table));
	offers = HVM_APIC_HAS_X2APIC | HVM_APIC_HAS_POSTED | (processors_send ? HVM_APIC_HAS_IPI : 0);
	m.vm.hvm.ipi_table = processors_send ? ipi_table : NULL;
	m.vcpu.hvm.ipi_entry = ENTRY;
	apicv_vectors_init();
	machine_lend(true, HVM_APIC_X2APIC);
}

int main(void)
{
	return machine_tests(true) + machine_tests(false);
}
