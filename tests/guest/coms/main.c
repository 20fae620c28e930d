// SPDX-License-Identifier: Apache-2.0
// Four places where serial ports may be: tells which are there, and sends back at each what is typed at it, by its
// interrupt. For tests/emu/life_test; "." at COM1 ends it, "!" makes it write one byte more and never exit again.
#include "apic.h"
#include "check.h"
#include "cpu.h"
#include "print.h"
#include "trap.h"

#define COMS 4
#define IER 1
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define SCRATCH 7
#define LSR_DR 0x01
#define LSR_THRE 0x20

static const u16 bases[COMS] = {COM1, 0x2f8, 0x3e8, 0x2e8};
static bool is_there[COMS];
static volatile unsigned bytes[COMS];
static volatile bool is_over, is_last;

/* A scratch register that keeps what it is given. */
static bool probe(u16 base)
{
	outb((u16)(base + SCRATCH), 0x5a);
	if (inb((u16)(base + SCRATCH)) != 0x5a)
		return false;
	outb((u16)(base + SCRATCH), 0xa5);
	return inb((u16)(base + SCRATCH)) == 0xa5;
}

static void put(u16 base, const char *text)
{
	for (; *text; text++) {
		while (!(inb((u16)(base + LSR)) & LSR_THRE))
			pause();
		outb(base, (u8)*text);
	}
}

static void open(u16 base)
{
	outb((u16)(base + LCR), 0x03);
	outb((u16)(base + FCR), 0x07);
	outb((u16)(base + MCR), 0x0b); /* DTR, RTS, OUT2 */
	outb((u16)(base + IER), 0x01);
}

/* Each byte in brackets, so that it is seen who sent it back. */
static bool answer(unsigned com)
{
	char text[5] = {(char)('1' + com), '[', 0, ']', 0};

	if (!is_there[com] || !(inb((u16)(bases[com] + LSR)) & LSR_DR))
		return false;
	text[2] = (char)inb(bases[com]);
	is_over |= com == 0 && text[2] == '.';
	is_last |= com == 0 && text[2] == '!';
	put(bases[com], text);
	bytes[com]++;
	return true;
}

/* Two ports have one edge-triggered line: it has no other edge while one of them wants something. */
static void serve(unsigned first)
{
	while (answer(first) | answer(first + 2))
		;
}

static void on_irq4(struct trap_frame *f)
{
	(void)f;
	serve(0);
	pic_eoi(4);
}

static void on_irq3(struct trap_frame *f)
{
	(void)f;
	serve(1);
	pic_eoi(3);
}

/* Behind a byte that nothing follows: no other byte, no interrupt, no exit. */
static void last_byte(void)
{
	print_drain();
	for (volatile int i = 0; i < 10000000; i++) /* the machine's port is idle again, too */
		;
	irq_off();
	outb(COM1, '#');
	for (;;)
		__asm__ volatile("");
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	trap_set_handler(0x24, on_irq4);
	trap_set_handler(0x23, on_irq3);
	pic_set_mask((u16) ~(BIT(3) | BIT(4)));
	print("coms:");
	for (unsigned com = 0; com < COMS; com++) {
		is_there[com] = probe(bases[com]);
		if (is_there[com])
			print(" COM%u", com + 1);
		else
			check_equal(inb((u16)(bases[com] + LSR)), 0xff, "nothing at port %#x", bases[com]);
	}
	print("\n");
	for (unsigned com = 0; com < COMS; com++) {
		if (!is_there[com])
			continue;
		open(bases[com]);
		put(bases[com], "hello from COM");
		put(bases[com], (const char[2]){(char)('1' + com), 0});
		put(bases[com], "\n");
	}
	while (!is_over) {
		halt_until_irq();
		if (is_last)
			last_byte();
	}
	for (unsigned com = 0; com < COMS; com++)
		print("\ncoms: COM%u: %u bytes", com + 1, bytes[com]);
	print("\n");
}
