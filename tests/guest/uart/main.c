// SPDX-License-Identifier: Apache-2.0
// The first serial port in loopback: registers, FIFO, line status, interrupts and their priorities (16550D data sheet).
#include "apic.h"
#include "check.h"
#include "print.h"
#include "trap.h"

#define IRQ4_VECTOR 0x24
#define RBR (COM1 + 0)
#define IER (COM1 + 1)
#define IIR (COM1 + 2)
#define FCR (COM1 + 2)
#define LCR (COM1 + 3)
#define MCR (COM1 + 4)
#define LSR (COM1 + 5)
#define MSR (COM1 + 6)
#define SCR (COM1 + 7)
#define LOOP 0x10
#define OUT2 0x08

static volatile unsigned fired;
static volatile u8 last_iir;
static volatile bool seen_thre;

/* What a test found while the port could not print. */
static struct {
	bool good;
	const char *text;
} notes[64];
static unsigned note_count;

static void note(bool good, const char *text)
{
	if (note_count < ARRAY_COUNT(notes)) {
		notes[note_count].good = good;
		notes[note_count++].text = text;
	}
}

static void on_uart(struct trap_frame *f)
{
	(void)f;
	fired++;
	last_iir = inb(IIR);
	seen_thre = seen_thre || (last_iir & 0x0f) == 0x02;
	if ((last_iir & 0x0e) == 0x04 || (last_iir & 0x0e) == 0x0c)
		(void)inb(RBR);
	pic_eoi(4);
}

static void settle(void)
{
	for (int i = 0; i < 20000; i++)
		pause();
}

static bool wait_ready(void)
{
	for (long i = 0; i < 1000000; i++)
		if (inb(LSR) & 1)
			return true;
	return false;
}

static void registers(void)
{
	u8 lcr = inb(LCR);

	outb(SCR, 0xa5);
	note(inb(SCR) == 0xa5, "scratch register keeps a value");
	outb(LCR, lcr | 0x80);
	outb(COM1, 0x34);
	outb(COM1 + 1, 0x12);
	note(inb(COM1) == 0x34 && inb(COM1 + 1) == 0x12, "divisor latch keeps a value");
	outb(COM1, 1);
	outb(COM1 + 1, 0);
	outb(LCR, lcr);
	outb(IER, 0xff);
	note(inb(IER) == 0x0f, "IER has four bits");
	outb(IER, 0);
	note((inb(IIR) & 1) == 1, "IIR: nothing pending");
	note((inb(IIR) & 0xc0) == 0xc0, "IIR: FIFOs enabled");
}

static void loopback(void)
{
	bool same = true;

	outb(FCR, 0x07);
	for (long i = 0; i < 1000000 && !(inb(LSR) & 0x40); i++)
		pause();
	note((inb(LSR) & 0x61) == 0x60, "LSR: empty both ways");
	outb(COM1, 0x42);
	note(wait_ready(), "a byte comes back");
	note(inb(RBR) == 0x42, "the same");
	for (u8 i = 0; i < 14; i++) {
		outb(COM1, (u8)(i * 7));
		settle();
	}
	for (u8 i = 0; i < 14; i++)
		same = same && wait_ready() && inb(RBR) == (u8)(i * 7);
	note(same, "14 bytes come back in order");
	note((inb(LSR) & 1) == 0, "and no more");
	outb(FCR, 0x07);
	for (u8 i = 0; i < 20; i++) {
		outb(COM1, i);
		settle();
	}
	note(inb(LSR) & 2, "20 bytes overrun the FIFO of 16");
	note((inb(LSR) & 2) == 0, "reading LSR clears the overrun");
	outb(FCR, 0x07);
	note((inb(LSR) & 1) == 0, "clearing the FIFO drops what is in it");
}

static void modem_lines(void)
{
	outb(MCR, LOOP);
	(void)inb(MSR);
	outb(MCR, LOOP | 0x0f);
	note((inb(MSR) & 0xf0) == 0xf0, "loopback: MCR's lines are MSR's");
	outb(MCR, LOOP | 0x03);
	note((inb(MSR) & 0xf0) == 0x30, "and change with them");
	(void)inb(MSR);
	note((inb(MSR) & 0x0f) == 0, "reading MSR clears its deltas");
}

static void interrupts(void)
{
	u8 iir;

	/* Transmitter empty. Not in loopback, where a PC's OUT2 keeps the line from the 8259. */
	outb(MCR, 0x03 | OUT2);
	pic_set_mask((u16) ~(1u << 4));
	irq_on();
	fired = 0;
	outb(IER, 2);
	settle();
	irq_off();
	note(fired && seen_thre, "enabling THRE with an empty transmitter interrupts, IIR says so");
	outb(IER, 0);
	outb(MCR, LOOP | OUT2);
	(void)inb(MSR);
	outb(FCR, 0x07);

	/* Priorities, polled: line status, data, transmitter, modem. */
	outb(IER, 0);
	outb(FCR, 0x07);
	(void)inb(LSR);
	outb(IER, 0x0f);
	for (u8 i = 0; i < 20; i++) {
		outb(COM1, i);
		settle();
	}
	iir = inb(IIR) & 0x0f;
	note(iir == 0x06, "IIR: line status comes first");
	(void)inb(LSR);
	iir = inb(IIR) & 0x0f;
	note(iir == 0x04 || iir == 0x0c, "IIR: then data");
	outb(FCR, 0x03);
	iir = inb(IIR) & 0x0f;
	note(iir == 0x02, "IIR: then the transmitter");
	note((inb(IIR) & 0x0f) != 0x02, "which reading IIR clears");
	outb(IER, 0);
	pic_set_mask(0xffff);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	trap_set_handler(IRQ4_VECTOR, on_uart);
	print("the serial port goes into loopback\n");
	print_drain();
	registers();
	outb(MCR, LOOP);
	loopback();
	modem_lines();
	interrupts();
	print_init();
	for (unsigned i = 0; i < note_count; i++)
		check(notes[i].good, "%s", notes[i].text);
}
