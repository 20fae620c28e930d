// SPDX-License-Identifier: Apache-2.0
// Hostile: 100,000 reads and writes of random ports, widths and values. Each gets an answer; the machine lives.
#include "acpi.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "random.h"
#include "trap.h"

#define ROUNDS 100000

/* Ports that end or reset the machine, or take the console away: [first, last]. */
static u16 kept[][2] = {
	{COM1, COM1 + 7}, {EXIT_PORT, EXIT_PORT + 3}, {0x64, 0x64}, {0x92, 0x92}, {0xb2, 0xb3},
	{0xcf9, 0xcf9},   {0xae00, 0xae1f},           {0, 0}, /* PM1a control, filled in */
};

static bool is_kept(u32 port, u32 bytes)
{
	for (unsigned i = 0; i < ARRAY_COUNT(kept); i++)
		if (port <= kept[i][1] && port + bytes > kept[i][0] && kept[i][1])
			return !(port == 0xcf8 && bytes == 4);
	return machine_is_tcg() && port >= 0x1ff0 && port < 0x2020; /* its pc-testdev aborts QEMU on lines above 15 */
}

static void ignore(struct trap_frame *f)
{
	(void)f;
}

static void access(u16 port, unsigned bytes, bool write, u32 value)
{
	switch (bytes) {
	case 1:
		if (write)
			outb(port, (u8)value);
		else
			(void)inb(port);
		break;
	case 2:
		if (write)
			outw(port, (u16)value);
		else
			(void)inw(port);
		break;
	default:
		if (write)
			outl(port, value);
		else
			(void)inl(port);
	}
}

void guest_main(void)
{
	u16 pm1 = acpi_pm1_control_port();
	u64 seed = 0x706f727473;
	unsigned done = 0;

	kept[ARRAY_COUNT(kept) - 1][0] = pm1;
	kept[ARRAY_COUNT(kept) - 1][1] = (u16)(pm1 + 1);
	trap_set_handler(VECTOR_NMI, ignore);
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 r = random_next(&seed);
		/* Half of them where the devices of a PC are. */
		u16 port = (u16)(r >> 48 & (r & 0x80 ? 0xffff : 0x3ff));
		unsigned bytes = 1u << (r >> 40 & 3) % 3;

		if (is_kept(port, bytes))
			continue;
		access(port, bytes, r & 1, (u32)(r >> 8));
		done++;
	}
	check(done > ROUNDS / 2, "%u accesses", done);
}
