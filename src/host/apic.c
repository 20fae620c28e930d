// SPDX-License-Identifier: Apache-2.0
// The host's local APIC, its timer and the I/O APIC (SDM 3A, Advanced Programmable Interrupt Controller; 82093AA).
#include "host/apic.h"

#include "base/bits.h"
#include "base/checked.h"
#include "boot/info/acpi.h"
#include "host/clock.h"
#include "host/cpu.h"
#include "host/memory.h"
#include "host/trap.h"
#include "x86/insn.h"
#include "x86/regs/msr.h"

/* Register offsets of the MMIO page; the x2APIC MSR is MSR_X2APIC_FIRST + offset / 16. */
#define LAPIC_ID 0x20
#define LAPIC_EOI 0xb0
#define LAPIC_SVR 0xf0
#define LAPIC_IRR 0x200
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE BIT(8)
#define LVT_MASKED BIT(16)
#define LVT_PERIODIC BIT(17)
#define LVT_TSC_DEADLINE BIT(18)
#define LVT_NMI (4u << 8)
#define TIMER_DIVIDE_BY_1 0xb
#define CPUID1_ECX_X2APIC BIT(21)
#define CPUID1_ECX_TSC_DEADLINE BIT(24)

/* SDM 3A, Interrupt Command Register */
#define ICR_NMI (4u << 8)
#define ICR_INIT (5u << 8)
#define ICR_STARTUP (6u << 8)
#define ICR_PENDING BIT(12)
#define ICR_ASSERT BIT(14)

#define IOAPIC_WINDOW 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECTION 0x10
#define REDIRECTION_MASKED BIT(16)
#define REDIRECTION_LEVEL BIT(15)
#define REDIRECTION_LOW BIT(13)
#define MPS_POLARITY_LOW 3
#define MPS_TRIGGER_LEVEL (3 << 2)

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

static volatile u8 *lapic;
static bool is_x2apic;
static bool is_deadline_timer;
static u64 timer_hz;

static u32 lapic_read(u32 offset)
{
	return is_x2apic ? (u32)rdmsr(MSR_X2APIC_FIRST + offset / 16) : mmio_read32(lapic + offset);
}

static void lapic_write(u32 offset, u32 value)
{
	if (is_x2apic)
		wrmsr(MSR_X2APIC_FIRST + offset / 16, value);
	else
		mmio_write32(lapic + offset, value);
}

static u32 lapic_id(void)
{
	return lapic_read(LAPIC_ID) >> (is_x2apic ? 0 : 24);
}

/* In x2APIC mode the ICR is one register, and there is no waiting (SDM 3A, ICR Operation in x2APIC Mode). */
static void icr_write(u32 apic_id, u32 command)
{
	if (is_x2apic) {
		/* The WRMSR is not serialising: what was stored before must be seen by who is interrupted. */
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC_FIRST + LAPIC_ICR_LOW / 16, (u64)apic_id << 32 | command);
		return;
	}
	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		pause();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, command);
}

void apic_send_init(u32 apic_id)
{
	icr_write(apic_id, ICR_INIT | ICR_ASSERT);
}

void apic_send_startup(u32 apic_id, u8 page)
{
	icr_write(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

void apic_send_nmi(u32 apic_id)
{
	icr_write(apic_id, ICR_NMI | ICR_ASSERT);
}

void apic_send(u32 apic_id, u8 vector)
{
	icr_write(apic_id, ICR_ASSERT | vector);
}

/* Interrupt Request Register: 32 vectors to a word, 16 bytes apart (SDM 3A, Interrupt Acceptance for Fixed Interrupts).
 */
bool apic_is_waiting(u8 vector)
{
	return lapic_read(LAPIC_IRR + vector / 32u * 16) >> vector % 32 & 1;
}

bool apic_can_reach(u32 apic_id)
{
	return is_x2apic || apic_id < 0xff;
}

void apic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

static u32 ioapic_read(volatile u8 *ioapic, u32 reg)
{
	mmio_write32(ioapic, reg);
	return mmio_read32(ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(volatile u8 *ioapic, u32 reg, u32 value)
{
	mmio_write32(ioapic, reg);
	mmio_write32(ioapic + IOAPIC_WINDOW, value);
}

static u32 ioapic_pins(volatile u8 *ioapic)
{
	return (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

static void ioapic_mask_all(volatile u8 *ioapic)
{
	for (u32 pin = 0, pins = ioapic_pins(ioapic); pin < pins; pin++)
		ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
}

void apic_cpu_init(struct cpu *cpu)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	/* From disabled to x2APIC mode the way leads through xAPIC mode (SDM 3A, x2APIC State Transitions). */
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (is_x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	else if (!lapic)
		lapic = memory_map_device(HPA(base & APIC_BASE_ADDRESS), PAGE_BYTES);
	lapic_write(LAPIC_SVR, SVR_ENABLE | HOST_VECTOR_SPURIOUS);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	cpu->apic_id = lapic_id();
}

void apic_init(const struct acpi_info *acpi)
{
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
	is_x2apic = (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC) || (cpuid(1, 0).ecx & CPUID1_ECX_X2APIC);
	apic_cpu_init(&boot_cpu);
	for (u32 i = 0; i < acpi->ioapic_count; i++)
		ioapic_mask_all(memory_map_device(HPA(acpi->ioapic[i].hpa), PAGE_BYTES));
}

bool apic_route_isa(const struct acpi_info *acpi, u8 irq, u8 vector)
{
	u32 gsi = acpi->isa_gsi[irq];
	u16 flags = acpi->isa_flags[irq];
	u32 id = lapic_id();

	for (u32 i = 0; i < acpi->ioapic_count; i++) {
		volatile u8 *ioapic = memory_map_device(HPA(acpi->ioapic[i].hpa), PAGE_BYTES);
		u32 pin = gsi - acpi->ioapic[i].gsi_base;
		u32 low = vector;

		if (gsi < acpi->ioapic[i].gsi_base || pin >= ioapic_pins(ioapic))
			continue;
		if ((flags & MPS_POLARITY_LOW) == MPS_POLARITY_LOW)
			low |= REDIRECTION_LOW;
		if ((flags & MPS_TRIGGER_LEVEL) == MPS_TRIGGER_LEVEL)
			low |= REDIRECTION_LEVEL;
		ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin + 1, id << 24);
		ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin, low);
		return true;
	}
	return false;
}

/* Count APIC timer ticks over a hundredth of a second. */
static u64 timer_measure(void)
{
	u64 wait = clock_tsc_khz() * 10;
	u64 start = rdtsc();
	u32 ticks;

	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
	while (rdtsc() - start < wait)
		pause();
	ticks = UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	return ticks * 100ull;
}

/*
 * Where deadlines cannot be written, the count to a deadline starts again behind it until the handler stops it: an
 * interrupt that is lost, as QEMU 7.2 loses some with a thread for each processor (docs/testing.md), comes again then.
 */
#define PERIODS_A_SECOND_MAX 100000

void apic_timer_cpu_init(void)
{
	if (is_deadline_timer) {
		lapic_write(LAPIC_LVT_TIMER, LVT_TSC_DEADLINE | HOST_VECTOR_TIMER);
		/* SDM 3A, TSC-Deadline Mode: order the MMIO write before the first deadline. */
		__asm__ volatile("mfence" : : : "memory");
		return;
	}
	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, LVT_PERIODIC | HOST_VECTOR_TIMER);
}

void apic_timer_init(void)
{
	is_deadline_timer = cpuid(1, 0).ecx & CPUID1_ECX_TSC_DEADLINE;
	if (!is_deadline_timer)
		timer_hz = timer_measure();
	apic_timer_cpu_init();
}

bool apic_timer_is_exact(void)
{
	return is_deadline_timer;
}

void apic_timer_stop(void)
{
	if (!is_deadline_timer)
		lapic_write(LAPIC_TIMER_INITIAL, 0);
}

void apic_timer_arm(u64 tsc)
{
	u64 now;
	u64 ticks;

	if (is_deadline_timer) {
		/* The MSR is compared with this CPU's own TSC. 0 would disarm it. */
		wrmsr(MSR_TSC_DEADLINE, tsc == NEVER ? 0 : MAX(tsc - this_cpu()->tsc_offset, 1));
		return;
	}
	if (tsc == NEVER) {
		apic_timer_stop();
		return;
	}
	/* Periods that are too short would leave no time to stop it. */
	now = clock_tsc();
	ticks = tsc <= now ? 0 : muldiv(tsc - now, timer_hz, clock_tsc_khz() * 1000);
	lapic_write(LAPIC_TIMER_INITIAL, (u32)MIN(MAX(ticks, timer_hz / PERIODS_A_SECOND_MAX) + 1, UINT32_MAX));
}

u32 apic_posted_destination(u32 apic_id)
{
	return is_x2apic ? apic_id : apic_id << 8;
}

const char *apic_mode_name(void)
{
	return is_x2apic ? "x2APIC" : "xAPIC";
}

const char *apic_timer_name(void)
{
	return is_deadline_timer ? "TSC deadline" : "one-shot";
}
