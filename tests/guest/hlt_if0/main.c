// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile: HLT with interrupts off. Interrupts do not end it, an NMI does (SDM 2, HLT). With one processor nobody can
 * send that NMI: the guest sleeps for good, and nothing else must suffer.
 */
#include "apic.h"
#include "check.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define IPI_VECTOR 0x70

static volatile bool asleep, awake;
static volatile unsigned nmis, ipis;

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmis++;
}

static void on_ipi(struct trap_frame *f)
{
	(void)f;
	ipis++;
	lapic_eoi();
}

static void sleeper(unsigned index)
{
	(void)index;
	asleep = true;
	__asm__ volatile("cli; hlt" : : : "memory");
	awake = true;
	irq_window();
}

static bool wait_for(volatile bool *flag, long turns)
{
	for (long i = 0; i < turns && !*flag; i++)
		pause();
	return *flag;
}

void guest_main(void)
{
	u32 ids[SMP_MAX];
	static volatile bool never;

	lapic_init();
	trap_set_handler(VECTOR_NMI, on_nmi);
	trap_set_handler(IPI_VECTOR, on_ipi);
	trap_set_stack(VECTOR_NMI, 0); /* the other processor has no task state segment */
	if (smp_find(ids) < 2) {
		print("HLT with interrupts off now\n");
		print_drain();
		__asm__ volatile("cli; hlt");
		check(false, "HLT with interrupts off ended");
		return;
	}
	check(smp_start(ids[1], 1, sleeper) && wait_for(&asleep, 10000000), "the other processor goes to sleep");
	wait_for(&never, 100000);
	lapic_ipi(ids[1], IPI_VECTOR);
	check(!wait_for(&awake, 300000), "an interrupt does not wake it");
	lapic_ipi(ids[1], ICR_NMI);
	check(wait_for(&awake, 10000000), "an NMI does");
	check_equal(nmis, 1, "NMIs it took");
	for (long i = 0; i < 10000000 && !ipis; i++)
		pause();
	check_equal(ipis, 1, "the interrupt is taken when IF is set");
}
