// SPDX-License-Identifier: Apache-2.0
// Makes the VMs, runs them, and ends the machine's run when none is left.
#include "main/start_vms.h"

#include "base/mem.h"
#include "boot/info/boot_info.h"
#include "host/clock.h"
#include "host/console.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"
#include "host/power.h"
#include "hvm/hvm.h"
#include "vm/life.h"
#include "vm/run.h"

static bool work(void)
{
	bool any = false;
	u8 byte;

	for (u32 i = 0; i < VMS_MAX; i++) {
		if (!vms[i])
			continue;
		board_console_pump(vms[i]);
		any |= vms[i]->state == VM_RUNNING;
	}
	if (any && vms[0])
		while (uart_rx_room(&vms[0]->board.uart) && console_get(&byte))
			board_console_type(vms[0], byte);
	return any;
}

static struct load_file module_file(const struct boot_info *boot, u32 i)
{
	return (struct load_file){
		.data = memory_map_readonly(boot->modules[i].start, boot->modules[i].bytes),
		.bytes = boot->modules[i].bytes,
		.name = boot_module_name(boot, i),
		.arguments = boot_module_arguments(boot, i),
	};
}

void start_vms(const struct boot_info *boot)
{
	struct vm_spec spec = {.name = "guest",
			       .vcpu_count = 1,
			       .memory_bytes = 256 * MIB,
			       .has_testdev = true,
			       .has_console = true,
			       .wall_seconds = clock_wall_seconds()};
	static struct load_input in;
	static char message[LOAD_MESSAGE_BYTES];
	struct vm *vm;
	u32 k = boot_module_find(boot, "kernel"), r = boot_module_find(boot, "initrd");
	u8 status;

	run_init();
	err_t err = vm_create(&spec, &vm);
	if (err)
		fatal("vm_create: %s", err_text(err));
	in.kernel = module_file(boot, k);
	if (r < boot->module_count)
		in.modules[in.module_count++] = module_file(boot, r);
	in.command_line = "console=ttyS0";
	err = vm_load(vm, &in, LOAD_LINUX, message);
	if (err)
		fatal("vm_load: %s", message);
	vm->state = VM_RUNNING;
	run_loop(work);
	status = vm->end == VM_END_FAULT ? 4 : vm->exit_status;
	hvm->cpu_disable();
	power_off(status);
}
