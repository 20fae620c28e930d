// SPDX-License-Identifier: Apache-2.0
// The configuration against the machine: are the modules there, does the memory fit; and the invariants of the structs.
#include "base/str.h"
#include "config/apic_ids.h"
#include "config/keys.h"
#include "config/numa.h"
#include "config/report.h"

struct check {
	struct config_report report;
	const struct config_module *modules;
	u32 module_count;
	u64 free_bytes;
};

static void check_module(struct check *check, const struct vm_config *vm, const char *key, const char *name)
{
	u32 line = vm->lines[config_key_find(SECTION_VM, key)];
	u32 found = 0;

	for (u32 i = 0; i < check->module_count; i++)
		found += strcmp(check->modules[i].name, name) == 0;
	if (!found)
		config_report(&check->report, line, "%s: no boot module is called \"%s\"", key, name);
	else if (found > 1)
		config_report(&check->report, line, "%s: %u boot modules are called \"%s\"", key, found, name);
}

/* `sum` is the memory of the VMs before, of those that start by themselves. */
static void check_memory(struct check *check, const struct vm_config *vm, u64 *sum)
{
	u64 before = vm->autostart ? *sum : 0;
	u32 line = vm->lines[config_key_find(SECTION_VM, "memory")];
	char wanted[32];

	if (vm->autostart)
		*sum += vm->memory_bytes; /* 16 VMs of at most 16 TiB: no overflow */
	if (before <= check->free_bytes && vm->memory_bytes <= check->free_bytes - before)
		return;
	fmt_bytes(wanted, sizeof(wanted), vm->memory_bytes);
	config_report(&check->report, line ? line : vm->line, "memory: %s for [vm %s] do not fit: %llu MiB are free%s",
		      wanted, vm->name,
		      (unsigned long long)((before < check->free_bytes ? check->free_bytes - before : 0) / MIB),
		      before ? " beside the VMs before it" : "");
}

static void check_numa(struct check *check, const struct vm_config *vm)
{
	u32 line = vm->lines[config_key_find(SECTION_VM, "numa")];
	char why[160];

	if (!config_numa_fits(vm, why, sizeof(why)))
		config_report(&check->report, line, "numa: %s", why);
}

static void check_apic_ids(struct check *check, const struct vm_config *vm)
{
	u32 line = vm->lines[config_key_find(SECTION_VM, "apic_ids")];
	char why[160];

	if (!config_apic_ids_fit(vm, why, sizeof(why)))
		config_report(&check->report, line, "apic_ids: %s", why);
}

/* The shortest budget that the scheduler keeps (sched/sched.h, a stranger to this folder). */
#define BUDGET_MIN_NS (100 * NS_PER_US)

static void check_reservation(struct check *check, const struct vm_config *vm)
{
	u32 line = vm->lines[config_key_find(SECTION_VM, "budget")];
	char budget[32];
	char other[32];

	if (!vm->budget_ns)
		return;
	config_time_text(budget, sizeof(budget), vm->budget_ns);
	if (vm->budget_ns < BUDGET_MIN_NS) {
		config_time_text(other, sizeof(other), BUDGET_MIN_NS);
		config_report(&check->report, line, "budget: %s is less than %s", budget, other);
	} else if (vm->budget_ns > vm->period_ns) {
		config_time_text(other, sizeof(other), vm->period_ns);
		config_report(&check->report, line, "budget: %s is more than the period of %s", budget, other);
	} else if (vm->budget_ns * 100 > vm->period_ns * vm->cap) {
		config_time_text(other, sizeof(other), vm->period_ns);
		config_report(&check->report, line, "budget: %s in %s is more than the cap of %u %%", budget, other,
			      vm->cap);
	}
}

/* CPUs of its own are nobody else's. */
static void check_exclusive(struct check *check, const struct vm_config *vms, u32 count, u32 own)
{
	const struct vm_config *vm = &vms[own];
	u32 line = vm->lines[config_key_find(SECTION_VM, "cpus_exclusive")];
	char text[CPU_SET_TEXT_BYTES];

	if (!vm->cpus_exclusive)
		return;
	if (cpu_set_is_empty(&vm->cpus))
		config_report(&check->report, line, "cpus_exclusive: [vm %s] has no \"cpus\"", vm->name);
	for (u32 i = 0; i < count; i++) {
		struct cpu_set both = cpu_set_and(&vm->cpus, &vms[i].cpus);

		if (i == own || cpu_set_is_empty(&both) || (i < own && vms[i].cpus_exclusive))
			continue;
		cpu_set_text(&both, text, sizeof(text));
		config_report(&check->report, line, "cpus_exclusive: [vm %s] has CPU %s as well", vms[i].name, text);
	}
}

err_t config_check(struct config *config, const struct config_module *modules, u32 module_count, u64 free_bytes,
		   struct config_sink *sink)
{
	struct check check = {{sink, config}, modules, module_count, free_bytes};
	u32 errors = config->error_count;
	u64 sum = 0;

	for (u32 i = 0; i < config->vm_count; i++) {
		const struct vm_config *vm = &config->vms[i];

		if (vm->kernel[0]) /* else its absence has been reported */
			check_module(&check, vm, "kernel", vm->kernel);
		for (u32 j = 0; j < vm->initrd.count; j++)
			check_module(&check, vm, "initrd", vm->initrd.name[j]);
		check_memory(&check, vm, &sum);
		check_numa(&check, vm);
		check_apic_ids(&check, vm);
		check_reservation(&check, vm);
		check_exclusive(&check, config->vms, config->vm_count, i);
	}
	return config->error_count == errors ? OK : ERR_NOENT;
}

u32 config_start_order(const struct config *config, u32 order[CONFIG_VMS_MAX])
{
	u32 count = 0;

	for (u32 i = 0; i < config->vm_count; i++) {
		u32 at = count;

		if (!config->vms[i].autostart)
			continue;
		for (; at && config->vms[order[at - 1]].start_order > config->vms[i].start_order; at--)
			order[at] = order[at - 1];
		order[at] = i;
		count++;
	}
	return count;
}

static bool text_ends(const char *text, size_t size)
{
	return str_length_within(text, size) < size;
}

static bool vm_valid(const struct vm_config *vm)
{
	if (vm->vcpus < 1 || vm->vcpus > 64 || !vm->memory_bytes || !IS_ALIGNED(vm->memory_bytes, CONFIG_MEMORY_STEP) ||
	    vm->loader > CONFIG_LOADER_PVH || vm->on_shutdown > CONFIG_SHUTDOWN_RESTART ||
	    vm->on_reset > CONFIG_RESET_DESTROY || vm->on_crash > CONFIG_CRASH_PAUSE ||
	    vm->initrd.count > CONFIG_INITRDS_MAX || !config_numa_valid(&vm->numa) ||
	    !config_apic_ids_valid(&vm->apic_ids) || vm->numa_policy > CONFIG_NUMA_STRICT)
		return false;
	if (vm->weight < 1 || vm->weight > 10000 || vm->cap < 1 || vm->cap > 100 || vm->budget_ns > NS_PER_SEC ||
	    vm->period_ns < NS_PER_MS || vm->period_ns > NS_PER_SEC || vm->start_order > 1000)
		return false;
	for (u32 i = 0; i < vm->initrd.count; i++)
		if (!vm->initrd.name[i][0] || !text_ends(vm->initrd.name[i], CONFIG_MODULE_NAME_BYTES))
			return false;
	return vm->name[0] && text_ends(vm->name, sizeof(vm->name)) && text_ends(vm->kernel, sizeof(vm->kernel)) &&
	       text_ends(vm->cmdline, sizeof(vm->cmdline));
}

bool config_valid(const struct config *config)
{
	if (config->vm_count > CONFIG_VMS_MAX || config->host.log > CONFIG_LOG_DEBUG)
		return false;
	for (u32 i = 0; i < config->vm_count; i++)
		if (!vm_valid(&config->vms[i]))
			return false;
	return true;
}
