// SPDX-License-Identifier: Apache-2.0
// The console between VMs and the prompt.
#include "main/console_switch.h"

#include "base/ring.h"
#include "ctl/line.h"
#include "host/console.h"
#include "host/log.h"
#include "host/memory.h"
#include "main/fleet.h"
#include "vm/board.h"

#define BACKLOG_BYTES 8192
#define PROMPT "(eterna) "

static const struct command_table *commands;
static struct line line;
static bool is_prompt;
static struct fleet_vm *shown;              /* who gets what is typed when the prompt is closed; NULL: nobody yet */
static struct ring backlog[CONFIG_VMS_MAX]; /* without bytes for VMs that the configuration gives no console */

void console_switch_init(const struct command_table *table)
{
	commands = table;
	for (u32 i = 0; i < fleet_count; i++) {
		u8 *bytes;

		if (!fleet[i].config->console)
			continue;
		if (!shown)
			shown = &fleet[i];
		bytes = pool_alloc(memory_pool(), BACKLOG_BYTES / PAGE_BYTES);
		if (bytes)
			ring_init(&backlog[i], bytes, BACKLOG_BYTES);
		else
			log_warn("no memory to keep what VM %s writes while it is not shown", fleet[i].config->name);
	}
}

static void backlog_show(u32 i)
{
	u8 byte;

	while (console_room() && ring_get(&backlog[i], &byte))
		(void)console_try_put(byte);
}

/* A VM's output goes to the console while it is shown and nothing older waits, else into its backlog. */
static void output_move(u32 i)
{
	struct uart *u = &fleet[i].vm->board.uart;
	bool is_shown = shown == &fleet[i] && !is_prompt;
	u8 byte;

	if (is_shown)
		backlog_show(i);
	while ((!is_shown || console_room()) && uart_take_tx(u, &byte)) {
		if (!fleet[i].config->console)
			continue;
		if (is_shown && !ring_used(&backlog[i]))
			(void)console_try_put(byte);
		else if (backlog[i].size)
			ring_force(&backlog[i], byte);
	}
	board_uart_retime(fleet[i].vm);
}

void console_switch_output(struct vm *vm)
{
	output_move(vm->owner);
}

void console_switch_to_prompt(void)
{
	is_prompt = true;
	line_init(&line);
	console_print("\n" PROMPT);
}

void console_switch_to_vm(struct fleet_vm *f)
{
	shown = f;
	is_prompt = false;
	if (!f->vm)
		console_print("VM %s does not run; Ctrl-] for the prompt\n", f->config->name);
}

static void prompt_take(u8 byte)
{
	if (byte == CONSOLE_ESCAPE) {
		if (shown) {
			console_print("\n");
			console_switch_to_vm(shown);
		}
		return;
	}
	if (!line_put(&line, byte, &console_sink))
		return;
	command_execute(commands, line.text, &console_sink);
	if (is_prompt)
		console_print(PROMPT);
}

/* Typed bytes stay in the console's ring until the guest is ready for them (board_console_type()). */
static bool input_move_one(void)
{
	u8 byte;

	if (!console_peek(&byte))
		return false;
	if (is_prompt) {
		(void)console_get(&byte);
		prompt_take(byte);
		return true;
	}
	if (byte == CONSOLE_ESCAPE) {
		(void)console_get(&byte);
		console_switch_to_prompt();
		return true;
	}
	if (!shown || !shown->vm || !board_console_type(shown->vm, byte))
		return false;
	return console_get(&byte);
}

void console_switch_pump(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].vm)
			output_move(i);
		else if (shown == &fleet[i] && !is_prompt)
			backlog_show(i);
	while (input_move_one())
		;
}
