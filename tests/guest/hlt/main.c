// SPDX-License-Identifier: Apache-2.0
// HLT sleeps until an interrupt, and execution goes on behind it; RFLAGS.IF alone decides what wakes.
#include "apic.h"
#include "check.h"
#include "trap.h"

#define TIMER_VECTOR 0x40
#define IPI_VECTOR 0x41

static volatile unsigned timer_count, ipi_count, nmi_count;
static volatile u64 interrupted_at;

static void on_timer(struct trap_frame *f)
{
	timer_count++;
	interrupted_at = f->rip;
	lapic_eoi();
}

static void on_ipi(struct trap_frame *f)
{
	ipi_count++;
	interrupted_at = f->rip;
	lapic_eoi();
}

static void on_nmi(struct trap_frame *f)
{
	nmi_count++;
	interrupted_at = f->rip;
}

static void wakes_by_timer(void)
{
	for (unsigned i = 1; i <= 5; i++) {
		lapic_write(LAPIC_TIMER_INITIAL, 100000);
		halt_until_irq();
		check_equal(timer_count, i, "HLT ended by the timer, round %u", i);
	}
}

/* An interrupt that is pending when STI;HLT begins is taken after HLT: the shadow of STI covers it. */
static void pending_interrupt_ends_hlt(void)
{
	u64 behind;

	lapic_self_ipi(IPI_VECTOR);
	check_equal(ipi_count, 0, "interrupt held back while IF is 0");
	__asm__ volatile("lea 1f(%%rip), %0; sti; hlt; 1: cli" : "=r"(behind) : : "memory");
	check_equal(ipi_count, 1, "STI;HLT takes the pending interrupt");
	check_equal(interrupted_at, behind, "it is taken behind HLT, not before it");
}

static void nmi_ends_hlt_without_if(void)
{
	/* The timer's handler cannot run (IF = 0); the NMI comes from ourselves, before HLT, so this must not sleep. */
	lapic_write(LAPIC_ICR_HIGH, lapic_read(LAPIC_ID) & 0xff000000);
	lapic_write(LAPIC_ICR_LOW, ICR_NMI | ICR_ASSERT);
	for (int i = 0; i < 100000 && !nmi_count; i++)
		pause();
	check_equal(nmi_count, 1, "NMI is taken with IF 0");
}

static void user_hlt(void)
{
	__asm__ volatile("hlt");
}

static void hlt_in_ring_0_only(void)
{
	check_equal(user_run(user_hlt), VECTOR_GP, "HLT in ring 3 is #GP");
	check_equal(trap_last.error, 0, "its error code");
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(TIMER_VECTOR, on_timer);
	trap_set_handler(IPI_VECTOR, on_ipi);
	trap_set_handler(VECTOR_NMI, on_nmi);
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR);
	wakes_by_timer();
	pending_interrupt_ends_hlt();
	nmi_ends_hlt_without_if();
	hlt_in_ring_0_only();
}
