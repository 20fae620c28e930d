// SPDX-License-Identifier: Apache-2.0
// The console between VMs and the prompt.
#include "main/console_switch.h"

#include "base/ring.h"
#include "ctl/line.h"
#include "host/console.h"
#include "host/lock.h"
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

/* What is shown, and the backlogs. VMs' output comes from all CPUs; the rest is the host loop's work. */
static struct lock lock = LOCK_INIT(LOCK_SWITCH);

void console_switch_add(struct fleet_vm *f)
{
	struct ring *r = &backlog[f - fleet];
	u8 *bytes;

	if (!f->config->console)
		return;
	if (!shown)
		shown = f;
	memory_lock_take();
	bytes = pool_alloc(memory_pool(), BACKLOG_BYTES / PAGE_BYTES);
	memory_lock_drop();
	if (bytes)
		ring_init(r, bytes, BACKLOG_BYTES);
	else
		log_warn("no memory to keep what VM %s writes while it is not shown", f->config->name);
}

void console_switch_remove(struct fleet_vm *f)
{
	struct ring *r = &backlog[f - fleet];

	if (shown == f)
		shown = NULL;
	if (!r->size)
		return;
	memory_lock_take();
	pool_free(memory_pool(), r->bytes, BACKLOG_BYTES / PAGE_BYTES);
	memory_lock_drop();
	*r = (struct ring){0};
}

void console_switch_init(const struct command_table *table)
{
	commands = table;
	for (u32 i = 0; i < fleet_count; i++)
		console_switch_add(&fleet[i]);
}

static void backlog_show(u32 i)
{
	u8 byte;

	while (console_room() && ring_get(&backlog[i], &byte))
		(void)console_try_put(byte);
}

/* A VM's output goes to the console while it is shown and nothing older waits, else into its backlog. It is locked. */
static void output_move(struct vm *vm)
{
	u32 i = vm->owner;
	struct uart *u = &vm->board.uart;
	bool is_shown;
	u8 byte;

	lock_take(&lock);
	is_shown = shown == &fleet[i] && !is_prompt;
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
	lock_drop(&lock);
	board_uart_retime(vm);
}

void console_switch_output(struct vm *vm)
{
	output_move(vm);
}

static void show(struct fleet_vm *f, bool prompt)
{
	lock_take(&lock);
	shown = f;
	is_prompt = prompt;
	lock_drop(&lock);
}

bool console_switch_is_prompt(void)
{
	return is_prompt;
}

void console_switch_to_prompt(void)
{
	show(shown, true);
	line_init(&line);
	console_print("\n" PROMPT);
}

void console_switch_to_vm(struct fleet_vm *f)
{
	show(f, false);
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

static bool type(struct vm *vm, u8 byte)
{
	bool is_taken;

	vm_lock(vm);
	is_taken = board_console_type(vm, byte);
	vm_unlock(vm);
	return is_taken;
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
	if (!shown || !shown->vm || !type(shown->vm, byte))
		return false;
	return console_get(&byte);
}

static void output_pump(u32 i)
{
	struct vm *vm = fleet[i].vm;

	if (vm) {
		vm_lock(vm);
		output_move(vm);
		vm_unlock(vm);
	} else if (shown == &fleet[i] && !is_prompt) {
		backlog_show(i);
	}
}

void console_switch_pump(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		output_pump(i);
	while (input_move_one())
		;
}
