// SPDX-License-Identifier: Apache-2.0
// Local APIC, IOAPIC and 8259 set-up for test guests.
#include "apic.h"

#include "trap.h"

static void spurious(struct trap_frame *frame)
{
	(void)frame; /* no EOI (SDM 3A, Spurious Interrupt) */
}

static bool is_x2apic;

bool lapic_is_x2apic(void)
{
	return is_x2apic;
}

u32 lapic_id(void)
{
	return is_x2apic ? (u32)rdmsr(MSR_X2APIC(LAPIC_ID)) : lapic_read(LAPIC_ID) >> 24;
}

static void reg_write(u32 offset, u32 v)
{
	if (is_x2apic)
		wrmsr(MSR_X2APIC(offset), v);
	else
		lapic_write(offset, v);
}

void lapic_init(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BIT(11));
	is_x2apic = rdmsr(MSR_APIC_BASE) & BIT(10);
	trap_set_handler(SPURIOUS_VECTOR, spurious);
	reg_write(LAPIC_SVR, 0x100 | SPURIOUS_VECTOR);
	reg_write(LAPIC_TPR, 0);
	reg_write(LAPIC_LVT_TIMER, (u32)LVT_MASKED);
	reg_write(LAPIC_LVT_LINT0, (u32)LVT_MASKED);
	reg_write(LAPIC_LVT_LINT1, (u32)LVT_MASKED);
	reg_write(LAPIC_LVT_ERROR, (u32)LVT_MASKED);
}

bool lapic_bit(u32 offset, unsigned vector)
{
	return lapic_read(offset + vector / 32 * 0x10) >> vector % 32 & 1;
}

static void ipi_wait(void)
{
	for (int i = 0; i < 1000000 && lapic_read(LAPIC_ICR_LOW) & ICR_PENDING; i++)
		pause();
}

void lapic_self_ipi(unsigned vector)
{
	lapic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | vector);
	ipi_wait();
}

void lapic_ipi(u32 apic_id, u32 low)
{
	if (is_x2apic) {
		wrmsr(MSR_X2APIC(LAPIC_ICR_LOW), (u64)apic_id << 32 | ICR_ASSERT | low);
		return;
	}
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, low | ICR_ASSERT);
	ipi_wait();
}

u32 ioapic_read(unsigned reg)
{
	PHYS(u32, IOAPIC_BASE) = reg;
	return PHYS(u32, IOAPIC_BASE + 0x10);
}

void ioapic_write(unsigned reg, u32 v)
{
	PHYS(u32, IOAPIC_BASE) = reg;
	PHYS(u32, IOAPIC_BASE + 0x10) = v;
}

void ioapic_route(unsigned pin, u32 low)
{
	ioapic_write(0x10 + 2 * pin, (u32)IOAPIC_MASKED);
	ioapic_write(0x11 + 2 * pin, lapic_read(LAPIC_ID));
	ioapic_write(0x10 + 2 * pin, low);
}

u32 ioapic_entry(unsigned pin)
{
	return ioapic_read(0x10 + 2 * pin);
}

/* Interrupts that were withdrawn: no EOI for the one that asked (8259A data sheet, The Interrupt Sequence). */
static void pic_spurious_low(struct trap_frame *frame)
{
	(void)frame;
}

static void pic_spurious_high(struct trap_frame *frame)
{
	(void)frame;
	outb(0x20, 0x20); /* the first 8259 did deliver the cascade */
}

void pic_init(void)
{
	trap_set_handler(0x27, pic_spurious_low);
	trap_set_handler(0x2f, pic_spurious_high);
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 0x04);
	outb(0xa1, 0x02);
	outb(0x21, 0x01);
	outb(0xa1, 0x01);
	pic_set_mask(0xffff);
}

void pic_set_mask(u16 mask)
{
	outb(0x21, (u8)mask);
	outb(0xa1, (u8)(mask >> 8));
}

void pic_eoi(unsigned irq)
{
	if (irq >= 8)
		outb(0xa0, 0x20);
	outb(0x20, 0x20);
}
