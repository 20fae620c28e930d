// SPDX-License-Identifier: Apache-2.0
// The console between VMs and the prompt.
#include "main/console_switch.h"

#include "base/bits.h"
#include "base/fmt.h"
#include "base/ring.h"
#include "ctl/line.h"
#include "host/clock.h"
#include "host/console.h"
#include "host/lock.h"
#include "host/log.h"
#include "host/memory.h"
#include "main/fleet.h"
#include "vm/board.h"
#include "vm/run.h"

/*
 * What is kept of a VM's output, and of what was typed for it, while it does not take it. Half of the latter is kept
 * free for what lies in the console's ring before a Ctrl-], which opens the prompt at once. Behind that the sender
 * waits, but not for a VM that takes none for long: the prompt must not be out of reach.
 */
#define BACKLOG_BYTES 8192
#define TYPED_BYTES 8192
#define TYPED_USUAL_BYTES (TYPED_BYTES - CONSOLE_INPUT_BYTES)
#define TYPED_PATIENCE_NS (5 * NS_PER_SEC)
#define PORT_PAGES ((BACKLOG_BYTES + TYPED_BYTES) / PAGE_BYTES)
#define PROMPT "(eterna) "

static const struct command_table *commands;
static struct line line;
static bool is_prompt;
static u32 looked_at;          /* so many of the console's bytes are known to be no Ctrl-] */
static struct fleet_vm *shown; /* who gets what is typed when the prompt is closed; NULL: nobody yet */

/* The console's end of a VM's serial port; without bytes where the configuration gives it none. */
struct port {
	struct ring backlog;
	struct ring typed; /* the host loop's work only */
	u64 lost_bytes;    /* of the backlog, since it was shown last */
	u64 typed_lost_bytes;
	u64 stuck_ns; /* there is no room for what is typed, since then; 0: there is */
};

/* What the console has of a VM. */
static struct end {
	struct port port[BOARD_COMS];
	u32 com; /* the port that is shown when the VM is */
} ends[CONFIG_VMS_MAX];

/* What is shown, and the backlogs. VMs' output comes from all CPUs; the rest is the host loop's work. */
static struct lock lock = LOCK_INIT(LOCK_SWITCH);

static struct end *end_of(const struct fleet_vm *f)
{
	return &ends[f - fleet];
}

static bool has_console(const struct vm_config *config, u32 com)
{
	const u32 others[BOARD_COMS] = {CONFIG_COM_NONE, config->com2, config->com3, config->com4};

	return com ? others[com] == CONFIG_COM_CONSOLE : config->console;
}

/* Where typed bytes go while the prompt is closed, or NULL. */
static struct port *shown_port(void)
{
	return shown ? &end_of(shown)->port[end_of(shown)->com] : NULL;
}

static void port_add(const struct fleet_vm *f, struct port *p)
{
	u8 *bytes;

	memory_lock_take();
	bytes = pool_alloc(memory_pool(), PORT_PAGES);
	memory_lock_drop();
	if (!bytes) {
		log_warn("no memory to keep what VM %s writes while it is not shown", f->config->name);
		return;
	}
	ring_init(&p->backlog, bytes, BACKLOG_BYTES);
	ring_init(&p->typed, bytes + BACKLOG_BYTES, TYPED_BYTES);
}

void console_switch_add(struct fleet_vm *f)
{
	u32 com = BOARD_COMS;

	while (com--)
		if (has_console(f->config, com)) {
			port_add(f, &end_of(f)->port[com]);
			end_of(f)->com = com;
			shown = shown ? shown : f;
		}
}

void console_switch_remove(struct fleet_vm *f)
{
	if (shown == f)
		shown = NULL;
	memory_lock_take();
	for (u32 com = 0; com < BOARD_COMS; com++)
		if (end_of(f)->port[com].backlog.size)
			pool_free(memory_pool(), end_of(f)->port[com].backlog.bytes, PORT_PAGES);
	memory_lock_drop();
	*end_of(f) = (struct end){0};
}

void console_switch_init(const struct command_table *table)
{
	commands = table;
	for (u32 i = 0; i < fleet_count; i++)
		console_switch_add(&fleet[i]);
}

static void backlog_show(struct port *p)
{
	u8 byte;

	while (console_room() && ring_get(&p->backlog, &byte))
		(void)console_try_put(byte);
}

static bool is_shown_now(u32 i, u32 com)
{
	return shown == &fleet[i] && ends[i].com == com && !is_prompt;
}

/* A port's output goes to the console while it is shown and nothing older waits, else into its backlog. VM locked. */
static void output_move(struct vm *vm, u32 com)
{
	u32 i = vm->owner;
	struct port *p = &ends[i].port[com];
	struct uart *u = &vm->board.uart[com];
	bool has_end = has_console(fleet[i].config, com);
	bool is_shown;
	u8 byte;

	lock_take(&lock);
	is_shown = has_end && is_shown_now(i, com);
	if (is_shown)
		backlog_show(p);
	while ((!is_shown || console_room()) && uart_take_tx(u, &byte)) {
		if (!has_end)
			continue;
		if (is_shown && !ring_used(&p->backlog)) {
			(void)console_try_put(byte);
		} else if (p->backlog.size) {
			p->lost_bytes += !ring_room(&p->backlog);
			ring_force(&p->backlog, byte);
		}
	}
	lock_drop(&lock);
	board_uart_retime(vm);
}

void console_switch_output(struct vm *vm, u32 com)
{
	output_move(vm, com);
}

static void show(struct fleet_vm *f, u32 com, bool prompt)
{
	lock_take(&lock);
	shown = f;
	if (f)
		end_of(f)->com = com;
	is_prompt = prompt;
	lock_drop(&lock);
}

bool console_switch_is_prompt(void)
{
	return is_prompt;
}

void console_switch_to_prompt(void)
{
	struct port *p = shown_port();

	show(shown, shown ? end_of(shown)->com : 0, true);
	line_init(&line);
	if (p && p->typed_lost_bytes)
		console_print("\n[of what was typed for %s the last %lu bytes are lost: it takes none]",
			      shown->config->name, p->typed_lost_bytes);
	if (p)
		p->typed_lost_bytes = 0;
	console_print("\n" PROMPT);
}

static const char *life_of(const struct fleet_vm *f)
{
	if (!f->vm)
		return "does not run";
	return vm_is_running(f->vm) ? "running" : f->vm->state == VM_PAUSED ? "paused" : "stopped";
}

/* Where one is, and what was lost meanwhile, before what was kept. */
static void to_port(struct fleet_vm *f, u32 com)
{
	struct port *p = &end_of(f)->port[com];
	char name[8] = "";
	u64 lost;

	if (com)
		(void)fmt_string(name, sizeof(name), " COM%u", com + 1);
	console_print("[%u %s%s: %s. Ctrl-] opens the prompt, Ctrl-] and a number another VM]\n", (u32)(f - fleet) + 1,
		      f->config->name, name, life_of(f));
	p->stuck_ns = 0;
	lock_take(&lock);
	lost = p->lost_bytes;
	p->lost_bytes = 0;
	lock_drop(&lock);
	if (lost)
		console_print("[the first %lu bytes of its output since then are lost]\n", lost);
	show(f, com, false);
}

void console_switch_to_vm(struct fleet_vm *f)
{
	if (!console_switch_to_port(f, end_of(f)->com))
		console_print("VM %s has no serial port at the console: %s says console = off\n", f->config->name,
			      f->defined ? "its definition" : CONFIG_FILE_NAME);
}

bool console_switch_to_port(struct fleet_vm *f, u32 com)
{
	if (com >= BOARD_COMS || !has_console(f->config, com))
		return false;
	to_port(f, com);
	return true;
}

/* A plus as the first key goes to the next port of the VM that was shown. */
static bool plus_take(u8 byte)
{
	u32 com;

	if (line.length || byte != '+')
		return false;
	if (!shown) {
		console_print("\a");
		return true;
	}
	com = end_of(shown)->com;
	console_print("+\n");
	do
		com = (com + 1) % BOARD_COMS;
	while (com != end_of(shown)->com && !has_console(shown->config, com));
	to_port(shown, com);
	return true;
}

/* The number of the VM that is asked for, 0: none. With ten VMs or more a 1 waits for a second digit, or Enter. */
static u32 number_typed(u8 byte)
{
	bool is_digit = byte >= '0' && byte <= '9';

	if (!line.length)
		return is_digit && (byte != '1' || fleet_count < 10) ? byte - (u32)'0' : 0;
	if (line.length > 1 || line.text[0] != '1')
		return 0;
	return is_digit ? 10 + byte - (u32)'0' : byte == '\r' || byte == '\n';
}

/* A number as the first keys goes to the VM that "vms" gives it. */
static bool number_take(u8 byte)
{
	u32 number = number_typed(byte);

	if (!number)
		return false;
	if (number > fleet_count || !fleet[number - 1].config) {
		console_print("\a");
		return true;
	}
	console_print("%c\n", byte < ' ' ? '\r' : byte);
	line_init(&line);
	console_switch_to_vm(&fleet[number - 1]);
	if (is_prompt)
		console_print(PROMPT);
	return true;
}

static void prompt_take(u8 byte)
{
	if (byte == CONSOLE_ESCAPE) {
		if (shown) {
			console_print("\n");
			console_switch_to_vm(shown);
		} else {
			console_print("\a");
		}
		return;
	}
	if (number_take(byte) || plus_take(byte) || !line_put(&line, byte, &console_sink))
		return;
	command_execute(commands, line.text, &console_sink);
	if (is_prompt)
		console_print(PROMPT);
}

static bool type(struct vm *vm, u32 com, u8 byte)
{
	bool is_taken;

	vm_lock(vm);
	is_taken = board_console_type(vm, com, byte);
	vm_unlock(vm);
	return is_taken;
}

/* What was typed for a VM waits with it until the guest takes it (board_console_type()). */
static void typed_move(u32 i, u32 com)
{
	struct port *p = &ends[i].port[com];
	u8 byte;

	while (ring_used(&p->typed) && type(fleet[i].vm, com, ring_peek(&p->typed, 0))) {
		(void)ring_get(&p->typed, &byte);
		p->stuck_ns = 0;
	}
}

/* Is there a Ctrl-] among the bytes that are here? Those that were looked at before are not looked at again. */
static bool is_escape_ahead(void)
{
	u8 byte;

	while (console_peek(looked_at, &byte)) {
		if (byte == CONSOLE_ESCAPE)
			return true;
		looked_at++;
	}
	return false;
}

/* Is there no room for more, for long, in which the guest took none? Then it's so until it does. */
static bool is_stuck(struct port *p)
{
	u64 now = clock_tsc_to_ns(clock_tsc());

	if (!p->stuck_ns && looked_at < CONSOLE_INPUT_BYTES)
		return false;
	if (!p->stuck_ns)
		p->stuck_ns = now;
	if (now - p->stuck_ns >= TYPED_PATIENCE_NS)
		return true;
	run_request_work_in(p->stuck_ns + TYPED_PATIENCE_NS - now);
	return false;
}

/* Typed bytes wait in the console's ring, and at last with the sender, while there is hope and no Ctrl-] behind them.
 */
static bool is_to_wait(struct port *p)
{
	return p && p->typed.size && ring_used(&p->typed) >= TYPED_USUAL_BYTES && !is_escape_ahead() && !is_stuck(p);
}

static void typed_take(struct port *p, u8 byte)
{
	if (p && ring_put(&p->typed, byte))
		return;
	console_print("\a");
	if (p)
		p->typed_lost_bytes++;
}

static bool input_move_one(void)
{
	u8 byte;

	if (!console_peek(0, &byte) || (!is_prompt && byte != CONSOLE_ESCAPE && is_to_wait(shown_port())))
		return false;
	(void)console_get(&byte);
	looked_at -= looked_at != 0;
	if (is_prompt)
		prompt_take(byte);
	else if (byte == CONSOLE_ESCAPE)
		console_switch_to_prompt();
	else
		typed_take(shown_port(), byte);
	return true;
}

static void output_pump(u32 i)
{
	struct vm *vm = fleet[i].vm;

	if (vm) {
		vm_lock(vm);
		for (u32 mask = vm->com_mask; mask; mask &= mask - 1)
			output_move(vm, bit_lowest(mask));
		vm_unlock(vm);
	} else if (is_shown_now(i, ends[i].com)) {
		backlog_show(&ends[i].port[ends[i].com]);
	}
}

void console_switch_pump(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		output_pump(i);
	while (input_move_one())
		;
	for (u32 i = 0; i < fleet_count; i++)
		for (u32 mask = fleet[i].vm ? fleet[i].vm->com_mask : 0; mask; mask &= mask - 1)
			typed_move(i, bit_lowest(mask));
}
