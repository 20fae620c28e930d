// SPDX-License-Identifier: Apache-2.0
// Text on the first serial port.
#include "print.h"

#include "base/fmt.h"
#include "cpu.h"

#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define WAIT_MAX 1000000

static void wait_for(u8 bits)
{
	for (int i = 0; i < WAIT_MAX && (inb(COM1 + 5) & bits) != bits; i++)
		pause();
}

void print_init(void)
{
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x80); /* divisor 1: 115200 baud */
	outb(COM1 + 0, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x03);
	outb(COM1 + 2, 0x07);
	outb(COM1 + 4, 0x03);
}

static void com1_put(struct fmt_sink *sink, char c)
{
	(void)sink;
	wait_for(LSR_THRE);
	outb(COM1, (u8)c);
}

void print(const char *format, ...)
{
	struct fmt_sink sink = {.put = com1_put};
	va_list args;

	va_start(args, format);
	fmt_print_args(&sink, format, args);
	va_end(args);
}

void print_drain(void)
{
	wait_for(LSR_THRE | LSR_TEMT);
}
