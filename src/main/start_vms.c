// SPDX-License-Identifier: Apache-2.0
// Reads the configuration, starts its VMs, and ends the machine's run when none is left.
#include "main/start_vms.h"

#include "boot/info/boot_info.h"
#include "config/config.h"
#include "host/console.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/power.h"
#include "host/smp.h"
#include "hvm/hvm.h"
#include "main/commands.h"
#include "main/console_switch.h"
#include "main/fleet.h"
#include "main/numa_command.h"
#include "main/place.h"
#include "vm/run.h"

static struct config config;
static bool is_config_good;

static void config_error(struct config_sink *sink, u32 line, const char *text)
{
	(void)sink;
	(void)line;
	log_error("%s", text);
}

/* The boot modules as the configuration names them, without itself. */
static u32 modules_list(const struct boot_info *boot, struct config_module modules[BOOT_MODULES_MAX])
{
	u32 count = 0;
	u32 own = boot_module_find(boot, CONFIG_FILE_NAME);

	for (u32 i = 0; i < boot->module_count; i++)
		if (i != own)
			modules[count++] =
				(struct config_module){boot_module_name(boot, i), boot_module_arguments(boot, i)};
	return count;
}

static bool config_read(const struct boot_info *boot)
{
	static struct config_module modules[BOOT_MODULES_MAX];
	struct config_sink sink = {config_error};
	u32 count = modules_list(boot, modules);
	u32 own = boot_module_find(boot, CONFIG_FILE_NAME);
	err_t err;

	if (own == boot->module_count)
		return !config_default(modules, count, &config, &sink) &&
		       !config_check(&config, modules, count, place_free_bytes(), &sink);
	/* What one finds wrong must not hide what the other does. */
	err = config_parse(memory_map_readonly(boot->modules[own].start, boot->modules[own].bytes),
			   boot->modules[own].bytes, &config, &sink);
	return !config_check(&config, modules, count, place_free_bytes(), &sink) && !err;
}

static void vms_tell(void)
{
	char size[32];

	for (u32 i = 0; i < config.vm_count; i++) {
		const struct vm_config *vm = &config.vms[i];

		fmt_bytes(size, sizeof(size), vm->memory_bytes);
		log_info("VM %s of the configuration: %u vcpu%s, %s, kernel %s, \"%s\"", vm->name, vm->vcpus,
			 vm->vcpus > 1 ? "s" : "", size, vm->kernel, vm->cmdline);
	}
}

static void autostart(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		if (config.vms[i].autostart && fleet_start(&fleet[i]))
			fleet[i].end = VM_END_FAULT;
}

/* The host loop's work between exits. With a bad configuration the prompt stays until it is quit. */
static bool work(void)
{
	bool is_any_alive = fleet_attend();

	numa_command_work();
	console_switch_pump();
	return !commands_want_quit() && (is_any_alive || !is_config_good);
}

static void NORETURN finish(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		fleet_kill(&fleet[i]);
	console_flush();
	log_info("no VM is left: powering off");
	hvm->cpu_disable();
	power_off(is_config_good ? fleet_exit_status() : POWER_STATUS_ERROR);
}

static void cpu_run(struct cpu *cpu)
{
	(void)cpu;
	run_loop_other();
}

void start_vms(const struct boot_info *boot, const struct acpi_info *acpi)
{
	is_config_good = config_read(boot);
	if (is_config_good) {
		log_set_level((enum log_level)config.host.log);
		vms_tell();
		fleet_init(&config, boot);
	}
	memory_seal();
	smp_start(acpi, CPUS_MAX, hvm->cpu_enable);
	run_init();
	smp_release(cpu_run);
	console_switch_init(&commands);
	if (is_config_good) {
		log_info("Ctrl-] opens ETERNA's prompt");
		autostart();
	} else {
		log_error("nothing is started: mend " CONFIG_FILE_NAME " (docs/config.md)");
		console_switch_to_prompt();
	}
	run_loop(work);
	finish();
}
