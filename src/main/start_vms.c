// SPDX-License-Identifier: Apache-2.0
// Reads the configuration, starts its VMs, and ends the machine's run when none is left.
#include "main/start_vms.h"

#include "boot/info/boot_info.h"
#include "config/config.h"
#include "host/console.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"
#include "host/power.h"
#include "host/smp.h"
#include "hvm/hvm.h"
#include "main/commands.h"
#include "main/console_switch.h"
#include "main/debug_port.h"
#include "main/fleet.h"
#include "main/numa_command.h"
#include "main/read_config.h"
#include "vm/apicv.h"
#include "vm/run.h"

static struct config *config;
static bool is_config_good;

static void vms_tell(void)
{
	char size[32];

	for (u32 i = 0; i < config->vm_count; i++) {
		const struct vm_config *vm = &config->vms[i];

		fmt_bytes(size, sizeof(size), vm->memory_bytes);
		log_info("VM %s of the configuration: %u vcpu%s, %s, kernel %s, \"%s\"", vm->name, vm->vcpus,
			 vm->vcpus > 1 ? "s" : "", size, vm->kernel, vm->cmdline);
	}
}

/* The host loop's work between exits. With a bad configuration the prompt stays until it is quit; when the last VM
 * ends while somebody types there, until he is done. */
static bool work(void)
{
	bool is_any_alive = fleet_attend();

	numa_command_work();
	console_switch_pump();
	debug_port_pump();
	return !commands_want_quit() && (is_any_alive || console_switch_is_prompt() || !is_config_good);
}

static void NORETURN finish(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		fleet_kill(&fleet[i]);
	debug_port_finish();
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
	config = pool_alloc(memory_pool(), pool_pages(sizeof(*config)));
	if (!config)
		fatal("no memory for the configuration");
	is_config_good = config_read(boot, config);
	if (is_config_good) {
		log_set_level((enum log_level)config->host.log);
		vms_tell();
		fleet_init(config, boot);
	}
	apicv_init(!is_config_good || config->host.apicv);
	memory_seal();
	smp_start(acpi, is_config_good ? config->host.cpus : CPUS_MAX, hvm->cpu_enable);
	run_init();
	smp_release(cpu_run);
	console_switch_init(&commands);
	debug_port_init();
	if (is_config_good) {
		log_info("Ctrl-] opens ETERNA's prompt");
		fleet_start_all();
	} else {
		log_error("nothing is started: mend " CONFIG_FILE_NAME " (docs/config.md)");
		console_switch_to_prompt();
	}
	run_loop(work);
	finish();
}
