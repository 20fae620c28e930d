// SPDX-License-Identifier: Apache-2.0
// APIC ids of more than 8 bits: what CPUID and the local APIC say of them, processors that have one started, IPIs and
// NMIs to and from them, and interrupts of the I/O APIC by the extended destination id.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define PING_VECTOR 0x70
#define PONG_VECTOR 0x71
#define LINE_VECTOR 0x72
#define ICR_LOGICAL 0x800
#define X2APIC_ALL 0xffffffffu
#define PATIENCE 50000000

/* pc-testdev: a byte to port 0x2000 + n sets the level of GSI n. */
#define GSI_PORT 0x2000
#define EDGE_GSI 20
#define LEVEL_GSI 21

#define KVM_SIGNATURE_LEAF 0x40000100
#define KVM_EXTENDED_DESTINATION BIT(15)

static u32 ids[SMP_MAX];
static unsigned count;
static volatile u32 pings[SMP_MAX], pongs[SMP_MAX], nmis[SMP_MAX], lines[SMP_MAX], starts[SMP_MAX];
static volatile bool answers_logically;

static void eoi(void)
{
	wrmsr(MSR_X2APIC(LAPIC_EOI), 0);
}

static unsigned myself(void)
{
	u32 id = lapic_id();

	for (unsigned i = 0; i < count; i++)
		if (ids[i] == id)
			return i;
	return 0;
}

static void add(volatile u32 *at)
{
	__atomic_fetch_add(at, 1, __ATOMIC_SEQ_CST);
}

/* SDM 3A, Deriving Logical x2APIC ID from the Local x2APIC ID. */
static u32 logical_of(u32 id)
{
	return id >> 4 << 16 | 1u << (id & 15);
}

static void on_ping(struct trap_frame *f)
{
	(void)f;
	add(&pings[myself()]);
	eoi();
	if (answers_logically)
		lapic_ipi(logical_of(ids[0]), ICR_LOGICAL | PONG_VECTOR);
	else
		lapic_ipi(ids[0], PONG_VECTOR);
}

static void on_pong(struct trap_frame *f)
{
	(void)f;
	add(&pongs[myself()]);
	eoi();
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	add(&nmis[myself()]);
}

static void on_line(struct trap_frame *f)
{
	(void)f;
	add(&lines[myself()]);
	outb(GSI_PORT + LEVEL_GSI, 0);
	eoi();
}

static void other(unsigned index)
{
	add(&starts[index]);
	for (;;)
		halt_until_irq();
}

/* Interrupts are on meanwhile: the others answer. */
static bool wait_for(volatile u32 *at, u32 wanted)
{
	irq_on();
	for (long i = 0; i < PATIENCE && *at < wanted; i++)
		pause();
	irq_off();
	return *at >= wanted;
}

/* Time for what should not come. */
static void wait_a_little(void)
{
	irq_on();
	for (long i = 0; i < 100000; i++)
		pause();
	irq_off();
}

static void counts_clear(void)
{
	memset((void *)pings, 0, sizeof(pings));
	memset((void *)pongs, 0, sizeof(pongs));
	memset((void *)nmis, 0, sizeof(nmis));
	memset((void *)lines, 0, sizeof(lines));
}

/* Has nobody but processor `index` (count: all of them but the first) counted something there? */
static bool is_alone(const volatile u32 *at, unsigned index)
{
	for (unsigned i = 0; i < count; i++)
		if (i != index && at[i])
			return false;
	return true;
}

static void identity(unsigned index)
{
	struct cpuid package = cpuid_count(0xb, 1);
	u32 id = ids[index];

	check_equal(lapic_id(), id, "processor %u: the ID register", index);
	check_equal(rdmsr(MSR_X2APIC(LAPIC_LDR)), logical_of(id), "processor %u: the logical id", index);
	check_equal(cpuid(1).ebx >> 24, id & 0xff, "processor %u: the initial id of leaf 1 has the low 8 bits", index);
	if (cpuid(0).eax < 0xb)
		return;
	check_equal(package.edx, id, "processor %u: leaf 0xb has all of it", index);
	check_equal(package.ebx & 0xffff, count, "processor %u: processors of the package", index);
	for (unsigned i = 0; i < count; i++)
		check_equal(ids[i] >> (package.eax & 31), id >> (package.eax & 31), "package of %u and %u", index, i);
}

static volatile u32 identified;

static void other_first(unsigned index)
{
	identity(index);
	add(&identified);
	other(index);
}

static void hypervisor_says(void)
{
	struct cpuid kvm = cpuid(KVM_SIGNATURE_LEAF);
	char name[13] = "";

	store_u32(name, kvm.ebx);
	store_u32(name + 4, kvm.ecx);
	store_u32(name + 8, kvm.edx);
	check(!memcmp(name, "KVMKVMKVM\0\0\0", 12), "the signature that Linux looks for: \"%s\"", name);
	check_equal(cpuid(KVM_SIGNATURE_LEAF + 1).eax, KVM_EXTENDED_DESTINATION, "of its features extended ids alone");
}

/* One after another, as each prints. */
static void start_all(void)
{
	for (unsigned i = 1; i < count; i++) {
		check(smp_start(ids[i], i, other_first), "processor with APIC ID %u starts", ids[i]);
		check(wait_for(&identified, i), "processor %u has looked at itself", i);
	}
}

static void ping(unsigned i, u32 destination, u32 mode, const char *what)
{
	counts_clear();
	answers_logically = mode;
	lapic_ipi(destination, mode | PING_VECTOR);
	check(wait_for(&pongs[0], 1), "%s IPI to %u, and its answer", what, ids[i]);
	check_equal(pings[i], 1, "IPIs that %u got", ids[i]);
	check(is_alone(pings, i) && is_alone(pongs, 0), "nobody else got one");
}

static void ipis(void)
{
	for (unsigned i = 1; i < count; i++) {
		ping(i, ids[i], 0, "a physical");
		ping(i, logical_of(ids[i]), ICR_LOGICAL, "a logical");
	}
	counts_clear();
	answers_logically = false;
	lapic_ipi(0, (u32)ICR_OTHERS | PING_VECTOR);
	for (unsigned i = 1; i < count; i++)
		check(wait_for(&pings[i], 1), "an IPI to all others reaches %u", ids[i]);
	check(wait_for(&pongs[0], 1) && !pings[0], "and they answer"); /* those that come together are one */
	counts_clear();
	lapic_ipi(X2APIC_ALL, PONG_VECTOR);
	for (unsigned i = 0; i < count; i++)
		check(wait_for(&pongs[i], 1), "an IPI to all reaches %u", ids[i]);
	counts_clear();
	lapic_ipi(0x7f00 | ids[0], PONG_VECTOR);
	wait_a_little();
	check(is_alone(pongs, count), "an id that nobody has reaches nobody, though its low 8 bits are mine");
}

/* Of each cluster of 16 ids all at once. */
static void clusters(void)
{
	for (unsigned i = 1; i < count; i++) {
		u32 members = 0;

		counts_clear();
		lapic_ipi(logical_of(ids[i]) | 0xffff, ICR_LOGICAL | PONG_VECTOR);
		for (unsigned j = 0; j < count; j++)
			if (ids[j] >> 4 == ids[i] >> 4 &&
			    check(wait_for(&pongs[j], 1), "%u's cluster has %u", ids[i], ids[j]))
				members++;
		wait_a_little();
		for (unsigned j = 0; j < count; j++)
			members -= pongs[j];
		check_equal(members, 0, "IPIs beside the cluster of %u", ids[i]);
	}
}

static void nmis_and_restarts(void)
{
	for (unsigned i = 1; i < count; i++) {
		counts_clear();
		lapic_ipi(ids[i], ICR_NMI);
		check(wait_for(&nmis[i], 1) && is_alone(nmis, i), "an NMI to %u", ids[i]);
		check(smp_start(ids[i], i, other) && wait_for(&starts[i], 2), "%u starts again after INIT", ids[i]);
		ping(i, ids[i], 0, "a physical");
	}
}

static void route(unsigned gsi, u32 id, u32 low)
{
	ioapic_write(0x10 + 2 * gsi, (u32)IOAPIC_MASKED);
	ioapic_write(0x11 + 2 * gsi, (id & 0xff) << 24 | id >> 8 << 17);
	ioapic_write(0x10 + 2 * gsi, low);
}

static void line_interrupts(void)
{
	for (unsigned i = 0; i < count; i++) {
		counts_clear();
		route(EDGE_GSI, ids[i], LINE_VECTOR);
		check_equal(ioapic_read(0x11 + 2 * EDGE_GSI), (ids[i] & 0xff) << 24 | ids[i] >> 8 << 17, "the entry");
		outb(GSI_PORT + EDGE_GSI, 1);
		outb(GSI_PORT + EDGE_GSI, 0);
		check(wait_for(&lines[i], 1) && is_alone(lines, i), "I/O APIC: an edge to %u", ids[i]);
		route(EDGE_GSI, ids[i], (u32)IOAPIC_MASKED);
		counts_clear();
		route(LEVEL_GSI, ids[i], (u32)IOAPIC_LEVEL | LINE_VECTOR);
		outb(GSI_PORT + LEVEL_GSI, 1);
		check(wait_for(&lines[i], 1) && is_alone(lines, i), "I/O APIC: a level to %u", ids[i]);
		wait_a_little();
		check_equal(lines[i], 1, "and it comes once");
		check(!(ioapic_entry(LEVEL_GSI) & IOAPIC_REMOTE_IRR), "the EOI of %u ends it", ids[i]);
		route(LEVEL_GSI, ids[i], (u32)IOAPIC_MASKED);
		counts_clear();
		if (i) {
			route(EDGE_GSI, ids[i], ICR_NMI);
			outb(GSI_PORT + EDGE_GSI, 1);
			outb(GSI_PORT + EDGE_GSI, 0);
			check(wait_for(&nmis[i], 1) && is_alone(nmis, i), "I/O APIC: an NMI to %u", ids[i]);
			route(EDGE_GSI, ids[i], (u32)IOAPIC_MASKED);
		}
	}
}

void guest_main(void)
{
	bool has_wide = false;

	pic_init();
	lapic_init();
	if (!check(lapic_is_x2apic(), "firmware has entered x2APIC mode"))
		return;
	trap_set_handler(PING_VECTOR, on_ping);
	trap_set_handler(PONG_VECTOR, on_pong);
	trap_set_handler(LINE_VECTOR, on_line);
	trap_set_handler(VECTOR_NMI, on_nmi);
	trap_set_stack(VECTOR_NMI, 0); /* the others have no task state segment */
	count = smp_find(ids);
	for (unsigned i = 0; i < count; i++) {
		print("processor %u: APIC ID %u\n", i, ids[i]);
		has_wide |= ids[i] > 255;
	}
	check(has_wide, "an id of more than 8 bits");
	hypervisor_says();
	identity(0);
	start_all();
	ipis();
	clusters();
	nmis_and_restarts();
	line_interrupts();
}
