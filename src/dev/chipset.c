// SPDX-License-Identifier: Apache-2.0
// POST, fast reset and reset control: three bytes of state.
#include "dev/chipset.h"

#define CONTROL_INIT 0x01
#define CONTROL_A20 0x02

#define RESET_SYSTEM 0x02
#define RESET_CPU 0x04
#define RESET_FULL 0x08

#define DESC_STRUCT struct chipset
DESC_DEFINE(chipset, CHIPSET_FIELDS, 1);
#undef DESC_STRUCT

void chipset_reset(struct chipset *c)
{
	*c = (struct chipset){.control = CONTROL_A20};
}

bool chipset_valid(const struct chipset *c)
{
	return !(c->control & ~(CONTROL_INIT | CONTROL_A20)) &&
	       !(c->reset_control & ~(RESET_SYSTEM | RESET_CPU | RESET_FULL));
}

u8 chipset_read(const struct chipset *c, u16 port)
{
	switch (port) {
	case CHIPSET_PORT_POST:
		return c->post;
	case CHIPSET_PORT_CONTROL:
		return c->control;
	case CHIPSET_PORT_RESET:
		return c->reset_control;
	default:
		return 0xff;
	}
}

/* Rising INIT_NOW sends INIT. */
static enum power_request write_control(struct chipset *c, u8 value)
{
	bool rises = value & ~c->control & CONTROL_INIT;

	c->control = value & (CONTROL_INIT | CONTROL_A20);
	return rises ? POWER_RESET_CPUS : POWER_NONE;
}

/* Rising RST_CPU resets: everything with SYS_RST, else the processors. */
static enum power_request write_reset(struct chipset *c, u8 value)
{
	bool rises = value & ~c->reset_control & RESET_CPU;

	c->reset_control = value & (RESET_SYSTEM | RESET_CPU | RESET_FULL);
	if (!rises)
		return POWER_NONE;
	return value & RESET_SYSTEM ? POWER_RESET : POWER_RESET_CPUS;
}

enum power_request chipset_write(struct chipset *c, u16 port, u8 value)
{
	switch (port) {
	case CHIPSET_PORT_POST:
		c->post = value;
		return POWER_NONE;
	case CHIPSET_PORT_CONTROL:
		return write_control(c, value);
	case CHIPSET_PORT_RESET:
		return write_reset(c, value);
	default:
		return POWER_NONE;
	}
}
