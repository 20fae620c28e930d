// SPDX-License-Identifier: Apache-2.0
// Hostile: every port, but for the values at which the VM, rightly, ends.
#include "cpu.h"
#include "hostile.h"

#define KBC_COMMAND 0x64
#define KBC_PULSES 0xf0       /* from here on: lines of the controller, reset among them */
#define KBC_WRITE_OUTPUT 0xd1 /* what comes next at port 0x60 has the reset line as well */
#define FAST_RESET_PORT 0x92
#define FAST_RESET 0x01
#define RESET_CONTROL 0xcf9
#define RESET_CPU 0x04
#define SLEEP_ENABLE 0x20 /* of PM1 control's high byte */

static bool ends_by(u16 port, u8 value, u16 pm1_control)
{
	switch (port) {
	case KBC_COMMAND:
		return value >= KBC_PULSES || value == KBC_WRITE_OUTPUT;
	case FAST_RESET_PORT:
		return value & FAST_RESET;
	case RESET_CONTROL:
		return value & RESET_CPU;
	default:
		return port == pm1_control + 1 && value & SLEEP_ENABLE;
	}
}

static void write(u16 port, unsigned bytes, u32 value, u16 pm1_control)
{
	for (unsigned i = 0; i < bytes; i++)
		if (ends_by((u16)(port + i), (u8)(value >> 8 * i), pm1_control))
			return;
	if (bytes == 1)
		outb(port, (u8)value);
	else if (bytes == 2)
		outw(port, (u16)value);
	else
		outl(port, value);
}

static u32 read(u16 port, unsigned bytes)
{
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

u64 hostile_ports(u16 pm1_control)
{
	u64 done = 0;

	for (u32 port = 0; port <= 0xffff; port++)
		for (unsigned bytes = 1; bytes <= 4; bytes *= 2) {
			u32 was = read((u16)port, bytes);

			write((u16)port, bytes, ~0u, pm1_control);
			write((u16)port, bytes, 0x5a5a5a5a, pm1_control);
			write((u16)port, bytes, was, pm1_control);
			(void)read((u16)port, bytes);
			done += 5;
		}
	return done;
}
