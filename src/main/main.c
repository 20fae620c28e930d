// SPDX-License-Identifier: Apache-2.0
// The order in which ETERNA starts, as one readable list.
#include "base/checked.h"
#include "base/mem.h"
#include "boot/info/acpi.h"
#include "boot/info/archive.h"
#include "boot/info/boot_info.h"
#include "boot/info/memory_map.h"
#include "boot/info/multiboot2.h"
#include "boot/info/pvh.h"
#include "config/config.h"
#include "host/apic.h"
#include "host/clock.h"
#include "host/console.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"
#include "host/power.h"
#include "host/smp.h"
#include "host/trap.h"
#include "hvm/hvm.h"
#include "main/machine.h"
#include "main/start_vms.h"
#include "vm/run.h"
#include "x86/insn.h"

void boot_start(u32 magic, u32 info) NORETURN;
static void start_on_final_stack(void) NORETURN;

static struct boot_info boot;
static struct memory_map map;
static struct acpi_info acpi;

/* The loaders' structures are below 4 GiB, where the boot tables map memory one to one. */
static bool boot_memory_read(void *context, u64 address, void *dst, u64 bytes)
{
	(void)context;
	if (address >= 4 * GIB || bytes > 4 * GIB - address)
		return false;
	memcpy(dst, (const void *)address, bytes);
	return true;
}

/* The ACPI tables as the boot tables show them, and as the final ones do. */
static const void *boot_map(struct acpi_memory *memory, u64 hpa, u64 bytes)
{
	(void)memory;
	return hpa < 4 * GIB && bytes <= 4 * GIB - hpa ? (const void *)hpa : NULL;
}

static const void *firmware_map(struct acpi_memory *memory, u64 hpa, u64 bytes)
{
	(void)memory;
	return memory_map_readonly(HPA(hpa), bytes);
}

/*
 * A first look at ACPI: how to power off, because an error before the machine is ours ends it as well, and which
 * memory is whose, because it is about to be taken.
 */
static void tables_find(void)
{
	struct acpi_memory memory = {boot_map};

	if (!machine_read_acpi(&boot, &memory, &acpi))
		power_init(&acpi);
	machine_read_numa(&boot, &memory);
}

static err_t boot_info_read(u32 magic, u32 info)
{
	const struct pvh_memory memory = {.read = boot_memory_read};
	const void *data = (const void *)(u64)info;

	if (magic == MULTIBOOT2_MAGIC)
		return multiboot2_parse(data, multiboot2_bytes(data), &boot);
	return pvh_parse(&memory, info, &boot);
}

/* The only module may be an archive of the configuration and all other modules: some loaders pass no more than one. */
static bool boot_archive_open(void)
{
	const struct boot_module *module = &boot.modules[0];
	const u8 *data = (const u8 *)module->start.v;
	err_t err;

	if (boot.module_count != 1 || !range_is_inside(module->start.v, module->bytes, 4 * GIB) ||
	    !archive_begins_with(data, module->bytes, CONFIG_FILE_NAME))
		return false;
	err = archive_unpack(&boot, data);
	if (err)
		fatal("the archive of boot modules: %s, after %u of them", err_text(err), boot.module_count);
	return true;
}

static void boot_info_tell(bool is_archive)
{
	log_info("loaded by %s (%s), %u modules%s, command line \"%s\"",
		 boot.loader[0] ? boot.loader : "an unnamed loader", boot.protocol, boot.module_count,
		 is_archive ? " in one archive" : "", boot.command_line);
	if (boot.lost.ranges)
		log_warn("the loader's memory map: %u ranges too many, not used", boot.lost.ranges);
	if (boot.lost.texts)
		log_warn("the loader's texts: %u too long, cut", boot.lost.texts);
	if (boot.lost.modules)
		log_warn("boot modules: %u too many, not used", boot.lost.modules);
}

static void memory_map_tell(void)
{
	char text[160];
	char size[32];

	fmt_bytes(size, sizeof(size), memory_map_bytes(&map, MEMORY_USABLE));
	log_info("memory: %s usable, %u ranges from %s", size, map.count, boot.memory_source);
	for (u32 i = 0; i < MIN(map.finding_count, MEMORY_MAP_FINDINGS_MAX); i++) {
		memory_finding_text(&map.findings[i], text, sizeof(text));
		if (map.findings[i].kind != FINDING_HOLE)
			log_warn("memory map: %s", text);
	}
}

/* The memory that neither the firmware, the image nor a module has. */
static void memory_take(void)
{
	static struct memory_range used[BOOT_MODULES_MAX + 1];
	static struct memory_range free[MEMORY_MAP_RANGES_MAX];
	u32 used_count = 0;
	u32 free_count;
	err_t err;

	used[used_count++] = (struct memory_range){.base = (u64)image_phys_start,
						   .bytes = (u64)image_phys_end - (u64)image_phys_start};
	for (u32 i = 0; i < boot.module_count; i++)
		used[used_count++] =
			(struct memory_range){.base = boot.modules[i].start.v, .bytes = boot.modules[i].bytes};
	err = memory_map_normalise(boot.ranges, boot.range_count, cpuid(0x80000008, 0).eax & 0xff, &map);
	if (err)
		log_warn("memory map: too many ranges, the rest is not used");
	memory_map_tell();
	err = memory_map_free(&map, used, used_count, free, ARRAY_COUNT(free), &free_count);
	if (err)
		log_warn("memory map: too many free ranges, the rest is not used");
	smp_reserve(free, free_count);
	err = memory_init(free, free_count, MIN(MAX(acpi.cpu_count, 1), CPUS_MAX));
	if (err)
		fatal("too little memory: %lu KiB usable (%s)", memory_map_bytes(&map, MEMORY_USABLE) / KIB,
		      err_text(err));
}

void __attribute__((no_stack_protector)) boot_start(u32 magic, u32 info)
{
	err_t err;

	cpu_init_first();
	panic_seed_stack_guard(rdtsc() * 0x9e3779b97f4a7c15);
	console_init();
	log_info("ETERNA x86_64, image %lu KiB at %#lx", ((u64)image_phys_end - (u64)image_phys_start) / KIB,
		 (u64)image_phys_start);
	err = boot_info_read(magic, info);
	if (err)
		fatal("boot information (EAX %#x, EBX %#x): %s", magic, info, err_text(err));
	tables_find();
	boot_info_tell(boot_archive_open());
	memory_take();
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1"
			 :
			 : "r"(memory_stack_top(0, IST_NONE)), "r"(start_on_final_stack)
			 : "memory");
	__builtin_unreachable();
}

static void start_on_final_stack(void)
{
	struct acpi_memory memory = {firmware_map};
	err_t err;

	cpu_init(&boot_cpu, 0);
	if (machine_read_acpi(&boot, &memory, &acpi))
		fatal("this machine has no usable ACPI tables");
	power_init(&acpi);
	clock_init(&acpi);
	apic_init(&acpi);
	apic_timer_init();
	machine_tell(&acpi);
	if (apic_route_isa(&acpi, 4, HOST_VECTOR_COM1))
		console_enable_interrupts(run_request_work);
	else
		fatal("no I/O APIC serves COM1's interrupt");
	(void)apic_route_isa(&acpi, 3, HOST_VECTOR_COM2); /* debug_port.c, where the configuration wants it */
	err = hvm_select();
	if (err)
		fatal("no virtualization to stand on (%s)", err_text(err));
	err = hvm->cpu_enable(&boot_cpu);
	if (err)
		fatal("%s cannot be enabled: %s", hvm->name, err_text(err));
	panic_set_cleanup(hvm->cpu_disable);
	start_vms(&boot, &acpi);
}
