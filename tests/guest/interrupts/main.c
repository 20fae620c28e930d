// SPDX-License-Identifier: Apache-2.0
// Interrupt delivery: self IPI, priorities, TPR and CR8, shadows, NMI, 8259 and IOAPIC lines, spurious ones.
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "trap.h"

#define UNTOUCHED (64 * MIB) /* memory that nobody used before */
#define LOW_VECTOR 0x45
#define HIGH_VECTOR 0x75
#define GSI_PORT 0x2000 /* pc-testdev: a byte to port 0x2000 + n sets the level of GSI n */
#define EDGE_GSI 0x0d
#define LEVEL_GSI 0x0e
#define PIC_IRQ 5

static volatile u8 order[16];
static volatile unsigned taken;
static volatile u64 taken_at;
static volatile bool nest;
static volatile bool isr_seen;

/* Give a device's interrupt the time to arrive. */
static void settle(void)
{
	for (int i = 0; i < 1000; i++)
		pause();
}

static void reset(void)
{
	taken = 0;
	taken_at = 0;
	nest = false;
}

static void on_ipi(struct trap_frame *f)
{
	order[taken++ % 16] = (u8)f->vector;
	taken_at = f->rip;
	isr_seen = lapic_bit(LAPIC_ISR, (unsigned)f->vector) && !lapic_bit(LAPIC_IRR, (unsigned)f->vector);
	if (nest) {
		nest = false;
		lapic_self_ipi(LOW_VECTOR == f->vector ? HIGH_VECTOR : LOW_VECTOR);
		irq_window();
	}
	lapic_eoi();
}

static void self_ipi(void)
{
	reset();
	lapic_self_ipi(LOW_VECTOR);
	check_equal(taken, 0, "interrupt waits while IF is 0");
	check(lapic_bit(LAPIC_IRR, LOW_VECTOR), "IRR shows it");
	irq_window();
	check_equal(taken, 1, "it is taken when IF is 1");
	check(isr_seen, "ISR shows it in the handler, IRR no longer");
	check(!lapic_bit(LAPIC_ISR, LOW_VECTOR), "EOI clears ISR");
	irq_window();
	check_equal(taken, 1, "it is taken once");
}

static void two_pending(void)
{
	reset();
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(HIGH_VECTOR);
	lapic_self_ipi(HIGH_VECTOR);
	irq_on();
	__asm__ volatile("nop; nop");
	irq_off();
	check_equal(taken, 2, "two vectors pending, two interrupts (the same vector twice is one)");
	check(order[0] == HIGH_VECTOR && order[1] == LOW_VECTOR, "the higher vector comes first");
}

static void nesting(void)
{
	reset();
	nest = true;
	lapic_self_ipi(LOW_VECTOR);
	irq_window();
	check(taken == 2 && order[1] == HIGH_VECTOR, "a higher vector interrupts a lower one's handler");
	reset();
	nest = true;
	lapic_self_ipi(HIGH_VECTOR);
	irq_on();
	__asm__ volatile("nop; nop");
	irq_off();
	check(taken == 2 && order[1] == LOW_VECTOR, "a lower vector waits for the higher one's EOI");
}

static void task_priority(void)
{
	reset();
	lapic_write(LAPIC_TPR, LOW_VECTOR & 0xf0);
	check_equal(read_cr8(), LOW_VECTOR >> 4, "CR8 mirrors TPR");
	check_equal(lapic_read(LAPIC_PPR) & 0xff, LOW_VECTOR & 0xf0, "PPR follows TPR");
	lapic_self_ipi(LOW_VECTOR);
	irq_window();
	check_equal(taken, 0, "TPR holds back its own class");
	lapic_self_ipi(HIGH_VECTOR);
	irq_window();
	check_equal(taken, 1, "a higher class passes");
	irq_on();
	write_cr8((LOW_VECTOR >> 4) - 1);
	__asm__ volatile("nop; nop");
	irq_off();
	check_equal(taken, 2, "lowering CR8 lets it through at once");
	check_equal(lapic_read(LAPIC_TPR) & 0xff, (LOW_VECTOR & 0xf0) - 0x10, "TPR mirrors CR8");
	write_cr8(LOW_VECTOR >> 4);
	lapic_self_ipi(LOW_VECTOR);
	lapic_self_ipi(HIGH_VECTOR);
	write_cr8((LOW_VECTOR >> 4) + 1); /* with one held back by IF */
	irq_window();
	check_equal(taken, 3, "CR8 changes while an interrupt waits for IF");
	write_cr8(LOW_VECTOR >> 4);
	irq_on();
	lapic_write(LAPIC_TPR, 0);
	__asm__ volatile("nop; nop");
	irq_off();
	check_equal(taken, 4, "lowering TPR lets it through at once");
	check_equal(read_cr8(), 0, "CR8 follows TPR");
	write_cr8(15);
	check_equal(read_cr8(), 15, "CR8 keeps 15");
	write_cr8(0);
	if (!processor_is_tcg())
		check_equal(try_write_cr8(16), VECTOR_GP, "CR8 refuses 16");
}

/* The instruction behind STI, and behind a load of SS, still runs (SDM 3A, Masking Exceptions and Interrupts). */
static void shadows(void)
{
	u64 second, third;

	reset();
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("lea 2f(%%rip), %0; sti; nop; 2: nop; cli" : "=r"(second) : : "memory");
	check_equal(taken_at, second, "STI holds back for one instruction");
	reset();
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("lea 2f(%%rip), %0; sti; movl $0, (%1); 2: nop; cli"
			 : "=&r"(second)
			 : "r"((u64)UNTOUCHED)
			 : "memory");
	check_equal(taken_at, second, "and for one that a hypervisor has to do with");
	reset();
	lapic_self_ipi(LOW_VECTOR);
	__asm__ volatile("sti; cli" : : : "memory");
	check_equal(taken, 0, "STI;CLI takes nothing");
	__asm__ volatile("lea 3f(%%rip), %0; sti; mov %%ss, %%eax; 3: nop; cli" : "=r"(third) : : "eax", "memory");
	check_equal(taken, 1, "and STI;X;Y does");
	reset();
	__asm__ volatile("lea 3f(%%rip), %0; sti; nop; mov %1, (%2); mov %3, %%ss; nop; 3: nop; cli"
			 : "=&r"(third)
			 : "r"((u32)(ICR_SELF | ICR_ASSERT | LOW_VECTOR)), "r"(LAPIC_BASE + LAPIC_ICR_LOW + 0ull),
			   "r"(SELECTOR_DATA)
			 : "memory");
	check_equal(taken, 1, "interrupt around MOV SS is taken");
}

static volatile unsigned nmi_count, nmi_depth, nmi_deepest;

static void send_nmi(void)
{
	lapic_write(LAPIC_ICR_HIGH, lapic_read(LAPIC_ID) & 0xff000000);
	lapic_write(LAPIC_ICR_LOW, ICR_NMI | ICR_ASSERT);
	for (int i = 0; i < 1000; i++)
		pause();
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmi_depth++;
	nmi_deepest = MAX(nmi_deepest, nmi_depth);
	if (nmi_count++ == 0)
		send_nmi();
	nmi_depth--;
}

static void nmi(void)
{
	nmi_count = nmi_depth = nmi_deepest = 0;
	trap_set_handler(VECTOR_NMI, on_nmi);
	send_nmi();
	check_equal(nmi_count, 2, "NMI is taken with IF 0, and the one that came in its handler after it");
	check_equal(nmi_deepest, 1, "NMI is blocked until IRET");
}

static void on_level(struct trap_frame *f)
{
	order[taken++ % 16] = (u8)f->vector;
	if (taken == 3)
		outb(GSI_PORT + LEVEL_GSI, 0);
	isr_seen = ioapic_entry(LEVEL_GSI) & IOAPIC_REMOTE_IRR;
	lapic_eoi();
}

static bool testdev_is_there(void)
{
	outb(0xe4, 0);
	outl(0xe0, 0x12345678); /* pc-testdev's latch */
	return inl(0xe0) == 0x12345678;
}

static void ioapic_lines(void)
{
	trap_set_handler(HIGH_VECTOR, on_ipi);
	ioapic_route(EDGE_GSI, HIGH_VECTOR);
	reset();
	irq_on();
	outb(GSI_PORT + EDGE_GSI, 1);
	settle();
	check_equal(taken, 1, "IOAPIC: an edge gives one interrupt");
	if (!machine_is_tcg()) { /* whose IOAPIC takes a second "high" for an edge */
		outb(GSI_PORT + EDGE_GSI, 1);
		settle();
		check_equal(taken, 1, "IOAPIC: staying high gives no more");
	}
	outb(GSI_PORT + EDGE_GSI, 0);
	outb(GSI_PORT + EDGE_GSI, 1);
	outb(GSI_PORT + EDGE_GSI, 0);
	settle();
	check_equal(taken, 2, "IOAPIC: the next edge gives the next");
	ioapic_route(EDGE_GSI, (u32)IOAPIC_MASKED | HIGH_VECTOR);
	outb(GSI_PORT + EDGE_GSI, 1);
	outb(GSI_PORT + EDGE_GSI, 0);
	settle();
	check_equal(taken, 2, "IOAPIC: a masked pin gives none");

	trap_set_handler(LOW_VECTOR, on_level);
	ioapic_route(LEVEL_GSI, (u32)IOAPIC_LEVEL | LOW_VECTOR);
	reset();
	outb(GSI_PORT + LEVEL_GSI, 1);
	settle();
	irq_off();
	check_equal(taken, 3, "IOAPIC: a level comes again after EOI until it is lowered");
	check(isr_seen, "IOAPIC: remote IRR is set in the handler");
	check(!(ioapic_entry(LEVEL_GSI) & IOAPIC_REMOTE_IRR), "IOAPIC: remote IRR is clear after EOI");
	ioapic_route(LEVEL_GSI, (u32)IOAPIC_MASKED);
}

static void on_pic(struct trap_frame *f)
{
	order[taken++ % 16] = (u8)f->vector;
	outb(0x20, 0x0b); /* OCW3: read ISR */
	isr_seen = inb(0x20) >> PIC_IRQ & 1;
	pic_eoi((unsigned)f->vector - 0x20);
}

static void pic_lines(void)
{
	trap_set_handler(0x20 + PIC_IRQ, on_pic);
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	reset();
	outb(GSI_PORT + PIC_IRQ, 1);
	settle();
	outb(0x20, 0x0a); /* OCW3: read IRR */
	check(inb(0x20) >> PIC_IRQ & 1, "8259: IRR shows the line");
	irq_window();
	check_equal(taken, 0, "8259: a masked line gives none");
	pic_set_mask((u16) ~(1u << PIC_IRQ));
	irq_window();
	check_equal(taken, 1, "8259: unmasked, it comes through LINT0");
	check_equal(order[0], 0x20 + PIC_IRQ, "8259: vector");
	check(isr_seen, "8259: ISR in the handler");
	outb(GSI_PORT + PIC_IRQ, 0);
	irq_window();
	check_equal(taken, 1, "8259: one edge, one interrupt");
	pic_set_mask(0xffff);
	lapic_write(LAPIC_LVT_LINT0, (u32)LVT_MASKED);
}

/* SDM 3A, Error Handling: a vector below 16 is an error, reported after a write to ESR. */
static void illegal_vector(void)
{
	if (machine_is_tcg()) {
		skip("local APIC errors: not in this emulator");
		return;
	}
	lapic_write(LAPIC_ESR, 0);
	lapic_write(LAPIC_ESR, 0);
	check_equal(lapic_read(LAPIC_ESR), 0, "ESR is clear");
	lapic_self_ipi(0x03);
	lapic_write(LAPIC_ESR, 0);
	check(lapic_read(LAPIC_ESR) & 0x60, "ESR reports the illegal vector: %#x", lapic_read(LAPIC_ESR));
	lapic_write(LAPIC_ESR, 0);
	lapic_write(LAPIC_ESR, 0);
	check_equal(lapic_read(LAPIC_ESR), 0, "ESR is clear again");
}

static void software_disabled(void)
{
	lapic_write(LAPIC_SVR, SPURIOUS_VECTOR);
	check(lapic_read(LAPIC_LVT_LINT1) & LVT_MASKED, "a disabled local APIC masks its LVT entries");
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	if (!machine_is_tcg())
		check(lapic_read(LAPIC_LVT_LINT1) & LVT_MASKED, "and they cannot be unmasked");
	lapic_write(LAPIC_SVR, 0x100 | SPURIOUS_VECTOR);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(LOW_VECTOR, on_ipi);
	trap_set_handler(HIGH_VECTOR, on_ipi);
	self_ipi();
	two_pending();
	nesting();
	task_priority();
	shadows();
	nmi();
	illegal_vector();
	software_disabled();
	if (!testdev_is_there()) {
		skip("interrupt lines: no pc-testdev");
		return;
	}
	ioapic_lines();
	pic_lines();
}
