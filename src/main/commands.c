// SPDX-License-Identifier: Apache-2.0
// What each command of the prompt does.
#include "main/commands.h"

#include "base/str.h"
#include "ctl/line.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"
#include "main/console_switch.h"
#include "main/cpu_command.h"
#include "main/exit_command.h"
#include "main/fleet.h"
#include "main/numa_command.h"
#include "main/read_config.h"
#include "vm/debug.h"
#include "vm/schedule.h"

static bool wants_quit;

bool commands_want_quit(void)
{
	return wants_quit;
}

static struct fleet_vm *vm_of(const struct command_call *call)
{
	struct fleet_vm *f = fleet_find(call->words[1]);

	if (!f)
		fmt_print(call->out, "no VM \"%s\"; \"vms\" lists them\n", call->words[1]);
	return f;
}

/* As vm_of, for commands on a VM that lives. */
static struct fleet_vm *living_vm_of(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);

	if (f && !f->vm) {
		fmt_print(call->out, "VM %s does not run: %s\n", f->config->name, vm_end_text(f->end));
		return NULL;
	}
	return f;
}

static const char *state_text(const struct fleet_vm *f)
{
	if (!f->vm)
		return f->due_ns != NEVER ? "waits for its start" : f->starts ? vm_end_text(f->end) : "not started";
	switch (f->vm->state) {
	case VM_RUNNING:
		return "running";
	case VM_PAUSED:
		return "paused";
	default:
		return vm_end_text(f->vm->end);
	}
}

/* To whom wants of it what it does already, or cannot. */
static void state_print(const struct fleet_vm *f, struct fmt_sink *out)
{
	fmt_print(out, "VM %s is %s\n", f->config->name, state_text(f));
}

static void vms_run(const struct command_call *call)
{
	char size[32];

	for (u32 i = 0; i < fleet_count; i++) {
		if (!fleet[i].config)
			continue;
		fmt_bytes(size, sizeof(size), fleet[i].config->memory_bytes);
		fmt_print(call->out, "  %2u %-16s %2u vcpus  %10s  %s\n", i + 1, fleet[i].config->name,
			  fleet[i].config->vcpus, size, state_text(&fleet[i]));
	}
	if (!fleet_count)
		fmt_print(call->out, "  no VMs\n");
}

static void vcpu_print(const struct vcpu *v, struct fmt_sink *out)
{
	fmt_print(out, "  vcpu %-3u %s, rip %016lx, on CPU %u for %lu ms\n", v->index, v->is_waiting ? "waits" : "runs",
		  v->hvm.state.rip, v->cpu, schedule_service_ns(v) / NS_PER_MS);
}

static void info_run(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);
	char size[32];

	if (!f)
		return;
	fmt_bytes(size, sizeof(size), f->config->memory_bytes);
	fmt_print(call->out,
		  "  state    %s\n  memory   %s\n  vcpus    %u\n  kernel   %s\n  cmdline  %s\n  starts   %u\n",
		  state_text(f), size, f->config->vcpus, f->config->kernel, f->config->cmdline, f->starts);
	if (f->cause[0] && !f->vm)
		fmt_print(call->out, "  cause    %s\n", f->cause);
	if (!f->vm)
		return;
	fmt_bytes(size, sizeof(size), f->vm->filled_bytes);
	fmt_print(call->out, "  touched  %s\n  time     %lu ms\n  MSRs     %lu accesses to unknown ones\n", size,
		  (f->vm->state == VM_PAUSED ? f->vm->paused_ns : vm_now_ns(f->vm)) / NS_PER_MS, f->vm->unknown_msrs);
	for (u32 i = 0; i < f->vm->vcpu_count; i++)
		vcpu_print(f->vm->vcpu[i], call->out);
	if (f->vm->cause[0])
		fmt_print(call->out, "  cause    %s\n", f->vm->cause);
}

static void log_run(const struct command_call *call)
{
	log_replay(call->out);
}

/* The tables for the guest's memory grow while it runs: they are in the pool's figure only. */
static void vm_memory_print(const struct vm *vm, struct fmt_sink *out)
{
	u32 per_vcpu = vm->vcpu_pool_pages / vm->vcpu_count;

	fmt_print(out, "  VM %-13s made of %u KiB and %u KiB a vcpu\n", vm->name,
		  (vm->pool_pages - vm->vcpu_pool_pages) * 4, per_vcpu * 4);
}

static void memory_run(const struct command_call *call)
{
	const struct pool *p = memory_pool();
	struct frames_node sum = {0};
	u32 pages = 0, peak = 0;

	for (u32 i = 0; i < FRAMES_NODES_MAX; i++) {
		sum.total += memory_frames()->node[i].total;
		sum.free += memory_frames()->node[i].free;
		sum.claimed += memory_frames()->node[i].claimed;
	}
	do {
		pages += p->page_count;
		peak += p->peak_count;
		p = p->next;
	} while (p && p != memory_pool());
	fmt_print(call->out, "  guests' frames   %lu MiB, %lu free, %lu promised\n", sum.total * PAGE_BYTES / MIB,
		  sum.free * PAGE_BYTES / MIB, sum.claimed * PAGE_BYTES / MIB);
	fmt_print(call->out, "  in pages         %lu free, %lu promised\n", sum.free, sum.claimed);
	fmt_print(call->out, "  ETERNA's pool    %u KiB, %u used, at most %u\n", pages * 4u,
		  pool_ring_used_count(memory_pool()) * 4u, peak * 4);
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].vm)
			vm_memory_print(fleet[i].vm, call->out);
}

static void console_run(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);
	u64 number;

	if (!f)
		return;
	if (call->word_count < 3)
		console_switch_to_vm(f);
	else if (str_to_u64(call->words[2], &number) || !number || number > BOARD_COMS ||
		 !console_switch_to_port(f, (u32)number - 1))
		fmt_print(call->out, "VM %s has no serial port %s at the console\n", f->config->name, call->words[2]);
}

static void start_run(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);
	err_t err;

	if (!f)
		return;
	if (f->vm) {
		state_print(f, call->out);
		return;
	}
	err = fleet_start(f);
	if (err)
		fmt_print(call->out, "not started: %s\n", err_text(err));
}

static void pause_run(const struct command_call *call)
{
	struct fleet_vm *f = living_vm_of(call);

	if (f && f->vm->state == VM_RUNNING)
		vm_pause(f->vm);
	else if (f)
		state_print(f, call->out);
}

static void resume_run(const struct command_call *call)
{
	struct fleet_vm *f = living_vm_of(call);

	if (f && f->debug && debug_has_stopped(f->debug))
		fmt_print(call->out, "gdb holds VM %s\n", f->config->name);
	else if (f && f->vm->state == VM_PAUSED)
		vm_resume(f->vm);
	else if (f)
		state_print(f, call->out);
}

static void kill_run(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);

	/* One that waits for its start does not start any more. */
	if (f && (f->due_ns != NEVER || living_vm_of(call)))
		fleet_kill(f);
}

static void reset_run(const struct command_call *call)
{
	struct fleet_vm *f = living_vm_of(call);

	if (f && fleet_reset(f))
		fmt_print(call->out, "VM %s did not start again\n", f->config->name);
}

static void shutdown_run(const struct command_call *call)
{
	struct fleet_vm *f = living_vm_of(call);

	if (!f)
		return;
	if (f->vm->state != VM_RUNNING) {
		fmt_print(call->out, "VM %s is %s: nobody there to see its power button\n", f->config->name,
			  state_text(f));
		return;
	}
	vm_lock(f->vm);
	board_press_power_button(f->vm);
	vm_unlock(f->vm);
}

/* "NAME key=value ..." as the lines of a section. */
static err_t section_write(const struct command_call *call, char *text, size_t size)
{
	size_t used = fmt_string(text, size, "[vm %s]\n", call->words[1]);

	for (u32 i = 2; i < call->word_count && used < size; i++)
		used += fmt_string(text + used, size - used, "%s\n", call->words[i]);
	return used < size ? OK : ERR_SPACE;
}

static void create_run(const struct command_call *call)
{
	static struct vm_config config; /* too large for the stack */
	static char text[LINE_BYTES + COMMAND_WORDS_MAX + 8];
	struct fleet_vm *f;
	err_t err = section_write(call, text, sizeof(text));

	if (!err)
		err = config_read_vm(text, &config, call->out);
	if (!err && (config.cpus_exclusive || config.gdb != CONFIG_GDB_OFF)) {
		fmt_print(call->out, "%s: only in " CONFIG_FILE_NAME "\n",
			  config.cpus_exclusive ? "cpus_exclusive" : "gdb");
		err = ERR_UNSUPPORTED;
	}
	if (!err)
		err = fleet_define(&config, &f);
	if (err)
		fmt_print(call->out, "not created: %s\n", err_text(err));
	else
		console_switch_add(f);
}

static void destroy_run(const struct command_call *call)
{
	struct fleet_vm *f = vm_of(call);

	if (!f)
		return;
	console_switch_remove(f);
	fleet_forget(f);
}

static void panic_run(const struct command_call *call)
{
	(void)call;
	panic("asked for at the prompt");
}

static void quit_run(const struct command_call *call)
{
	(void)call;
	wants_quit = true;
}

static const struct command list[] = {
	{"vms", "", "all VMs and their states", 0, 0, vms_run},
	{"info", "VM", "one VM: memory, vcpus, how it ended", 1, 1, info_run},
	{"exits", "VM [VCPU]", "its exits by kind and vcpu; traced: what they take", 1, 2, exit_command_exits},
	{"trace", "VM [VCPU] [N]|on|off", "its last exits; trace what they take", 1, 3, exit_command_trace},
	{"console", "VM [1-4]", "give the console to a VM, at COM1 to COM4", 1, 2, console_run},
	{"start", "VM", "start a VM that does not run", 1, 1, start_run},
	{"pause", "VM", "stop its vcpus and its clock", 1, 1, pause_run},
	{"resume", "VM", "let a paused VM go on", 1, 1, resume_run},
	{"reset", "VM", "press its reset button", 1, 1, reset_run},
	{"shutdown", "VM", "press its power button", 1, 1, shutdown_run},
	{"kill", "VM", "end a VM without its consent", 1, 1, kill_run},
	{"create", "VM KEY=VALUE...", "one more VM, with keys as in eterna.conf", 2, COMMAND_WORDS_MAX - 1, create_run},
	{"destroy", "VM", "kill a VM and forget it", 1, 1, destroy_run},
	{"memory", "", "what memory is used for", 0, 0, memory_run},
	{"numa", "[rebalance VM [NODE]]", "nodes, and whose pages lie where; move them", 0, 3, numa_command_run},
	{"cpus", "", "each CPU: what it runs, its load since the last look", 0, 0, cpu_command_cpus},
	{"vcpus", "[VM]", "each vcpu: its CPU, how often it moved, what it got", 0, 1, cpu_command_vcpus},
	{"log", "", "ETERNA's own messages since boot", 0, 0, log_run},
	{"panic", "", "end ETERNA with a dump of itself", 0, 0, panic_run},
	{"quit", "", "end all VMs and power the machine off", 0, 0, quit_run},
};

const struct command_table commands = {list, ARRAY_COUNT(list), NULL};
