// SPDX-License-Identifier: Apache-2.0
// The 8042's commands; each answer stands in the output buffer until it is read or replaced.
#include "dev/kbc.h"

#define STATUS_OUTPUT 0x01
#define STATUS_SYSTEM 0x04
#define STATUS_COMMAND 0x08 /* the last byte written was a command */
#define STATUS_UNLOCKED 0x10
#define STATUS_AUX 0x20 /* the output buffer's byte is of the auxiliary port */
#define STATUS_TIMEOUT 0x40
#define STATUS_KEPT (STATUS_SYSTEM | STATUS_COMMAND | STATUS_UNLOCKED)

#define BYTE_KBD_IRQ 0x01
#define BYTE_AUX_IRQ 0x02
#define BYTE_SYSTEM 0x04
#define BYTE_KBD_OFF 0x10
#define BYTE_AUX_OFF 0x20
#define BYTE_TRANSLATE 0x40

#define CMD_READ_RAM 0x20  /* to 0x3f */
#define CMD_WRITE_RAM 0x60 /* to 0x7f */
#define CMD_PASSWORD_TEST 0xa4
#define CMD_AUX_OFF 0xa7
#define CMD_AUX_ON 0xa8
#define CMD_AUX_TEST 0xa9
#define CMD_SELF_TEST 0xaa
#define CMD_KBD_TEST 0xab
#define CMD_KBD_OFF 0xad
#define CMD_KBD_ON 0xae
#define CMD_READ_INPUT 0xc0
#define CMD_READ_OUTPUT 0xd0
#define CMD_WRITE_OUTPUT 0xd1
#define CMD_WRITE_KBD_BUFFER 0xd2
#define CMD_WRITE_AUX_BUFFER 0xd3
#define CMD_WRITE_AUX 0xd4
#define CMD_READ_TEST 0xe0
#define CMD_PULSE 0xf0 /* to 0xff: the low bits that are 0 pulse their output line */

#define OUTPUT_NO_RESET 0x01 /* low: the processor is in reset */
#define OUTPUT_A20 0x02
#define OUTPUT_LINES 0xc0 /* keyboard clock and data, idle */
#define OUTPUT_IRQ1 0x10
#define OUTPUT_IRQ12 0x20

#define INPUT_UNLOCKED 0x80
#define SELF_TEST_PASSED 0x55
#define TEST_PASSED 0x00
#define NO_PASSWORD 0xf1
#define ANSWER_RESEND 0xfe

#define DESC_STRUCT struct kbc
DESC_DEFINE(kbc, KBC_FIELDS, 1);
#undef DESC_STRUCT

void kbc_reset(struct kbc *k)
{
	*k = (struct kbc){.status = STATUS_SYSTEM | STATUS_UNLOCKED,
			  .output_port = OUTPUT_LINES | OUTPUT_A20 | OUTPUT_NO_RESET,
			  .ram = {BYTE_KBD_IRQ | BYTE_SYSTEM | BYTE_AUX_OFF | BYTE_TRANSLATE}};
}

/* Commands that take a data byte. */
static bool waits_for_data(u8 command)
{
	return (command >= CMD_WRITE_RAM && command < CMD_WRITE_RAM + KBC_RAM_BYTES) ||
	       (command >= CMD_WRITE_OUTPUT && command <= CMD_WRITE_AUX);
}

bool kbc_valid(const struct kbc *k)
{
	u8 of_output = STATUS_AUX | STATUS_TIMEOUT;

	return !(k->status & ~(STATUS_KEPT | STATUS_OUTPUT | of_output)) &&
	       (k->status & STATUS_OUTPUT || !(k->status & of_output)) && (!k->pending || waits_for_data(k->pending));
}

bool kbc_irq1(const struct kbc *k)
{
	return (k->status & (STATUS_OUTPUT | STATUS_AUX)) == STATUS_OUTPUT && (k->ram[0] & BYTE_KBD_IRQ);
}

bool kbc_irq12(const struct kbc *k)
{
	return (k->status & STATUS_OUTPUT) && (k->status & STATUS_AUX) && (k->ram[0] & BYTE_AUX_IRQ);
}

static void answer(struct kbc *k, u8 value, u8 bits)
{
	k->output = value;
	k->status = (u8)((k->status & STATUS_KEPT) | STATUS_OUTPUT | bits);
}

u8 kbc_read(struct kbc *k, u16 port)
{
	if (port == KBC_PORT_COMMAND)
		return k->status;
	k->status &= STATUS_KEPT;
	return k->output;
}

static u8 output_lines(const struct kbc *k)
{
	return (u8)(k->output_port | (kbc_irq1(k) ? OUTPUT_IRQ1 : 0) | (kbc_irq12(k) ? OUTPUT_IRQ12 : 0));
}

static void set_command_byte(struct kbc *k, u8 set, u8 clear)
{
	k->ram[0] = (u8)((k->ram[0] | set) & ~clear);
}

/* Commands that answer at once. */
static void query(struct kbc *k, u8 command)
{
	switch (command) {
	case CMD_PASSWORD_TEST:
		answer(k, NO_PASSWORD, 0);
		break;
	case CMD_SELF_TEST:
		k->status |= STATUS_SYSTEM;
		answer(k, SELF_TEST_PASSED, 0);
		break;
	case CMD_AUX_TEST:
	case CMD_KBD_TEST:
	case CMD_READ_TEST:
		answer(k, TEST_PASSED, 0);
		break;
	case CMD_READ_INPUT:
		answer(k, INPUT_UNLOCKED, 0);
		break;
	case CMD_READ_OUTPUT:
		answer(k, output_lines(k), 0);
		break;
	default:
		break; /* unknown: no answer */
	}
}

static enum power_request write_command(struct kbc *k, u8 command)
{
	k->status |= STATUS_COMMAND;
	k->pending = waits_for_data(command) ? command : 0;
	if (k->pending)
		return POWER_NONE;
	if (command >= CMD_PULSE)
		return command & OUTPUT_NO_RESET ? POWER_NONE : POWER_RESET_CPUS;
	if (command >= CMD_READ_RAM && command < CMD_READ_RAM + KBC_RAM_BYTES)
		answer(k, k->ram[command - CMD_READ_RAM], 0);
	else if (command == CMD_AUX_OFF || command == CMD_AUX_ON)
		set_command_byte(k, command == CMD_AUX_OFF ? BYTE_AUX_OFF : 0,
				 command == CMD_AUX_ON ? BYTE_AUX_OFF : 0);
	else if (command == CMD_KBD_OFF || command == CMD_KBD_ON)
		set_command_byte(k, command == CMD_KBD_OFF ? BYTE_KBD_OFF : 0,
				 command == CMD_KBD_ON ? BYTE_KBD_OFF : 0);
	else
		query(k, command);
	return POWER_NONE;
}

static enum power_request write_output_port(struct kbc *k, u8 value)
{
	k->output_port = (u8)(OUTPUT_LINES | (value & OUTPUT_A20) | OUTPUT_NO_RESET);
	return value & OUTPUT_NO_RESET ? POWER_NONE : POWER_RESET_CPUS;
}

static void write_ram(struct kbc *k, unsigned index, u8 value)
{
	k->ram[index] = value;
	if (index == 0) /* the system flag is also in the status */
		k->status = (u8)((k->status & ~STATUS_SYSTEM) | (value & BYTE_SYSTEM ? STATUS_SYSTEM : 0));
}

static enum power_request write_data(struct kbc *k, u8 value)
{
	u8 command = k->pending;

	k->pending = 0;
	k->status &= (u8)~STATUS_COMMAND;
	switch (command) {
	case 0: /* for the keyboard, which is not there; the write enables its port */
		set_command_byte(k, 0, BYTE_KBD_OFF);
		answer(k, ANSWER_RESEND, STATUS_TIMEOUT);
		return POWER_NONE;
	case CMD_WRITE_OUTPUT:
		return write_output_port(k, value);
	case CMD_WRITE_KBD_BUFFER:
		answer(k, value, 0);
		return POWER_NONE;
	case CMD_WRITE_AUX_BUFFER:
		answer(k, value, STATUS_AUX);
		return POWER_NONE;
	case CMD_WRITE_AUX:
		answer(k, ANSWER_RESEND, STATUS_AUX | STATUS_TIMEOUT);
		return POWER_NONE;
	default:
		write_ram(k, command % KBC_RAM_BYTES, value);
		return POWER_NONE;
	}
}

enum power_request kbc_write(struct kbc *k, u16 port, u8 value)
{
	return port == KBC_PORT_COMMAND ? write_command(k, value) : write_data(k, value);
}
