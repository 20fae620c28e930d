// SPDX-License-Identifier: Apache-2.0
// Lives of the configured VMs.
#include "main/fleet.h"

#include "base/mem.h"
#include "base/str.h"
#include "boot/info/boot_info.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/memory.h"
#include "main/console_switch.h"
#include "main/place.h"
#include "vm/debug.h"
#include "vm/life.h"
#include "vm/run.h"
#include "vm/schedule.h"

/* The exit status of a run in which a VM was stopped by a fault. */
#define STATUS_VM_FAULT 4

struct fleet_vm fleet[CONFIG_VMS_MAX];
u32 fleet_count;
static const struct boot_info *boot;
static const struct config *all;

static u64 host_now_ns(void)
{
	return clock_tsc_to_ns(clock_tsc());
}

_Static_assert((int)CONFIG_LOADER_AUTO == (int)LOAD_NONE && (int)CONFIG_LOADER_LINUX == (int)LOAD_LINUX &&
		       (int)CONFIG_LOADER_MULTIBOOT == (int)LOAD_MULTIBOOT && (int)CONFIG_LOADER_PVH == (int)LOAD_PVH,
	       "the configuration's loaders are the loaders");

void fleet_init(const struct config *config, const struct boot_info *boot_info)
{
	boot = boot_info;
	all = config;
	fleet_count = config->vm_count;
	for (u32 i = 0; i < fleet_count; i++)
		fleet[i] = (struct fleet_vm){.config = &config->vms[i], .due_ns = NEVER};
}

static err_t file_find(const char *name, struct load_file *file)
{
	u32 i = boot_module_find(boot, name);

	if (i == boot->module_count)
		return ERR_NOENT;
	*file = (struct load_file){
		.data = memory_map_readonly(boot->modules[i].start, boot->modules[i].bytes),
		.bytes = boot->modules[i].bytes,
		.name = boot_module_name(boot, i),
		.arguments = boot_module_arguments(boot, i),
	};
	return OK;
}

/* config_check() has found all files: an error here is one of a module of no bytes. */
static err_t files_find(const struct vm_config *config, struct load_input *input)
{
	err_t err = file_find(config->kernel, &input->kernel);

	input->command_line = config->cmdline;
	for (u32 i = 0; i < config->initrd.count && !err; i++)
		err = file_find(config->initrd.name[i], &input->modules[input->module_count++]);
	return err;
}

static err_t load_files(struct vm *vm, const struct vm_config *config)
{
	static struct load_input input; /* too large for the stack */
	static char message[LOAD_MESSAGE_BYTES];
	err_t err;

	memset(&input, 0, sizeof(input));
	err = files_find(config, &input);
	if (err) {
		log_error("VM %s: kernel or initrd: %s", config->name, err_text(err));
		return err;
	}
	err = vm_load(vm, &input, (enum load_format)config->loader, message);
	if (err)
		log_error("VM %s: %s", config->name, message);
	return err;
}

static u32 coms_of(const struct vm_config *config)
{
	return (u32)((config->com2 != CONFIG_COM_NONE) << 1 | (config->com3 != CONFIG_COM_NONE) << 2 |
		     (config->com4 != CONFIG_COM_NONE) << 3);
}

/* The sum that does not fit, if it is that. */
static bool memory_fits(const struct vm_spec *spec)
{
	u64 free = place_free_bytes();
	char size[32];

	if (spec->memory_bytes <= free)
		return true;
	fmt_bytes(size, sizeof(size), spec->memory_bytes);
	log_error("VM %s: memory: %s do not fit: %lu MiB are free, the other VMs have the rest", spec->name, size,
		  free / MIB);
	return false;
}

static struct sched_params schedule_of(const struct vm_config *config, u32 owner)
{
	return (struct sched_params){
		.weight = config->weight,
		.cap_percent = config->cap,
		.budget_ns = config->budget_ns,
		.period_ns = config->period_ns,
		.cpus = config->cpus,
		.stays = !config->migrate,
		.owner = config->cpus_exclusive ? owner : SCHED_NO_OWNER - 1,
	};
}

err_t fleet_start(struct fleet_vm *f)
{
	struct vm_spec spec = {
		.name = f->config->name,
		.vcpu_count = f->config->vcpus,
		.memory_bytes = f->config->memory_bytes,
		.has_testdev = f->config->testdev,
		.com_mask = coms_of(f->config),
		.on_output = console_switch_output,
		.owner = (u32)(f - fleet),
		.schedule = schedule_of(f->config, (u32)(f - fleet)),
		.wall_seconds = clock_wall_seconds(),
	};
	char size[32];
	err_t err;

	f->due_ns = NEVER;
	if (!memory_fits(&spec))
		return ERR_NOMEM;
	err = place_vm(f->config, &spec.numa);
	if (err)
		return err;
	run_put();
	err = vm_create(&spec, &f->vm);
	if (err) {
		log_error("VM %s: cannot be made: %s (%u vcpus; %u KiB of ETERNA's own memory are free)", spec.name,
			  err_text(err), spec.vcpu_count, memory_pool()->free_count * 4);
		return err;
	}
	err = load_files(f->vm, f->config);
	if (err) {
		vm_destroy(f->vm);
		f->vm = NULL;
		return err;
	}
	fmt_bytes(size, sizeof(size), spec.memory_bytes);
	if (f->config->trace && exit_trace_switch(f->vm, true))
		log_warn("VM %s: no memory to trace its exits", spec.name);
	log_info("VM %s: %u vcpu%s, %s, started", spec.name, spec.vcpu_count, spec.vcpu_count > 1 ? "s" : "", size);
	place_tell(f->config, &spec.numa);
	if (!f->debug || debug_vm_begins(f->debug, f->vm))
		vm_start(f->vm);
	else
		log_info("VM %s: waits for gdb", spec.name);
	f->starts++;
	backoff_begin(&f->crashes, host_now_ns());
	return OK;
}

static void start_or_fail(struct fleet_vm *f)
{
	if (fleet_start(f))
		f->end = VM_END_FAULT;
}

static void start_at(struct fleet_vm *f, u64 due_ns, u64 now_ns)
{
	if (due_ns <= now_ns) {
		start_or_fail(f);
		return;
	}
	f->due_ns = due_ns;
	log_info("VM %s: starts in %lu ms", f->config->name, (due_ns - now_ns) / NS_PER_MS);
}

/* CPUs of its own are kept for a VM also while it does not run. Those that the machine lacks are told at its start. */
static void own_cpus_keep(u32 i)
{
	const struct vm_config *config = fleet[i].config;

	for (u32 cpu = cpu_set_next(&config->cpus, 0); config->cpus_exclusive && cpu != CPU_SET_NONE;
	     cpu = cpu_set_next(&config->cpus, cpu + 1)) {
		err_t err = schedule_own(cpu, i);

		if (err)
			log_warn("VM %s: CPU %u cannot be its own: %s", config->name, cpu, err_text(err));
	}
}

void fleet_start_all(void)
{
	u32 order[CONFIG_VMS_MAX];
	u32 count = config_start_order(all, order);
	u64 now = host_now_ns();
	u64 due = now;

	for (u32 i = 0; i < fleet_count; i++)
		own_cpus_keep(i);
	for (u32 i = 0; i < count; i++) {
		due += fleet[order[i]].config->start_delay_ns;
		start_at(&fleet[order[i]], due, now);
	}
}

/* As it will be at its start, if nobody else starts before. Memory: config_check(). */
static err_t fit_check(const struct vm_config *config, u32 slot)
{
	struct sched_params schedule = schedule_of(config, slot);
	struct vnuma numa;
	err_t err = place_vm(config, &numa);

	return err ? err : run_check(config->name, config->vcpus, &numa, &schedule);
}

err_t fleet_define(const struct vm_config *config, struct fleet_vm **out)
{
	u32 slot = 0;
	struct vm_config *own;
	err_t err;

	if (fleet_find(config->name))
		return ERR_EXIST;
	while (slot < fleet_count && fleet[slot].config)
		slot++;
	if (slot == CONFIG_VMS_MAX) {
		log_error("[vm %s] is one too many: at most %u VMs", config->name, CONFIG_VMS_MAX);
		return ERR_SPACE;
	}
	err = fit_check(config, slot);
	if (err)
		return err;
	memory_lock_take();
	own = pool_alloc(memory_pool(), pool_pages(sizeof(*own)));
	memory_lock_drop();
	if (!own)
		return ERR_NOMEM;
	*own = *config;
	fleet[slot] = (struct fleet_vm){.config = own, .defined = own, .due_ns = NEVER};
	fleet_count = MAX(fleet_count, slot + 1);
	*out = &fleet[slot];
	return OK;
}

void fleet_forget(struct fleet_vm *f)
{
	fleet_kill(f);
	if (f->debug)
		debug_destroy(f->debug);
	if (f->defined) {
		memory_lock_take();
		pool_free(memory_pool(), f->defined, pool_pages(sizeof(*f->defined)));
		memory_lock_drop();
	}
	*f = (struct fleet_vm){.due_ns = NEVER};
}

static void bury(struct fleet_vm *f, bool restart)
{
	struct vm *vm = f->vm;

	run_put();
	run_evict(vm); /* whoever stopped it has written down why */
	f->end = vm->end;
	f->exit_status = vm->exit_status;
	memcpy(f->cause, vm->cause, sizeof(f->cause));
	if (f->debug)
		debug_vm_ends(f->debug, restart);
	f->vm = NULL; /* before it is gone: its output finds its way by this */
	vm_destroy(vm);
}

static bool is_to_restart(const struct fleet_vm *f)
{
	switch (f->vm->end) {
	case VM_END_RESET:
		return f->config->on_reset == CONFIG_RESET_RESTART;
	case VM_END_POWER_OFF:
		return f->config->on_shutdown == CONFIG_SHUTDOWN_RESTART;
	case VM_END_FAULT:
		return f->config->on_crash == CONFIG_CRASH_RESTART;
	default:
		return false;
	}
}

/* A crashed VM that is to be kept lies there till somebody kills it. */
static bool is_kept(const struct fleet_vm *f)
{
	return f->vm->end == VM_END_FAULT && f->config->on_crash == CONFIG_CRASH_PAUSE;
}

void fleet_kill(struct fleet_vm *f)
{
	f->due_ns = NEVER;
	if (!f->vm)
		return;
	vm_stop(f->vm, VM_END_KILLED);
	bury(f, false);
}

err_t fleet_reset(struct fleet_vm *f)
{
	vm_stop(f->vm, VM_END_RESET);
	bury(f, true);
	return fleet_start(f);
}

static void attend_one(struct fleet_vm *f, u64 now_ns)
{
	bool is_crash;

	if (!f->vm && f->due_ns <= now_ns)
		start_or_fail(f);
	if (!f->vm || f->vm->state != VM_STOPPED || (f->debug && debug_vm_is_kept(f->debug)) || is_kept(f))
		return;
	is_crash = f->vm->end == VM_END_FAULT;
	if (!is_to_restart(f)) {
		bury(f, false);
		return;
	}
	bury(f, true);
	start_at(f, is_crash ? now_ns + backoff_failed(&f->crashes, now_ns) : now_ns, now_ns);
}

bool fleet_attend(void)
{
	bool is_any_alive = false;
	u64 due = NEVER;
	u64 now = host_now_ns();

	for (u32 i = 0; i < fleet_count; i++) {
		attend_one(&fleet[i], now);
		is_any_alive |= fleet[i].vm || fleet[i].due_ns != NEVER;
		due = MIN(due, fleet[i].due_ns);
	}
	if (due != NEVER)
		run_request_work_in(due - MIN(due, now));
	return is_any_alive;
}

struct fleet_vm *fleet_find(const char *name)
{
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].config && !strcmp(fleet[i].config->name, name))
			return &fleet[i];
	return NULL;
}

u8 fleet_exit_status(void)
{
	for (u32 i = 0; i < fleet_count; i++) {
		if (fleet[i].end == VM_END_FAULT)
			return STATUS_VM_FAULT;
		if (fleet[i].exit_status)
			return fleet[i].exit_status;
	}
	return 0;
}
