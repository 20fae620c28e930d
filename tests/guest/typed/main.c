// SPDX-License-Identifier: Apache-2.0
// A guest at which numbers are typed, 0000,0001,0002, and so on, and which checks that each byte is the next one. For
// tests/emu/life_test. "." makes it tell how many there were, and count anew; "!" makes it write such numbers itself,
// after a second; it takes nothing for its first two seconds.
#include "apic.h"
#include "check.h"
#include "clock.h"
#include "cpu.h"
#include "print.h"
#include "trap.h"

#define IER 1
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define LSR_DR 0x01
#define LSR_THRE 0x20
#define WRITTEN_BYTES 20000

static unsigned in_order, wrong;
static u8 first_wrong;

/* Byte `at` of the numbers. */
static u8 numbered(unsigned at)
{
	static const unsigned power[] = {1000, 100, 10, 1};
	unsigned place = at % 5;

	return (u8)(place == 4 ? ',' : '0' + at / 5 / power[place] % 10);
}

static void wait_seconds(unsigned seconds)
{
	u16 port = acpi_pm_timer_port();

	for (unsigned i = 0; i < 2 * seconds; i++) { /* the counter wraps after 4.7 s */
		u32 then = pm_timer_read(port);

		while (pm_timer_elapsed(then, pm_timer_read(port)) < PM_TIMER_HZ / 2)
			pause();
	}
}

static void tell(void)
{
	if (wrong)
		print("typed: %u bytes in order, then %u others, the first is %#x\n", in_order, wrong, first_wrong);
	else
		print("typed: %u bytes in order\n", in_order);
	in_order = 0;
	wrong = 0;
}

static void write_numbers(void)
{
	wait_seconds(1);
	for (unsigned i = 0; i < WRITTEN_BYTES; i++) {
		while (!(inb(COM1 + LSR) & LSR_THRE))
			pause();
		outb(COM1, numbered(i));
	}
}

static void take(u8 byte)
{
	if (byte == '.')
		tell();
	else if (byte == '!')
		write_numbers();
	else if (!wrong && byte == numbered(in_order))
		in_order++;
	else if (!wrong++)
		first_wrong = byte;
}

static void on_irq4(struct trap_frame *f)
{
	(void)f;
	while (inb(COM1 + LSR) & LSR_DR)
		take(inb(COM1));
	pic_eoi(4);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	trap_set_handler(0x24, on_irq4);
	pic_set_mask((u16)~BIT(4));
	outb(COM1 + MCR, 0);
	print("typed: waits\n");
	print_drain();
	wait_seconds(2);
	outb(COM1 + LCR, 0x03);
	outb(COM1 + FCR, 0x07);
	outb(COM1 + MCR, 0x0b); /* DTR, RTS, OUT2 */
	outb(COM1 + IER, 0x01);
	for (;;)
		halt_until_irq();
}
