// SPDX-License-Identifier: Apache-2.0
// How often a VM's vcpus leave the guest, what for, and what it takes.
#include "main/exit_command.h"

#include "base/str.h"
#include "main/fleet.h"

static struct vm *vm_of(const struct command_call *call)
{
	struct fleet_vm *f = fleet_find(call->words[1]);

	if (!f)
		fmt_print(call->out, "no VM \"%s\"; \"vms\" lists them\n", call->words[1]);
	else if (!f->vm)
		fmt_print(call->out, "VM %s does not run: %s\n", f->config->name, vm_end_text(f->end));
	return f ? f->vm : NULL;
}

/* The word's number, or the default where there is none; false, and told, if it is not below `end`. */
static bool number_of(const struct command_call *call, u32 word, u64 fallback, u64 end, u64 *out)
{
	*out = fallback;
	if (call->word_count <= word || (!str_to_u64(call->words[word], out) && *out < end))
		return true;
	fmt_print(call->out, "\"%s\" is no number below %lu\n", call->words[word], end);
	return false;
}

void exit_command_exits(const struct command_call *call)
{
	const struct vm *vm = vm_of(call);
	u64 first;

	if (!vm || !number_of(call, 2, 0, vm->vcpu_count, &first))
		return;
	exit_counts_print(vm, (u32)first, call->word_count > 2 ? 1 : vm->vcpu_count, call->out);
	exit_costs_print(vm, (u32)first, call->word_count > 2 ? 1 : vm->vcpu_count, call->out);
}

static bool switch_said(const struct command_call *call, struct vm *vm)
{
	bool is_on = call->word_count == 3 && !strcmp(call->words[2], "on");
	err_t err;

	if (!is_on && (call->word_count != 3 || strcmp(call->words[2], "off")))
		return false;
	err = exit_trace_switch(vm, is_on);
	if (err)
		fmt_print(call->out, "not traced: %s\n", err_text(err));
	return true;
}

void exit_command_trace(const struct command_call *call)
{
	struct vm *vm = vm_of(call);
	u64 vcpu, count;

	if (!vm || switch_said(call, vm) || !number_of(call, 2, 0, vm->vcpu_count, &vcpu) ||
	    !number_of(call, 3, EXIT_LAST_RECORDS, EXIT_TRACE_RECORDS + 1, &count))
		return;
	exit_trace_print(vm->vcpu[vcpu], (u32)count, call->out);
}
