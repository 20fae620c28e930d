// SPDX-License-Identifier: Apache-2.0
// Several processors: INIT and SIPI, IPIs of every kind, shared memory, and extended state of each kept apart.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define IPI_VECTOR 0x70
#define ADDS 10000
#define STATE_ROUNDS 300

static volatile u32 started, ipis, nmis, sum, finished, broken;
static volatile bool go, leave;
static u8 areas[SMP_MAX][2][512] ALIGNED(64);

static u32 add(volatile u32 *at, u32 v)
{
	return __atomic_fetch_add(at, v, __ATOMIC_SEQ_CST);
}

static void on_ipi(struct trap_frame *f)
{
	(void)f;
	add(&ipis, 1);
	lapic_eoi();
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	add(&nmis, 1);
}

/* Each processor has its own pattern in XMM registers, exits many times, and looks whether it is still there. */
static void keep_state(unsigned index)
{
	write_cr0((read_cr0() | CR0_MP) & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR);
	for (unsigned round = 0; round < STATE_ROUNDS; round++) {
		memset(areas[index][0], 0, 512);
		store_u16(areas[index][0], 0x37f);
		store_u32(areas[index][0] + 24, 0x1f80);
		memset(areas[index][0] + 160, (int)(index * 50 + round), 256);
		__asm__ volatile("fxrstor64 %0" : : "m"(*areas[index][0]) : "memory");
		for (int i = 0; i < 10; i++) {
			cpuid(0);
			outb(0x80, 0);
		}
		__asm__ volatile("fxsave64 %0" : "=m"(*areas[index][1]) : : "memory");
		if (memcmp(areas[index][0] + 160, areas[index][1] + 160, 256) != 0)
			add(&broken, 1);
	}
}

static void other(unsigned index)
{
	add(&started, 1);
	while (!go)
		pause();
	for (int i = 0; i < ADDS; i++)
		add(&sum, 1);
	keep_state(index);
	add(&finished, 1);
	while (!leave)
		halt_until_irq();
}

static bool wait_for(volatile u32 *at, u32 wanted)
{
	for (long i = 0; i < 50000000 && *at < wanted; i++)
		pause();
	return *at >= wanted;
}

static void start_all(const u32 *ids, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		check(smp_start(ids[i], i, other), "processor with APIC ID %u starts", ids[i]);
	check_equal(started, count - 1, "processors that run");
}

static void work_together(unsigned count)
{
	go = true;
	for (int i = 0; i < ADDS; i++)
		add(&sum, 1);
	keep_state(0);
	check(wait_for(&finished, count - 1), "all processors finish");
	check_equal(sum, ADDS * count, "locked additions by all: the sum");
	check_equal(broken, 0, "XMM registers changed under a processor");
}

static void ipis_of_every_kind(const u32 *ids, unsigned count)
{
	u32 others = count - 1;

	ipis = 0;
	lapic_ipi(ids[1], IPI_VECTOR);
	check(wait_for(&ipis, 1), "IPI to one processor, asleep");
	ipis = 0;
	lapic_ipi(0, (u32)ICR_OTHERS | IPI_VECTOR);
	check(wait_for(&ipis, others), "IPI to all others");
	ipis = 0;
	irq_on();
	lapic_ipi(0, (u32)ICR_ALL | IPI_VECTOR);
	check(wait_for(&ipis, others + 1), "IPI to all, myself too");
	irq_off();
	ipis = 0;
	irq_on();
	lapic_ipi(0xff, IPI_VECTOR);
	check(wait_for(&ipis, others + 1), "IPI to destination 0xff, all");
	irq_off();
	ipis = 0;
	lapic_write(LAPIC_ICR_HIGH, 0x02000000);
	lapic_write(LAPIC_ICR_LOW, 0x800 | ICR_ASSERT | IPI_VECTOR); /* logical: nobody's bit 1 is set yet */
	for (int i = 0; i < 100000; i++)
		pause();
	check_equal(ipis, 0, "logical IPI to nobody");
}

/* Whom an IPI is for depends on registers that the receiver writes. */
static void ipis_by_registers(const u32 *ids)
{
	u32 own = lapic_read(LAPIC_ID);

	ipis = 0;
	lapic_write(LAPIC_SVR, SPURIOUS_VECTOR);
	irq_on();
	lapic_ipi(ids[0], IPI_VECTOR);
	for (int i = 0; i < 10000; i++)
		pause();
	irq_off();
	check_equal(ipis, 0, "IPI to myself, by id, while my local APIC is disabled");
	lapic_write(LAPIC_SVR, 0x100 | SPURIOUS_VECTOR);
	irq_on();
	lapic_ipi(ids[0], IPI_VECTOR);
	check(wait_for(&ipis, 1), "and enabled");
	irq_off();
	lapic_write(LAPIC_ID, ids[1] << 24);
	if (machine_is_tcg() || lapic_read(LAPIC_ID) != ids[1] << 24) {
		skip("the id of a local APIC cannot be written, or IPIs do not go by it");
		return;
	}
	ipis = 0;
	irq_on();
	lapic_ipi(ids[1], IPI_VECTOR);
	check(wait_for(&ipis, 2), "IPI to an id that two have");
	irq_off();
	lapic_write(LAPIC_ID, own);
}

void guest_main(void)
{
	u32 ids[SMP_MAX];
	unsigned count;

	pic_init();
	lapic_init();
	trap_set_handler(IPI_VECTOR, on_ipi);
	trap_set_handler(VECTOR_NMI, on_nmi);
	trap_set_stack(VECTOR_NMI, 0); /* the others have no task state segment */
	count = smp_find(ids);
	print("%u processors\n", count);
	check(count >= 1, "the MADT lists this processor");
	if (count == 1)
		return;
	start_all(ids, count);
	work_together(count);
	ipis_of_every_kind(ids, count);
	ipis_by_registers(ids);
	nmis = 0;
	lapic_ipi(0, (u32)ICR_OTHERS | ICR_NMI);
	check(wait_for(&nmis, count - 1), "NMI to all others");
	leave = true;
	lapic_ipi(0, (u32)ICR_OTHERS | IPI_VECTOR);
}
